"""Sample records: four companies with customers, items, sites, terms and orders; one seed, one set.

US-001, D0001, the sites, warehouse 21, group 10 and order 000002 of usmf are those of Microsoft's
demo data as far as public sources show them; everything else is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    REC_VERSION,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers

FIRST_REC_ID: Final = 5_637_144_576
CUSTOMERS: Final = 30
ORDERS: Final = 10


@dataclass(frozen=True, slots=True)
class _Company:
    id: str
    name: str
    currency: str
    country: str
    prefix: str


_COMPANIES: Final = (
    _Company("usmf", "Contoso Entertainment System USA", "USD", "USA", "US"),
    _Company("usrt", "Contoso Retail USA", "USD", "USA", "RT"),
    _Company("demf", "Contoso Entertainment System Germany", "EUR", "DEU", "DE"),
    _Company("gbsi", "Contoso Consulting GB", "GBP", "GBR", "GB"),
)
_CURRENCIES: Final = {
    "USD": ("US Dollar", "$"),
    "EUR": ("Euro", "€"),
    "GBP": ("Pound Sterling", "£"),
    "CAD": ("Canadian Dollar", "$"),
    "CHF": ("Swiss Franc", "Fr"),
    "JPY": ("Yen", "¥"),
}
_TERMS: Final = {"COD": 0, "Net10": 10, "Net30": 30, "Net45": 45}
_GROUPS: Final = {
    "10": ("Wholesales customers", "Net30"),
    "20": ("Major customers", "Net30"),
    "30": ("Retail customers", "Net10"),
    "40": ("Internet customers", "COD"),
    "80": ("Other customers", "Net45"),
    "90": ("Intercompany customers", "Net30"),
}
_SITES: Final = {"1": "Home speakers production", "2": "Distribution and shipping"}
_WAREHOUSES: Final = {
    "11": ("Site 1 - Raw materials", "1"),
    "13": ("Site 1 - Finished goods", "1"),
    "21": ("Site 2 - Dist. & Shipping", "2"),
    "28": ("Site 2 - Quarantine", "2"),
    "29": ("Site 2 - Transit", "2"),
}
_ITEMS: Final = (
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


_FIRST: Final = [
    "Birch",
    "Cave",
    "Desert",
    "Forest",
    "Grotto",
    "Harbor",
    "Island",
    "Lake",
    "Maple",
    "Meadow",
    "Oak",
    "Pelican",
    "River",
    "Shrike",
    "Sparrow",
    "Sunset",
    "Thistle",
    "Valley",
    "Willow",
    "Yew",
]
_SECOND: Final = [
    "Wholesales",
    "Retail",
    "Electronics",
    "Markets",
    "Sound",
    "Stores",
    "Trading",
    "Supplies",
]
_STREETS: Final = ["Station", "Mill", "Church", "Harbor", "Park", "Market", "River", "School"]
_CITIES: Final = {
    "USA": ["San Diego", "Seattle", "Denver", "Austin", "Chicago", "Boston", "Atlanta"],
    "DEU": ["Berlin", "Hamburg", "Köln", "München", "Leipzig", "Bremen", "Kassel"],
    "GBR": ["London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York", "Belfast"],
}


class _Rows:
    """Rows to store of one set, as sparse values."""

    def __init__(self, entity_set: EntitySet) -> None:
        self.entity_set = entity_set
        self.rows: list[dict[str, Any]] = []

    def add(self, **values: Any) -> dict[str, Any]:
        stored = {
            name: self.entity_set.stored(name, value) if value is not None else None
            for name, value in values.items()
        }
        self.rows.append({**self.entity_set.empties, **stored})
        return self.rows[-1]


def seed_rows(
    sets: Mapping[str, EntitySet], numbers: Numbers, ids: Ids, *, sample_data: bool
) -> None:
    """Store the sample records; without `sample_data` the companies and currencies only."""
    rows = {name: _Rows(entity_set) for name, entity_set in sets.items()}
    for code, (name, symbol) in _CURRENCIES.items():
        rows["Currencies"].add(CurrencyCode=code, Name=name, Symbol=symbol, CurrencyGender="Male")
    for place, company in enumerate(_COMPANIES):
        _legal_entity(rows, company, place)
        if sample_data:
            _company(rows, company, ids, numbers)
    numbers.next("LegalEntities.PartyNumber:", 2_000)
    rec_ids = iter(range(FIRST_REC_ID, FIRST_REC_ID + 1_000_000))
    for name, made in rows.items():
        _store(sets[name], made.rows, rec_ids)


def _store(entity_set: EntitySet, rows: list[dict[str, Any]], rec_ids: Iterator[int]) -> None:
    names = (*entity_set.table.columns, REC_ID, REC_VERSION)
    columns = tuple(entity_set.table.columns)
    values = [(*[row[name] for name in columns], next(rec_ids), 0) for row in rows]
    if values:
        entity_set.records.seed(names, values)


def _legal_entity(rows: Mapping[str, _Rows], company: _Company, place: int) -> None:
    rows["LegalEntities"].add(
        LegalEntityId=company.id,
        Name=company.name,
        CompanyName=company.name,
        NameAlias=company.name[:20],
        CompanyCountry=company.country,
        AddressCountryRegionId=company.country,
        LanguageId="de" if company.country == "DEU" else "en-us",
        PartyNumber=f"{1_000 + place:09d}",
    )


def _company(rows: Mapping[str, _Rows], company: _Company, ids: Ids, numbers: Numbers) -> None:
    at = {COMPANY: company.id}
    for name, days in _TERMS.items():
        text = "Cash on delivery" if name == "COD" else f"Net {days} days"
        rows["PaymentTerms"].add(
            **at, Name=name, Description=text, NumberOfDays=days, PaymentMethodType="Net"
        )
    for group, (text, terms) in _GROUPS.items():
        rows["CustomerGroups"].add(
            **at,
            CustomerGroupId=group,
            Description=text,
            PaymentTermId=terms,
            ClearingPeriodPaymentTermName=terms,
        )
    _places(rows, company, at)
    for item, name, price in _ITEMS:
        _item(rows, at, item, name, price)
    customers = [_customer(rows, company, number) for number in range(1, CUSTOMERS + 1)]
    _orders(rows, company, customers, ids, numbers)


def _places(rows: Mapping[str, _Rows], company: _Company, at: Mapping[str, Any]) -> None:
    for site, name in _SITES.items():
        is_known = company.id == "usmf" and site == "1"
        address: dict[str, Any] = {
            "IsPrimaryAddressAssigned": "Yes",
            "FormattedPrimaryAddress": "213 South Street, Gate 1\nGalvin, WA 98544 \nUSA",
            "PrimaryAddressDescription": "Site 1",
            "PrimaryAddressStreet": "213 South Street, Gate 1",
            "PrimaryAddressCity": "Galvin",
            "PrimaryAddressStateId": "WA",
            "PrimaryAddressZipCode": "98544",
            "PrimaryAddressCountryRegionId": "USA",
            "SiteTimezone": "GMTMINUS0800PACIFICTIME",
        }
        rows["OperationalSites"].add(
            **at, SiteId=site, SiteName=name, **(address if is_known else {})
        )
    for warehouse, (name, site) in _WAREHOUSES.items():
        kind = {"28": "Quarantine", "29": "Transit"}.get(warehouse, "Standard")
        main = warehouse == "21"
        rows["Warehouses"].add(
            **at,
            WarehouseId=warehouse,
            WarehouseName=name,
            OperationalSiteId=site,
            WarehouseType=kind,
            QuarantineWarehouseId="28" if main else "",
            TransitWarehouseId="29" if main else "",
            IsFallbackWarehouse="Yes" if main else "No",
        )


def _item(
    rows: Mapping[str, _Rows], at: Mapping[str, Any], item: str, name: str, price: float
) -> None:
    is_service = item.startswith("S")
    unit = "hr" if is_service else "ea"
    rows["ReleasedProductsV2"].add(
        **at,
        ItemNumber=item,
        ProductNumber=item,
        ProductSearchName=name,
        SearchName=name,
        ProductType="Service" if is_service else "Item",
        ProductSubType="Product",
        ItemModelGroupId="FIFO",
        ProductGroupId="Services" if is_service else "Audio",
        InventoryUnitSymbol=unit,
        SalesUnitSymbol=unit,
        PurchaseUnitSymbol=unit,
        BOMUnitSymbol=unit,
        SalesPrice=price,
        SalesPriceQuantity=1,
        PurchasePrice=round(price * 0.6, 2),
        PurchasePriceQuantity=1,
    )


def _customer(rows: Mapping[str, _Rows], company: _Company, number: int) -> dict[str, Any]:
    is_contoso = company.id == "usmf" and number == 1
    made_up = f"{_FIRST[number % len(_FIRST)]} {_SECOND[number % len(_SECOND)]}"
    name = "Contoso Retail San Diego" if is_contoso else made_up
    cities = _CITIES[company.country]
    group = list(_GROUPS)[number % 5]
    return rows["CustomersV3"].add(
        dataAreaId=company.id,
        CustomerAccount=f"{company.prefix}-{number:03d}",
        OrganizationName=name,
        NameAlias=name[:20],
        KnownAs=name,
        CustomerGroupId=group,
        SalesCurrencyCode=company.currency,
        PaymentTerms=_GROUPS[group][1],
        PartyNumber=f"{ord(company.prefix[0]):03d}{ord(company.prefix[1]):03d}{number:03d}",
        SiteId="2" if number % 2 else "1",
        WarehouseId="21" if number % 2 else "13",
        CreditLimit=5_000 * (number % 7),
        LanguageId="de" if company.country == "DEU" else "en-us",
        AddressCountryRegionId=company.country,
        AddressCity=cities[(number - 1) % len(cities)],
        AddressStreet=f"{number * 7} {_STREETS[number % len(_STREETS)]} Street",
        AddressZipCode=f"{10_000 + number * 137}",
        PrimaryContactEmail=f"orders{number:03d}@{company.id}.example.com",
        OnHoldStatus="All" if number == CUSTOMERS else "No",
    )


def _orders(
    rows: Mapping[str, _Rows],
    company: _Company,
    customers: Sequence[Mapping[str, Any]],
    ids: Ids,
    numbers: Numbers,
) -> None:
    """Orders 000001 on; the first two are invoiced and closed."""
    lot = 220
    for number in range(1, ORDERS + 1):
        customer = customers[ids.random.randrange(len(customers) - 1)]
        status = "Invoiced" if number <= 2 else "Backorder"
        day = f"2025-12-{number + 10:02d}T12:00:00Z"
        order = rows["SalesOrderHeadersV2"].add(
            dataAreaId=company.id,
            SalesOrderNumber=f"{number:06d}",
            OrderingCustomerAccountNumber=customer["CustomerAccount"],
            InvoiceCustomerAccountNumber=customer["CustomerAccount"],
            SalesOrderName=customer["OrganizationName"],
            CurrencyCode=company.currency,
            PaymentTermsName=customer["PaymentTerms"],
            SalesOrderStatus=status,
            SalesOrderProcessingStatus="Invoiced" if number <= 2 else "Active",
            DefaultShippingSiteId=customer["SiteId"],
            DefaultShippingWarehouseId=customer["WarehouseId"],
            CustomersOrderReference=f"PO-{company.prefix}-{number:04d}",
            RequestedShippingDate=day,
            RequestedReceiptDate=day,
            OrderCreationDateTime=day,
        )
        for line in range(1, 3 + number % 3):
            lot += 1
            item, name, price = _ITEMS[0 if lot == 221 else ids.random.randrange(len(_ITEMS))]
            quantity = ids.random.randrange(1, 12)
            rows["SalesOrderLines"].add(
                dataAreaId=company.id,
                InventoryLotId=f"{lot:06d}",
                SalesOrderNumber=order["SalesOrderNumber"],
                LineNumber=line,
                LineCreationSequenceNumber=line,
                ItemNumber=item,
                LineDescription=name,
                SalesOrderLineStatus=status,
                OrderedSalesQuantity=quantity,
                SalesUnitSymbol="ea",
                SalesPrice=price,
                SalesPriceQuantity=1,
                LineAmount=round(quantity * price, 2),
                CurrencyCode=company.currency,
                ShippingSiteId=customer["SiteId"],
                ShippingWarehouseId=customer["WarehouseId"],
                RequestedShippingDate=day,
                RequestedReceiptDate=day,
            )
    numbers.next(f"SalesOrderHeadersV2.SalesOrderNumber:{company.id}", ORDERS)
    numbers.next(f"SalesOrderLines.InventoryLotId:{company.id}", lot)
