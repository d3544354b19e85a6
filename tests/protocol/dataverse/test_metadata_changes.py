"""Tables, columns, keys, relationships and choices made at run time, request by request."""

from __future__ import annotations

import json

import pytest

from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.services.dataverse.model.metadata import table_changes
from windtunnel.simulator.web.house import House

CRM = "Microsoft.Dynamics.CRM."


def label(text, language=1033):
    entry = {
        "@odata.type": f"{CRM}LocalizedLabel",
        "Label": text,
        "LanguageCode": language,
    }
    return {"@odata.type": f"{CRM}Label", "LocalizedLabels": [entry]}


def column(kind, name, **more):
    return {
        "@odata.type": f"{CRM}{kind}AttributeMetadata",
        "SchemaName": name,
        "DisplayName": label(name),
        **more,
    }


BANK = {
    "@odata.type": f"{CRM}EntityMetadata",
    "SchemaName": "new_BankAccount",
    "DisplayName": label("Bank Account"),
    "DisplayCollectionName": label("Bank Accounts"),
    "Description": label("A table to store information about customer bank accounts"),
    "OwnershipType": "UserOwned",
    "HasActivities": False,
    "HasNotes": False,
    "IsActivity": False,
    "Attributes": [
        column(
            "String",
            "new_AccountName",
            IsPrimaryName=True,
            MaxLength=100,
            FormatName={"Value": "Text"},
            RequiredLevel={"Value": "None", "CanBeChanged": True},
        )
    ],
}
TABLE = "EntityDefinitions(LogicalName='new_bankaccount')"


@pytest.fixture
def bank(dataverse):
    made = dataverse.ask("POST", "EntityDefinitions", BANK)
    assert made.status == 204, made.body
    dataverse.made = made.headers["odata-entityid"]
    return dataverse


