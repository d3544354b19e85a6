"""Documents of one company: sales and purchase orders, invoices, journals."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.seed.master import (
    ITEMS,
    Account,
    Accounts,
)
from windtunnel.simulator.services.finance_operations.model.seed.rows import Company, Rows

ORDERS: Final = 10
PURCHASES: Final = 6
_CLOSED: Final = 2
"""The first orders are invoiced."""


def add_documents(
    rows: Rows, company: Company, accounts: Accounts, chance: Random, numbers: Numbers
) -> None:
    """Add orders 000001 on, purchase orders 00000001 on, what was invoiced, journals."""
    lot = _add_sales(rows, company, accounts.customers[:-1], chance)
    lot = _add_purchases(rows, company, accounts.vendors[:-1], chance, lot)
    _add_vendor_invoices(rows, company, accounts.vendors)
    _add_journals(rows, company, accounts.customers)
    for name, last in (
        ("SalesOrderHeadersV2.SalesOrderNumber", ORDERS),
        ("PurchaseOrderHeadersV2.PurchaseOrderNumber", PURCHASES),
        ("InventoryLotId", lot),
        ("VendorInvoiceHeaders.HeaderReference", 2),
        ("JournalBatchNumber", 462),
        ("JournalVoucher", 4),
        ("CustomerPaymentVoucher", 1),
    ):
        numbers.next(f"{name}:{company.id}", last)


def _add_sales(rows: Rows, company: Company, customers: list[Account], chance: Random) -> int:
    lot = 220
    for number in range(1, ORDERS + 1):
        customer = customers[chance.randrange(len(customers))]
        is_closed = number <= _CLOSED
        status, day = "Invoiced" if is_closed else "Backorder", f"2025-12-{number + 10:02d}"
        at = {COMPANY: company.id, "SalesOrderNumber": f"{number:06d}"}
        dates = {
            "RequestedShippingDate": f"{day}T12:00:00Z",
            "RequestedReceiptDate": f"{day}T12:00:00Z",
        }
        rows.add(
            "SalesOrderHeadersV2",
            **at,
            **dates,
            OrderingCustomerAccountNumber=customer.number,
            InvoiceCustomerAccountNumber=customer.number,
            SalesOrderName=customer.name,
            CurrencyCode=company.currency,
            PaymentTermsName=customer.terms,
            SalesOrderStatus=status,
            SalesOrderProcessingStatus=status if is_closed else "Active",
            DefaultShippingSiteId=customer.site,
            DefaultShippingWarehouseId=customer.warehouse,
            CustomersOrderReference=f"PO-{company.prefix}-{number:04d}",
            OrderCreationDateTime=f"{day}T09:30:00Z",
        )
        lines = []
        for line in range(1, 3 + number % 3):
            lot += 1
            item, name, price = ITEMS[0 if lot == 221 else chance.randrange(len(ITEMS))]
            quantity = chance.randrange(1, 12)
            unit = "hr" if item.startswith("S") else "ea"
            lines.append((line, item, name, price, quantity, unit))
            rows.add(
                "SalesOrderLines",
                **at,
                **dates,
                InventoryLotId=f"{lot:06d}",
                LineNumber=line,
                LineCreationSequenceNumber=line,
                ItemNumber=item,
                LineDescription=name,
                SalesOrderLineStatus=status,
                OrderedSalesQuantity=quantity,
                SalesUnitSymbol=unit,
                SalesPrice=price,
                SalesPriceQuantity=1,
                LineAmount=round(quantity * price, 2),
                CurrencyCode=company.currency,
                ShippingSiteId=customer.site,
                ShippingWarehouseId=customer.warehouse,
            )
        if is_closed:
            _add_invoice(rows, company, customer, number, day, lines)
    return lot


def _add_invoice(
    rows: Rows, company: Company, customer: Account, number: int, day: str, lines: list[Any]
) -> None:
    key = {
        COMPANY: company.id,
        "InvoiceNumber": f"CIV-{666 + number:06d}",
        "InvoiceDate": f"{day}T12:00:00Z",
        "LedgerVoucher": f"ARIN{number:06d}",
    }
    total = round(sum(price * quantity for _, _, _, price, quantity, _ in lines), 2)
    rows.add(
        "SalesInvoiceHeadersV2",
        **key,
        SalesOrderNumber=f"{number:06d}",
        InvoiceCustomerAccountNumber=customer.number,
        CurrencyCode=company.currency,
        PaymentTermsName=customer.terms,
        TotalInvoiceAmount=total,
        CustomersOrderReference=f"PO-{company.prefix}-{number:04d}",
        InvoiceAddressCountryRegionId=company.country,
    )
    for line, item, name, price, quantity, unit in lines:
        rows.add(
            "SalesInvoiceV2Lines",
            **key,
            LineCreationSequenceNumber=line,
            ProductNumber=item,
            ProductName=name,
            ProductDescription=name,
            InvoicedQuantity=quantity,
            SalesUnitSymbol=unit,
            SalesPrice=price,
            LineAmount=round(quantity * price, 2),
            CurrencyCode=company.currency,
            InventorySiteId=customer.site,
            InventoryWarehouseId=customer.warehouse,
        )
    for side, (account, amount) in enumerate((("130100", total), ("401100", -total))):
        rows.add(
            "GeneralJournalAccountEntryBiEntities",
            SourceKey=5_637_150_000 + ord(company.prefix[0]) * 10_000 + number * 10 + side,
            GeneralJournalEntry=5_637_160_000 + number,
            LedgerAccount=f"{account}-001-022--",
            AccountingCurrencyAmount=amount,
            TransactionCurrencyAmount=amount,
            ReportingCurrencyAmount=amount,
            TransactionCurrencyCode=company.currency,
            IsCredit="Yes" if amount < 0 else "No",
            PostingType="CustBalance" if side == 0 else "CustRevenue",
            Text=f"Sales invoice {key['InvoiceNumber']}",
        )


def _add_purchases(
    rows: Rows, company: Company, vendors: list[Account], chance: Random, lot: int
) -> int:
    for number in range(1, PURCHASES + 1):
        vendor = vendors[number % len(vendors)]
        status, day = (
            "Invoiced" if number == 1 else "Backorder",
            f"2025-11-{number + 10:02d}T12:00:00Z",
        )
        at = {COMPANY: company.id, "PurchaseOrderNumber": f"{number:08d}"}
        rows.add(
            "PurchaseOrderHeadersV2",
            **at,
            OrderVendorAccountNumber=vendor.number,
            InvoiceVendorAccountNumber=vendor.number,
            PurchaseOrderName=vendor.name,
            CurrencyCode=company.currency,
            PaymentTermsName=vendor.terms,
            PurchaseOrderStatus=status,
            DocumentApprovalStatus="Confirmed" if number == 1 else "Approved",
            DefaultReceivingSiteId=vendor.site,
            DefaultReceivingWarehouseId=vendor.warehouse,
            AccountingDate=day,
            RequestedDeliveryDate=day,
        )
        for line in range(1, 3):
            lot += 1
            item, name, price = ITEMS[chance.randrange(len(ITEMS) - 1)]
            quantity, cost = chance.randrange(5, 50), round(price * 0.6, 2)
            rows.add(
                "PurchaseOrderLinesV2",
                **at,
                LineNumber=line,
                ItemNumber=item,
                LineDescription=name,
                PurchaseOrderLineStatus=status,
                OrderedPurchaseQuantity=quantity,
                PurchaseUnitSymbol="ea",
                PurchasePrice=cost,
                PurchasePriceQuantity=1,
                LineAmount=round(quantity * cost, 2),
                ReceivingSiteId=vendor.site,
                ReceivingWarehouseId=vendor.warehouse,
                RequestedDeliveryDate=day,
                InventoryLotId=f"{lot:06d}",
            )
    return lot


def _add_vendor_invoices(rows: Rows, company: Company, vendors: list[Account]) -> None:
    for number in (1, 2):
        vendor = vendors[number + 5]
        at = {COMPANY: company.id, "HeaderReference": f"{number:08d}"}
        of = {"InvoiceAccount": vendor.number, "VendorAccount": vendor.number}
        rows.add(
            "VendorInvoiceHeaders",
            **at,
            **of,
            InvoiceNumber=f"INV-{company.prefix}-{number:03d}",
            VendorName=vendor.name,
            Currency=company.currency,
            TermsOfPayment=vendor.terms,
            InvoiceDate="2026-01-12T12:00:00Z",
            Date="2026-01-12T12:00:00Z",
            DueDate="2026-02-11T12:00:00Z",
        )
        rows.add(
            "VendorInvoiceLines",
            **at,
            **of,
            InvoiceLineNumber=1,
            LineNumber=1,
            ProcurementCategoryName="Office supplies",
            LineDescription="Paper and toner",
            ReceiveNow=number * 2,
            UnitPrice=45,
            PriceUnit=1,
            Unit="ea",
            Amount=number * 90,
            NetAmount=number * 90,
            Currency=company.currency,
        )


def _add_journals(rows: Rows, company: Company, customers: list[Account]) -> None:
    at = {COMPANY: company.id}
    parties = {"Company": company.id.upper(), "OffsetCompany": company.id.upper()}
    for number, is_posted in ((461, "Yes"), (462, "No")):
        batch = {**at, "JournalBatchNumber": f"{number:05d}"}
        rows.add(
            "LedgerJournalHeaders",
            **batch,
            JournalName="GenJrn",
            Description="General journal",
            AccountingCurrency=company.currency,
            IsPosted=is_posted,
            JournalTotalDebit=250,
            JournalTotalCredit=250,
        )
        for line, (account, debit, credit) in enumerate(
            (("606300-001-023--", 250, 0), ("110110", 0, 250)), 1
        ):
            rows.add(
                "LedgerJournalLines",
                **batch,
                **parties,
                LineNumber=line,
                AccountType="Ledger",
                AccountDisplayValue=account,
                CurrencyCode=company.currency,
                DebitAmount=debit,
                CreditAmount=credit,
                ExchRate=100,
                TransDate="2026-01-05T12:00:00Z",
                Voucher=f"GNJL{(number - 461) * 2 + line:06d}",
                Text="Travel to the fair",
            )
    batch = {**at, "JournalBatchNumber": "00460"}
    rows.add(
        "CustomerPaymentJournalHeaders",
        **batch,
        JournalName="CUSTPAY",
        Description="Customer payments",
    )
    rows.add(
        "CustomerPaymentJournalLines",
        **batch,
        **parties,
        LineNumber=1,
        AccountType="Cust",
        AccountDisplayValue=customers[0].number.replace("-", "\\-"),
        CustomerName=customers[0].name,
        CurrencyCode=company.currency,
        CreditAmount=80,
        ExchangeRate=100,
        OffsetAccountType="Bank",
        OffsetAccountDisplayValue=f"{company.id.upper()} OPER",
        PaymentMethodName="CASH",
        PaymentReference="000887",
        TransactionDate="2026-01-05T12:00:00Z",
        Voucher="ARPM000001",
    )
