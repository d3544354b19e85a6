"""What $metadata does not say of the entity sets: tables, labels, relations, number sequences.

Sources: "Customers V3", "Sales order headers V2" and "Sales order lines V2" (Microsoft Learn, data
entities), the Common Data Model schemas of operations, and captured messages. Table names, table
labels and key labels of sets without a captured message, lengths and the number of data sources
are reasoned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import (
    customers,
    data_management,
    ledger,
    organization,
    products,
    purchase,
    sales,
    vendors,
)
from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    COMPANY,
    EntityFacts,
    Relation,
    Sequence,
)

__all__ = ["COMPANY", "FACTS", "EntityFacts", "Relation", "Sequence"]

FACTS: Final[Mapping[str, EntityFacts]] = {
    **customers.FACTS,
    **vendors.FACTS,
    **products.FACTS,
    **sales.FACTS,
    **purchase.FACTS,
    **ledger.FACTS,
    **organization.FACTS,
    **data_management.FACTS,
}
"""The standard entity sets by public collection name."""
