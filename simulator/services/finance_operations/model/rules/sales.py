"""Sales orders. Sources: "Sales order headers V2", "Sales order lines V2", captured messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address_in,
)
from windtunnel.simulator.services.finance_operations.model.rules.orders import (
    Account,
    Header,
    Line,
    Orders,
)

_ADDRESS: Final = address_in("FormattedDelveryAddress", "DeliveryAddress", "StateId")
"""Misspelt by the service, of headers and of lines."""
_CUSTOMER: Final = Account(
    entity_set="CustomersV3",
    key="CustomerAccount",
    called="Customer",
    column="OrderingCustomerAccountNumber",
    invoice="InvoiceCustomerAccountNumber",
    invoice_at_account="InvoiceAccount",
    stopped=frozenset({1, 2}),  # invoice, all
    defaults={
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
        "DefaultLedgerDimensionDisplayValue": "DefaultDimensionDisplayValue",
    },
)
_HEADER: Final = Header(
    entity_set="SalesOrderHeadersV2",
    called="Sales order",
    number="SalesOrderNumber",
    status="SalesOrderStatus",
    statuses={0: "None", 1: "Open order", 2: "Delivered", 3: "Invoiced", 4: "Canceled"},
    place=("DefaultShippingSiteId", "DefaultShippingWarehouseId"),
    dates=("RequestedShippingDate", "RequestedReceiptDate"),
    address=_ADDRESS,
)
_LINE: Final = Line(
    status="SalesOrderLineStatus",
    place=("ShippingSiteId", "ShippingWarehouseId"),
    quantity="OrderedSalesQuantity",
    price="SalesPrice",
    price_quantity="SalesPriceQuantity",
    from_header={
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
        "DefaultLedgerDimensionDisplayValue": "DefaultLedgerDimensionDisplayValue",
    },
    from_item={
        "LineDescription": "ProductSearchName",
        "SalesUnitSymbol": "SalesUnitSymbol",
        "SalesPrice": "SalesPrice",
        "SalesPriceQuantity": "SalesPriceQuantity",
        "SalesTaxItemGroupCode": "SalesSalesTaxItemGroupCode",
    },
)


class SalesRules:
    """Sales orders and their lines."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._orders = Orders(around, _CUSTOMER, _HEADER, _LINE)

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        orders = self._orders
        return {
            "SalesOrderHeadersV2": replace(orders.header_rules(), default=self._default),
            "SalesOrderLines": EntityRules(
                default=self._default_line,
                modified=self._modified_line,
                check_new=orders.check_new_line,
                check=orders.check_line,
                closed=orders.closed_line,
            ),
        }

    def _default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        self._orders.default(entity_set, values, sent)
        values["OrderCreationDateTime"] = self._around.now()

    def _default_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        self._orders.default_line(values, sent)
        _ADDRESS.show(values)
        line, sequence = self._around.store.read(
            "SELECT max(LineNumber), max(LineCreationSequenceNumber) "
            f"FROM {quoted(entity_set.table.sql)} WHERE {COMPANY}=? AND SalesOrderNumber=?",
            (values[COMPANY], values["SalesOrderNumber"]),
        ).fetchone()
        if "LineNumber" not in sent:
            values["LineNumber"] = (line or 0) // 1 + 1
        if "LineCreationSequenceNumber" not in sent:
            values["LineCreationSequenceNumber"] = min((sequence or 0) + 1, 2**31 - 1)

    def _modified_line(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        self._orders.modified_line(entity_set, values, changed)
        _ADDRESS.follow(entity_set, values, changed)
