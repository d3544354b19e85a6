"""PyPI python-odata: reflects every entity set of $metadata, then reads and writes records."""

from __future__ import annotations

import json
import os

import requests
from odata import ODataService
from steps import step

session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['WT_TOKEN']}"
session.headers["Prefer"] = "return=representation"  # else it does not learn the id of a record
url = f"{os.environ['WT_DATAVERSE_URL']}/api/data/v9.2/"
service = ODataService(url, session=session, reflect_entities=True, quiet_progress=True)
expected = json.loads(os.environ["WT_EXPECTED"])


@step("counts entity sets and their types")
def _() -> None:
    assert len(service.entities) == expected["sets"], len(service.entities)
    types = {entity.__odata_schema__["type"] for entity in service.entities.values()}
    assert len(types) == expected["types"], len(types)


@step("queries")
def _() -> None:
    account = service.entities["accounts"]
    query = service.query(account)
    query = query.filter(account.name != "x").order_by(account.name.asc()).limit(3)
    names = [row.name for row in query]
    assert len(names) == 3
    assert names == sorted(names, key=str.lower)


@step("creates, changes and deletes")
def _() -> None:
    contact = service.entities["contacts"]
    made = contact()
    made.lastname = "python-odata"
    service.save(made)
    assert made.contactid
    made.firstname = "A"
    service.save(made)
    query = service.query(contact).filter(contact.contactid == made.contactid)
    assert query.first().firstname == "A"
    service.delete(made)
