"""PyPI python-odata on finance and operations: reflection, queries, records, actions."""

from __future__ import annotations

import os

import requests
from odata import ODataError, ODataService
from steps import step

session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['WT_TOKEN']}"
service = ODataService(
    f"{os.environ['WT_FO_URL']}/data/", session=session, reflect_entities=True, quiet_progress=True
)
Group = service.entities["CustomerGroups"]
Customer = service.entities["CustomersV3"]
NUMBER = f"P{os.getpid() % 1000}"


@step("reflects every entity set and its type")
def _() -> None:
    document = session.get(f"{os.environ['WT_FO_URL']}/data/").json()
    names = {entry["name"] for entry in document["value"]}
    assert names == set(service.entities), names ^ set(service.entities)
    assert Customer.__odata_schema__["type"].endswith(".CustomerV3")


@step("queries with filters, order, limit and count")
def _() -> None:
    query = service.query(Customer).filter(Customer.CustomerGroupId == "10")
    found = query.order_by(Customer.CustomerAccount.desc()).limit(3).all()
    accounts = [row.CustomerAccount for row in found]
    assert len(accounts) == 3
    assert accounts == sorted(accounts, reverse=True)
    assert query.count() > 3
    rich = query.filter(Customer.CreditLimit >= 0).filter(Customer.SalesCurrencyCode != "EUR")
    assert rich.count() <= query.count()


@step("selects and expands")
def _() -> None:
    kind = service.entities["SalesOrderHeadersV2"]
    order = service.query(kind).expand(kind.SalesOrderLines).first()
    assert order.SalesOrderLines[0].SalesOrderNumber == order.SalesOrderNumber
    rows = service.query(Customer).select(Customer.CustomerAccount).limit(1).all()
    assert rows


@step("gets a record by its whole key")
def _() -> None:
    group = service.query(Group).get(dataAreaId="usmf", CustomerGroupId="10")
    assert group.CustomerGroupId == "10"


@step("creates, changes and deletes")
def _() -> None:
    made = Group()
    made.dataAreaId = "usmf"
    made.CustomerGroupId = NUMBER
    made.Description = "python-odata"
    service.save(made)
    assert made.Description == "python-odata"
    made.Description = "changed"
    service.save(made)
    assert service.query(Group).get(dataAreaId="usmf", CustomerGroupId=NUMBER).Description == (
        "changed"
    )
    service.delete(made)
    assert service.query(Group).filter(Group.CustomerGroupId == NUMBER).count() == 0


@step("reads errors")
def _() -> None:
    made = Group()
    made.CustomerGroupId = "10"
    said = ""
    try:
        service.save(made)
    except ODataError as error:
        said = error.detailed_message
    assert "The record already exists" in said, said