def done(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def test_a_new_table_is_described_and_serves_records_at_once(bank):
    table = bank.ask("GET", TABLE).json
    assert bank.made.endswith(f"/EntityDefinitions({table['MetadataId']})")
    assert table["EntitySetName"] == "new_bankaccounts"
    assert (table["PrimaryIdAttribute"], table["PrimaryNameAttribute"]) == (
        "new_bankaccountid",
        "new_accountname",
    )
    assert table["IsCustomEntity"] is True
    assert table["Description"]["UserLocalizedLabel"]["Label"].startswith("A table")
    assert '<EntitySet Name="new_bankaccounts"' in bank.ask("GET", "$metadata").body.decode()
    assert "new_bankaccounts" in {s["name"] for s in bank.ask("GET", "").json["value"]}
    key = bank.create("new_bankaccounts", new_accountname="Savings")
    record = bank.ask("GET", f"new_bankaccounts({key})?$expand=createdby").json
    assert (record["new_accountname"], record["statuscode"]) == ("Savings", 1)
    assert record["createdby"]["systemuserid"] == record["_ownerid_value"]


def test_the_primary_column_may_stand_among_the_columns_a_second_time(dataverse):
    again = column("String", "new_AccountName", MaxLength=200)
    body = {**BANK, "Attributes": [*BANK["Attributes"], again]}
    done(dataverse.ask("POST", "EntityDefinitions", body))
    found = dataverse.ask("GET", f"{TABLE}/Attributes(LogicalName='new_accountname')").json
    assert (found["IsPrimaryName"], found["MaxLength"]) == (True, 100)


BAD_TABLES = [
    ({}, "0x8004700b"),
    ({"SchemaName": "BankAccount"}, "0x80044a22"),
    ({"SchemaName": "new_Bank Account"}, "0x80044a22"),
    ({"SchemaName": None}, "0x80040203"),
    ({"SchemaName": "new_Other", "Attributes": []}, "0x80040203"),
    ({"SchemaName": "new_Other", "Attributes": "x"}, "0x80040203"),
    ({"SchemaName": "new_Other", "OwnershipType": "Nobody"}, "0x80040203"),
    (
        {
            "SchemaName": "new_Other",
            "Attributes": [*BANK["Attributes"], column("String", "new_ACCOUNTname")],
        },
        "0x80047013",
    ),
]


@pytest.mark.parametrize(("change", "code"), BAD_TABLES)
def test_a_table_that_cannot_be_made_is_refused_and_leaves_nothing(bank, change, code):
    answer = bank.ask("POST", "EntityDefinitions", {**BANK, **change})
    assert answer.error == (400, code)
    assert bank.ask("GET", "EntityDefinitions(LogicalName='new_other')").status == 404
    assert bank.ask("GET", "new_others").status == 404


def test_a_table_is_changed_by_put_only_and_labels_merge_where_asked(bank):
    table = bank.ask("GET", TABLE).json
    assert bank.ask("PATCH", TABLE, {}).error == (405, "0x80060888")
    table["DisplayName"] = label("Bankkonto", 1031)
    done(bank.ask("PUT", TABLE, {**table, "HasNotes": True}, **{"MSCRM.MergeLabels": "true"}))
    changed = bank.ask("GET", TABLE).json
    assert changed["HasNotes"] is True
    labels = {e["LanguageCode"]: e["Label"] for e in changed["DisplayName"]["LocalizedLabels"]}
    assert labels == {1033: "Bank Account", 1031: "Bankkonto"}
    done(bank.ask("PUT", TABLE, table))
    alone = bank.ask("GET", TABLE).json["DisplayName"]["LocalizedLabels"]
    assert [entry["LanguageCode"] for entry in alone] == [1031]


COLUMNS = [
    (column("String", "new_Text", MaxLength=20, FormatName={"Value": "Email"}), "x@y", "x@y"),
    (column("Memo", "new_Memo", MaxLength=500, Format="TextArea"), "long", "long"),
    (column("Integer", "new_Whole", MinValue=0, MaxValue=100, Format="None"), 7, 7),
    (column("BigInt", "new_Big"), 2**40, 2**40),
    (column("Decimal", "new_Decimal", Precision=2), 1.25, 1.25),
    (column("Double", "new_Double", Precision=2), 0.5, 0.5),
    (column("Money", "new_Balance", PrecisionSource=2, Precision=4), 12.5, 12.5),
    (
        column(
            "Boolean",
            "new_Flag",
            DefaultValue=False,
            OptionSet={
                "TrueOption": {"Value": 1, "Label": label("True")},
                "FalseOption": {"Value": 0, "Label": label("False")},
            },
        ),
        True,
        True,
    ),
    (
        column("DateTime", "new_Moment", Format="DateAndTime"),
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z",
    ),
    (
        column("DateTime", "new_Day", Format="DateOnly", DateTimeBehavior={"Value": "DateOnly"}),
        "2026-01-02",
        "2026-01-02",
    ),
    (
        column(
            "Picklist",
            "new_Kind",
            OptionSet={
                "IsGlobal": False,
                "OptionSetType": "Picklist",
                "Options": [{"Label": label("Gold")}, {"Value": 7, "Label": label("Silver")}],
            },
        ),
        7,
        7,
    ),
    (
        column(
            "MultiSelectPicklist",
            "new_Many",
            OptionSet={"Options": [{"Value": 1, "Label": label("A")}]},
        ),
        "1",
        "1",
    ),
]


@pytest.mark.parametrize(("body", "sent", "shown"), COLUMNS, ids=lambda value: str(value)[:50])
def test_a_new_column_takes_values_at_once(bank, body, sent, shown):
    key = bank.create("new_bankaccounts", new_accountname="before")
    made = done(bank.ask("POST", f"{TABLE}/Attributes", body))
    assert f"/{TABLE}/Attributes(" in made.headers["odata-entityid"]
    name = body["SchemaName"].lower()
    done(bank.ask("PATCH", f"new_bankaccounts({key})", {name: sent}))
    record = bank.ask("GET", f"new_bankaccounts({key})").json
    assert record[name] == shown
    address = made.headers["odata-entityid"].split("/v9.2/")[1]
    found = bank.ask("GET", address).json
    assert (found["LogicalName"], found["@odata.type"]) == (name, f"#{body['@odata.type']}")
    assert found["IsCustomAttribute"] is True
    done(bank.ask("DELETE", address))
    assert bank.ask("GET", address).status == 404
    assert name not in bank.ask("GET", f"new_bankaccounts({key})").json


BAD_COLUMNS = [
    (column("String", "new_AccountName"), 400, "0x80047013"),
    (column("String", "text"), 400, "0x80044a22"),
    (column("Lookup", "new_Other"), 400, "0x80040203"),
    (column("Status", "new_Other"), 400, "0x80040203"),
    (column("Nonsense", "new_Other"), 400, "0x80040203"),
    (column("Picklist", "new_Other", OptionSet={"Options": [{"Value": "x"}]}), 400, "0x80040203"),
    ({"SchemaName": "new_Other"}, 400, "0x80040203"),
    ([], 400, "0x80048d19"),
    (b"{", 400, "0x80048d19"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD_COLUMNS)
def test_a_column_that_cannot_be_made_is_refused(bank, body, status, code):
    assert bank.ask("POST", f"{TABLE}/Attributes", body).error == (status, code)


def test_a_column_is_changed_but_keeps_its_type(bank):
    address = f"{TABLE}/Attributes(LogicalName='new_accountname')"
    body = bank.ask("GET", f"{address}/{CRM}StringAttributeMetadata").json
    body |= {"MaxLength": 5, "@odata.type": f"{CRM}StringAttributeMetadata"}
    done(bank.ask("PUT", address, body))
    refused = bank.ask("POST", "new_bankaccounts", {"new_accountname": "sixsix"})
    assert refused.error == (400, "0x80044331")
    wrong = {**body, "@odata.type": f"{CRM}MemoAttributeMetadata", "AttributeTypeName": None}
    assert bank.ask("PUT", address, wrong).error == (400, "0x80040203")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("EntityDefinitions(LogicalName='account')", "0x8004f026"),
        ("EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')", "0x8004f026"),
        (f"{TABLE}/Attributes(LogicalName='new_accountname')", "0x8004f026"),
        ("RelationshipDefinitions(SchemaName='account_primary_contact')", "0x8004f026"),
    ],
)
def test_what_the_vendor_made_is_not_deleted(bank, address, code):
    assert bank.ask("DELETE", address).error == (400, code)


