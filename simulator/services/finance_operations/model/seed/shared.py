"""What all companies share: currencies, units, accounts, dimensions, people, catalogues."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.currencies import currency_name
from windtunnel.contracts.events.catalogue import CATALOGUE
from windtunnel.simulator.services.finance_operations.model.dimensions import CHART
from windtunnel.simulator.services.finance_operations.model.entity_set import Sets
from windtunnel.simulator.services.finance_operations.model.seed.rows import COMPANIES, Rows

_SYMBOLS: Final = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "CAD": "$",
    "CHF": "Fr",
    "JPY": "¥",
}
_RATES: Final = {"EUR": 1.16, "GBP": 1.34, "CAD": 0.72, "CHF": 1.24, "JPY": 0.0067}
"""US dollars for one."""

_UNITS: Final = (
    ("ea", "Each", "Quantity", 0),
    ("pcs", "Pieces", "Quantity", 0),
    ("box", "Box", "Quantity", 0),
    ("kg", "Kilogram", "Mass", 3),
    ("lb", "Pound", "Mass", 3),
    ("m", "Metre", "Length", 3),
    ("hr", "Hour", "Time", 2),
)
_CONVERSIONS: Final = (("box", "ea", 12), ("kg", "lb", 2.2046226), ("pcs", "ea", 1))
_ACCOUNTS: Final = (
    ("110110", "Bank account - USD", "Asset"),
    ("130100", "Accounts receivable - Domestic", "Asset"),
    ("140200", "Finished goods inventory", "Asset"),
    ("200100", "Accounts payable - Domestic", "Liability"),
    ("202110", "Sales tax payable", "Liability"),
    ("300160", "Retained earnings", "Equity"),
    ("401100", "Product revenue", "Revenue"),
    ("401200", "Service revenue", "Revenue"),
    ("500100", "Cost of goods sold", "Expense"),
    ("600120", "Salary expense", "Expense"),
    ("606300", "Travel expense", "Expense"),
    ("618160", "Office supplies", "Expense"),
)
DIMENSIONS: Final = {
    "BusinessUnit": ("Business units", ("001", "002", "003", "004", "005")),
    "Department": ("Departments", ("022", "023", "024", "025")),
    "CostCenter": ("Custom list", ("007", "008", "009", "014")),
    "ItemGroup": ("Item groups", ("Audio", "Services", "Television")),
    "Project": ("Projects", ("000001", "000002")),
}
_PEOPLE: Final = (
    ("Julia", "Funderburk"),
    ("Charlie", "Carson"),
    ("Alicia", "Thornber"),
    ("Arnie", "Mondloch"),
    ("Ellen", "Gasca"),
    ("Ken", "Myer"),
    ("Nadia", "Bergstrom"),
    ("Tim", "Litton"),
)
_OPEN_END: Final = "2154-12-31T23:59:59Z"
_HIRED: Final = "2019-03-01T00:00:00Z"


def add_basics(rows: Rows, sets: Sets) -> None:
    """What is there without any sample: companies, currencies, units, catalogues, parameters."""
    for code, symbol in _SYMBOLS.items():
        rows.add(
            "Currencies",
            CurrencyCode=code,
            Name=currency_name(code),
            Symbol=symbol,
            CurrencyGender="Male",
        )
    for place, company in enumerate(COMPANIES):
        rows.add(
            "LegalEntities",
            LegalEntityId=company.id,
            Name=company.name,
            CompanyName=company.name,
            NameAlias=company.name[:20],
            CompanyCountry=company.country,
            AddressCountryRegionId=company.country,
            LanguageId=company.language,
            PartyNumber=f"{1_000 + place:09d}",
        )
    for symbol, text, kind, precision in _UNITS:
        rows.add(
            "UnitsOfMeasure",
            UnitSymbol=symbol,
            UnitDescription=text,
            UnitClass=kind,
            DecimalPrecision=precision,
        )
    rows.add(
        "SystemParameters",
        ID=0,
        SystemCurrencyCode="USD",
        SystemExchangeRateTypeId="Default",
        SystemLanguage="en-us",
        ChartOfAccountsDelimiter="Hyphen",
    )
    rows.add("ExchangeRateTypes", Name="Default", Description="Default exchange rates")
    for event in CATALOGUE.values():
        rows.add(
            "BusinessEventsCatalogs",
            BusinessEventId=event.id,
            Name=event.name,
            Description=event.description,
            Contract=f"{event.id}Contract",
            Module=_module(event.category),
        )
    _add_entities(rows, sets)


def _module(category: str) -> str:
    """The module a category of events belongs to."""
    words = category.lower()
    for word, module in (
        ("sales", "SalesOrder"),
        ("receivable", "Customer"),
        ("purchase", "PurchaseOrder"),
        ("procurement", "ProcurementAndSourcing"),
        ("payable", "Vendor"),
        ("ledger", "Ledger"),
        ("warehouse", "Inventory"),
        ("human", "HumanResource"),
    ):
        if word in words:
            return module
    return "General"


def _add_entities(rows: Rows, sets: Sets) -> None:
    """The catalogue of the Data Management framework: every standard set with a staging table."""
    for entity_set in sets.standard():
        kind, facts = entity_set.kind, entity_set.facts
        if kind.staging:
            rows.add(
                "DataManagementEntities",
                EntityName=kind.label,
                EntityIsEnabled="Yes",
                TargetName=facts.entity,
                IsShared="No" if entity_set.is_company_specific else "Yes",
                EntityKey=",".join(kind.key),
                Category=facts.category or "Master",
                StagingTableName=kind.staging,
            )


def add_shared_data(rows: Rows) -> None:
    """Rates, conversions, accounts, dimensions, workers, users, jobs."""
    for code, rate in _RATES.items():
        for pair, value in ((("USD", code), 1 / rate), ((code, "USD"), rate)):
            rows.add("ExchangeRates", **_rate(*pair, round(value, 6)))
    for start, end, factor in _CONVERSIONS:
        rows.add(
            "UnitOfMeasureConversions",
            FromUnitSymbol=start,
            ToUnitSymbol=end,
            Factor=factor,
            Numerator=1,
            Denominator=1,
        )
    rows.add(
        "ChartOfAccounts",
        ChartOfAccounts=CHART,
        Description="Shared chart of accounts",
        MainAccountMask="######",
        ChartOfAccountsRecId=5_637_144_577,
    )
    for account, name, kind in _ACCOUNTS:
        rows.add(
            "MainAccounts",
            ChartOfAccounts=CHART,
            MainAccountId=account,
            Name=name,
            MainAccountType=kind,
            ChartOfAccountsRecId=5_637_144_577,
        )
    _add_dimensions(rows)
    _add_people(rows)
    for name in ("Batch transfer for subledger journals", "Deletion of expired sessions"):
        rows.add(
            "BatchJobs",
            BatchJobRecId=5_637_144_576 + len(name),
            JobDescription=name,
            Status="Waiting",
            CompanyAccounts="dat",
            RuntimeJob=False,
            StartDateTime="2026-01-05T02:00:00Z",
            OrigStartDateTime="2026-01-05T02:00:00Z",
        )
    rows.add(
        "SystemNotifications",
        RuleId="BatchJobWatchdogRule",
        SystemNotificationId=1,
        Title="Batch jobs are waiting",
        Message="There are batch jobs in status Waiting.",
        Type="Watchdog",
        Severity="Informational",
        State="Active",
        ExpirationDateTime=_OPEN_END,
    )


def _rate(start: str, end: str, rate: float) -> dict[str, Any]:
    return {
        "RateTypeName": "Default",
        "RateTypeDescription": "Default exchange rates",
        "FromCurrency": start,
        "ToCurrency": end,
        "StartDate": "2025-01-01T12:00:00Z",
        "EndDate": "2154-12-31T12:00:00Z",
        "Rate": rate,
        "ConversionFactor": "One",
    }


def _add_dimensions(rows: Rows) -> None:
    for name, (source, values) in DIMENSIONS.items():
        rows.add("DimensionAttributes", DimensionName=name, UseValuesFrom=source)
        for value in values:
            rows.add(
                "FinancialDimensionValues",
                FinancialDimension=name,
                LegalEntityId="",
                DimensionValue=value,
                Description=f"{name} {value}",
                ActiveTo="2154-12-31T12:00:00Z",
            )
    for number, text in enumerate(("001-022--", "002-023-007-")):
        rows.add("DimensionSets", RecordId=5_637_144_700 + number, DisplayValue=text)
    for number, (account, text) in enumerate(
        (("401100", "401100-002-022--"), ("606300", "606300-001-023--"))
    ):
        rows.add(
            "DimensionCombinations",
            RecordId=5_637_144_800 + number,
            MainAccount=account,
            DisplayValue=text,
            AccountStructure="Manufacturing P&L",
        )


def _add_people(rows: Rows) -> None:
    for number, (first, last) in enumerate(_PEOPLE, 1):
        person = {
            "PersonnelNumber": f"{number:06d}",
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "NameAlias": f"{first} {last}"[:20],
            "KnownAs": f"{first} {last}",
            "PartyNumber": f"{1_500 + number:09d}",
            "PartyType": "Person",
            "LanguageId": "en-us",
            "PrimaryContactEmail": f"{first.lower()}@contoso.example.com",
        }
        rows.add("Workers", **person, WorkerStatus="Employed", WorkerType="Employee")
        employment = {
            "EmploymentLegalEntityId": COMPANIES[number % len(COMPANIES)].id,
            "EmploymentStartDate": _HIRED,
            "EmploymentEndDate": _OPEN_END,
        }
        rows.add("Employees", **person, **employment)
        rows.add("EmployeesV2", **person, **employment, EmploymentId=f"{number:06d}")
    for user, name in (
        ("Admin", "Admin"),
        *((first, f"{first} {last}") for first, last in _PEOPLE),
    ):
        rows.add(
            "SystemUsers",
            UserID=user.upper()[:20] if user != "Admin" else user,
            UserName=name,
            PersonName=name,
            NetworkDomain="https://sts.windows.net/",
            Alias=f"{user.lower()}@contoso.example.com",
            Email=f"{user.lower()}@contoso.example.com",
            Enabled=True,
            Company="usmf",
            AccountType="ClaimsUser",
            Language="en-us",
        )
