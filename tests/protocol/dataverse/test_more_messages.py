"""Messages on whole definitions, on the tree of people and units, on queues and on prices."""

from __future__ import annotations

import pytest

CRM = "Microsoft.Dynamics.CRM."
NOBODY = "00000000-0000-0000-0000-000000000000"


def filters(text):
    return f"@f={CRM}EntityFilters'{text}'"


def test_one_definition_comes_whole(dataverse):
    call = (
        "RetrieveEntity(EntityFilters=@f,LogicalName=@n,MetadataId=@m,RetrieveAsIfPublished=@p)"
        f"?{filters('Entity,Attributes')}&@n='account'&@m={NOBODY}&@p=true"
    )
    found = dataverse.ask("GET", call).json["EntityMetadata"]
    assert found["EntitySetName"] == "accounts"
    kinds = {item["LogicalName"]: item for item in found["Attributes"]}
    assert kinds["ownerid"]["AttributeType"] == "Owner"
    assert kinds["industrycode"]["OptionSet"]["Options"]
    assert "ManyToOneRelationships" not in found
    again = call.replace("@n='account'", "@n='x'").replace(NOBODY, found["MetadataId"])
    assert dataverse.ask("GET", again).json["EntityMetadata"]["LogicalName"] == "account"
    missing = dataverse.ask("GET", call.replace("'account'", "'no_such'"))
    assert missing.error == (404, "0x80041102")


def test_all_definitions_come_with_their_relationships(dataverse):
    call = "RetrieveAllEntities(EntityFilters=@f,RetrieveAsIfPublished=@p)"
    answer = dataverse.ask("GET", f"{call}?{filters('Entity,Relationships')}&@p=true").json
    tables = {item["LogicalName"]: item for item in answer["EntityMetadata"]}
    assert set(tables) == set(dataverse.house.dataverse.tables.definitions)
    links = {link["SchemaName"] for link in tables["contact"]["ManyToOneRelationships"]}
    assert "contact_customer_accounts" in links
    assert answer["Timestamp"]


def test_which_tables_may_be_related_is_told(dataverse):
    assert dataverse.ask("POST", "CanManyToMany", {"EntityName": "account"}).json["CanManyToMany"]
    assert dataverse.ask("POST", "CanBeReferenced", {"EntityName": "account"}).json[
        "CanBeReferenced"
    ]
    unknown = dataverse.ask("POST", "CanBeReferencing", {"EntityName": "nothing"})
    assert unknown.error == (404, "0x80041102")
    for name in (
        "GetValidManyToMany()",
        "GetValidReferencedEntities(ReferencingEntityName='task')",
    ):
        assert "account" in dataverse.ask("GET", name).json["EntityNames"]


def test_what_is_not_published_is_what_is_there(dataverse):
    [view] = dataverse.ask("GET", "savedqueries?$top=1&$select=name").json["value"]
    key = view["savedqueryid"]
    one = dataverse.ask("GET", f"savedqueries({key})/{CRM}RetrieveUnpublished()").json
    assert one["name"] == view["name"]
    many = dataverse.ask("GET", f"savedqueries/{CRM}RetrieveUnpublishedMultiple()").json["value"]
    assert key in {row["savedqueryid"] for row in many}


@pytest.fixture
def people(dataverse):
    """Three users, one below the other."""
    unit = dataverse.ask("GET", "WhoAmI").json["BusinessUnitId"]
    dataverse.unit = unit
    dataverse.people = [
        dataverse.create(
            "systemusers",
            fullname=name,
            **{"businessunitid@odata.bind": f"/businessunits({unit})"},
        )
        for name in ("top", "middle", "low")
    ]
    top, middle, low = dataverse.people
    for child, parent in ((middle, top), (low, middle)):
        done = dataverse.ask(
            "POST",
            f"systemusers({child})/{CRM}SetParentSystemUser",
            {"Parent": {"systemuserid": parent}, "KeepChildUsers": True},
        )
        assert done.status == 204, done.body
    return dataverse


def below(environment, user):
    answer = environment.ask("GET", f"systemusers({user})/{CRM}RetrieveAllChildUsersSystemUser()")
    return [row["systemuserid"] for row in answer.json["value"]]


