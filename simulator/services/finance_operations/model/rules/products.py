"""Products, sites, warehouses. Sources: "Released products V2", KB 4611825, captured messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    must_fill,
    refuse,
    undeletable,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address_in,
    copy,
)

_MASTER: Final = 2
_FROM_PRODUCT: Final = {
    "ProductSearchName": "ProductSearchName",
    "ProductType": "ProductType",
    "ProductSubType": "ProductSubType",
    "ServiceType": "ServiceType",
    "ProductDimensionGroupName": "ProductDimensionGroupName",
    "StorageDimensionGroupName": "StorageDimensionGroupName",
}
_ADDRESS: Final = address_in("FormattedPrimaryAddress", "PrimaryAddress", "StateId")
_ADDRESS_SOURCE: Final = "InventSiteLogisticsLocation (InventSiteLogisticsLocation)"


class ProductRules:
    """Shared products, items of companies, where they lie."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        placed = EntityRules(default=_format, modified=_format)
        site = EntityRules(default=_format, modified=_format, check_delete=_keep_address)
        return {
            "ProductsV2": EntityRules(default=_default_product, check=_check_product),
            "ReleasedProductsV2": EntityRules(default=self._default_item, check_new=_check_item),
            "ReleasedProductCreationsV2": EntityRules(
                default=self._default_creation, check_new=_check_creation
            ),
            "OperationalSites": site,
            "Warehouses": placed,
            "UnitOfMeasureConversions": EntityRules(check=_check_conversion),
        }

    def _default_item(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        names = tuple(_FROM_PRODUCT.values())
        product = self._around.shared_row("ProductsV2", values["ProductNumber"], names)
        if product is not None:
            copy(product, values, sent, _FROM_PRODUCT)
        values["SearchName"] = values["SearchName"] or values["ProductSearchName"]

    def _default_creation(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set, sent
        values["ProductNumber"] = values["ProductNumber"] or values["ItemNumber"]
        name = values["ProductName"] or values["ProductSearchName"]
        values["ProductSearchName"] = (values["ProductSearchName"] or name.replace(" ", ""))[:20]
        values["SearchName"] = values["SearchName"] or values["ProductSearchName"]


def _default_product(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    del entity_set, sent
    name = values["ProductName"].replace(" ", "")[:20]
    values["ProductSearchName"] = values["ProductSearchName"] or name


def _check_product(entity_set: EntitySet, values: Values) -> Refusal | None:
    if values["ProductSubType"] == _MASTER and not values["ProductDimensionGroupName"]:
        return must_fill(entity_set, "ProductDimensionGroupName")
    return None


def _check_item(entity_set: EntitySet, values: Values) -> Refusal | None:
    """The group was set with the product: this entity sets it a second time."""
    del entity_set
    group = values["TrackingDimensionGroupName"]
    if not group:
        return None
    text = (
        "Info: Cannot create a record in Items - tracking dimension groups "
        f"(EcoResTrackingDimensionGroupItem). Item number: {values['ItemNumber']}, {group}.\n"
        "The record already exists."
    )
    return Refusal((text,), "TrackingDimensionGroupName")


def _check_creation(entity_set: EntitySet, values: Values) -> Refusal | None:
    if not values["ProductName"] and not values["ProductSearchName"]:
        return must_fill(entity_set, "ProductName")
    return None


def _format(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    del entity_set
    if _ADDRESS.is_in(sent):
        _ADDRESS.show(values)
        values["IsPrimaryAddressAssigned"] = 1 if values[_ADDRESS.shown] else 0


def _keep_address(entity_set: EntitySet, row: Values) -> Refusal | None:
    del entity_set
    if row["IsPrimaryAddressAssigned"] == 1:
        return undeletable("Primary address cannot be deleted.", _ADDRESS_SOURCE)
    return None


def _check_conversion(entity_set: EntitySet, values: Values) -> Refusal | None:
    if values["FromUnitSymbol"] == values["ToUnitSymbol"]:
        return refuse(entity_set, "A unit cannot be converted to itself.", "ToUnitSymbol")
    return None
