"""Security roles: who may do what with which record, on every path to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from windtunnel.simulator.exchange import Request
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House

HOST = "https://localhost:3"

APPS = {
    "admin": ("00000000-0000-0000-0000-0000000000a1", ["System Administrator"]),
    "ann": ("00000000-0000-0000-0000-0000000000b1", ["Basic User"]),
    "ben": ("00000000-0000-0000-0000-0000000000b2", ["Basic User"]),
    "delegate": ("00000000-0000-0000-0000-0000000000c1", ["Basic User", "Delegate"]),
    "nobody": ("00000000-0000-0000-0000-0000000000d1", []),
}

LATE = "00000000-0000-0000-0000-0000000000e1"
"""An application that is no user of the environment yet."""


class People:
    """One environment and several callers."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.tokens = {name: self._of(app) for name, (app, _) in APPS.items()}
        self.tokens["late"] = "late"
        rows = self.by("admin", "GET", "systemusers?$select=systemuserid,applicationid").json
        apps = {app: name for name, (app, _) in APPS.items()}
        self.ids = {apps[row["applicationid"]]: row["systemuserid"] for row in rows["value"]}
        self.unit = self.by("admin", "GET", "businessunits").json["value"][0]["businessunitid"]

    def _of(self, app: str) -> str:
        form = (
            f"grant_type=client_credentials&client_id={app}&client_secret=s&scope={HOST}/.default"
        )
        headers = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"localhost:2"}
        path = f"/{self.environment.house.settings.entra.tenant_id}/oauth2/v2.0/token"
        answer = self.environment.applications["entra"](
            Request("POST", path, "", headers, form.encode(), "https")
        )
        return str(json.loads(answer.body)["access_token"])

    def by(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        self.environment.token = self.tokens[who]
        return self.environment.ask(method, path, body, **headers)

    def create(self, who: str, entity_set: str, **body: Any) -> str:
        made = self.by(who, "POST", entity_set, body)
        assert made.status == 204, made.body
        return made.headers["odata-entityid"][-37:-1]

    def role(self, name: str, depths: dict[str, str], unit: str = "") -> str:
        """A role of its own with privileges by name."""
        role = self.create(
            "admin",
            "roles",
            **{"name": name, "businessunitid@odata.bind": f"/businessunits({unit or self.unit})"},
        )
        known = self.by("admin", "GET", "privileges?$select=name,privilegeid").json["value"]
        ids = {row["name"]: row["privilegeid"] for row in known}
        body = {
            "Privileges": [
                {"PrivilegeId": ids[name], "Depth": depth, "BusinessUnitId": unit or self.unit}
                for name, depth in depths.items()
            ]
        }
        done = self.by(
            "admin", "POST", f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", body
        )
        assert done.status == 204, done.body
        return role

    def give(self, who: str, role: str) -> None:
        done = self.by(
            "admin",
            "POST",
            f"systemusers({self.ids[who]})/systemuserroles_association/$ref",
            {"@odata.id": f"{HOST}/api/data/v9.2/roles({role})"},
        )
        assert done.status == 204, done.body


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    clients = [
        {"app_id": app, "name": name, "secrets": ["s"], "dataverse_roles": roles}
        for name, (app, roles) in APPS.items()
    ]
    overrides = {
        "simulator.data_folder": tmp_path_factory.mktemp("data"),
        "simulator.clock": "manual",
        "simulator.tls": False,
        "dataverse.throttle": False,
        "entra.clients": clients,
        "entra.static_tokens": {"late": LATE},
    }
    return House(load(overrides=overrides, environment={}))


@pytest.fixture(scope="module")
def module_people(house: House, new_environment: Any) -> People:
    return People(new_environment(house))


@pytest.fixture
def people(house: House, module_people: People) -> People:
    house.reset()
    return module_people


def test_a_user_without_a_role_is_told_which_privilege_is_missing(people: People) -> None:
    refused = people.by("nobody", "POST", "contacts", {"lastname": "X"})
    assert refused.error == (403, "0x80040220")
    message = refused.json["error"]["message"]
    assert f"Principal user (Id={people.ids['nobody']}, type=8, roleCount=0" in message
    assert "is missing prvCreateContact privilege (Id=" in message
    assert "on OTC=2 for entity 'contact'" in message


def test_basic_users_see_their_own_records_only(people: People) -> None:
    key = people.create("ann", "contacts", lastname="Ann's")
    path = f"contacts({key})?$select=lastname"
    assert people.by("ann", "GET", path).status == 200
    assert people.by("admin", "GET", path).status == 200
    assert people.by("ben", "GET", path).error == (403, "0x80048306")
    assert (
        people.by("ann", "GET", "contacts?$select=lastname&$count=true").json["@odata.count"] == 1
    )
    assert (
        people.by("ben", "GET", "contacts?$select=lastname&$count=true").json["@odata.count"] == 0
    )


def test_a_role_of_its_own_gives_what_it_says(people: People) -> None:
    role = people.role("Readers", {"prvReadContact": "Global", "prvReadAccount": "Local"})
    key = people.create("ann", "contacts", lastname="Ann's")
    assert people.by("nobody", "GET", f"contacts({key})").error == (403, "0x80040220")
    people.give("nobody", role)
    assert people.by("nobody", "GET", f"contacts({key})").status == 200
    assert people.by("nobody", "GET", "accounts?$top=1").status == 200
    assert people.by("nobody", "PATCH", f"contacts({key})", {"lastname": "x"}).error == (
        403,
        "0x80040220",
    )


def test_sharing_gives_rights_on_one_record(people: People) -> None:
    key = people.create("ann", "contacts", lastname="Ann's")
    target = {"contactid": key, "@odata.type": "Microsoft.Dynamics.CRM.contact"}
    ben = {"systemuserid": people.ids["ben"], "@odata.type": "Microsoft.Dynamics.CRM.systemuser"}
    body = {
        "Target": target,
        "PrincipalAccess": {"Principal": ben, "AccessMask": "ReadAccess, WriteAccess"},
    }
    assert people.by("ben", "POST", "GrantAccess", body).error == (403, "0x80048306")
    assert people.by("ann", "POST", "GrantAccess", body).status == 204
    assert people.by("ben", "GET", f"contacts({key})?$select=lastname").status == 200
    found = people.by("ben", "GET", "contacts?$select=lastname").json["value"]
    assert [row["contactid"] for row in found] == [key]
    assert people.by("ben", "PATCH", f"contacts({key})", {"lastname": "Both"}).status == 204
    assert people.by("ben", "DELETE", f"contacts({key})").error == (403, "0x80048306")
    asked = f"(Target=@t)?@t={{'@odata.id':'contacts({key})'}}"
    shared = people.by("ann", "GET", f"RetrieveSharedPrincipalsAndAccess{asked}").json
    assert shared["PrincipalAccesses"][0]["AccessMask"] == "ReadAccess, WriteAccess"
    rights = people.by(
        "ann",
        "GET",
        f"systemusers({people.ids['ben']})/Microsoft.Dynamics.CRM.RetrievePrincipalAccess{asked}",
    )
    assert rights.json["AccessRights"] == "ReadAccess, WriteAccess"
    body["PrincipalAccess"]["AccessMask"] = "ReadAccess"
    assert people.by("ann", "POST", "ModifyAccess", body).status == 204
    assert people.by("ben", "PATCH", f"contacts({key})", {"lastname": "B"}).status == 403
    revoke = {"Target": target, "Revokee": ben}
    assert people.by("ann", "POST", "RevokeAccess", revoke).status == 204
    assert people.by("ben", "GET", f"contacts({key})").error == (403, "0x80048306")


def test_who_acts_as_another_user_has_both_their_rights_at_most(people: People) -> None:
    ann = people.ids["ann"]
    refused = people.by("ben", "GET", "contacts", MSCRMCallerID=ann)
    assert refused.error == (403, "0x8004a110")
    made = people.by("delegate", "POST", "contacts", {"lastname": "For"}, MSCRMCallerID=ann)
    assert made.status == 204
    key = made.headers["odata-entityid"][-37:-1]
    row = people.by("admin", "GET", f"contacts({key})").json
    assert row["_createdby_value"] == row["_ownerid_value"] == ann
    assert row["_createdonbehalfby_value"] == people.ids["delegate"]
    people.by("ann", "PATCH", f"contacts({key})", {"lastname": "Own"})
    row = people.by("admin", "GET", f"contacts({key})").json
    assert row["_modifiedonbehalfby_value"] is None
    admin = people.ids["admin"]
    as_admin = people.by("delegate", "GET", f"contacts({key})", MSCRMCallerID=admin)
    assert as_admin.error == (403, "0x80048306")
    wrong = "00000000-0000-0000-0000-00000000ffff"
    assert people.by("admin", "GET", "contacts", MSCRMCallerID=wrong).status == 403
    assert people.by("admin", "GET", "contacts", CallerObjectId=wrong).error == (403, "0x80072560")
    assert people.by("admin", "GET", "contacts", MSCRMCallerID="no").status == 400
    user = people.by("admin", "GET", f"systemusers({ann})").json["azureactivedirectoryobjectid"]
    who = people.by("admin", "GET", "WhoAmI", CallerObjectId=user).json
    assert who["UserId"] == ann


def test_disabled_users_are_refused(people: People) -> None:
    changed = people.by("admin", "PATCH", f"systemusers({people.ids['ann']})", {"isdisabled": True})
    assert changed.status == 204
    assert people.by("ann", "GET", "WhoAmI").error == (403, "0x80040225")


def test_only_disabled_users_can_be_deleted(people: People) -> None:
    task = people.create("ann", "tasks", subject="Mine")
    refused = people.by("admin", "DELETE", f"systemusers({people.ids['ann']})")
    assert (refused.status, refused.json["error"]["code"]) == (400, "0x80040203")
    assert "disable the user first" in refused.json["error"]["message"]
    assert people.by("admin", "DELETE", f"tasks({task})/owninguser").status == 405
    assert people.by("ann", "GET", f"tasks({task})").status == 200
    leaver = people.create("admin", "systemusers", firstname="Lea", **_unit(people))
    people.by("admin", "PATCH", f"systemusers({leaver})", {"isdisabled": True})
    assert people.by("admin", "DELETE", f"systemusers({leaver})").status == 204


def _unit(people: People) -> dict[str, str]:
    return {"businessunitid@odata.bind": f"/businessunits({people.unit})"}


def test_a_record_is_assigned_to_users_and_teams(people: People) -> None:
    key = people.create("ann", "contacts", lastname="Ann's")
    path = f"contacts({key})"
    body = {"ownerid@odata.bind": f"/systemusers({people.ids['ben']})"}
    assert people.by("ann", "PATCH", path, body).status == 204
    assert people.by("ann", "GET", path).error == (403, "0x80048306")
    assert people.by("ben", "GET", path).status == 200
    unit = {"businessunitid@odata.bind": f"/businessunits({people.unit})"}
    team = people.create("admin", "teams", name="Helpers", teamtype=0, **unit)
    body = {"ownerid@odata.bind": f"/teams({team})"}
    refused = people.by("admin", "PATCH", path, body)
    assert refused.error == (403, "0x80040220")
    assert f"Principal team (Id={team}, type=9" in refused.json["error"]["message"]
    role = people.role("Team", {"prvReadContact": "Basic"})
    given = people.by(
        "admin",
        "POST",
        f"teams({team})/teamroles_association/$ref",
        {"@odata.id": f"{HOST}/api/data/v9.2/roles({role})"},
    )
    assert given.status == 204, given.body
    assert people.by("admin", "PATCH", path, body).status == 204
    row = people.by("admin", "GET", path).json
    assert row["_owningteam_value"] == row["_ownerid_value"] == team
    assert row["_owninguser_value"] is None
    assert people.by("ben", "GET", path).error == (403, "0x80048306")
    member = {"Members": [{"systemuserid": people.ids["ben"]}]}
    added = people.by(
        "admin", "POST", f"teams({team})/Microsoft.Dynamics.CRM.AddMembersTeam", member
    )
    assert added.status == 204, added.body
    assert people.by("ben", "GET", path).status == 200


UNITS = ("root", "north", "deep north", "south")
REACHED = {
    "Basic": {"own", "team"},
    "Local": {"own", "team", "north"},
    "Deep": {"own", "team", "north", "deep north"},
    "Global": {"own", "team", "north", "deep north", "south", "root"},
}
"""Which rows a user of the unit `north` reaches, by whose they are."""

REQUESTS: dict[str, tuple[str, Any]] = {
    "Read": ("GET", None),
    "Write": ("PATCH", {"lastname": "New"}),
    "Delete": ("DELETE", None),
}


class Company:
    """A tree of business units, with a record of everybody's."""

    def __init__(self, people: People) -> None:
        self.people = people
        below = {"north": "root", "deep north": "north", "south": "root"}
        self.units = {"root": people.unit}
        for name, parent in below.items():
            self.units[name] = people.create(
                "admin",
                "businessunits",
                **{
                    "name": name,
                    "parentbusinessunitid@odata.bind": f"/businessunits({self.units[parent]})",
                },
            )
        self.users: dict[str, str] = {}
        reader = people.role("Owner", {"prvReadContact": "Basic"})
        for name in UNITS:
            self.users[name] = people.create(
                "admin", "systemusers", **{"fullname": name, **self.at(name)}
            )
            self._associate("systemusers", self.users[name], "systemuserroles", reader)
        self.me = people.ids["nobody"]
        self.team = people.create("admin", "teams", name="Mine", teamtype=0, **self.at("south"))
        self._associate("teams", self.team, "teamroles", reader)
        people.by(
            "admin",
            "POST",
            f"teams({self.team})/Microsoft.Dynamics.CRM.AddMembersTeam",
            {"Members": [{"systemuserid": self.me}]},
        )
        moved = people.by("admin", "PATCH", f"systemusers({self.me})", self.at("north"))
        assert moved.status == 204, moved.body
        self._associate("systemusers", self.me, "systemuserroles", reader)
        owners = {name: f"/systemusers({user})" for name, user in self.users.items()}
        owners |= {"own": f"/systemusers({self.me})", "team": f"/teams({self.team})"}
        self.records = {
            name: people.create("admin", "contacts", lastname=name, **{"ownerid@odata.bind": owner})
            for name, owner in owners.items()
        }

    def at(self, unit: str) -> dict[str, str]:
        return {"businessunitid@odata.bind": f"/businessunits({self.units[unit]})"}

    def _associate(self, entity_set: str, key: str, link: str, role: str) -> None:
        done = self.people.by(
            "admin",
            "POST",
            f"{entity_set}({key})/{link}_association/$ref",
            {"@odata.id": f"{HOST}/api/data/v9.2/roles({role})"},
        )
        assert done.status == 204, done.body


@pytest.mark.parametrize("right", REQUESTS)
@pytest.mark.parametrize("depth", REACHED)
def test_a_depth_reaches_the_rows_of_own_teams_and_units(
    people: People, depth: str, right: str
) -> None:
    company = Company(people)
    people.give("nobody", people.role("Deeper", {f"prv{right}Contact": depth}))
    method, body = REQUESTS[right]
    for name, key in company.records.items():
        answer = people.by("nobody", method, f"contacts({key})", body)
        if name in REACHED[depth]:
            assert answer.status in {200, 204}, (name, answer.body)
        else:
            assert answer.error == (403, "0x80048306"), name


READS = {
    "list": "contacts?$select=lastname",
    "filter": "contacts?$select=lastname&$filter=lastname ne 'x'&$orderby=lastname",
    "sql": "contacts?sql=SELECT contactid FROM contact",
    "fetch": "contacts?fetchXml=<fetch><entity name='contact'><attribute name='lastname'/>"
    "</entity></fetch>",
}


@pytest.mark.parametrize("depth", REACHED)
def test_what_is_in_a_list_can_be_read_and_nothing_else(people: People, depth: str) -> None:
    company = Company(people)
    people.give("nobody", people.role("Reader", {"prvReadContact": depth}))
    ours = set(company.records.values())
    every = {
        row["contactid"]
        for row in people.by("admin", "GET", "contacts?$select=contactid").json["value"]
    }
    assert ours <= every
    readable = {
        key
        for key in sorted(ours)
        if people.by("nobody", "GET", f"contacts({key})?$select=lastname").status == 200
    }
    assert readable == {company.records[name] for name in REACHED[depth]}
    for kind, path in READS.items():
        answer = people.by("nobody", "GET", path.replace(" ", "%20"))
        assert answer.status == 200, (kind, answer.body)
        listed = {row["contactid"] for row in answer.json["value"]}
        assert listed & ours == readable, kind
    if depth != "Global":
        number = len(readable)
        counted = people.by("nobody", "GET", "contacts/$count").body.decode("utf-8-sig")
        assert counted == str(number)
        totals = people.by("nobody", "GET", "contacts?$apply=aggregate($count%20as%20total)").json[
            "value"
        ]
        assert totals == [{"total": number}]
        tracked = people.by("nobody", "GET", "contacts", Prefer="odata.track-changes")
        assert tracked.error == (403, "0x80040220")


def test_a_kept_answer_is_not_given_to_others(people: People) -> None:
    key = people.create("ann", "contacts", lastname="Ann's")
    path = f"contacts({key})?$select=lastname"
    for who in ("ann", "admin", "ann"):
        assert people.by(who, "GET", path).status == 200
    assert people.by("ben", "GET", path).error == (403, "0x80048306")
    assert people.by("nobody", "GET", path).error == (403, "0x80040220")
    assert people.by("ann", "GET", path).status == 200


def test_related_rows_are_those_that_may_be_read(people: People) -> None:
    account = people.create("ann", "accounts", name="Ann's")
    mine = people.create(
        "ann",
        "contacts",
        **{"lastname": "a", "parentcustomerid_account@odata.bind": f"/accounts({account})"},
    )
    other = people.create(
        "admin",
        "contacts",
        **{"lastname": "b", "parentcustomerid_account@odata.bind": f"/accounts({account})"},
    )
    # Whoever owns a parent inherits access to its children; here that was taken away.
    for row in people.by(
        "admin",
        "GET",
        f"principalobjectaccessset?$select=principalobjectaccessid&$filter=objectid%20eq%20{other}",
    ).json["value"]:
        path = f"principalobjectaccessset({row['principalobjectaccessid']})"
        assert people.by("admin", "DELETE", path).status == 204
    path = f"accounts({account})"
    inside = f"{path}?$select=name&$expand=contact_customer_accounts($select=lastname)"
    for who, number in (("ann", 1), ("admin", 2)):
        found = people.by(who, "GET", inside).json["contact_customer_accounts"]
        assert len(found) == number
        below = people.by(who, "GET", f"{path}/contact_customer_accounts").json["value"]
        assert len(below) == number
        links = people.by(who, "GET", f"{path}/contact_customer_accounts/$ref").json["value"]
        assert len(links) == number
        any_b = "contact_customer_accounts/any(c:c/lastname%20eq%20'b')"
        rows = people.by(who, "GET", f"accounts?$select=name&$filter={any_b}").json["value"]
        assert len(rows) == number - 1
    assert mine


def test_lookups_need_append_on_both_sides(people: People) -> None:
    foreign = people.create("admin", "accounts", name="Admin's")
    own = people.create("ann", "accounts", name="Ann's")
    bind = "parentcustomerid_account@odata.bind"
    refused = people.by("ann", "POST", "contacts", {"lastname": "x", bind: f"/accounts({foreign})"})
    assert refused.error == (403, "0x80048306")
    assert "AppendToAccess" in refused.json["error"]["message"]
    key = people.create("ann", "contacts", **{"lastname": "x", bind: f"/accounts({own})"})
    path = f"accounts({foreign})/contact_customer_accounts/$ref"
    link = {"@odata.id": f"{HOST}/api/data/v9.2/contacts({key})"}
    assert people.by("ann", "POST", path, link).status == 403


def test_customers_cannot_be_administrators_by_themselves(people: People) -> None:
    roles = people.by("admin", "GET", "roles?$filter=name%20eq%20'System%20Administrator'").json
    link = {"@odata.id": f"{HOST}/api/data/v9.2/roles({roles['value'][0]['roleid']})"}
    path = f"systemusers({people.ids['ann']})/systemuserroles_association/$ref"
    assert people.by("ann", "POST", path, link).status == 403
    body = {"systemuserid": people.ids["ann"], "roleid": roles["value"][0]["roleid"]}
    refused = people.by("ann", "POST", "systemuserrolescollection", body)
    assert refused.error == (400, "0x80040800")
    made = {"SchemaName": "new_Thing", "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata"}
    assert people.by("ann", "POST", "EntityDefinitions", made).error == (403, "0x80040220")


def test_a_batch_is_refused_part_by_part(people: People) -> None:
    part = "--b\r\nContent-Type: application/http\r\n\r\nGET /api/data/v9.2/{} HTTP/1.1\r\n\r\n\r\n"
    body = (part.format("contacts") + part.format("privileges") + "--b--\r\n").encode()
    answer = people.by(
        "nobody",
        "POST",
        "$batch",
        body,
        Content_Type="multipart/mixed; boundary=b",
        Prefer="odata.continue-on-error",
    )
    assert answer.body.count(b"403 Forbidden") == 2


def test_privileges_of_users_and_roles_are_told(people: People) -> None:
    role = people.role("Two", {"prvReadContact": "Deep", "prvReadAccount": "Basic"})
    told = people.by("admin", "GET", f"RetrieveRolePrivilegesRole(RoleId={role})").json
    assert sorted(item["Depth"] for item in told["RolePrivileges"]) == ["Basic", "Deep"]
    one = told["RolePrivileges"][0]["PrivilegeId"]
    path = f"roles({role})/Microsoft.Dynamics.CRM"
    body = {"Privileges": [{"PrivilegeId": one, "Depth": "Global"}]}
    assert people.by("admin", "POST", f"{path}.ReplacePrivilegesRole", body).status == 204
    told = people.by("admin", "GET", f"RetrieveRolePrivilegesRole(RoleId={role})").json
    assert [item["Depth"] for item in told["RolePrivileges"]] == ["Global"]
    people.give("nobody", role)
    user = f"systemusers({people.ids['nobody']})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"
    assert [i["PrivilegeId"] for i in people.by("admin", "GET", user).json["RolePrivileges"]] == [
        one
    ]
    body = {"Privilege": {"privilegeid": one}}
    assert people.by("admin", "POST", f"{path}.RemovePrivilegeRole", body).status == 204
    assert people.by("admin", "GET", user).json["RolePrivileges"] == []


def test_a_user_moves_to_another_business_unit(people: People) -> None:
    company = Company(people)
    mine = company.records["own"]
    body = {
        "BusinessUnit": {"businessunitid": company.units["south"]},
        "ReassignPrincipal": {
            "@odata.type": "Microsoft.Dynamics.CRM.systemuser",
            "systemuserid": company.users["root"],
        },
    }
    path = f"systemusers({company.me})/Microsoft.Dynamics.CRM.SetBusinessSystemUser"
    done = people.by("admin", "POST", path, body)
    assert done.status == 204, done.body
    row = people.by("admin", "GET", f"contacts({mine})").json
    assert row["_ownerid_value"] == company.users["root"]
    assert row["_owningbusinessunit_value"] == company.units["root"]
    assert people.by("nobody", "GET", f"contacts({mine})").error == (403, "0x80048306")


def test_secured_columns_are_null_to_who_has_no_permission(people: People) -> None:
    column = {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": "new_Secret",
        "MaxLength": 50,
        "FormatName": {"Value": "Text"},
        "IsSecured": True,
        "RequiredLevel": {"Value": "None"},
        "DisplayName": {
            "@odata.type": "Microsoft.Dynamics.CRM.Label",
            "LocalizedLabels": [{"Label": "Secret", "LanguageCode": 1033}],
        },
    }
    path = "EntityDefinitions(LogicalName='contact')/Attributes"
    assert people.by("admin", "POST", path, column).status == 204
    shown = people.by("admin", "GET", f"{path}(LogicalName='new_secret')?$select=IsSecured").json
    assert shown["IsSecured"] is True
    key = people.create("ann", "contacts", lastname="Ann's")
    record = f"contacts({key})"
    assert people.by("admin", "PATCH", record, {"new_secret": "hidden"}).status == 204
    value = f"{record}?$select=new_secret"
    assert people.by("admin", "GET", value).json["new_secret"] == "hidden"
    assert people.by("ann", "GET", value).json["new_secret"] is None
    assert people.by("ann", "GET", f"{record}/new_secret").status == 204
    listed = people.by("ann", "GET", "contacts?$select=new_secret").json["value"]
    assert [row["new_secret"] for row in listed] == [None]
    assert people.by("ann", "PATCH", record, {"new_secret": "x"}).error == (403, "0x8004f507")
    body = {"lastname": "y", "new_secret": "x"}
    assert people.by("ann", "POST", "contacts", body).error == (403, "0x8004f502")
    profile = people.create("admin", "fieldsecurityprofiles", name="Readers")
    people.create(
        "admin",
        "fieldpermissions",
        **{
            "entityname": "contact",
            "attributelogicalname": "new_secret",
            "canread": 4,
            "cancreate": 0,
            "canupdate": 0,
            "fieldsecurityprofileid@odata.bind": f"/fieldsecurityprofiles({profile})",
        },
    )
    done = people.by(
        "admin",
        "POST",
        f"systemusers({people.ids['ann']})/systemuserprofiles_association/$ref",
        {"@odata.id": f"{HOST}/api/data/v9.2/fieldsecurityprofiles({profile})"},
    )
    assert done.status == 204, done.body
    assert people.by("ann", "GET", value).json["new_secret"] == "hidden"
    assert people.by("ann", "PATCH", record, {"new_secret": "x"}).error == (403, "0x8004f507")


def test_new_tables_come_with_privileges(people: People) -> None:
    label = {
        "@odata.type": "Microsoft.Dynamics.CRM.Label",
        "LocalizedLabels": [{"Label": "Thing", "LanguageCode": 1033}],
    }
    table = {
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata",
        "SchemaName": "new_Thing",
        "DisplayName": label,
        "DisplayCollectionName": label,
        "OwnershipType": "UserOwned",
        "HasActivities": False,
        "HasNotes": False,
        "IsActivity": False,
        "Attributes": [
            {
                "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
                "SchemaName": "new_Name",
                "IsPrimaryName": True,
                "MaxLength": 100,
                "DisplayName": label,
            }
        ],
    }
    made = people.by("admin", "POST", "EntityDefinitions", table)
    assert made.status == 204, made.body
    assert people.by("ann", "POST", "new_things", {"new_name": "x"}).error == (403, "0x80040220")
    people.give("ann", people.role("Things", {"prvCreatenew_Thing": "Basic"}))
    assert people.by("ann", "POST", "new_things", {"new_name": "x"}).status == 204
    assert people.by("ann", "GET", "new_things").error == (403, "0x80040220")
    gone = people.by("admin", "DELETE", "EntityDefinitions(LogicalName='new_thing')")
    assert gone.status == 204, gone.body
    named = people.by("admin", "GET", "privileges?$filter=endswith(name,'new_Thing')").json
    assert named["value"] == []


def test_what_was_planned_is_done_with_the_rights_of_who_asked(people: People) -> None:
    mine = people.create("ann", "contacts", lastname="gone")
    other = people.create("ben", "contacts", lastname="gone")
    body = {
        "QuerySet": [
            {
                "EntityName": "contact",
                "Criteria": {
                    "FilterOperator": "And",
                    "Conditions": [
                        {
                            "AttributeName": "lastname",
                            "Operator": "Equal",
                            "Values": [{"Value": "gone", "Type": "System.String"}],
                        }
                    ],
                },
            }
        ],
        "JobName": "clean",
        "SendEmailNotification": False,
        "ToRecipients": [],
        "CCRecipients": [],
        "RecurrencePattern": "",
        "StartDateTime": "2020-01-01T00:00:00Z",
    }
    assert people.by("ann", "POST", "BulkDelete", body).error == (403, "0x80040220")
    people.give("ann", people.role("Cleaner", {"prvBulkDelete": "Global"}))
    done = people.by("ann", "POST", "BulkDelete", body)
    assert done.status == 200, done.body
    assert people.by("admin", "GET", f"contacts({mine})").status == 404
    assert people.by("admin", "GET", f"contacts({other})").status == 200


def test_search_leaves_out_what_cannot_be_read(people: People) -> None:
    people.create("ann", "contacts", lastname="Quetzalcoatl")
    people.environment.house.clock.advance(60)
    body = {"search": "Quetzalcoatl"}
    for who, number in (("admin", 1), ("ann", 1), ("ben", 0), ("nobody", 0)):
        found = people.by(who, "POST", "/api/search/v1.0/query", body)
        assert found.status == 200, found.body
        assert len(found.json["value"]) == number, who


def test_application_users_are_added_while_the_environment_runs(people: People) -> None:
    assert people.by("late", "GET", "WhoAmI").error == (403, "0x80072560")
    unit = {"businessunitid@odata.bind": f"/businessunits({people.unit})"}
    user = people.create("admin", "systemusers", applicationid=LATE, **unit)
    assert people.by("late", "GET", "WhoAmI").json["UserId"] == user
    assert people.by("late", "GET", "contacts").error == (403, "0x80040220")


def test_a_new_business_unit_has_a_team_and_all_roles(people: People) -> None:
    parent = {"parentbusinessunitid@odata.bind": f"/businessunits({people.unit})"}
    unit = people.create("admin", "businessunits", name="East", **parent)
    own = f"_businessunitid_value%20eq%20{unit}"
    teams = people.by("admin", "GET", f"teams?$filter={own}").json["value"]
    assert [(team["name"], team["isdefault"]) for team in teams] == [("East", True)]
    roles = f"roles?$select=name,_parentrootroleid_value&$filter={own}"
    named = {row["name"]: row for row in people.by("admin", "GET", roles).json["value"]}
    assert {"System Administrator", "Basic User", "Delegate"} <= named.keys()
    before = len(named)
    role = people.role("Made here", {"prvReadContact": "Local"})
    named = {row["name"]: row for row in people.by("admin", "GET", roles).json["value"]}
    assert len(named) == before + 1
    copy = named["Made here"]
    assert copy["_parentrootroleid_value"] == role
    at = {"businessunitid@odata.bind": f"/businessunits({unit})"}
    assert people.by("admin", "PATCH", f"systemusers({people.ids['nobody']})", at).status == 204
    people.give("nobody", copy["roleid"])
    assert people.by("nobody", "GET", "contacts").json["value"] == []
    assert people.by("admin", "DELETE", f"roles({role})").status == 204
    named = {row["name"]: row for row in people.by("admin", "GET", roles).json["value"]}
    assert "Made here" not in named
    assert people.by("nobody", "GET", "contacts").error == (403, "0x80040220")


BROKEN: list[tuple[str, Any]] = [
    ("GrantAccess", {}),
    ("GrantAccess", {"Target": {"@odata.id": "contacts(x)"}, "PrincipalAccess": {}}),
    ("GrantAccess", {"Target": {"@odata.type": "no"}, "PrincipalAccess": {"Principal": 3}}),
    ("GrantAccess", {"Target": {"contactid": "{key}"}, "PrincipalAccess": {"Principal": {}}}),
    ("GrantAccess", {"Target": {"contactid": "{key}"}, "PrincipalAccess": None}),
    (
        "ModifyAccess",
        {
            "Target": {"contactid": "{key}"},
            "PrincipalAccess": {"Principal": {"systemuserid": "{user}"}, "AccessMask": "All"},
        },
    ),
    ("RevokeAccess", {"Target": {"contactid": "{key}"}, "Revokee": {"contactid": "{key}"}}),
    ("roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", {"Privileges": [{}]}),
    ("roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", {"Privileges": [None]}),
    (
        "roles({role})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole",
        {"Privileges": [{"PrivilegeId": "{privilege}", "Depth": "Far"}]},
    ),
    (
        "roles({role})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole",
        {"Privileges": [{"PrivilegeId": "{privilege}", "Depth": {}}]},
    ),
    ("roles({role})/Microsoft.Dynamics.CRM.RemovePrivilegeRole", {"Privilege": {}}),
    ("systemusers({user})/Microsoft.Dynamics.CRM.SetBusinessSystemUser", {"BusinessUnit": {}}),
    (
        "systemusers({user})/Microsoft.Dynamics.CRM.SetBusinessSystemUser",
        {"BusinessUnit": {"businessunitid": 4}, "ReassignPrincipal": {}},
    ),
    ("ReassignObjectsOwner", {"FromPrincipal": {"teamid": 3}, "ToPrincipal": {}}),
]


@pytest.mark.parametrize(("path", "body"), BROKEN)
def test_broken_requests_are_refused_by_name(people: People, path: str, body: Any) -> None:
    known = {
        "{key}": people.create("admin", "contacts", lastname="x"),
        "{user}": people.ids["ann"],
        "{role}": people.by("admin", "GET", "roles?$top=1").json["value"][0]["roleid"],
        "{privilege}": people.by("admin", "GET", "privileges?$top=1").json["value"][0][
            "privilegeid"
        ],
    }
    text = json.dumps(body)
    for name, value in known.items():
        path, text = path.replace(name, value), text.replace(name, value)
    answer = people.by("admin", "POST", path, text.encode())
    assert answer.status in {400, 404}, answer.body
    assert answer.json["error"]["code"].startswith("0x")