def test_a_standard_table_takes_custom_columns(dataverse):
    body = column("String", "new_Nickname", MaxLength=10)
    done(dataverse.ask("POST", "EntityDefinitions(LogicalName='account')/Attributes", body))
    key = dataverse.create("accounts", name="A", new_nickname="a")
    assert dataverse.ask("GET", f"accounts({key})?$select=new_nickname").json["new_nickname"] == "a"


def test_an_alternate_key_becomes_active_by_the_clock(bank):
    body = {"SchemaName": "new_NameKey", "KeyAttributes": ["new_accountname"]}
    made = done(bank.ask("POST", f"{TABLE}/Keys", body))
    address = made.headers["odata-entityid"].split("/v9.2/")[1]
    assert bank.ask("GET", address).json["EntityKeyIndexStatus"] == "Pending"
    assert bank.ask("POST", f"{TABLE}/Keys", body).error == (400, "0x80060893")
    same = {"SchemaName": "new_Again", "KeyAttributes": ["new_accountname"]}
    assert bank.ask("POST", f"{TABLE}/Keys", same).error == (400, "0x80060894")
    bank.house.clock.advance(2)
    bank.house.timers.run_due()
    assert bank.ask("GET", address).json["EntityKeyIndexStatus"] == "Active"
    done(bank.ask("PATCH", "new_bankaccounts(new_accountname='K')", {}))
    found = bank.ask("GET", "new_bankaccounts(new_accountname='K')").json
    assert found["new_accountname"] == "K"
    clash = bank.ask("POST", "new_bankaccounts", {"new_accountname": "K"})
    assert clash.error == (412, "0x80060892")
    done(bank.ask("DELETE", address))
    bank.create("new_bankaccounts", new_accountname="K")


def test_the_index_of_a_key_fails_where_values_repeat(bank):
    for _ in range(2):
        bank.create("new_bankaccounts", new_accountname="twice")
    body = {"SchemaName": "new_NameKey", "KeyAttributes": ["new_accountname"]}
    done(bank.ask("POST", f"{TABLE}/Keys", body))
    bank.house.clock.advance(2)
    bank.house.timers.run_due()
    [key] = bank.ask("GET", f"{TABLE}/Keys").json["value"]
    assert key["EntityKeyIndexStatus"] == "Failed"


ONE_TO_MANY = {
    "@odata.type": f"{CRM}OneToManyRelationshipMetadata",
    "SchemaName": "new_contact_bankaccounts",
    "ReferencedAttribute": "contactid",
    "ReferencedEntity": "contact",
    "ReferencingEntity": "new_bankaccount",
    "CascadeConfiguration": {"Assign": "Cascade", "Delete": "Cascade", "Merge": "Cascade"},
    "Lookup": column("Lookup", "new_Owner", AttributeType="Lookup"),
}


