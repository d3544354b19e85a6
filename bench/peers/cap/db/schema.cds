namespace windtunnel.bench;

/** The benchmark's customer: 40 columns, keyed by a GUID. */
entity Customers {
  key wt_customerid     : UUID;
      wt_name           : String(160);
      wt_accountnumber  : String(20);
      wt_group          : String(10);
      wt_creditlimit    : Decimal(18, 2);
      wt_searchname     : String(100);
      wt_street         : String(250);
      wt_city           : String(80);
      wt_postalcode     : String(20);
      wt_state          : String(50);
      wt_country        : String(10);
      wt_email          : String(100);
      wt_phone          : String(50);
      wt_fax            : String(50);
      wt_website        : String(200);
      wt_language       : String(10);
      wt_currency       : String(3);
      wt_paymentterms   : String(20);
      wt_paymentmethod  : String(20);
      wt_deliveryterms  : String(20);
      wt_deliverymode   : String(20);
      wt_district       : String(50);
      wt_taxgroup       : String(20);
      wt_taxnumber      : String(30);
      wt_site           : String(10);
      wt_warehouse      : String(10);
      wt_pricegroup     : String(10);
      wt_description    : String(2000);
      wt_employees      : Integer;
      wt_riskscore      : Integer;
      wt_creditdays     : Integer;
      wt_segment        : Integer;
      wt_balance        : Decimal(18, 2);
      wt_revenue        : Decimal(18, 2);
      wt_discount       : Decimal(18, 2);
      wt_onhold         : Boolean;
      wt_onetime        : Boolean;
      wt_taxexempt      : Boolean;
      wt_openedon       : DateTime;
      wt_lastorderon    : DateTime;
}
