"""Expansion: what `$expand` takes, pages of nested expansions, annotations of expanded records."""

from __future__ import annotations

import pytest

ROOT = "https://localhost:3/api/data/v9.2/"
ONLY = (
    "Only $select and $filter clause can be provided while doing $expand on many-to-one "
    "relationship or nested one-to-many relationship."
)
LINKED = (
    "The navigation property 'accountleads_association' cannot be expanded. Only many-to-one "
    "relationships are supported for nested expansion."
)
LOOKUPS = [
    "primarycontactid",
    "createdby",
    "modifiedby",
    "owninguser",
    "ownerid",
    "owningteam",
    "owningbusinessunit",
    "transactioncurrencyid",
    "parentaccountid",
    "masterid",
    "defaultpricelevelid",
    "createdonbehalfby",
    "modifiedonbehalfby",
    "preferredsystemuserid",
    "territoryid",
]
REFUSED = [
    ("primarycontactid($top=1)", ONLY),
    ("primarycontactid($orderby=fullname)", ONLY),
    ("contact_customer_accounts($expand=Contact_Tasks($top=1))", ONLY),
    ("contact_customer_accounts($expand=Contact_Tasks($orderby=subject))", ONLY),
    ("contact_customer_accounts/$ref", "Expand with $ref is only supported on lookup type"),
    ("contact_customer_accounts/$count", "Expand with $count is not supported."),
    ("primarycontactid/createdby", "Found a path with multiple navigation properties"),
    ("accountleads_association($expand=createdby)", LINKED),
    ("parentaccountid($expand=accountleads_association)", LINKED),
    ("contact_customer_accounts($top=1;$expand=owninguser)", ONLY),
    ("contact_customer_accounts($orderby=fullname;$expand=owninguser)", ONLY),
    ("Account_Tasks($top=1),contact_customer_accounts($expand=owninguser)", ONLY),
    ("Account_Tasks($top=1),parentaccountid($expand=contact_customer_accounts)", ONLY),
    ("contact_customer_accounts($skip=1)", "'$skip' is not supported"),
    ("contact_customer_accounts($count=true)", "'$count' is not supported"),
    (",".join([*LOOKUPS, "contact_customer_accounts"]), "limited to 15"),
    (f"{','.join(LOOKUPS[1:])},primarycontactid($expand=createdby)", "limited to 15"),
]


@pytest.mark.parametrize(("expand", "text"), REFUSED)
@pytest.mark.parametrize("path", ["accounts", "accounts({})"])
def test_what_cannot_be_expanded_is_refused(dataverse, path, expand, text):
    path = path.format(dataverse.create("accounts", name="A"))
    answer = dataverse.ask("GET", f"{path}?$select=name&$expand={expand}")
    assert answer.error == (400, "0x80060888")
    assert text in answer.json["error"]["message"]


def test_fifteen_expansions_are_accepted(dataverse):
    key = dataverse.create("accounts", name="A")
    answer = dataverse.ask("GET", f"accounts({key})?$select=name&$expand={','.join(LOOKUPS)}")
    assert answer.status == 200
    assert answer.json["createdby"]["fullname"]
    assert answer.json["primarycontactid"] is None


@pytest.fixture
def family(dataverse):
    """An account with five contacts."""
    contacts = [{"lastname": f"L{number}"} for number in range(5)]
    return dataverse.create("accounts", name="A", contact_customer_accounts=contacts)


@pytest.mark.parametrize("path", ["accounts?$filter=accountid eq {}&", "accounts({})?"])
def test_nested_expansions_come_in_pages_with_links_to_the_next(dataverse, family, path):
    nested = "contact_customer_accounts($select=lastname;$expand=Contact_Tasks($select=subject))"
    prefer = "odata.maxpagesize=2"
    address = f"{path.format(family)}$select=name&$expand={nested}"
    answer = dataverse.ask("GET", address, prefer=prefer).json
    account = answer["value"][0] if "value" in answer else answer
    page, seen = account["contact_customer_accounts"], []
    assert "Contact_Tasks@odata.nextLink" not in page[0]
    link = account["contact_customer_accounts@odata.nextLink"]
    while True:
        assert len(page) <= 2
        seen += [row["lastname"] for row in page]
        if link is None:
            break
        following = dataverse.ask("GET", link.removeprefix(ROOT), prefer=prefer)
        assert following.status == 200, following.body
        page, link = following.json["value"], following.json.get("@odata.nextLink")
        assert page[0]["Contact_Tasks"] == []
    assert sorted(seen) == ["L0", "L1", "L2", "L3", "L4"]