def test_a_one_to_many_relationship_brings_its_lookup(bank):
    made = done(bank.ask("POST", "RelationshipDefinitions", ONE_TO_MANY))
    address = made.headers["odata-entityid"].split("/v9.2/")[1]
    found = bank.ask("GET", f"{address}/{CRM}OneToManyRelationshipMetadata").json
    assert found["ReferencingAttribute"] == "new_owner"
    assert found["ReferencingEntityNavigationPropertyName"] == "new_Owner"
    assert found["CascadeConfiguration"]["Delete"] == "Cascade"
    assert found["CascadeConfiguration"]["Share"] == "NoCascade"
    contact = bank.create("contacts", lastname="C")
    key = bank.create(
        "new_bankaccounts",
        **{"new_accountname": "x", "new_Owner@odata.bind": f"/contacts({contact})"},
    )
    record = bank.ask("GET", f"new_bankaccounts({key})?$expand=new_Owner($select=lastname)").json
    assert record["new_Owner"]["lastname"] == "C"
    below = bank.ask("GET", f"contacts({contact})/new_contact_bankaccounts").json["value"]
    assert [row["new_bankaccountid"] for row in below] == [key]
    assert bank.ask("POST", "RelationshipDefinitions", ONE_TO_MANY).error == (400, "0x80044363")
    lookup = f"{TABLE}/Attributes(LogicalName='new_owner')"
    assert bank.ask("GET", f"{lookup}/{CRM}LookupAttributeMetadata").json["Targets"] == ["contact"]
    assert bank.ask("DELETE", lookup).error == (400, "0x8004f01f")
    done(bank.ask("DELETE", address))
    assert bank.ask("GET", lookup).status == 404
    assert "_new_owner_value" not in bank.ask("GET", f"new_bankaccounts({key})").json


def several(*targets):
    return {
        "OneToManyRelationships": [
            {
                "SchemaName": f"new_bankaccount_{target}",
                "ReferencedEntity": target,
                "ReferencingEntity": "new_bankaccount",
                "CascadeConfiguration": {"Delete": "Cascade"},
            }
            for target in targets
        ],
        "Lookup": {**column("ComplexLookup", "new_Holder"), "AttributeType": "Lookup"},
    }


def test_a_lookup_to_several_tables_is_made_and_takes_another_target(bank):
    # Source: "Multi-table lookups".
    made = bank.ask("POST", "CreatePolymorphicLookupAttribute", several("contact", "lead"))
    assert made.status == 200, made.body
    assert made.json["@odata.context"].endswith("CRM.CreatePolymorphicLookupAttributeResponse")
    assert len(set(made.json["RelationshipIds"])) == 2
    more = {
        "@odata.type": f"{CRM}OneToManyRelationshipMetadata",
        "SchemaName": "new_bankaccount_account",
        "ReferencedEntity": "account",
        "ReferencingEntity": "new_bankaccount",
        "Lookup": {**column("Lookup", "new_Holder"), "AttributeType": "Lookup"},
    }
    done(bank.ask("POST", "RelationshipDefinitions", more))
    lookup = f"{TABLE}/Attributes({made.json['AttributeId']})/{CRM}LookupAttributeMetadata"
    assert bank.ask("GET", lookup).json["Targets"] == ["account", "contact", "lead"]
    holders = {kind: bank.create(f"{kind}s", **values) for kind, values in (
        ("account", {"name": "A"}), ("contact", {"lastname": "C"}), ("lead", {"lastname": "L"}),
    )}  # fmt: skip
    for kind, key in holders.items():
        bound = {f"new_Holder_{kind}@odata.bind": f"/{kind}s({key})"}
        row = bank.create("new_bankaccounts", **{"new_accountname": kind, **bound})
        found = bank.ask(
            "GET",
            f"new_bankaccounts({row})?$select=_new_holder_value&$expand=new_Holder_{kind}",
            prefer='odata.include-annotations="*"',
        ).json
        assert found["_new_holder_value"] == key
        assert found[f"_new_holder_value@{CRM}lookuplogicalname"] == kind
        assert found[f"new_Holder_{kind}"][f"{kind}id"] == key
    done(bank.ask("DELETE", f"contacts({holders['contact']})"))
    left = bank.ask("GET", "new_bankaccounts?$select=new_accountname").json["value"]
    assert {row["new_accountname"] for row in left} == {"account", "lead"}


