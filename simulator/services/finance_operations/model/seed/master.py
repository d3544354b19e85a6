"""Master data of one company: terms, groups, sites, items, stock, customers, vendors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.services.finance_operations.model.seed.rows import (
    Company,
    Rows,
    address,
    business,
)

CUSTOMERS: Final = 30
VENDORS: Final = 12
_TERMS: Final = {"COD": 0, "Net10": 10, "Net30": 30, "Net45": 45}
_GROUPS: Final = {
    "10": ("Wholesales customers", "Net30"),
    "20": ("Major customers", "Net30"),
    "30": ("Retail customers", "Net10"),
    "40": ("Internet customers", "COD"),
    "80": ("Other customers", "Net45"),
    "90": ("Intercompany customers", "Net30"),
}
_VENDOR_GROUPS: Final = {
    "10": ("Parts vendors", "Net30"),
    "20": ("Service vendors", "Net30"),
    "30": ("Other vendors", "Net10"),
    "40": ("Tax authorities", "Net10"),
}
_SITES: Final = {"1": "Home speakers production", "2": "Distribution and shipping"}
_WAREHOUSES: Final = {
    "11": ("Site 1 - Raw materials", "1"),
    "13": ("Site 1 - Finished goods", "1"),
    "21": ("Site 2 - Dist. & Shipping", "2"),
    "28": ("Site 2 - Quarantine", "2"),
    "29": ("Site 2 - Transit", "2"),
}
ITEMS: Final = (
    ("D0001", "MidRangeSpeaker", 180.0),
    ("D0002", "MidRangeSpeaker2", 210.0),
    ("D0003", "StandardSpeaker", 120.0),
    ("D0004", "HighEndSpeaker", 950.0),
    ("D0005", "HighEndSpeakerSet", 1_850.0),
    ("A0001", "HDMI6Cables", 12.5),
    ("A0002", "HDMI12Cables", 19.9),
    ("M0001", "WoodenCabinet", 45.0),
    ("M0002", "SpeakerCabinet", 52.0),
    ("M0003", "Tweeter", 8.75),
    ("M0004", "Woofer", 14.2),
    ("M0005", "Crossover", 6.1),
    ("L0001", "SpeakerCable", 3.5),
    ("L0100", "LCDTelevision", 399.0),
    ("T0001", "Turntable", 249.0),
    ("T0002", "Receiver", 549.0),
    ("P0001", "Projector", 799.0),
    ("1000", "SurfacePro128", 899.0),
    ("0001", "Headphones", 59.0),
    ("S0001", "InstallationService", 75.0),
)


@dataclass(frozen=True, slots=True)
class Account:
    """A customer or vendor as documents name it."""

    number: str
    name: str
    terms: str
    site: str
    warehouse: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a company; the last customer is on hold."""

    customers: list[Account]
    vendors: list[Account]


def add_master_data(rows: Rows, company: Company) -> Accounts:
    """Add what documents of a company need; returns its accounts."""
    at = {COMPANY: company.id}
    for name, days in _TERMS.items():
        text = "Cash on delivery" if name == "COD" else f"Net {days} days"
        kind = "COD" if name == "COD" else "Net"
        rows.add(
            "PaymentTerms",
            **at,
            Name=name,
            Description=text,
            NumberOfDays=days,
            PaymentMethodType=kind,
        )
    for group, (text, terms) in _GROUPS.items():
        rows.add(
            "CustomerGroups",
            **at,
            CustomerGroupId=group,
            Description=text,
            PaymentTermId=terms,
            ClearingPeriodPaymentTermName=terms,
        )
    for group, (text, terms) in _VENDOR_GROUPS.items():
        rows.add(
            "VendorGroups",
            **at,
            VendorGroupId=group,
            Description=text,
            DefaultPaymentTermName=terms,
            ClearingPeriodPaymentTermName=terms,
        )
    _add_places(rows, company, at)
    for place, (item, name, price) in enumerate(ITEMS):
        _add_item(rows, company, at, place, item, name, price)
    return Accounts(
        [_customer(rows, company, number) for number in range(1, CUSTOMERS + 1)],
        [_vendor(rows, company, number) for number in range(1, VENDORS + 1)],
    )


def _add_places(rows: Rows, company: Company, at: dict[str, Any]) -> None:
    for site, name in _SITES.items():
        known: dict[str, Any] = {}
        if company.id == "usmf" and site == "1":
            known = {
                "IsPrimaryAddressAssigned": "Yes",
                "FormattedPrimaryAddress": "213 South Street, Gate 1\nGalvin, WA 98544 \nUSA",
                "PrimaryAddressDescription": "Site 1",
                "PrimaryAddressStreet": "213 South Street, Gate 1",
                "PrimaryAddressCity": "Galvin",
                "PrimaryAddressStateId": "WA",
                "PrimaryAddressZipCode": "98544",
                "PrimaryAddressCountryRegionId": "USA",
                "PrimaryAddressCountyId": "ASOTIN",
                "PrimaryAddressLocationRoles": "Delivery",
                "SiteTimezone": "GMTMINUS0800PACIFICTIME",
            }
        rows.add("OperationalSites", **at, SiteId=site, SiteName=name, **known)
    for warehouse, (name, site) in _WAREHOUSES.items():
        is_main = warehouse == "21"
        rows.add(
            "Warehouses",
            **at,
            WarehouseId=warehouse,
            WarehouseName=name,
            OperationalSiteId=site,
            WarehouseType={"28": "Quarantine", "29": "Transit"}.get(warehouse, "Standard"),
            QuarantineWarehouseId="28" if is_main else "",
            TransitWarehouseId="29" if is_main else "",
            IsFallbackWarehouse="Yes" if is_main else "No",
        )


