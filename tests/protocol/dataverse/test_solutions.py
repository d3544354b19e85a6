"""Solutions and their components, and what every new environment holds."""

from __future__ import annotations

import pytest

from tests.protocol.dataverse.test_metadata_changes import BANK, TABLE, column, done

ENTITY, ATTRIBUTE, KEY, ROLE = 1, 2, 14, 20


@pytest.fixture
def solution(dataverse):
    """An unmanaged solution `wt_sales` of a publisher with the prefix `new`."""
    publisher = dataverse.create(
        "publishers",
        uniquename="wt",
        friendlyname="windtunnel",
        customizationprefix="new",
        customizationoptionvalueprefix=10000,
    )
    dataverse.solution = dataverse.create(
        "solutions",
        uniquename="wt_sales",
        friendlyname="Sales",
        version="1.0.0.0",
        **{"publisherid@odata.bind": f"/publishers({publisher})"},
    )
    return dataverse


def components(environment):
    query = "solutioncomponents?$select=componenttype,objectid,rootcomponentbehavior"
    rows = environment.ask("GET", f"{query}&$filter=_solutionid_value eq {environment.solution}")
    return {(row["componenttype"], row["objectid"]): row for row in rows.json["value"]}


def test_a_table_made_for_a_solution_is_its_component_with_all_that_is_below(solution):
    done(solution.ask("POST", "EntityDefinitions?SolutionUniqueName=wt_sales", BANK))
    table = solution.ask("GET", TABLE).json["MetadataId"]
    done(
        solution.ask(
            "POST",
            f"{TABLE}/Attributes",
            column("String", "new_Code", MaxLength=9),
            **{"MSCRM.SolutionUniqueName": "wt_sales"},
        )
    )
    assert {k: r["rootcomponentbehavior"] for k, r in components(solution).items()} == {
        (ENTITY, table): 0
    }
    done(solution.ask("DELETE", TABLE))
    assert components(solution) == {}


def test_a_column_of_another_table_brings_the_table_without_the_rest(solution):
    made = done(
        solution.ask(
            "POST",
            "EntityDefinitions(LogicalName='account')/Attributes",
            column("String", "new_Code", MaxLength=9),
            **{"MSCRM.SolutionUniqueName": "wt_sales"},
        )
    )
    attribute = made.headers["odata-entityid"].rpartition("(")[2][:-1]
    account = solution.ask("GET", "EntityDefinitions(LogicalName='account')").json["MetadataId"]
    found = {k: r["rootcomponentbehavior"] for k, r in components(solution).items()}
    assert found == {(ENTITY, account): 1, (ATTRIBUTE, attribute): None}
    done(
        solution.ask(
            "DELETE", "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='new_code')"
        )
    )
    assert set(components(solution)) == {(ENTITY, account)}


def test_a_record_that_is_a_component_goes_into_the_solution_of_the_header(solution):
    made = solution.ask(
        "POST",
        "environmentvariabledefinitions",
        {
            "schemaname": "new_Url",
            "displayname": "Url",
            "type": 100000000,
            "environmentvariabledefinition_environmentvariablevalue": [
                {"schemaname": "new_Url", "value": "http://localhost"}
            ],
        },
        **{"MSCRM.SolutionUniqueName": "wt_sales"},
    )
    key = done(made).headers["odata-entityid"].rpartition("(")[2][:-1]
    assert set(components(solution)) == {(380, key)}
    shown = "EnvironmentVariableDefinitionId($select=schemaname)"
    value = solution.ask("GET", f"environmentvariablevalues?$select=value&$expand={shown}").json
    [row] = value["value"]
    assert row["EnvironmentVariableDefinitionId"]["schemaname"] == "new_Url"