def test_a_lookup_to_one_table_takes_no_other(bank):
    done(bank.ask("POST", "RelationshipDefinitions", ONE_TO_MANY))
    other = {**ONE_TO_MANY, "SchemaName": "new_lead_bankaccounts", "ReferencedEntity": "lead"}
    other.pop("ReferencedAttribute", None)
    assert bank.ask("POST", "RelationshipDefinitions", other).error == (400, "0x80047013")


def test_choices_and_days_are_formatted_by_their_columns(bank):
    for body in (COLUMNS[7][0], COLUMNS[11][0], column("DateTime", "new_Due", Format="DateOnly")):
        done(bank.ask("POST", f"{TABLE}/Attributes", body))
    values = {"new_flag": True, "new_many": "1", "new_due": "2026-02-03T00:00:00Z"}
    key = bank.create("new_bankaccounts", **values)
    shown = bank.ask("GET", f"new_bankaccounts({key})", prefer='odata.include-annotations="*"').json
    formatted = "OData.Community.Display.V1.FormattedValue"
    assert [shown[f"{name}@{formatted}"] for name in values] == ["True", "A", "2/3/2026"]


def test_the_cascade_rules_of_a_relationship_are_changed(bank):
    done(bank.ask("POST", "RelationshipDefinitions", ONE_TO_MANY))
    address = "RelationshipDefinitions(SchemaName='new_contact_bankaccounts')"
    body = bank.ask("GET", address).json
    body["CascadeConfiguration"] = {"Delete": "Restrict"}
    done(bank.ask("PUT", address, body))
    assert bank.ask("GET", address).json["CascadeConfiguration"]["Delete"] == "Restrict"
    body["CascadeConfiguration"] = {"Delete": "Perhaps"}
    assert bank.ask("PUT", address, body).error == (400, "0x80040203")


def test_a_many_to_many_relationship_has_its_intersect_table(bank):
    body = {
        "@odata.type": f"{CRM}ManyToManyRelationshipMetadata",
        "SchemaName": "new_accounts_banks",
        "Entity1LogicalName": "account",
        "Entity2LogicalName": "new_bankaccount",
        "IntersectEntityName": "new_accounts_banks",
    }
    made = done(bank.ask("POST", "RelationshipDefinitions", body))
    address = made.headers["odata-entityid"].split("/v9.2/")[1]
    for table in ("account", "new_bankaccount"):
        below = f"EntityDefinitions(LogicalName='{table}')/ManyToManyRelationships"
        found = [r["SchemaName"] for r in bank.ask("GET", below).json["value"]]
        assert "new_accounts_banks" in found
    shape = bank.ask("GET", address).json
    assert (shape["Entity1LogicalName"], shape["Entity2IntersectAttribute"]) == (
        "account",
        "new_bankaccountid",
    )
    between = bank.ask("GET", "EntityDefinitions(LogicalName='new_accounts_banks')").json
    assert between["IsIntersect"] is True
    links_come_and_go(bank)
    done(bank.ask("DELETE", address))
    assert bank.ask("GET", "EntityDefinitions(LogicalName='new_accounts_banks')").status == 404


def links_come_and_go(bank):
    accounts = [bank.create("accounts", name=name) for name in "AB"]
    banks = [bank.create("new_bankaccounts", new_accountname=name) for name in "xyz"]
    base = "https://localhost:3/api/data/v9.2"
    for key in banks[:2]:
        link = {"@odata.id": f"{base}/new_bankaccounts({key})"}
        done(bank.ask("POST", f"accounts({accounts[0]})/new_accounts_banks/$ref", link))
    again = bank.ask("POST", f"accounts({accounts[0]})/new_accounts_banks/$ref", link)
    assert again.error == (412, "0x80040237")
    below = f"accounts({accounts[0]})/new_accounts_banks"
    rows = bank.ask("GET", f"{below}?$orderby=new_accountname desc").json["value"]
    assert [row["new_accountname"] for row in rows] == ["y", "x"]
    assert len(bank.ask("GET", f"{below}/$ref").json["value"]) == 2
    done(bank.ask("POST", below, {"new_accountname": "w"}))
    query = (
        "accounts?$filter=new_accounts_banks/any(b:b/new_accountname eq 'w')&$select=name"
        "&$expand=new_accounts_banks($select=new_accountname;$orderby=new_accountname desc;$top=2)"
    )
    [found] = bank.ask("GET", query).json["value"]
    assert [row["new_accountname"] for row in found["new_accounts_banks"]] == ["y", "x"]
    other = bank.ask("GET", f"new_bankaccounts({banks[0]})/new_accounts_banks").json["value"]
    assert [row["name"] for row in other] == ["A"]
    deep = bank.create("accounts", name="C", new_accounts_banks=[{"new_accountname": "deep"}])
    rows = bank.ask("GET", f"accounts({deep})/new_accounts_banks").json["value"]
    assert [row["new_accountname"] for row in rows] == ["deep"]
    done(bank.ask("DELETE", f"{below}({banks[0]})/$ref"))
    assert bank.ask("GET", f"new_bankaccounts({banks[0]})/new_accounts_banks").json["value"] == []


