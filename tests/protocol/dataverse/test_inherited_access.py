"""What a record is shared with reaches its children, as relationships cascade."""

from __future__ import annotations

from dataclasses import replace

import pytest

CRM = "Microsoft.Dynamics.CRM."
READ = {"prvReadAccount": "Basic", "prvReadContact": "Basic", "prvWriteContact": "Basic"}
MORE = {
    **READ,
    "prvReadActivity": "Basic",
    "prvCreateContact": "Basic",
    "prvAppendContact": "Basic",
}


@pytest.fixture
def ann(dataverse):
    """A colleague who reads what is hers or shared with her."""
    return dataverse.colleague("Ann", MORE)


def sees(dataverse, user, path):
    answer = dataverse.ask("GET", path, MSCRMCallerID=user)
    if answer.status != 200:
        assert answer.error == (403, "0x80048306")
    return answer.status == 200


def target(path):
    return {"@odata.id": path}


def grant(dataverse, path, user, rights="ReadAccess", message="GrantAccess"):
    body = {
        "Target": target(path),
        "PrincipalAccess": {"Principal": target(f"systemusers({user})"), "AccessMask": rights},
    }
    assert dataverse.ask("POST", message, body).status == 204


def revoke(dataverse, path, user):
    body = {"Target": target(path), "Revokee": target(f"systemusers({user})")}
    assert dataverse.ask("POST", "RevokeAccess", body).status == 204


def family(dataverse):
    """An account, a contact of it, a task about the contact."""
    account = f"accounts({dataverse.create('accounts', name='Parent')})"
    link = {"parentcustomerid_account@odata.bind": f"/{account}"}
    contact = f"contacts({dataverse.create('contacts', lastname='Child', **link)})"
    link = {"regardingobjectid_contact_task@odata.bind": f"/{contact}"}
    return account, contact, f"tasks({dataverse.create('tasks', subject='Grandchild', **link)})"


def test_children_are_shared_with_their_parent_and_unshared_with_it(dataverse, ann):
    members = family(dataverse)
    assert not any(sees(dataverse, ann, path) for path in members)
    grant(dataverse, members[0], ann)
    assert all(sees(dataverse, ann, path) for path in members)
    rows = dataverse.ask("GET", "contacts?$select=lastname", MSCRMCallerID=ann).json["value"]
    assert [row["lastname"] for row in rows] == ["Child"]
    revoke(dataverse, members[0], ann)
    assert not any(sees(dataverse, ann, path) for path in members)


def test_inherited_rights_are_kept_beside_given_ones(dataverse, ann):
    account, contact, task = family(dataverse)
    grant(dataverse, contact, ann, "ReadAccess")
    grant(dataverse, account, ann, "ReadAccess,WriteAccess")
    change = dataverse.ask("PATCH", contact, {"jobtitle": "Clerk"}, MSCRMCallerID=ann)
    assert change.status == 204
    rows = dataverse.ask(
        "GET",
        "principalobjectaccessset?$select=accessrightsmask,inheritedaccessrightsmask"
        f"&$filter=objectid eq {contact[9:-1]}",
    ).json["value"]
    masks = [(row["accessrightsmask"], row["inheritedaccessrightsmask"]) for row in rows]
    assert masks == [(1, 3)]
    revoke(dataverse, account, ann)
    assert sees(dataverse, ann, contact)
    assert sees(dataverse, ann, task)
    change = dataverse.ask("PATCH", contact, {"jobtitle": "Boss"}, MSCRMCallerID=ann)
    assert change.error == (403, "0x80048306")
    shared = f"RetrieveSharedPrincipalsAndAccess(Target=@t)?@t={{'@odata.id':'{task}'}}"
    assert dataverse.ask("GET", shared).json["PrincipalAccesses"] == []


