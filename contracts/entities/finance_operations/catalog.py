"""What $metadata does not say of the entity sets: tables, labels, relations, number sequences.

Sources: "Customers V3", "Sales order headers V2" and "Sales order lines V2" (Microsoft Learn, data
entities), the Common Data Model schemas of operations, and captured messages. Table labels and key
labels of sets without a captured message are reasoned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

COMPANY: Final = "dataAreaId"


@dataclass(frozen=True, slots=True)
class Link:
    """A navigation property: the set it leads to, one or many, pairs of (own, other) columns."""

    target: str
    pairs: tuple[tuple[str, str], ...]
    many: bool = False
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A column whose value must be there in `target`, in the same company where it has one.

    A record that others point at cannot be deleted, unless those are `owned`: they go with it.
    """

    target: str
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A number sequence: one counter per company (or one for all) and the form of its numbers."""

    form: str
    first: int = 1
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """One entity set. `table` is the root data source, `sources` how many data sources there are.

    `title` is the column shown beside the key when a record exists already; `rows` names its
    records in the plural, as messages on dependent records do.
    """

    type: str
    entity: str
    table: str
    table_label: str
    rows: str
    title: str = ""
    sources: int = 1
    category: str = "Master"
    labels: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    sequences: Mapping[str, Sequence] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    navigations: Mapping[str, Link] = field(default_factory=dict)


def _in_company(own: str, other: str) -> tuple[tuple[str, str], ...]:
    return ((COMPANY, COMPANY), (own, other))


_CUSTOMERS = EntityFacts(
    "CustomerV3",
    "CustCustomerV3Entity",
    "CustTable",
    "Customers",
    "Customers",
    title="OrganizationName",
    sources=6,
    labels={
        "CustomerAccount": "Customer account",
        "CustomerGroupId": "Customer group",
        "SalesCurrencyCode": "Currency",
        "PaymentTerms": "Terms of payment",
        "InvoiceAccount": "Invoice account",
        "OrganizationName": "Name",
        "WarehouseId": "Warehouse",
        "SiteId": "Site",
        "PartyNumber": "Party ID",
        "PersonFirstName": "First name",
    },
    required=frozenset({"CustomerGroupId", "SalesCurrencyCode"}),
    read_only=frozenset({"FullPrimaryAddress"}),
    fixed=frozenset({"PartyNumber"}),
    relations={
        "CustomerGroupId": Relation("CustomerGroups"),
        "SalesCurrencyCode": Relation("Currencies"),
        "PaymentTerms": Relation("PaymentTerms"),
        "InvoiceAccount": Relation("CustomersV3"),
        "WarehouseId": Relation("Warehouses"),
        "SiteId": Relation("OperationalSites"),
    },
    sequences={
        "CustomerAccount": Sequence("{company}-{number:06d}"),
        "PartyNumber": Sequence("{number:09d}", 2000, is_shared=True),
    },
    defaults={"PartyType": "Organization", "LanguageId": "en-us"},
    navigations={
        "Warehouses": Link(
            "Warehouses",
            _in_company("CustomerAccount", "ExternallyLocatedWarehouseCustomerAccountNumber"),
            many=True,
            partner="ExternallyLocatedWarehouseCustomer",
        )
    },
)

_GROUPS = EntityFacts(
    "CustomerGroup",
    "CustCustomerGroupEntity",
    "CustGroup",
    "Customer groups",
    "Customer groups",
    title="Description",
    category="Configuration",
    labels={
        "CustomerGroupId": "Customer group",
        "PaymentTermId": "Terms of payment",
        "ClearingPeriodPaymentTermName": "Settle period",
        "TaxGroupId": "Sales tax group",
    },
    required=frozenset({"CustomerGroupId"}),
    relations={
        "PaymentTermId": Relation("PaymentTerms"),
        "ClearingPeriodPaymentTermName": Relation("PaymentTerms"),
    },
)

_HEADERS = EntityFacts(
    "SalesOrderHeaderV2",
    "SalesOrderHeaderV2Entity",
    "SalesTable",
    "Sales orders",
    "Sales orders",
    title="SalesOrderName",
    sources=6,
    category="Document",
    labels={
        "SalesOrderNumber": "Sales order",
        "OrderingCustomerAccountNumber": "Customer account",
        "InvoiceCustomerAccountNumber": "Invoice account",
        "CurrencyCode": "Currency",
        "PaymentTermsName": "Terms of payment",
        "DefaultShippingSiteId": "Site",
        "DefaultShippingWarehouseId": "Warehouse",
        "SalesOrderStatus": "Status",
        "SalesOrderProcessingStatus": "Document status",
    },
    required=frozenset({"OrderingCustomerAccountNumber"}),
    read_only=frozenset(
        {
            "SalesOrderStatus",
            "SalesOrderProcessingStatus",
            "OrderCreationDateTime",
            "OrderTotalAmount",
            "OrderTotalChargesAmount",
            "OrderTotalDiscountAmount",
            "OrderTotalTaxAmount",
            "AreTotalsCalculated",
            "FormattedDelveryAddress",
            "FormattedInvoiceAddress",
            "QuotationNumber",
        }
    ),
    fixed=frozenset({"OrderingCustomerAccountNumber"}),
    relations={
        "OrderingCustomerAccountNumber": Relation("CustomersV3"),
        "InvoiceCustomerAccountNumber": Relation("CustomersV3"),
        "CurrencyCode": Relation("Currencies"),
        "PaymentTermsName": Relation("PaymentTerms"),
        "DefaultShippingSiteId": Relation("OperationalSites"),
        "DefaultShippingWarehouseId": Relation("Warehouses"),
    },
    sequences={"SalesOrderNumber": Sequence("{number:06d}")},
    defaults={"SalesOrderStatus": "Backorder", "LanguageId": "en-us"},
    navigations={
        "SalesOrderLines": Link(
            "SalesOrderLines",
            _in_company("SalesOrderNumber", "SalesOrderNumber"),
            many=True,
            partner="SalesOrderHeaderV2",
        )
    },
)

_LINES = EntityFacts(
    "SalesOrderLine",
    "SalesOrderLineV2Entity",
    "SalesLine",
    "Order lines",
    "Order lines",
    title="ItemNumber",
    sources=5,
    category="Document",
    labels={
        "InventoryLotId": "Lot ID",
        "SalesOrderNumber": "Sales order",
        "ItemNumber": "Item number",
        "ShippingSiteId": "Site",
        "ShippingWarehouseId": "Warehouse",
        "CurrencyCode": "Currency",
        "OrderedSalesQuantity": "Quantity",
    },
    required=frozenset({"SalesOrderNumber", "ItemNumber"}),
    read_only=frozenset({"SalesOrderLineStatus", "FormattedDelveryAddress"}),
    fixed=frozenset({"SalesOrderNumber", "ItemNumber"}),
    relations={
        "SalesOrderNumber": Relation("SalesOrderHeadersV2", owned=True),
        "ItemNumber": Relation("ReleasedProductsV2"),
        "ShippingSiteId": Relation("OperationalSites"),
        "ShippingWarehouseId": Relation("Warehouses"),
        "CurrencyCode": Relation("Currencies"),
    },
    sequences={"InventoryLotId": Sequence("{number:06d}")},
    defaults={"SalesOrderLineStatus": "Backorder", "CalculateLineAmount": "Yes"},
    navigations={
        "SalesOrderHeaderV2": Link(
            "SalesOrderHeadersV2",
            _in_company("SalesOrderNumber", "SalesOrderNumber"),
            partner="SalesOrderLines",
        )
    },
)

_PRODUCTS = EntityFacts(
    "ReleasedProductV2",
    "EcoResReleasedProductV2Entity",
    "InventTable",
    "Released products",
    "Released products",
    title="ProductSearchName",
    sources=12,
    labels={
        "ItemNumber": "Item number",
        "ProductNumber": "Product number",
        "ProductSearchName": "Search name",
    },
    required=frozenset({"ItemNumber", "ProductNumber"}),
    fixed=frozenset({"ProductNumber"}),
    navigations={
        "AlternativeReleasedProductV2": Link(
            "ReleasedProductsV2",
            _in_company("AlternativeItemNumber", "ItemNumber"),
            partner="ReleasedProductsV2",
        ),
        "ReleasedProductsV2": Link(
            "ReleasedProductsV2",
            _in_company("ItemNumber", "AlternativeItemNumber"),
            many=True,
            partner="AlternativeReleasedProductV2",
        ),
    },
)

_CURRENCIES = EntityFacts(
    "Currency",
    "CurrencyEntity",
    "Currency",
    "Currencies",
    "Currencies",
    title="Name",
    category="Reference",
    labels={"CurrencyCode": "Currency"},
    required=frozenset({"CurrencyCode"}),
)

_LEGAL_ENTITIES = EntityFacts(
    "LegalEntity",
    "OMLegalEntity",
    "CompanyInfo",
    "Legal entities",
    "Legal entities",
    title="Name",
    sources=5,
    labels={"LegalEntityId": "Company", "Name": "Name"},
    required=frozenset({"LegalEntityId", "Name"}),
    read_only=frozenset({"FullPrimaryAddress"}),
    fixed=frozenset({"PartyNumber"}),
    sequences={"PartyNumber": Sequence("{number:09d}", 2000, is_shared=True)},
)

_SITES = EntityFacts(
    "OperationalSite",
    "InventOperationalSiteEntity",
    "InventSite",
    "Sites",
    "Sites",
    title="SiteName",
    sources=4,
    labels={"SiteId": "Site"},
    required=frozenset({"SiteId"}),
    read_only=frozenset({"FormattedPrimaryAddress"}),
    navigations={
        "Warehouses": Link(
            "Warehouses",
            _in_company("SiteId", "OperationalSiteId"),
            many=True,
            partner="OperationalSite",
        )
    },
)


def _other_warehouse(own: str, partner: str) -> Link:
    return Link("Warehouses", _in_company(own, "WarehouseId"), partner=partner)


def _assigned_warehouses(other: str, partner: str) -> Link:
    return Link("Warehouses", _in_company("WarehouseId", other), many=True, partner=partner)


_WAREHOUSES = EntityFacts(
    "Warehouse",
    "InventWarehouseEntity",
    "InventLocation",
    "Warehouses",
    "Warehouses",
    title="WarehouseName",
    sources=4,
    labels={
        "WarehouseId": "Warehouse",
        "OperationalSiteId": "Site",
        "QuarantineWarehouseId": "Quarantine warehouse",
        "TransitWarehouseId": "Transit warehouse",
    },
    required=frozenset({"WarehouseId", "OperationalSiteId"}),
    read_only=frozenset({"FormattedPrimaryAddress"}),
    relations={
        "OperationalSiteId": Relation("OperationalSites"),
        "QuarantineWarehouseId": Relation("Warehouses"),
        "TransitWarehouseId": Relation("Warehouses"),
        "MainRefillingWarehouseId": Relation("Warehouses"),
    },
    navigations={
        "OperationalSite": Link(
            "OperationalSites", _in_company("OperationalSiteId", "SiteId"), partner="Warehouses"
        ),
        "ExternallyLocatedWarehouseCustomer": Link(
            "CustomersV3",
            _in_company("ExternallyLocatedWarehouseCustomerAccountNumber", "CustomerAccount"),
            partner="Warehouses",
        ),
        "MainRefillingWarehouse": _other_warehouse(
            "MainRefillingWarehouseId", "MainRefillingAssignedWarehouses"
        ),
        "MainRefillingAssignedWarehouses": _assigned_warehouses(
            "MainRefillingWarehouseId", "MainRefillingWarehouse"
        ),
        "QuarantineWarehouse": _other_warehouse(
            "QuarantineWarehouseId", "QuarantineAssignedWarehouses"
        ),
        "QuarantineAssignedWarehouses": _assigned_warehouses(
            "QuarantineWarehouseId", "QuarantineWarehouse"
        ),
        "TransitWarehouse": _other_warehouse("TransitWarehouseId", "TransitAssignedWarehouses"),
        "TransitAssignedWarehouses": _assigned_warehouses("TransitWarehouseId", "TransitWarehouse"),
    },
)

_TERMS = EntityFacts(
    "PaymentTerm",
    "PaymentTermEntity",
    "PaymTerm",
    "Terms of payment",
    "Terms of payment",
    title="Description",
    category="Configuration",
    labels={"Name": "Terms of payment"},
    required=frozenset({"Name"}),
)

FACTS: Final[Mapping[str, EntityFacts]] = {
    "CustomersV3": _CUSTOMERS,
    "CustomerGroups": _GROUPS,
    "SalesOrderHeadersV2": _HEADERS,
    "SalesOrderLines": _LINES,
    "ReleasedProductsV2": _PRODUCTS,
    "Currencies": _CURRENCIES,
    "LegalEntities": _LEGAL_ENTITIES,
    "OperationalSites": _SITES,
    "Warehouses": _WAREHOUSES,
    "PaymentTerms": _TERMS,
}
"""Entity sets of the first cut, by public collection name."""

ABSENT_SETS: Final = frozenset(
    """
    BatchJobs BusinessEventsCatalogs ChartOfAccounts Companies CustomerPaymentJournalHeaders
    CustomerPaymentJournalLines DataManagementDefinitionGroups DataManagementEntities
    DataManagementExecutionJobs DimensionAttributes DimensionCombinations DimensionSets
    Employees EmployeesV2 ExchangeRateTypes ExchangeRates FinancialDimensionValues
    GeneralJournalAccountEntryBiEntities InventorySitesOnHandV2 LedgerJournalHeaders
    LedgerJournalLines MainAccounts OperationalSitesV2 ProductsV2 PurchaseOrderHeadersV2
    PurchaseOrderLinesV2 ReleasedProductCreationsV2 SalesInvoiceHeadersV2 SalesInvoiceV2Lines
    SalesOrderHeadersV4 SalesOrderLinesV3 SystemNotifications SystemParameters SystemUsers
    UnitOfMeasureConversions UnitsOfMeasure VendorGroups VendorInvoiceHeaders
    VendorInvoiceLines VendorsV2 VendorsV3 WarehousesOnHandV2 Workers
    """.split()  # noqa: SIM905 - reads as a list
)
"""Public collections of the real service that integrations use and that are not simulated."""
