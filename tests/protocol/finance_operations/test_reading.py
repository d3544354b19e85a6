"""GET below /data: scope of companies, keys, query options, pages, shapes of answers."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from windtunnel.simulator.exchange import UsageError

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

CONTEXT = "https://fo.test/data/$metadata"
CUSTOMER = "CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def test_the_service_document_lists_public_collections(rig: Rig) -> None:
    body = rig.get("").json()
    assert body["@odata.context"] == CONTEXT
    assert {"name": "CustomersV3", "kind": "EntitySet", "url": "CustomersV3"} in body["value"]
    assert rig.call("GET", "/data").json() == body


def test_every_answer_carries_version_type_and_activity_id(rig: Rig) -> None:
    answer = rig.get("CustomerGroups")
    assert answer.headers["odata-version"] == "4.0"
    assert answer.headers["content-type"] == (
        "application/json; odata.metadata=minimal; charset=utf-8"
    )
    assert len(answer.headers["ms-dyn-aid"]) == 36
    assert len(rig.get("Nope").headers["ms-dyn-aid"]) == 36


def test_metadata_has_the_container_and_the_annotations_of_the_real_document(rig: Rig) -> None:
    answer = rig.get("$metadata")
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.text)  # noqa: S314 - our own document
    container = root.find(f".//{EDM}EntityContainer")
    assert container is not None
    assert container.get("Name") == "Resources"
    assert len(container.findall(f"{EDM}EntitySet")) == 55
    customer = root.find(f".//{EDM}EntityType[@Name='CustomerV3']")
    assert customer is not None
    assert len(customer.findall(f"{EDM}Property")) == 305
    keys = [ref.get("Name") for ref in customer.findall(f"{EDM}Key/{EDM}PropertyRef")]
    assert keys == ["dataAreaId", "CustomerAccount"]


# -- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        CUSTOMER,
        "CustomersV3(CustomerAccount='US-001',dataAreaId='usmf')",
        "CustomersV3(dataAreaId='usmf', CustomerAccount='US-001')",
        "CustomersV3(dataAreaId='USMF',CustomerAccount='us-001')",
        "CustomersV3(dataAreaId=%27usmf%27,CustomerAccount=%27US-001%27)",
    ],
)
def test_a_key_finds_its_record_in_any_order_and_case(rig: Rig, path: str) -> None:
    body = rig.get(path).json()
    assert body["@odata.context"] == f"{CONTEXT}#CustomersV3/$entity"
    assert body["OrganizationName"] == "Contoso Retail San Diego"
    assert body["dataAreaId"] == "usmf"


@pytest.mark.parametrize(
    "path",
    [
        "CustomersV3('US-001')",
        "CustomersV3(CustomerAccount='US-001')",
        "CustomersV3(dataAreaId='usmf',CustomerAccount='US-001',Extra='x')",
        "CustomersV3(dataAreaId='usmf',CustomerAccount='US-001'",
        "CustomersV3(dataAreaId='usmf',CustomerAccount=5)",
        "CustomersV3()",
        "customersv3",
        "Nope",
        f"{CUSTOMER}/Nope",
        f"{CUSTOMER}/OrganizationName/x",
        "CustomersV3/OrganizationName",
    ],
)
def test_a_path_without_a_route_is_404_in_the_shape_of_web_api(rig: Rig, path: str) -> None:
    answer = rig.get(path)
    assert answer.status_code == 404
    body = answer.json()
    assert list(body) == ["Message"]
    assert body["Message"].startswith("No HTTP resource was found that matches the request URI '")
    assert body["Message"].endswith("'. No route data was found for this request.")


def test_a_key_of_one_field_may_stand_alone(rig: Rig) -> None:
    assert rig.get("Currencies('USD')").json() == rig.get("Currencies(CurrencyCode='USD')").json()


def test_an_absent_key_is_404_without_a_body(rig: Rig) -> None:
    answer = rig.get("CustomersV3(dataAreaId='usmf',CustomerAccount='nobody')")
    assert (answer.status_code, answer.content) == (404, b"")


# -- scope ---------------------------------------------------------------------------------------


def test_lists_are_limited_to_the_default_company(rig: Rig) -> None:
    assert {row["dataAreaId"] for row in rig.rows("CustomersV3")} == {"usmf"}


def test_cross_company_opens_all_companies(rig: Rig) -> None:
    rows = rig.rows("CustomersV3?cross-company=true&$select=dataAreaId")
    assert {row["dataAreaId"] for row in rows} == {"usmf", "usrt", "demf", "gbsi"}


def test_another_company_in_the_filter_alone_finds_nothing(rig: Rig) -> None:
    assert rig.rows("CustomersV3?$filter=dataAreaId eq 'demf'") == []
    found = rig.rows("CustomersV3?cross-company=true&$filter=dataAreaId eq 'DEMF'")
    assert {row["dataAreaId"] for row in found} == {"demf"}


def test_a_record_of_another_company_needs_cross_company(rig: Rig) -> None:
    path = "CustomersV3(dataAreaId='demf',CustomerAccount='DE-001')"
    assert rig.get(path).status_code == 404
    assert rig.get(f"{path}?cross-company=true").status_code == 200
    assert rig.get(path).status_code == 404


def test_shared_sets_have_no_company(rig: Rig) -> None:
    assert "dataAreaId" not in rig.rows("Currencies")[0]
    assert len(rig.rows("LegalEntities")) == 4


# -- shapes --------------------------------------------------------------------------------------


def test_the_etag_is_version_and_record_id_in_base64_with_their_quotes(rig: Rig) -> None:
    etag = rig.rows("CustomerGroups?$top=1")[0]["@odata.etag"]
    text = base64.b64decode(etag.removeprefix('W/"').removesuffix('"')).decode()
    assert text.startswith("'0,56371")
    order = rig.rows("SalesOrderHeadersV2?$top=1")[0]["@odata.etag"]
    decoded = base64.b64decode(order.removeprefix('W/"').removesuffix('"')).decode()
    assert decoded.count(";0,0") == 5


def test_nothing_is_null_but_empty(rig: Rig) -> None:
    row = rig.get(CUSTOMER).json()
    assert row["TaxExemptNumber"] == ""
    assert row["CreditLimitIsMandatory"] == "No"
    assert row["CredManCreditLimitDate"] == "1900-01-01T12:00:00Z"
    assert row["AddressValidTo"] == "1900-01-01T00:00:00Z"
    assert row["CreditLimit"] == 5000


def test_select_shortens_the_record_and_names_it_in_the_context(rig: Rig) -> None:
    body = rig.get("CustomerGroups?$select=dataAreaId,CustomerGroupId&$top=1").json()
    assert body["@odata.context"] == f"{CONTEXT}#CustomerGroups(dataAreaId,CustomerGroupId)"
    assert list(body["value"][0]) == ["@odata.etag", "dataAreaId", "CustomerGroupId"]


def test_expand_nests_one_level_with_own_etags(rig: Rig) -> None:
    body = rig.get(
        "SalesOrderHeadersV2?$select=SalesOrderNumber,SalesOrderLines"
        "&$expand=SalesOrderLines($select=InventoryLotId,ItemNumber)"
    ).json()
    assert body["@odata.context"] == (
        f"{CONTEXT}#SalesOrderHeadersV2"
        "(SalesOrderNumber,SalesOrderLines,SalesOrderLines(InventoryLotId,ItemNumber))"
    )
    first = body["value"][0]
    assert list(first) == ["@odata.etag", "SalesOrderNumber", "SalesOrderLines"]
    assert list(first["SalesOrderLines"][0]) == ["@odata.etag", "InventoryLotId", "ItemNumber"]


def test_expand_of_a_single_record_is_an_object_or_null(rig: Rig) -> None:
    rows = rig.rows("Warehouses?$expand=OperationalSite,QuarantineWarehouse&$orderby=WarehouseId")
    by_id = {row["WarehouseId"]: row for row in rows}
    assert by_id["21"]["OperationalSite"]["SiteId"] == "2"
    assert by_id["21"]["QuarantineWarehouse"]["WarehouseId"] == "28"
    assert by_id["11"]["QuarantineWarehouse"] is None


def test_full_metadata_adds_types_and_links(rig: Rig) -> None:
    accept = {"accept": "application/json;odata.metadata=full"}
    answer = rig.get("SalesOrderHeadersV2?$top=1", headers=accept)
    assert "odata.metadata=full" in answer.headers["content-type"]
    row = answer.json()["value"][0]
    assert row["@odata.type"] == "#Microsoft.Dynamics.DataEntities.SalesOrderHeaderV2"
    link = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000001')"
    assert row["@odata.id"] == f"https://fo.test/data/{link}"
    assert row["@odata.editLink"] == link
    assert row["OrderTotalAmount@odata.type"] == "#Decimal"
    status = "#Microsoft.Dynamics.DataEntities.SalesStatus"
    assert row["SalesOrderStatus@odata.type"] == status
    assert row["SalesOrderLines@odata.navigationLink"].endswith(f"{link}/SalesOrderLines")


def test_no_metadata_leaves_values_only(rig: Rig) -> None:
    accept = {"accept": "application/json;odata.metadata=none"}
    body = rig.get("CustomerGroups?$top=1&$select=CustomerGroupId", headers=accept).json()
    assert body == {"value": [{"CustomerGroupId": "10"}]}


def test_properties_and_navigation_of_a_record(rig: Rig) -> None:
    name = rig.get(f"{CUSTOMER}/OrganizationName").json()
    assert name["value"] == "Contoso Retail San Diego"
    assert rig.get(f"{CUSTOMER}/OrganizationName/$value").text == "Contoso Retail San Diego"
    order = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000002')"
    lines = rig.rows(f"{order}/SalesOrderLines")
    assert {line["SalesOrderNumber"] for line in lines} == {"000002"}
    assert int(rig.get(f"{order}/SalesOrderLines/$count").text) == len(lines)
    line = f"SalesOrderLines(dataAreaId='usmf',InventoryLotId='{lines[0]['InventoryLotId']}')"
    assert rig.get(f"{line}/SalesOrderHeaderV2").json()["SalesOrderNumber"] == "000002"


# -- query options -------------------------------------------------------------------------------

NS = "Microsoft.Dynamics.DataEntities"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CustomerAccount eq 'US-001'", {"US-001"}),
        ("OrganizationName eq '*RETAIL san*'", {"US-001"}),
        ("OrganizationName eq 'Contoso*'", {"US-001"}),
        ("CustomerAccount le 'US-002'", {"US-001", "US-002"}),
        (f"OnHoldStatus eq {NS}.CustVendorBlocked'All'", {"US-030"}),
        ("CreditLimit add 1 eq 5001 and CustomerAccount lt 'US-005'", {"US-001"}),
        ("not (CustomerAccount gt 'US-001')", {"US-001"}),
    ],
)
def test_filters_find(rig: Rig, text: str, expected: set[str]) -> None:
    rows = rig.call("GET", "/data/CustomersV3", params={"$filter": text}).json()["value"]
    assert {row["CustomerAccount"] for row in rows} == expected


def test_a_filter_goes_through_single_navigation(rig: Rig) -> None:
    status = f"SalesOrderHeaderV2/SalesOrderStatus eq {NS}.SalesStatus'Invoiced'"
    rows = rig.rows(f"SalesOrderLines?$filter={status}")
    assert {row["SalesOrderNumber"] for row in rows} == {"000001", "000002"}


BAD_QUERIES: list[tuple[str, str]] = [
    ("$filter=Nope eq 1", "Could not find a property named 'Nope' on type "),
    ("$select=Nope", "Could not find a property named 'Nope' on type "),
    ("$expand=Nope", "Could not find a property named 'Nope' on type "),
    ("$orderby=Nope", "Could not find a property named 'Nope' on type "),
    ("$filter=contains(SalesOrderName,'x')", "An unknown function with name 'contains'"),
    ("$filter=SalesOrderNumber in ('1','2')", "in"),
    ("$filter=RequestedShippingDate gt '2026-01-01'", "incompatible types"),
    ("$filter=SalesOrderStatus eq 'Invoiced'", "incompatible types"),
    (f"$filter=SalesOrderStatus gt {NS}.SalesStatus'Invoiced'", "incompatible types"),
    (f"$filter=SalesOrderStatus eq {NS}.SalesStatus'Nope'", "not a valid enumeration"),
    ("$filter=SalesOrderNumber eq", "position"),
    ("$search=x", "The query parameter '$search' is not supported."),
    ("$apply=aggregate($count as n)", "The query parameter '$apply' is not supported."),
    ("$top=-1", "$top"),
    ("$top=x", "$top"),
    ("$skiptoken=x", "$skiptoken"),
    ("$expand=SalesOrderLines($expand=SalesOrderHeaderV2)", "$expand"),
    ("$expand=SalesOrderNumber", "navigation property"),
    ("$format=xml", "$format"),
    ("$filter=%zz", "URI"),
]


@pytest.mark.parametrize(("query", "part"), BAD_QUERIES)
def test_bad_queries_are_400_in_both_texts(rig: Rig, query: str, part: str) -> None:
    answer = rig.get(f"SalesOrderHeadersV2?{query}")
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == ""
    assert part in error["innererror"]["message"]
    prefix = "The query specified in the URI is not valid. "
    assert error["message"] == prefix + error["innererror"]["message"]
    assert error["innererror"]["type"] == "Microsoft.OData.ODataException"


def test_count_counts_all_matches(rig: Rig) -> None:
    body = rig.get("CustomersV3?$count=true&$top=3").json()
    assert (body["@odata.count"], len(body["value"])) == (30, 3)
    assert "@odata.nextLink" not in body
    answer = rig.get("CustomersV3/$count")
    assert (answer.text, answer.headers["content-type"]) == ("30", "text/plain; charset=utf-8")
    assert rig.get("CustomersV3/$count?$filter=CustomerAccount eq 'US-001'").text == "1"
    assert rig.get("CustomersV3/$count?cross-company=true").text == "120"


def test_pages_follow_each_other_by_next_link(new_rig: type[Rig]) -> None:
    rig = new_rig(page_size=7)
    path, seen, pages = (
        "CustomersV3?cross-company=true&$orderby=OrganizationName desc&$top=20",
        [],
        0,
    )
    while path:
        body = rig.get(path).json()
        seen += [(row["dataAreaId"], row["CustomerAccount"]) for row in body["value"]]
        path = body.get("@odata.nextLink", "").removeprefix("https://fo.test/data/")
        pages += 1
    assert (pages, len(seen), len(set(seen))) == (3, 20, 20)


def test_pages_may_follow_each_other_by_skip_tokens(new_rig: type[Rig]) -> None:
    rig = new_rig(page_size=50, next_link="skiptoken")
    url, seen = "CustomersV3?cross-company=true&$select=CustomerAccount&$skip=10", 0
    while url:
        body = rig.get(url).json()
        seen += len(body["value"])
        url = body.get("@odata.nextLink", "").removeprefix("https://fo.test/data/")
        assert not url or "$skiptoken=" in url
    assert seen == 110
    assert rig.get("CustomersV3?$skiptoken=x").status_code == 400


def test_string_functions_are_taken_where_the_settings_say_so(new_rig: type[Rig]) -> None:
    rig = new_rig(string_functions="accepted")
    found = rig.rows("CustomersV3?$filter=startswith(CustomerAccount,'US-00')")
    assert found
    assert all(row["CustomerAccount"].startswith("US-00") for row in found)
    assert rig.get("CustomersV3?$filter=round(CreditLimit) eq 1").status_code == 400


def test_answers_are_compressed_for_who_takes_it_and_metadata_is_packed_once(
    new_rig: type[Rig],
) -> None:
    rig = new_rig()
    plain = {"accept-encoding": "identity"}
    packed = {"accept-encoding": "gzip, deflate"}
    for path in ("$metadata", "CustomersV3"):
        whole = rig.get(path, headers=plain)
        short = rig.get(path, headers=packed)
        assert "content-encoding" not in whole.headers
        assert short.headers["content-encoding"] == "gzip"
        assert short.content == whole.content
        assert int(short.headers["content-length"]) < int(whole.headers["content-length"]) / 4
    document = rig.service.environment.document
    assert document.packed() is document.packed()
    never = rig.get("$metadata", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in never.headers
    off = new_rig(compression=False)
    assert "content-encoding" not in off.get("$metadata", headers=packed).headers


def test_a_client_may_ask_for_smaller_pages_only(rig: Rig) -> None:
    answer = rig.get("CustomersV3", headers={"prefer": "odata.maxpagesize=5"})
    assert answer.headers["preference-applied"] == "odata.maxpagesize=5"
    assert len(answer.json()["value"]) == 5
    assert "$skip=5" in answer.json()["@odata.nextLink"]
    large = rig.get("CustomersV3", headers={"prefer": "odata.maxpagesize=50000"})
    assert "preference-applied" not in large.headers


@pytest.mark.parametrize(
    ("path", "feature"),
    [
        ("QualityOrderHeaders", "entity set QualityOrderHeaders"),
        (f"{CUSTOMER}/QualityOrderHeaders", "navigation property CustomersV3/QualityOrderHeaders"),
        (
            f"{CUSTOMER}?$expand=QualityOrderHeaders",
            "navigation property CustomersV3/QualityOrderHeaders",
        ),
        (
            "CustomersV3?$filter=WriteOffFinancialReasonsSetup/Reason eq 'x'",
            "navigation property CustomersV3/WriteOffFinancialReasonsSetup",
        ),
        (f"{CUSTOMER}/DimensionSet/$ref", "links ($ref)"),
        ("CustomersV3/$ref", "links ($ref)"),
        ("SrsFinanceCopilots", "entity set SrsFinanceCopilots"),
    ],
)
def test_what_is_not_simulated_says_so(rig: Rig, path: str, feature: str) -> None:
    answer = rig.get(path)
    assert (answer.status_code, answer.headers["x-windtunnel-absent"]) == (501, feature)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_links_are_not_written(rig: Rig, method: str) -> None:
    answer = rig.call(method, f"/data/{CUSTOMER}/Warehouses/$ref", {"@odata.id": "x"})
    assert (answer.status_code, answer.headers["x-windtunnel-absent"]) == (501, "links ($ref)")


def test_a_set_may_have_the_name_that_an_older_client_calls_it_by(new_rig: type[Rig]) -> None:
    rig = new_rig(set_aliases={"SalesOrderLinesV2": "SalesOrderLines"})
    answer = rig.get("SalesOrderLinesV2?$top=1&$select=ItemNumber")
    assert answer.json()["@odata.context"].endswith("#SalesOrderLines(ItemNumber)")
    sent = {"SalesOrderNumber": "000005", "ItemNumber": "D0001"}
    made = rig.call("POST", "/data/SalesOrderLinesV2", sent)
    assert made.status_code == 201
    assert "/SalesOrderLines(" in made.headers["location"]
    assert rig.get("SalesOrderLinesV3/$count").text == rig.get("SalesOrderLinesV2/$count").text


@pytest.mark.parametrize(
    ("aliases", "text"),
    [
        ({"Lines": "SalesOrderLine"}, "Did you mean SalesOrderLines?"),
        ({"Lines": "zzzzzz"}, "GET /data lists the sets."),
        ({"CustomersV3": "VendorsV2"}, "'CustomersV3' is an entity set of its own"),
    ],
)
def test_a_wrong_further_name_is_told_at_the_start(
    new_rig: type[Rig], aliases: dict[str, str], text: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(text)):
        new_rig(set_aliases=aliases)


def test_a_record_that_is_as_it_was_is_not_sent_again(rig: Rig) -> None:
    path = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')"
    etag = rig.get(path).headers["etag"]
    for tags in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        same = rig.get(path, headers={"if-none-match": tags})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    for tags in ('W/"x"', "nonsense", ""):
        assert rig.get(path, headers={"if-none-match": tags}).status_code == 200
    assert rig.call("PATCH", f"/data/{path}", {"Description": "New"}).status_code == 204
    changed = rig.get(path, headers={"if-none-match": etag})
    assert (changed.status_code, changed.json()["Description"]) == (200, "New")
    assert rig.get(path.replace("'10'", "'no'"), headers={"if-none-match": "*"}).status_code == 404


def test_a_record_behind_a_navigation_has_its_etag_in_the_header_too(rig: Rig) -> None:
    line = rig.rows("SalesOrderLines?$top=1")[0]["InventoryLotId"]
    path = f"SalesOrderLines(dataAreaId='usmf',InventoryLotId='{line}')/SalesOrderHeaderV2"
    answer = rig.get(path)
    assert answer.headers["etag"] == answer.json()["@odata.etag"]