def test_managers_have_people_below_them_and_no_circles(people):
    top, middle, low = people.people
    assert below(people, top) == sorted([middle, low])
    refused = people.ask(
        "POST",
        f"systemusers({top})/{CRM}SetParentSystemUser",
        {"Parent": {"systemuserid": low}, "KeepChildUsers": True},
    )
    assert refused.error == (400, "0x80040203")
    target = {"@odata.type": f"{CRM}systemuser", "systemuserid": middle}
    assert people.ask("POST", "RemoveParent", {"Target": target}).status == 204
    assert below(people, top) == []
    assert below(people, middle) == [low]


def test_business_units_have_units_below_them(people):
    south = people.create(
        "businessunits",
        name="South",
        **{"parentbusinessunitid@odata.bind": f"/businessunits({people.unit})"},
    )
    call = f"businessunits({people.unit})/{CRM}RetrieveBusinessHierarchyBusinessUnit()"
    found = [row["businessunitid"] for row in people.ask("GET", call).json["value"]]
    assert found == [people.unit, south]


def queues_of(environment, user, public):
    flag = str(public).lower()
    call = f"systemusers({user})/{CRM}RetrieveUserQueues(IncludePublic={flag})"
    return [row["name"] for row in environment.ask("GET", call).json["value"]]


def test_queues_of_a_user_are_private_ones_and_with_the_flag_public_ones(people):
    me = people.ask("GET", "WhoAmI").json["UserId"]
    open_to_all = people.create("queues", name="Support", queueviewtype=0)
    members_only = people.create("queues", name="Inner", queueviewtype=1)
    own = queues_of(people, me, public=False)
    assert "Support" not in own
    assert set(own) >= {"Inner"}
    low = people.people[2]
    assert queues_of(people, low, public=False) == []
    assert queues_of(people, low, public=True) == ["Support"]
    principal = {"@odata.type": f"{CRM}systemuser", "systemuserid": low}
    for _ in range(2):
        added = people.ask(
            "POST", f"queues({members_only})/{CRM}AddPrincipalToQueue", {"Principal": principal}
        )
        assert added.status == 204, added.body
    assert queues_of(people, low, public=False) == ["Inner"]
    wrong = {"@odata.type": f"{CRM}queue", "queueid": open_to_all}
    refused = people.ask(
        "POST", f"queues({members_only})/{CRM}AddPrincipalToQueue", {"Principal": wrong}
    )
    assert refused.error == (400, "0x80040203")


def test_prices_are_worked_out_from_the_lines(dataverse):
    account = dataverse.ask("GET", "accounts?$top=1&$select=name").json["value"][0]["accountid"]
    [product] = dataverse.ask("GET", "products?$top=1&$select=name").json["value"]
    [unit] = dataverse.ask("GET", "uoms?$select=name").json["value"]
    quote = dataverse.create(
        "quotes",
        name="Q",
        discountpercentage=10,
        freightamount=5,
        **{"customerid_account@odata.bind": f"/accounts({account})"},
    )
    for quantity, price, tax in ((2, 50, 3), (1, 100, 0)):
        dataverse.create(
            "quotedetails",
            quantity=quantity,
            priceperunit=price,
            tax=tax,
            ispriceoverridden=True,
            **{
                "quoteid@odata.bind": f"/quotes({quote})",
                "productid@odata.bind": f"/products({product['productid']})",
                "uomid@odata.bind": f"/uoms({unit['uomid']})",
            },
        )
    target = {"@odata.type": f"{CRM}quote", "quoteid": quote}
    assert dataverse.ask("POST", "CalculatePrice", {"Target": target}).status == 204
    shown = dataverse.ask("GET", f"quotes({quote})").json
    assert (shown["totallineitemamount"], shown["totaldiscountamount"]) == (200, 20)
    assert (shown["totaltax"], shown["totalamount"]) == (3, 188)
    assert shown["totalamount_base"] == 188
    refused = dataverse.ask(
        "POST",
        "CalculatePrice",
        {"Target": {"@odata.type": f"{CRM}account", "accountid": account}},
    )
    assert refused.error == (400, "0x80040203")
    body = {"entityLogicalName": "quote", "entityId": quote}
    assert dataverse.ask("POST", "RecalculatePrice", body).status == 204