CHOICE = {
    "@odata.type": f"{CRM}OptionSetMetadata",
    "Name": "new_colors",
    "DisplayName": label("Colors"),
    "OptionSetType": "Picklist",
    "Options": [{"Value": 1, "Label": label("Red")}, {"Value": 2, "Label": label("Green")}],
}
COLORS = "GlobalOptionSetDefinitions(Name='new_colors')"


def colors(there):
    options = there.ask("GET", f"{COLORS}/{CRM}OptionSetMetadata?$select=Options").json["Options"]
    return [(o["Value"], o["Label"]["UserLocalizedLabel"]["Label"]) for o in options]


def test_a_global_choice_serves_the_columns_that_use_it(bank):
    made = done(bank.ask("POST", "GlobalOptionSetDefinitions", CHOICE))
    identity = made.headers["odata-entityid"].rpartition("(")[2][:-1]
    assert bank.ask("GET", f"GlobalOptionSetDefinitions({identity})").json["Name"] == "new_colors"
    use = column("Picklist", "new_Color")
    use["GlobalOptionSet@odata.bind"] = f"/GlobalOptionSetDefinitions({identity})"
    done(bank.ask("POST", f"{TABLE}/Attributes", use))
    cast = (
        f"{TABLE}/Attributes(LogicalName='new_color')/{CRM}PicklistAttributeMetadata"
        "?$select=LogicalName&$expand=OptionSet,GlobalOptionSet"
    )
    shown = bank.ask("GET", cast).json
    assert shown["OptionSet"] is None
    assert shown["GlobalOptionSet"]["MetadataId"] == identity
    body = {"OptionSetName": "new_colors", "Label": label("Blue")}
    answer = done(bank.ask("POST", "InsertOptionValue", body), 200)
    value = answer.json["NewOptionValue"]
    assert value == 100_000_000
    bank.create("new_bankaccounts", new_color=value)
    assert bank.ask("POST", "new_bankaccounts", {"new_color": 9}).error == (400, "0x8004431a")
    assert bank.ask("DELETE", COLORS).error == (400, "0x8004f01f")
    done(bank.ask("DELETE", f"{TABLE}/Attributes(LogicalName='new_color')"))
    done(bank.ask("DELETE", COLORS))
    assert bank.ask("GET", COLORS).status == 404


def test_options_are_renamed_ordered_and_deleted(dataverse):
    done(dataverse.ask("POST", "GlobalOptionSetDefinitions", CHOICE))
    place = {"OptionSetName": "new_colors"}
    renamed = {**place, "Value": 1, "Label": label("Crimson"), "MergeLabels": False}
    done(dataverse.ask("POST", "UpdateOptionValue", renamed))
    done(dataverse.ask("POST", "OrderOption", {**place, "Values": [2, 1]}))
    assert colors(dataverse) == [(2, "Green"), (1, "Crimson")]
    bad = dataverse.ask("POST", "OrderOption", {**place, "Values": [2]})
    assert bad.error == (400, "0x80040203")
    done(dataverse.ask("POST", "DeleteOptionValue", {**place, "Value": 2}))
    assert colors(dataverse) == [(1, "Crimson")]


def test_a_status_reason_is_added_to_a_state(bank):
    body = {
        "EntityLogicalName": "new_bankaccount",
        "AttributeLogicalName": "statuscode",
        "StateCode": 1,
        "Label": label("Closed"),
    }
    value = done(bank.ask("POST", "InsertStatusValue", body), 200).json["NewOptionValue"]
    key = bank.create("new_bankaccounts", new_accountname="x")
    done(bank.ask("PATCH", f"new_bankaccounts({key})", {"statecode": 1, "statuscode": value}))
    wrong = bank.ask("PATCH", f"new_bankaccounts({key})", {"statecode": 0, "statuscode": value})
    assert wrong.error == (400, "0x80048408")