def test_rights_that_are_taken_from_the_parent_are_taken_from_the_children(dataverse, ann):
    account, contact, _ = family(dataverse)
    grant(dataverse, account, ann, "ReadAccess,WriteAccess")
    grant(dataverse, account, ann, "ReadAccess", message="ModifyAccess")
    assert sees(dataverse, ann, contact)
    change = dataverse.ask("PATCH", contact, {"jobtitle": "Clerk"}, MSCRMCallerID=ann)
    assert change.error == (403, "0x80048306")


def test_a_new_child_inherits_and_a_child_that_moves_loses_what_it_inherited(dataverse, ann):
    shared = f"accounts({dataverse.create('accounts', name='Shared')})"
    other = f"accounts({dataverse.create('accounts', name='Other')})"
    grant(dataverse, shared, ann)
    bind = "parentcustomerid_account@odata.bind"
    contact = f"contacts({dataverse.create('contacts', lastname='New', **{bind: f'/{shared}'})})"
    assert sees(dataverse, ann, contact)
    assert dataverse.ask("PATCH", contact, {bind: f"/{other}"}).status == 204
    assert not sees(dataverse, ann, contact)
    reference = {"@odata.id": f"https://localhost:3/api/data/v9.2/{shared}"}
    link = f"{contact}/parentcustomerid_account/$ref"
    assert dataverse.ask("PUT", link, reference).status == 204
    assert sees(dataverse, ann, contact)
    assert dataverse.ask("DELETE", link).status == 204
    assert not sees(dataverse, ann, contact)


def test_whoever_owns_the_parent_has_access_to_children_of_others(dataverse, ann):
    owner = {"ownerid@odata.bind": f"/systemusers({ann})"}
    account = f"accounts({dataverse.create('accounts', name='Hers', **owner)})"
    bind = {"parentcustomerid_account@odata.bind": f"/{account}"}
    contact = f"contacts({dataverse.create('contacts', lastname='Not hers', **bind)})"
    assert dataverse.ask("GET", contact).json["_ownerid_value"] != ann
    assert sees(dataverse, ann, contact)


def test_a_chain_of_parents_that_ends_in_itself_is_passed_once(dataverse, ann):
    first = f"accounts({dataverse.create('accounts', name='A')})"
    bind = "parentaccountid@odata.bind"
    second = f"accounts({dataverse.create('accounts', name='B', **{bind: f'/{first}'})})"
    assert dataverse.ask("PATCH", first, {bind: f"/{second}"}).status == 204
    grant(dataverse, first, ann)
    assert sees(dataverse, ann, second)


@pytest.fixture
def cascading(dataverse):
    """Makes contacts of accounts cascade otherwise."""
    tables = dataverse.house.dataverse.tables
    before = tables.definitions["contact"]

    def set_rules(**rules):
        name = "parentcustomerid_account"
        relation = before.relations[name]
        cascade = {**relation.facts["CascadeConfiguration"], **rules}
        changed = replace(relation, facts={**relation.facts, "CascadeConfiguration": cascade})
        tables.add([replace(before, relations={**before.relations, name: changed})])
        dataverse.house.dataverse._handlers.writes.forget()

    yield set_rules
    tables.add([before])
    dataverse.house.dataverse._handlers.writes.forget()


@pytest.mark.parametrize(
    ("rule", "state", "seen"),
    [("NoCascade", 0, False), ("Active", 0, True), ("Active", 1, False), ("UserOwned", 0, True)],
)
def test_children_are_shared_as_the_relationship_says(dataverse, ann, cascading, rule, state, seen):
    account, contact, _ = family(dataverse)
    cascading(Share=rule, Reparent="NoCascade")
    dataverse.ask("PATCH", contact, {"statecode": state})
    grant(dataverse, account, ann)
    assert sees(dataverse, ann, contact) is seen


def test_children_stay_shared_where_taking_away_does_not_cascade(dataverse, ann, cascading):
    account, contact, _ = family(dataverse)
    cascading(Unshare="NoCascade")
    grant(dataverse, account, ann)
    revoke(dataverse, account, ann)
    assert not sees(dataverse, ann, account)
    assert sees(dataverse, ann, contact)