def test_components_are_added_and_removed_by_actions(solution):
    role = solution.ask("GET", "roles?$top=1&$select=name").json["value"][0]["roleid"]
    body = {
        "ComponentId": role,
        "ComponentType": ROLE,
        "SolutionUniqueName": "wt_sales",
        "AddRequiredComponents": False,
    }
    added = done(solution.ask("POST", "AddSolutionComponent", body), 200).json
    assert solution.ask("POST", "AddSolutionComponent", body).json["id"] == added["id"]
    assert set(components(solution)) == {(ROLE, role)}
    removed = solution.ask(
        "POST",
        "RemoveSolutionComponent",
        {
            "SolutionComponent": {
                "@odata.type": "Microsoft.Dynamics.CRM.solutioncomponent",
                "solutioncomponentid": role,
            },
            "ComponentType": ROLE,
            "SolutionUniqueName": "wt_sales",
        },
    )
    assert done(removed, 200).json["id"] == added["id"]
    assert components(solution) == {}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"ComponentId": "00000000-0000-0000-0000-000000000009"}, 404),
        ({"ComponentType": 999}, 404),
        ({"ComponentType": ENTITY}, 404),
        ({"SolutionUniqueName": "no_such"}, 400),
        ({"SolutionUniqueName": "Default"}, 400),
        ({"SolutionUniqueName": "System"}, 400),
    ],
)
def test_what_cannot_be_added_is_refused(solution, change, status):
    role = solution.ask("GET", "roles?$top=1&$select=name").json["value"][0]["roleid"]
    body = {
        "ComponentId": role,
        "ComponentType": ROLE,
        "SolutionUniqueName": "wt_sales",
        "AddRequiredComponents": False,
        **change,
    }
    assert solution.ask("POST", "AddSolutionComponent", body).status == status
    assert components(solution) == {}


def test_a_deleted_solution_takes_its_list_of_components_along(solution):
    done(solution.ask("POST", "EntityDefinitions?SolutionUniqueName=wt_sales", BANK))
    done(solution.ask("DELETE", f"solutions({solution.solution})"))
    assert solution.ask("GET", "solutioncomponents").json["value"] == []
    assert solution.ask("GET", TABLE).status == 200


def test_a_new_environment_has_its_publishers_solutions_units_and_queues(dataverse):
    solutions = dataverse.ask(
        "GET",
        "solutions?$select=uniquename&$expand=publisherid($select=uniquename,customizationprefix)",
    ).json["value"]
    by_name = {row["uniquename"]: row for row in solutions}
    assert set(by_name) == {"System", "Active", "Default"}
    assert by_name["Default"]["solutionid"] == "fd140aaf-4df4-11dd-bd17-0019b9312238"
    assert by_name["Default"]["publisherid"]["customizationprefix"] == "new"
    units = dataverse.ask("GET", "uoms?$select=name&$expand=uomscheduleid($select=name)").json
    assert [(u["name"], u["uomscheduleid"]["name"]) for u in units["value"]] == [
        ("Primary Unit", "Default Unit")
    ]
    me = dataverse.ask("GET", "WhoAmI").json["UserId"]
    user = dataverse.ask("GET", f"systemusers({me})?$expand=queueid($select=name)").json
    assert user["queueid"]["name"] == f"<{user['fullname']}>"
    teams = dataverse.ask("GET", f"systemusers({me})/teammembership_association").json["value"]
    assert [team["isdefault"] for team in teams] == [True]
    members = dataverse.ask("GET", f"teammemberships?$filter=systemuserid eq {me}").json["value"]
    assert [row["teamid"] for row in members] == [teams[0]["teamid"]]
    companies = dataverse.ask("GET", "cdm_companies(cdm_companycode='USMF')").json
    assert companies["cdm_name"].startswith("Contoso")


@pytest.mark.parametrize(
    ("heads", "lines"),
    [
        ("opportunities", "product_opportunities"),
        ("quotes", "quote_details"),
        ("salesorders", "order_details"),
        ("invoices", "invoice_details"),
    ],
)
def test_sample_documents_come_to_what_their_lines_say(dataverse, heads, lines):
    query = f"{heads}?$select=totalamount&$expand={lines}($select=extendedamount)"
    rows = dataverse.ask("GET", query).json["value"]
    assert len(rows) >= 20
    for row in rows:
        assert sum(line["extendedamount"] for line in row[lines]) == row["totalamount"]