def test_a_plain_expansion_comes_whole_with_the_link_of_its_collection(dataverse, family):
    query = "$select=name&$expand=contact_customer_accounts($select=lastname)"
    address = f"accounts?$filter=accountid eq {family}&{query}"
    [account] = dataverse.ask("GET", address, prefer="odata.maxpagesize=2").json["value"]
    assert len(account["contact_customer_accounts"]) == 5
    link = account["contact_customer_accounts@odata.nextLink"]
    assert link == f"{ROOT}accounts({family})/contact_customer_accounts?$select=lastname"
    assert len(dataverse.ask("GET", link.removeprefix(ROOT)).json["value"]) == 5


def test_aggregates_are_ordered_by_their_groups_only(dataverse):
    for name, city in (("A", "Oslo"), ("B", "Bonn"), ("C", "Oslo")):
        dataverse.create("accounts", name=name, address1_city=city, accountnumber="mine")
    steps = "filter(accountnumber eq 'mine')/groupby((address1_city),aggregate($count as n))"

    def cities(more):
        answer = dataverse.ask("GET", f"accounts?$apply={steps}&{more}")
        return [row["address1_city"] for row in answer.json["value"]]

    assert cities("$orderby=address1_city desc") == ["Oslo", "Bonn"]
    assert cities("$orderby=address1_city&$top=1") == ["Bonn"]
    answer = dataverse.ask("GET", f"accounts?$apply={steps}&$orderby=n")
    assert answer.error == (400, "0x80060888")
    assert "SingleValueOpenPropertyAccess" in answer.json["error"]["message"]


def test_records_of_a_collection_lead_back_unless_expansions_are_nested(dataverse):
    # Source: "Join tables using OData", its examples of a single and of a nested expansion.
    account = dataverse.create("accounts", name="Leads back")
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    contact = dataverse.create("contacts", lastname="L", **bound)
    lists = f"accounts?$select=name&$filter=accountid eq {account}&$expand="
    many = "contact_customer_accounts($select=lastname{})"
    [row] = dataverse.ask("GET", lists + many.format("")).json["value"]
    [shown] = row["contact_customer_accounts"]
    assert shown.pop("@odata.etag").startswith('W/"')
    assert shown == {"lastname": "L", "_parentcustomerid_value": account, "contactid": contact}
    inner = many.format(";$expand=owninguser($select=fullname)")
    [row] = dataverse.ask("GET", lists + inner).json["value"]
    [shown] = row["contact_customer_accounts"]
    assert set(shown) == {"lastname", "contactid", "owninguser"}
    assert set(shown["owninguser"]) == {"fullname", "systemuserid", "ownerid"}


def test_a_reference_stands_beside_the_lookup(dataverse):
    account = dataverse.create("accounts", name="Refers")
    contact = dataverse.create("contacts", lastname="L")
    bound = {"primarycontactid@odata.bind": f"/contacts({contact})"}
    dataverse.ask("PATCH", f"accounts({account})", bound)
    asked = f"accounts?$select=name&$expand=primarycontactid/$ref&$filter=accountid eq {account}"
    answer = dataverse.ask("GET", asked).json
    assert answer["@odata.context"].endswith(
        "#accounts(name,primarycontactid,primarycontactid/$ref())"
    )
    [row] = answer["value"]
    assert row["_primarycontactid_value"] == contact
    assert row["primarycontactid"] == {"@odata.id": f"{ROOT}contacts({contact})"}


def test_a_body_of_another_type_is_refused(dataverse):
    kind = "Microsoft.Dynamics.CRM."
    for value, status in (
        (f"{kind}account", 204),
        (f"#{kind}account", 204),
        (f"{kind}contact", 400),
        (5, 400),
    ):
        assert dataverse.ask("POST", "accounts", {"@odata.type": value}).status == status


