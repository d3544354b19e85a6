"""Defaults and checks of single entities: customers, sales orders, sales lines, warehouses.

Sources: "Customers V3", "Sales order headers V2", "Sales order lines V2", captured messages. Texts
on posted orders and stopped customers are reasoned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups

BACKORDER: Final = 1
_STATUS: Final = {0: "None", 1: "Open order", 2: "Delivered", 3: "Invoiced", 4: "Canceled"}
_STOPPED: Final = frozenset({1, 2})
_SITE_MISSING: Final = (
    "Warning: Inventory dimension Site is mandatory and must consequently be specified."
)
_CANCELED: Final = "Error: Update has been canceled."
_FROM_CUSTOMER: Final = {
    "SalesOrderName": "OrganizationName",
    "CurrencyCode": "SalesCurrencyCode",
    "PaymentTermsName": "PaymentTerms",
    "CustomerPaymentMethodName": "PaymentMethod",
    "DeliveryModeCode": "DeliveryMode",
    "DeliveryTermsCode": "DeliveryTerms",
    "SalesTaxGroupCode": "SalesTaxGroup",
    "LanguageId": "LanguageId",
    "DefaultShippingSiteId": "SiteId",
    "DefaultShippingWarehouseId": "WarehouseId",
    "DeliveryAddressCountryRegionId": "AddressCountryRegionId",
    "DeliveryAddressCity": "AddressCity",
    "DeliveryAddressZipCode": "AddressZipCode",
    "DeliveryAddressStreet": "AddressStreet",
    "DeliveryAddressStateId": "AddressState",
}
_FROM_HEADER: Final = {
    "CurrencyCode": "CurrencyCode",
    "ShippingSiteId": "DefaultShippingSiteId",
    "ShippingWarehouseId": "DefaultShippingWarehouseId",
    "DeliveryModeCode": "DeliveryModeCode",
    "DeliveryTermsId": "DeliveryTermsCode",
    "SalesTaxGroupCode": "SalesTaxGroupCode",
    "RequestedShippingDate": "RequestedShippingDate",
    "RequestedReceiptDate": "RequestedReceiptDate",
    "DeliveryAddressName": "SalesOrderName",
    "DeliveryAddressCountryRegionId": "DeliveryAddressCountryRegionId",
    "DeliveryAddressCity": "DeliveryAddressCity",
    "DeliveryAddressZipCode": "DeliveryAddressZipCode",
    "DeliveryAddressStreet": "DeliveryAddressStreet",
    "DeliveryAddressStateId": "DeliveryAddressStateId",
    "CustomerRequisitionNumber": "CustomerRequisitionNumber",
}
_FROM_ITEM: Final = {
    "LineDescription": "ProductSearchName",
    "SalesUnitSymbol": "SalesUnitSymbol",
    "SalesPrice": "SalesPrice",
    "SalesPriceQuantity": "SalesPriceQuantity",
    "SalesTaxItemGroupCode": "SalesSalesTaxItemGroupCode",
}
_READ: Final = {
    "CustomersV3": ("CustomerAccount", "InvoiceAccount", "OnHoldStatus", *_FROM_CUSTOMER.values()),
    "CustomerGroups": ("PaymentTermId",),
    "SalesOrderHeadersV2": ("SalesOrderNumber", "SalesOrderStatus", *_FROM_HEADER.values()),
    "ReleasedProductsV2": ("ProductType", *_FROM_ITEM.values()),
    "Warehouses": ("OperationalSiteId",),
}
_PRICE_FIELDS: Final = frozenset(
    {
        "OrderedSalesQuantity",
        "SalesPrice",
        "SalesPriceQuantity",
        "LineDiscountAmount",
        "LineDiscountPercentage",
    }
)


class Rules:
    """What the tables' own methods do; values are stored forms by wire name."""

    def __init__(
        self, store: Store, sets: Mapping[str, EntitySet], lookups: Lookups, clock: Clock
    ) -> None:
        self._store, self._sets, self._clock = store, sets, clock
        self._lookups = lookups
        self._defaults: dict[str, Callable[[Values, Mapping[str, Any]], None]] = {
            "CustomersV3": self._default_customer,
            "SalesOrderHeadersV2": self._default_header,
            "SalesOrderLines": self._default_line,
            "LegalEntities": _default_company,
        }

    def default_row(self, entity_set: EntitySet, values: Values, sent: Mapping[str, Any]) -> None:
        """Fill what was not sent from what is known; sent values stay."""
        fill = self._defaults.get(entity_set.name)
        if fill is not None:
            fill(values, sent)

    def validate_create(self, entity_set: EntitySet, values: Values) -> list[str]:
        """Infolog entries against a new row; none when it may be stored."""
        match entity_set.name:
            case "CustomersV3":
                return self._check_customer(entity_set, values)
            case "SalesOrderHeadersV2":
                return self._check_customer_open(entity_set, values)
            case "SalesOrderLines":
                return self._check_line(entity_set, values)
            case _:
                return []

    def validate_update(self, entity_set: EntitySet, values: Values) -> list[str]:
        """Infolog entries against a changed row."""
        match entity_set.name:
            case "CustomersV3":
                return self._check_customer(entity_set, values)
            case "SalesOrderLines":
                return self._check_storage(values)
            case _:
                return []

    def validate_open(self, entity_set: EntitySet, row: Values) -> list[str]:
        """Infolog entries against changing this row at all: posted orders are closed."""
        match entity_set.name:
            case "SalesOrderHeadersV2":
                status = row["SalesOrderStatus"]
            case "SalesOrderLines":
                status = row["SalesOrderLineStatus"]
            case _:
                return []
        if status == BACKORDER:
            return []
        return [
            f"Warning: Sales order {row['SalesOrderNumber']} cannot be changed because its status "
            f"is {_STATUS.get(status, status)}.",
            f"Warning: validateWrite failed on data source '{entity_set.data_source}'",
        ]

    def validate_delete(self, entity_set: EntitySet, row: Values) -> list[str]:
        """Infolog entries against deleting this row."""
        reasons = self.validate_open(entity_set, row)
        if not reasons:
            return []
        return [
            reasons[0].replace("cannot be changed", "cannot be deleted"),
            "Warning: The entity record could not be deleted because validation failed for the "
            f"following data source: {entity_set.data_source}",
        ]

    def modified(self, entity_set: EntitySet, values: Values, changed: Mapping[str, Any]) -> None:
        """What a change of fields changes with it."""
        if entity_set.name == "SalesOrderLines":
            if "ShippingWarehouseId" in changed:
                self._warehouse_implies_site(
                    values, changed, "ShippingSiteId", "ShippingWarehouseId"
                )
            if _PRICE_FIELDS & set(changed) and "LineAmount" not in changed:
                _calculate(values)
        elif "DefaultShippingWarehouseId" in changed:
            self._warehouse_implies_site(
                values, changed, "DefaultShippingSiteId", "DefaultShippingWarehouseId"
            )

    # -- customers ----------------------------------------------------------------------------

    def _default_customer(self, values: Values, sent: Mapping[str, Any]) -> None:
        if values["PartyType"] == "Person":
            parts = (values[f"Person{part}Name"] for part in ("First", "Middle", "Last"))
            values["OrganizationName"] = " ".join(part for part in parts if part)
        name = values["OrganizationName"]
        values["NameAlias"] = values["NameAlias"] or name[:20]
        values["KnownAs"] = values["KnownAs"] or name
        if "PaymentTerms" not in sent:
            group = self._row("CustomerGroups", values[COMPANY], values["CustomerGroupId"])
            values["PaymentTerms"] = group["PaymentTermId"] if group else ""

    def _check_customer(self, entity_set: EntitySet, values: Values) -> list[str]:
        last = f"Warning: validateWrite failed on data source '{entity_set.data_source}'"
        if values["PartyType"] not in {"Organization", "Person"}:
            return [f"Warning: The value '{values['PartyType']}' is not a party type.", last]
        if not values["OrganizationName"]:
            is_person = values["PartyType"] == "Person"
            name = "PersonFirstName" if is_person else "OrganizationName"
            return [f"Warning: Field '{entity_set.label(name)}' must be filled in.", last]
        return []

    # -- orders -------------------------------------------------------------------------------

    def _default_header(self, values: Values, sent: Mapping[str, Any]) -> None:
        customer = self._row(
            "CustomersV3", values[COMPANY], values["OrderingCustomerAccountNumber"]
        )
        if customer is not None:
            _copy(customer, values, sent, _FROM_CUSTOMER)
            if not values["InvoiceCustomerAccountNumber"]:
                account = customer["InvoiceAccount"] or customer["CustomerAccount"]
                values["InvoiceCustomerAccountNumber"] = account
        self._warehouse_implies_site(
            values, sent, "DefaultShippingSiteId", "DefaultShippingWarehouseId"
        )
        now = iso_seconds(self._clock.now())
        values["OrderCreationDateTime"] = now
        for name in ("RequestedShippingDate", "RequestedReceiptDate"):
            if name not in sent:
                values[name] = f"{now[:10]}T12:00:00Z"

    def _check_customer_open(self, entity_set: EntitySet, values: Values) -> list[str]:
        account = values["OrderingCustomerAccountNumber"]
        customer = self._row("CustomersV3", values[COMPANY], account)
        if customer is None or customer["OnHoldStatus"] not in _STOPPED:
            return []
        return [
            f"Warning: Customer {account} is on hold.",
            f"Warning: validateWrite failed on data source '{entity_set.data_source}'",
        ]

    # -- lines --------------------------------------------------------------------------------

    def _default_line(self, values: Values, sent: Mapping[str, Any]) -> None:
        company = values[COMPANY]
        header = self._row("SalesOrderHeadersV2", company, values["SalesOrderNumber"])
        item = self._row("ReleasedProductsV2", company, values["ItemNumber"])
        if header is not None:
            _copy(header, values, sent, _FROM_HEADER)
        if item is not None:
            _copy(item, values, sent, _FROM_ITEM)
        self._warehouse_implies_site(values, sent, "ShippingSiteId", "ShippingWarehouseId")
        if "OrderedSalesQuantity" not in sent:
            values["OrderedSalesQuantity"] = 1
        values["SalesPriceQuantity"] = values["SalesPriceQuantity"] or 1
        self._number_line(values, sent)
        if "LineAmount" not in sent:
            _calculate(values)

    def _number_line(self, values: Values, sent: Mapping[str, Any]) -> None:
        table = quoted(self._sets["SalesOrderLines"].table.sql)
        line, sequence = self._store.read(
            f"SELECT max(LineNumber), max(LineCreationSequenceNumber) FROM {table} "
            f"WHERE {COMPANY}=? AND SalesOrderNumber=?",
            (values[COMPANY], values["SalesOrderNumber"]),
        ).fetchone()
        if "LineNumber" not in sent:
            values["LineNumber"] = (line or 0) // 1 + 1
        if "LineCreationSequenceNumber" not in sent:
            values["LineCreationSequenceNumber"] = min((sequence or 0) + 1, 2**31 - 1)

    def _check_line(self, entity_set: EntitySet, values: Values) -> list[str]:
        header = self._row("SalesOrderHeadersV2", values[COMPANY], values["SalesOrderNumber"])
        if header is not None and header["SalesOrderStatus"] != BACKORDER:
            return self.validate_open(self._sets["SalesOrderHeadersV2"], header)
        del entity_set
        return self._check_storage(values)

    def _check_storage(self, values: Values) -> list[str]:
        """Stocked items need a site."""
        item = self._row("ReleasedProductsV2", values[COMPANY], values["ItemNumber"])
        is_stocked = item is not None and item["ProductType"] == 1
        return [_SITE_MISSING, _CANCELED] if is_stocked and not values["ShippingSiteId"] else []

    # -- shared -------------------------------------------------------------------------------

    def _row(self, entity_set: str, company: str, value: str) -> Values | None:
        """What the rules read of a record."""
        if not value:
            return None
        return self._lookups.row(entity_set, (company, value), _READ[entity_set])

    def _warehouse_implies_site(
        self, values: Values, sent: Mapping[str, Any], site: str, warehouse: str
    ) -> None:
        if values[warehouse] and not sent.get(site):
            found = self._row("Warehouses", values[COMPANY], values[warehouse])
            if found is not None:
                values[site] = found["OperationalSiteId"]


def _default_company(values: Values, sent: Mapping[str, Any]) -> None:
    del sent
    values["CompanyName"] = values["CompanyName"] or values["Name"]
    values["NameAlias"] = values["NameAlias"] or values["Name"][:20]


def _copy(
    source: Values, values: Values, sent: Mapping[str, Any], pairs: Mapping[str, str]
) -> None:
    for name, origin in pairs.items():
        if name not in sent and source[origin] not in {"", None}:
            values[name] = source[origin]


def _calculate(values: Values) -> None:
    """The net amount of a line, unless it says not to."""
    if values["CalculateLineAmount"] != 1:
        return
    price = values["SalesPrice"] / (values["SalesPriceQuantity"] or 1)
    gross = values["OrderedSalesQuantity"] * (price - values["LineDiscountAmount"])
    values["LineAmount"] = round(gross * (1 - values["LineDiscountPercentage"] / 100), 2)
