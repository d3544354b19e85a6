"""Products, units, sites, warehouses, stock. Sources: "Released products V2", KB 4611825."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    EntityFacts,
    Relation,
    Sequence,
)

_SITES = EntityFacts(
    "InventSite",
    "Sites",
    "Sites",
    title="SiteName",
    sources=4,
    labels={"SiteId": "Site"},
    required=frozenset({"SiteId"}),
    read_only=frozenset({"FormattedPrimaryAddress"}),
    lengths={"SiteId": 10, "SiteName": 60},
    defaults={"PrimaryAddressTimeZone": None},
)

_UNITS: Final = {
    "InventoryUnitSymbol": Relation("UnitsOfMeasure"),
    "SalesUnitSymbol": Relation("UnitsOfMeasure"),
    "PurchaseUnitSymbol": Relation("UnitsOfMeasure"),
    "BOMUnitSymbol": Relation("UnitsOfMeasure"),
}

FACTS: Final[Mapping[str, EntityFacts]] = {
    "ProductsV2": EntityFacts(
        "EcoResProduct",
        "Products",
        "Products",
        title="ProductName",
        sources=5,
        labels={
            "ProductNumber": "Product number",
            "ProductType": "Product type",
            "ProductName": "Product name",
            "ProductDimensionGroupName": "Product dimension group",
        },
        required=frozenset({"ProductType"}),
        fixed=frozenset({"ProductType", "ProductSubType"}),
        lengths={"ProductNumber": 70, "ProductName": 60, "ProductSearchName": 20},
        sequences={"ProductNumber": Sequence("P{number:06d}", is_shared=True)},
        defaults={"ProductType": "Item", "ProductSubType": "Product"},
    ),
    "ReleasedProductsV2": EntityFacts(
        "InventTable",
        "Released products",
        "Released products",
        title="ProductSearchName",
        sources=12,
        labels={
            "ItemNumber": "Item number",
            "ProductNumber": "Product number",
            "ProductSearchName": "Search name",
            "SalesUnitSymbol": "Unit",
            "PurchaseUnitSymbol": "Unit",
            "InventoryUnitSymbol": "Unit",
            "BOMUnitSymbol": "BOM unit",
        },
        required=frozenset({"ItemNumber", "ProductNumber"}),
        fixed=frozenset({"ProductNumber"}),
        lengths={"ItemNumber": 20},
        relations={
            "ProductNumber": Relation("ProductsV2"),
            "AlternativeItemNumber": Relation("ReleasedProductsV2"),
            "PrimaryVendorAccountNumber": Relation("VendorsV2"),
            **_UNITS,
        },
    ),
    "ReleasedProductCreationsV2": EntityFacts(
        "InventTable",
        "Released products",
        "Released products",
        title="ProductName",
        sources=2,
        labels={
            "ItemNumber": "Item number",
            "ProductNumber": "Product number",
            "ProductName": "Product name",
            "ItemModelGroupId": "Item model group",
        },
        lengths={"ItemNumber": 20, "ProductNumber": 70, "ProductName": 60},
        relations=_UNITS,
        sequences={"ItemNumber": Sequence("{number:06d}")},
        defaults={"ProductType": "Item", "ProductSubType": "Product"},
    ),
    "OperationalSites": _SITES,
    "OperationalSitesV2": replace(_SITES, stored_with="OperationalSites"),
    "Warehouses": EntityFacts(
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
        lengths={"WarehouseId": 10, "WarehouseName": 60},
        relations={
            "OperationalSiteId": Relation("OperationalSites"),
            "QuarantineWarehouseId": Relation("Warehouses"),
            "TransitWarehouseId": Relation("Warehouses"),
            "MainRefillingWarehouseId": Relation("Warehouses"),
        },
        defaults={"PrimaryAddressTimeZone": None},
    ),
    "WarehousesOnHandV2": EntityFacts(
        "InventSum",
        "On-hand inventory",
        "On-hand inventory",
        sources=4,
        category="Transaction",
        is_read_only=True,
    ),
    "InventorySitesOnHandV2": EntityFacts(
        "InventSum",
        "On-hand inventory",
        "On-hand inventory",
        sources=3,
        category="Transaction",
        is_read_only=True,
    ),
    "UnitsOfMeasure": EntityFacts(
        "UnitOfMeasure",
        "Units",
        "Units",
        title="UnitDescription",
        category="Reference",
        labels={"UnitSymbol": "Unit"},
        required=frozenset({"UnitSymbol"}),
        lengths={"UnitSymbol": 10},
    ),
    "UnitOfMeasureConversions": EntityFacts(
        "UnitOfMeasureConversion",
        "Unit conversions",
        "Unit conversions",
        category="Reference",
        labels={"FromUnitSymbol": "From unit", "ToUnitSymbol": "To unit"},
        required=frozenset({"FromUnitSymbol", "ToUnitSymbol"}),
        relations={
            "FromUnitSymbol": Relation("UnitsOfMeasure"),
            "ToUnitSymbol": Relation("UnitsOfMeasure"),
        },
        defaults={"Factor": 1, "Numerator": 1, "Denominator": 1},
    ),
}