def _add_item(
    rows: Rows, company: Company, at: dict[str, Any], place: int, item: str, name: str, price: float
) -> None:
    is_service = item.startswith("S")
    kind, unit = ("Service", "hr") if is_service else ("Item", "ea")
    groups = {"StorageDimensionGroupName": "SiteWH", "TrackingDimensionGroupName": "None"}
    if company.id == "usmf":
        rows.add(
            "ProductsV2",
            ProductNumber=item,
            ProductName=name,
            ProductSearchName=name,
            ProductDescription=name,
            ProductType=kind,
            ProductSubType="Product",
            **groups,
        )
    rows.add(
        "ReleasedProductsV2",
        **at,
        ItemNumber=item,
        ProductNumber=item,
        ProductSearchName=name,
        SearchName=name,
        ProductType=kind,
        ProductSubType="Product",
        ItemModelGroupId="SVC" if is_service else "FIFO",
        ProductGroupId="Services" if is_service else "Audio",
        InventoryUnitSymbol=unit,
        SalesUnitSymbol=unit,
        PurchaseUnitSymbol=unit,
        BOMUnitSymbol=unit,
        SalesPrice=price,
        SalesPriceQuantity=1,
        PurchasePrice=round(price * 0.6, 2),
        PurchasePriceQuantity=1,
        **groups,
    )
    if is_service:
        return
    for site, warehouse in (("1", "13"), ("2", "21")):
        there, reserved = 20 + (place * 13) % 90, place % 5
        rows.add(
            "WarehousesOnHandV2",
            **at,
            ItemNumber=item,
            InventorySiteId=site,
            InventoryWarehouseId=warehouse,
            ProductName=name,
            OnHandQuantity=there,
            ReservedOnHandQuantity=reserved,
            AvailableOnHandQuantity=there - reserved,
            TotalAvailableQuantity=there - reserved,
            **{f"Product{part}Id": "" for part in _PARTS},
        )


_PARTS: Final = ("Color", "Configuration", "Size", "Style", "Version")


def _customer(rows: Rows, company: Company, number: int) -> Account:
    is_contoso = company.id == "usmf" and number == 1
    name = "Contoso Retail San Diego" if is_contoso else business(number)
    at, group = address(company, number), list(_GROUPS)[number % 5]
    made = Account(
        f"{company.prefix}-{number:03d}",
        name,
        _GROUPS[group][1],
        "2" if number % 2 else "1",
        "21" if number % 2 else "13",
    )
    zip_place = f"{at['city']}, {at['state']} {at['zip']} "
    rows.add(
        "CustomersV3",
        dataAreaId=company.id,
        CustomerAccount=made.number,
        OrganizationName=name,
        NameAlias=name[:20],
        KnownAs=name,
        CustomerGroupId=group,
        SalesCurrencyCode=company.currency,
        PaymentTerms=made.terms,
        PartyNumber=f"{ord(company.prefix[0]):03d}{ord(company.prefix[1]):03d}{number:03d}",
        SiteId=made.site,
        WarehouseId=made.warehouse,
        CreditLimit=5_000 * (number % 7),
        LanguageId=company.language,
        AddressCountryRegionId=company.country,
        AddressCity=at["city"],
        AddressStreet=at["street"],
        AddressZipCode=at["zip"],
        AddressState=at["state"],
        FullPrimaryAddress=f"{at['street']}\n{zip_place}\n{company.country}",
        PrimaryContactEmail=f"orders{number:03d}@{company.id}.example.com",
        OnHoldStatus="All" if number == CUSTOMERS else "No",
    )
    return made


_KNOWN_VENDORS: Final = {
    ("usmf", 8): "City Power & Light",
    ("usmf", 11): "Contoso office supply",
}


def _vendor(rows: Rows, company: Company, number: int) -> Account:
    name = _KNOWN_VENDORS.get((company.id, number), business(number * 3 + 1))
    at, group = address(company, number + 40), list(_VENDOR_GROUPS)[number % 3]
    made = Account(f"{company.prefix}-{100 + number}", name, _VENDOR_GROUPS[group][1], "1", "11")
    rows.add(
        "VendorsV2",
        dataAreaId=company.id,
        VendorAccountNumber=made.number,
        VendorOrganizationName=name,
        VendorSearchName=name[:20],
        VendorKnownAsName=name,
        VendorGroupId=group,
        CurrencyCode=company.currency,
        DefaultPaymentTermsName=made.terms,
        VendorPartyNumber=f"{ord(company.prefix[0]):03d}{ord(company.prefix[1]):03d}{500 + number}",
        DefaultPurchaseSiteId=made.site,
        DefaultProcumentWarehouseId=made.warehouse,
        LanguageId=company.language,
        AddressCountryRegionId=company.country,
        AddressCity=at["city"],
        AddressStreet=at["street"],
        AddressZipCode=at["zip"],
        AddressStateId=at["state"],
        FormattedPrimaryAddress=(
            f"{at['street']}\n{at['city']}, {at['state']} {at['zip']} \n{company.country}"
        ),
        PrimaryEmailAddress=f"sales{number:03d}@{company.id}-vendor.example.com",
        OnHoldStatus="All" if number == VENDORS else "No",
    )
    return made
