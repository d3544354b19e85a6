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


class People:
    """One environment and several callers."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.tokens = {name: self._of(app) for name, (app, _) in APPS.items()}
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
