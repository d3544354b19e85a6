"""PyPI odatapy: a client in the manner of Apache Olingo that types every answer by $metadata."""

from __future__ import annotations

import os
import ssl
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
from odatapy.client import (
    BearerAuth,
    EdmEnabledODataClient,
    Field,
    HttpxTransport,
    ODataClientError,
    and_,
)
from steps import step

TRUSTED = ssl.create_default_context(cafile=os.environ["WT_CA_FILE"])
MARK = f"olingo {uuid4().hex[:8]}"


def service(address: str, token: str) -> EdmEnabledODataClient:
    connection = httpx.Client(verify=TRUSTED, timeout=60)
    transport = HttpxTransport(client=connection, auth=BearerAuth(token))
    return EdmEnabledODataClient(address, transport, odata_version="4.0")


crm = service(f"{os.environ['WT_DATAVERSE_URL']}/api/data/v9.2", os.environ["WT_TOKEN"])
erp = service(f"{os.environ['WT_FO_URL']}/data", os.environ["WT_FO_TOKEN"])
ids: dict[str, UUID] = {}


def refused(status: int, work) -> None:
    try:
        work()
    except ODataClientError as error:
        text = str(error)
    else:
        text = "not refused"
    assert f"HTTP {status}" in text, text


@step("reads service documents and $metadata of both services")
def _() -> None:
    names = {entry.name for entry in crm.get_service_document().entries}
    assert {"accounts", "contacts"} <= names
    account = crm.get_edm().get_entity_set("accounts").entity_type
    assert account.get_structural_property("revenue") is not None
    names = {entry.name for entry in erp.get_service_document().entries}
    assert "CustomersV3" in names
    assert erp.get_edm().get_entity_set("CustomersV3") is not None


@step("creates a record and reads it typed, with all levels of metadata")
def _() -> None:
    values = {"name": MARK, "revenue": 12.5, "creditonhold": True, "industrycode": 1}
    made = crm.create_entity("accounts", values)
    ids["account"] = made.get_value("accountid")
    assert isinstance(ids["account"], UUID)
    assert made.get_value("revenue") == Decimal("12.5")
    one = crm.entity_uri("accounts", ids["account"])
    assert crm.get_entity(one, metadata="full").type == "Microsoft.Dynamics.CRM.account"
    assert crm.get_entity(one, metadata="none").get_value("name") == MARK
    named = crm.create_entity_result("accounts", {"name": MARK}, return_representation=False)
    assert named.status_code == 204
    assert "accounts(" in named.entity.id


@step("heeds etags")
def _() -> None:
    one = crm.entity_uri("accounts", ids["account"])
    read = crm.get_entity(one)
    assert type(crm.get_entity(one, if_none_match=read.etag)).__name__ == "NotModified"
    crm.update_entity(one, {"telephone1": "1"}, etag=read.etag)
    refused(412, lambda: crm.update_entity(one, {"telephone1": "2"}, etag=read.etag))


@step("reads, writes and clears single properties")
def _() -> None:
    one = crm.entity_uri("accounts", ids["account"])
    phone = one.copy().append_property_segment("telephone1")
    crm.update_property(phone, "42")
    assert crm.get_property(phone).value == "42"
    assert crm.get_value(phone.copy().append_value_segment()).content.endswith(b"42")
    crm.delete_property(phone)
    assert crm.get_entity(one).get_value("telephone1") is None


@step("filters, sorts, counts and follows pages")
def _() -> None:
    query = crm.entity_set_uri("accounts").select("name", "revenue").top(3).count()
    filtered = query.filter(and_(Field("revenue").gt(10), Field("name").contains("a")))
    found = crm.get_entity_set(filtered.orderby("name desc"))
    names = [row.get_value("name") for row in found]
    assert len(names) == 3 <= found.count
    assert names == sorted(names, key=str.casefold, reverse=True)
    listed = crm.entity_set_uri("contacts").select("fullname")
    assert sum(1 for _ in crm.iter_entities(listed, max_page_size=50)) > 100
    inside = "contact_customer_accounts/any(c:contains(c/fullname,'a'))"
    assert len(crm.get_entity_set(crm.entity_set_uri("accounts").filter(inside).top(2))) == 2
    sums = crm.entity_set_uri("accounts").apply("groupby((statecode),aggregate($count as n))")
    assert crm.get_entity_set(sums).entities[0].get_value("n") > 1


