"""Fills an empty environment."""

from __future__ import annotations

from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.services.finance_operations.model.entity_set import Sets
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.seed.documents import add_documents
from windtunnel.simulator.services.finance_operations.model.seed.master import add_master_data
from windtunnel.simulator.services.finance_operations.model.seed.rows import COMPANIES, Rows
from windtunnel.simulator.services.finance_operations.model.seed.shared import (
    add_basics,
    add_shared_data,
)


def seed_rows(sets: Sets, numbers: Numbers, ids: Ids, *, sample_data: bool) -> None:
    """Store the sample records; without `sample_data` what no environment is without.

    That is companies, currencies, units, the catalogues of entities and events, parameters.
    """
    rows = Rows(sets)
    add_basics(rows, sets)
    if sample_data:
        add_shared_data(rows)
        for company in COMPANIES:
            accounts = add_master_data(rows, company)
            add_documents(rows, company, accounts, ids.random, numbers)
    numbers.next("Party:", 2_000)
    numbers.next("PersonnelNumber:", 20)
    numbers.next("EmploymentId:", 20)
    rows.store()