@pytest.mark.parametrize("path", ["name/foo", "name/$value/foo", "primarycontactid/fullname/foo"])
def test_nothing_is_behind_a_property(dataverse, path):
    contact = dataverse.create("contacts", lastname="L")
    key = dataverse.create(
        "accounts", name="A", **{"primarycontactid@odata.bind": f"contacts({contact})"}
    )
    assert dataverse.ask("GET", f"accounts({key})/{path}").error == (404, "0x8006088a")


def test_the_owner_is_a_principal_of_either_kind(dataverse):
    ask = dataverse.ask
    me = ask("GET", "WhoAmI").json
    key = dataverse.create("accounts", name="A")
    account = ask("GET", f"accounts({key})?$select=name&$expand=ownerid").json
    assert account["ownerid"]["ownerid"] == me["UserId"]
    found = ask(
        "GET", f"accounts?$select=name&$filter=ownerid/ownerid eq {me['UserId']}&$count=true"
    )
    assert found.json["@odata.count"] == 101
    owner = ask("GET", f"accounts({key})/ownerid?$select=fullname").json
    assert owner["systemuserid"] == me["UserId"]
    link = ask("GET", f"accounts({key})/ownerid/$ref").json
    assert link["@odata.id"] == f"{ROOT}systemusers({me['UserId']})"
    bind = f"businessunits({me['BusinessUnitId']})"
    team = dataverse.create("teams", name="T", **{"businessunitid@odata.bind": bind})
    [role] = ask("GET", "roles?$filter=name eq 'System Administrator'").json["value"]
    ask("POST", f"teams({team})/teamroles_association/$ref",
        {"@odata.id": f"{ROOT}roles({role['roleid']})"})  # fmt: skip
    answer = ask("PUT", f"accounts({key})/ownerid/$ref", {"@odata.id": f"{ROOT}teams({team})"})
    assert answer.status == 204, answer.body
    assert ask("GET", f"accounts({key})/ownerid?$select=name").json["teamid"] == team
    contact = dataverse.create("contacts", lastname="L")
    wrong = ask("PUT", f"accounts({key})/ownerid/$ref", {"@odata.id": f"contacts({contact})"})
    assert wrong.error == (400, "0x80048d19")
    assert ask("POST", "accounts", {"ownerid": {"ownerid": team}}).error == (400, "0x80048d19")
    metadata = ask("GET", "$metadata").body.decode()
    assert '<NavigationProperty Name="ownerid" Type="mscrm.principal"' in metadata


def test_links_of_collections_are_written_as_microsoft_writes_them(dataverse, family):
    base = f"{ROOT}accounts({family})/contact_customer_accounts"
    for options, link in (
        ("$select=fullname,jobtitle", "$select=fullname,jobtitle"),
        (
            "$select=fullname;$filter=lastname eq 'L & 1'",
            "$filter=lastname%20eq%20'L%20%26%201'&$select=fullname",
        ),
        (
            "$select=fullname;$expand=owninguser($select=fullname)",
            "$select=fullname&$expand=owninguser($select=fullname)",
        ),
    ):
        asked = options.replace(" & ", " %26 ")
        query = f"$select=name&$expand=contact_customer_accounts({asked})"
        answer = dataverse.ask("GET", f"accounts?$filter=accountid eq {family}&{query}").json
        [account] = answer["value"]
        found = account["contact_customer_accounts@odata.nextLink"]
        assert found == f"{base}?{link}"
        again = dataverse.ask("GET", found.removeprefix(ROOT)).json["value"]
        shown = account["contact_customer_accounts"]
        assert [row["contactid"] for row in again] == [row["contactid"] for row in shown]


def test_the_collections_of_one_record_have_no_links(dataverse, family):
    address = f"accounts({family})?$select=name&$expand=contact_customer_accounts($select=lastname)"
    for headers in ({}, {"prefer": "odata.maxpagesize=2"}):
        whole = dataverse.ask("GET", address, **headers).json
        rows = whole["contact_customer_accounts"]
        assert len(rows) == 5
        assert all(set(row) == {"@odata.etag", "lastname", "contactid"} for row in rows)
        assert "contact_customer_accounts@odata.nextLink" not in whole