@step("sets, follows and removes references")
def _() -> None:
    one = crm.entity_uri("accounts", ids["account"])
    bind = {"lastname": MARK, "parentcustomerid_account@odata.bind": f"/accounts({ids['account']})"}
    ids["contact"] = crm.create_entity("contacts", bind).get_value("contactid")
    contact = crm.entity_uri("contacts", ids["contact"]).build()
    primary = one.copy().append_navigation_segment("primarycontactid")
    members = one.copy().append_navigation_segment("contact_customer_accounts")
    crm.set_reference(primary, contact)
    assert crm.get_entity(primary).get_value("contactid") == ids["contact"]
    assert crm.get_references(members.copy().append_ref_segment()) == [contact]
    crm.remove_reference(primary)
    crm.remove_reference(members, contact)
    assert len(crm.get_entity_set(members)) == 0
    crm.add_reference(members, contact)
    assert len(crm.get_entity_set(members)) == 1


@step("calls functions and actions")
def _() -> None:
    me = crm.invoke_function(crm.uri().append_function_call_segment("WhoAmI"))
    assert me.response.json()["UserId"]
    action = "Microsoft.Dynamics.CRM.CreateMultiple"
    target = {"@odata.type": "Microsoft.Dynamics.CRM.account", "name": MARK}
    made = crm.invoke_action(
        crm.entity_set_uri("accounts").append_action_call_segment(action), {"Targets": [target]}
    )
    assert len(made.response.json()["Ids"]) == 1


@step("sends a batch with a change set whose parts refer to each other")
def _() -> None:
    batch = crm.batch(continue_on_error=True)
    batch.add_retrieve(crm.entity_set_uri("accounts").top(1).select("name"))
    changes = batch.add_changeset()
    first = changes.create("accounts", {"name": MARK})
    second = {"lastname": MARK, "parentcustomerid_account@odata.bind": first.ref}
    changes.create("contacts", second)
    batch.add_retrieve(crm.entity_uri("accounts", UUID(int=10)))
    assert [part.status_code for part in crm.execute_batch(batch)] == [200, 204, 204, 404]


@step("follows changes by delta links")
def _() -> None:
    listed = crm.entity_set_uri("accounts").select("name")
    link = crm.get_entity_set(listed, track_changes=True).delta_link
    crm.delete_entity(crm.entity_uri("accounts", ids["account"]))
    crm.create_entity("accounts", {"name": f"{MARK} new"})
    delta = crm.get_delta(link)
    assert [row.get_value("name") for row in delta] == [f"{MARK} new"]
    assert len(delta.deleted_entities) == 1


@step("works on finance and operations by keys of two parts")
def _() -> None:
    key = {"dataAreaId": "usmf", "CustomerAccount": MARK[-8:]}
    rest = {"OrganizationName": MARK, "CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    erp.create_entity("CustomersV3", {**key, **rest})
    one = erp.entity_uri("CustomersV3", key)
    read = erp.get_entity(one)
    erp.update_entity(one, {"OrganizationName": "changed"}, etag=read.etag)
    refused(412, lambda: erp.update_entity(one, {"OrganizationName": "no"}, etag=read.etag))
    held = "OnHoldStatus eq Microsoft.Dynamics.DataEntities.CustVendorBlocked'No'"
    query = erp.entity_set_uri("CustomersV3").custom("cross-company", "true").filter(held)
    assert len(erp.get_entity_set(query.top(2))) == 2
    assert erp.get_count(erp.entity_set_uri("CustomersV3")) > 10
    batch = erp.batch()
    batch.add_changeset().update(one, {"OrganizationName": MARK})
    batch.add_retrieve(one)
    assert [part.status_code for part in erp.execute_batch(batch)] == [204, 200]
    erp.delete_entity(one)
    refused(404, lambda: erp.get_entity(one))