def test_several_tables_are_made_at_once_or_none(dataverse):
    other = {**BANK, "SchemaName": "new_Branch"}
    answer = done(dataverse.ask("POST", "CreateEntities", {"Entities": [BANK, other]}), 200)
    assert len(answer.json["EntityIds"]) == 2
    assert dataverse.ask("GET", "new_branches").status == 200
    third = {**BANK, "SchemaName": "new_Third"}
    answer = dataverse.ask("POST", "CreateEntities", {"Entities": [third, BANK]})
    assert answer.error == (400, "0x8004700b")
    assert dataverse.ask("GET", "new_thirds").status == 404


def test_a_deleted_table_is_gone_with_its_records_and_lookups(bank):
    back = {
        **ONE_TO_MANY,
        "SchemaName": "new_bank_contacts",
        "ReferencedEntity": "new_bankaccount",
        "ReferencedAttribute": "new_bankaccountid",
        "ReferencingEntity": "contact",
        "Lookup": column("Lookup", "new_Bank"),
    }
    done(bank.ask("POST", "RelationshipDefinitions", back))
    bank.create("new_bankaccounts", new_accountname="x")
    done(bank.ask("DELETE", TABLE))
    assert bank.ask("GET", "new_bankaccounts").status == 404
    lookup = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='new_bank')"
    assert bank.ask("GET", lookup).status == 404
    done(bank.ask("POST", "EntityDefinitions", BANK))
    assert bank.ask("GET", "new_bankaccounts").json["value"] == []


def test_an_unknown_solution_is_refused(dataverse):
    answer = dataverse.ask(
        "POST", "EntityDefinitions", BANK, **{"MSCRM.SolutionUniqueName": "nope"}
    )
    assert answer.error == (400, "0x80040203")


def test_publishing_answers_without_content(dataverse):
    body = {"ParameterXml": "<importexportxml><entities/></importexportxml>"}
    done(dataverse.ask("POST", "PublishXml", body))
    done(dataverse.ask("POST", "PublishAllXml", {}))


def changes(there, query, stamp="", deleted=""):
    arguments = ["Query=@q"]
    values = [f"@q={json.dumps(query)}"]
    if stamp:
        arguments.append("ClientVersionStamp=@s")
        values.append(f"@s='{stamp}'")
    if deleted:
        arguments.append("DeletedMetadataFilters=@d")
        values.append(f"@d={CRM}DeletedMetadataFilters'{deleted}'")
    address = f"RetrieveMetadataChanges({','.join(arguments)})?{'&'.join(values)}"
    return done(there.ask("GET", address), 200).json


def test_changes_of_definitions_are_retrieved_since_a_stamp(bank):
    query = {
        "Criteria": {
            "Conditions": [
                {
                    "PropertyName": "LogicalName",
                    "ConditionOperator": "Equals",
                    "Value": {"Type": "System.String", "Value": "new_bankaccount"},
                }
            ]
        },
        "Properties": {"PropertyNames": ["LogicalName", "Attributes"]},
        "AttributeQuery": {"Properties": {"PropertyNames": ["LogicalName", "MaxLength"]}},
    }
    first = changes(bank, query)
    [table] = first["EntityMetadata"]
    names = {a["LogicalName"]: a for a in table["Attributes"]}
    assert names["new_accountname"]["MaxLength"] == 100
    assert "Format" not in names["new_accountname"]
    stamp = first["ServerVersionStamp"]
    assert changes(bank, query, stamp)["EntityMetadata"] == []
    done(bank.ask("POST", f"{TABLE}/Attributes", column("String", "new_More")))
    [later] = changes(bank, query, stamp)["EntityMetadata"]
    assert "new_more" in {a["LogicalName"] for a in later["Attributes"]}
    done(bank.ask("DELETE", TABLE))
    gone = changes(bank, query, stamp, "All")["DeletedMetadata"]
    assert table["MetadataId"] in dict(zip(gone["Keys"], gone["Values"], strict=True))["Entity"]
    far = bank.ask("GET", "RetrieveMetadataChanges(ClientVersionStamp='999999999!x')")
    assert far.error == (400, "0x80044352")


