"""Sets that show records of others: read from them, so that both always agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ITEM: Final = """
    dataAreaId ItemNumber PurchaseUnitSymbol ProductGroupId ProductType WarrantyDurationTime
    InventoryUnitSymbol WarrantablePriceRangeBaseType UpperWarrantablePriceRangeLimit
    InventoryReservationHierarchyName StorageDimensionGroupName ProductNumber ProductSubType
    BOMUnitSymbol SearchName ServiceType WarrantyDurationTimeUnit ProductDimensionGroupName
    SalesSalesTaxItemGroupCode SalesUnitSymbol IsCatchWeightProduct LowerWarrantablePriceRangeLimit
    TrackingDimensionGroupName ProductSearchName PurchaseSalesTaxItemGroupCode ItemModelGroupId
    RecId RecVersion
""".split()  # noqa: SIM905 - reads as a list
_PRODUCT: Final = ("VariantConfigurationTechnology", "IsProductKit", "ProductDescription")
_SITE_KEY: Final = """
    dataAreaId ItemNumber ProductColorId ProductConfigurationId ProductSizeId ProductStyleId
    ProductVersionId InventorySiteId
""".split()  # noqa: SIM905 - reads as a list
_QUANTITIES: Final = """
    AvailableOnHandQuantity ReservedOnHandQuantity AvailableOrderedQuantity ReservedOrderedQuantity
    OnHandQuantity OrderedQuantity OnOrderQuantity TotalAvailableQuantity
""".split()  # noqa: SIM905 - reads as a list


def _item_view() -> str:
    columns = [f'i."{name}"' for name in _ITEM] + [f'p."{name}"' for name in _PRODUCT]
    columns += ["coalesce(p.ProductName, '') AS ProductName"]
    columns += ["coalesce(p.RetailProductCategoryName, '') AS RetailProductCategoryname"]
    return (
        f"SELECT {', '.join(columns)} FROM fo_ReleasedProductsV2 i "
        "LEFT JOIN fo_ProductsV2 p ON p.ProductNumber = i.ProductNumber"
    )


def _site_view() -> str:
    keys = ", ".join(_SITE_KEY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in _QUANTITIES)
    return (
        f"SELECT {keys}, {sums}, max(ProductName) AS ProductName, "
        "max(AreWarehouseManagementProcessesUsed) AS AreWarehouseManagementProcessesUsed, "
        f"min(RecId) AS RecId, 0 AS RecVersion FROM fo_WarehousesOnHandV2 GROUP BY {keys}"
    )


VIEWS: Final[Mapping[str, str]] = {
    "Companies": (
        "SELECT LegalEntityId AS DataArea, Name, NameAlias AS KnownAs, LanguageId, PartyNumber, "
        "RecId, RecVersion FROM fo_LegalEntities"
    ),
    "InventorySitesOnHandV2": _site_view(),
    "ReleasedProductCreationsV2": _item_view(),
}
"""The SELECT behind each such set, by public collection name."""