def test_an_etag_is_another_after_a_change(bank):
    before = bank.ask("GET", TABLE).headers["etag"]
    done(bank.ask("POST", f"{TABLE}/Attributes", column("String", "new_More")))
    again = bank.ask("GET", TABLE, If_None_Match=before)
    assert again.status == 200
    assert again.headers["etag"] != before


def test_a_change_that_fails_half_way_is_undone(dataverse):
    customizations = dataverse.house.dataverse.customizations

    def fail_after_a_table() -> None:
        with customizations.changing():
            table_changes.create_table(customizations, BANK)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_a_table()
    assert dataverse.ask("GET", TABLE).status == 404
    assert dataverse.ask("GET", "new_bankaccounts").status == 404


def test_reset_takes_new_tables_and_columns_away(bank):
    body = column("String", "new_Nickname", MaxLength=10)
    done(bank.ask("POST", "EntityDefinitions(LogicalName='account')/Attributes", body))
    bank.house.reset()
    assert bank.ask("GET", TABLE).status == 404
    assert bank.ask("GET", "new_bankaccounts").status == 404
    assert bank.ask("GET", "accounts?$select=new_nickname").status == 400
    assert bank.ask("GET", "accounts?$top=1").status == 200


def test_new_tables_survive_the_process(tmp_path, new_environment):
    overrides = {
        "simulator.data_folder": tmp_path,
        "simulator.database": tmp_path / "kept.db",
        "simulator.clock": "manual",
        "simulator.tls": False,
    }
    first = new_environment(House(load(overrides=overrides, environment={})))
    done(first.ask("POST", "EntityDefinitions", BANK))
    done(first.ask("POST", "RelationshipDefinitions", ONE_TO_MANY))
    key = first.create("new_bankaccounts", new_accountname="kept")
    shown = first.ask("GET", f"{TABLE}?$expand=Attributes").json
    first.house.close()
    second = new_environment(House(load(overrides=overrides, environment={})))
    assert second.ask("GET", f"new_bankaccounts({key})").json["new_accountname"] == "kept"
    assert second.ask("GET", f"{TABLE}?$expand=Attributes").json == shown
    second.house.close()


JUNK = [0, 1.5, True, "x", [], [None], {}, {"Value": "x"}, {"LocalizedLabels": 1.5}, {"Options": 7}]


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_members_of_another_shape_never_break_the_service(bank, junk):
    for address, body in (
        ("EntityDefinitions", {**BANK, "SchemaName": "new_Junk"}),
        (f"{TABLE}/Attributes", COLUMNS[10][0]),
        ("RelationshipDefinitions", ONE_TO_MANY),
        ("GlobalOptionSetDefinitions", CHOICE),
    ):
        for member in body:
            answer = bank.ask("POST", address, {**body, member: junk})
            assert answer.status in {204, 400, 404}, (address, member, answer.body)
            if answer.status == 204:
                made = answer.headers["odata-entityid"].split("/v9.2/")[1]
                done(bank.ask("DELETE", made))


@pytest.mark.parametrize(
    "message", ["CreateCustomerRelationships", "CreatePolymorphicLookupAttribute"]
)
@pytest.mark.parametrize("listed", [None, 1, "x", {}, [], [1], [{}], [{"ReferencedEntity": 1}]])
def test_a_lookup_to_several_tables_needs_a_list_of_relationships(dataverse, message, listed):
    body = {"Lookup": {"SchemaName": "new_Who"}, "OneToManyRelationships": listed}
    assert dataverse.ask("POST", message, body).status == 400


def test_a_table_without_optimistic_concurrency_takes_no_version(dataverse):
    address = "EntityDefinitions(LogicalName='task')"
    definition = dataverse.ask("GET", address).json
    definition["IsOptimisticConcurrencyEnabled"] = False
    assert dataverse.ask("PUT", address, definition).status == 204
    path = f"tasks({dataverse.create('tasks', subject='T')})"
    etag = dataverse.ask("GET", path).headers["etag"]
    refused = (400, "0x8006088d")
    assert dataverse.ask("PATCH", path, {"subject": "U"}, if_match=etag).error == refused
    assert dataverse.ask("DELETE", path, if_match=etag).error == refused
    assert dataverse.ask("PATCH", path, {"subject": "U"}, if_match="*").status == 204
