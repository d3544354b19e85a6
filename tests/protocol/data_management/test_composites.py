"""Composite entities: orders with their lines as one record of XML."""

from __future__ import annotations

import pytest

from tests.protocol.data_management.conftest import package
from tests.protocol.data_management.test_export import make_project
from windtunnel.simulator.services.data_management.package.manifest import PackageEntity

LABEL = "Sales order composite"
HEADER, LINE = "SALESORDERHEADERV2ENTITY", "SALESORDERLINEV2ENTITY"


def order(number, *items, account="US-001", inside=True):
    lines = "".join(
        f"<{LINE}><ITEMNUMBER>{item}</ITEMNUMBER>"
        f"<ORDEREDSALESQUANTITY>2</ORDEREDSALESQUANTITY></{LINE}>"
        for item in items
    )
    if not items and inside:
        lines = f"<{LINE}/>"
    return (
        f"<{HEADER}><SALESORDERNUMBER>{number}</SALESORDERNUMBER>"
        f"<ORDERINGCUSTOMERACCOUNTNUMBER>{account}</ORDERINGCUSTOMERACCOUNTNUMBER>"
        f"{lines}</{HEADER}>\n"
    )


def orders(*texts, source_format="XML-Element"):
    entities = [PackageEntity(LABEL, "orders.xml", source_format)]
    return package(entities, {"orders.xml": f"<Document>\n{''.join(texts)}</Document>"})


@pytest.fixture
def shop(rig):
    make_project(rig, "Orders", LABEL, "XML-Element")
    rig.project = {"definitionGroupId": "Orders", "overwrite": False}
    return rig


def lines_of(rig, number):
    condition = {"$filter": f"SalesOrderNumber eq '{number}'"}
    return rig.data("GET", "SalesOrderLines", params=condition).json()["value"]


def test_an_order_arrives_with_its_lines(shop):
    data = orders(order("C-1", "D0001", "D0002"), order("C-2"))
    assert shop.run(data, **shop.project) == "Succeeded", shop.errors()
    found = lines_of(shop, "C-1")
    assert [line["ItemNumber"] for line in found] == ["D0001", "D0002"]
    assert lines_of(shop, "C-2") == []
    assert shop.run_detail("run-1", LABEL)["TargetRecordsCreatedCount"] == 4


def test_lines_take_the_number_that_their_header_was_given(shop):
    assert shop.run(orders(order("", "D0001")), **shop.project) == "Succeeded", shop.errors()
    listed = shop.data("GET", "SalesOrderHeadersV2", params={"$orderby": "SalesOrderNumber desc"})
    number = listed.json()["value"][0]["SalesOrderNumber"]
    assert number
    assert lines_of(shop, number)[-1]["ItemNumber"] == "D0001"


def test_a_line_that_is_refused_takes_its_order_with_it(shop):
    data = orders(order("C-1", "D0001", "NOPE"), order("C-2", "D0001"))
    assert shop.run(data, **shop.project) == "PartiallySucceeded"
    (error, *_) = shop.errors()
    assert "NOPE" in error["ErrorMessage"]
    assert "line 2" in error["ErrorMessage"]
    assert lines_of(shop, "C-1") == []
    key = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='{}')"
    assert shop.data("GET", key.format("C-1")).status_code == 404
    assert shop.data("GET", key.format("C-2")).status_code == 200


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (order("C-1", inside=False), "MAP011: The XML node 'SALESORDERLINEV2ENTITY'"),
        ("", "DMF2053"),
        (f"<{LINE}/>", "DMF1830"),
        (order("C-1", "D0001").replace("ITEMNUMBER", "NOSUCH"), "DMF2025"),
        (order("C-1", "D0001").replace(">2<", ">two<"), "DMF2018: The value 'two'"),
        (order("C-1") + "<broken", "DMF1830"),
    ],
)
def test_a_file_at_fault_leaves_nothing(shop, text, code):
    assert (
        shop.run(orders(order("C-0", "D0001") + text if text else ""), **shop.project) == "Failed"
    )
    assert code in shop.errors()[0]["ErrorMessage"]
    assert lines_of(shop, "C-0") == []


def test_a_composite_needs_its_project_xml_and_a_package_of_its_own(rig):
    call = rig.import_call(orders(order("C-1")), overwrite=False)
    assert "A data project must exist before importing" in rig.refusal("ImportFromPackage", **call)
    make_project(rig, "Customer import", LABEL, "XML-Element")
    other = PackageEntity("Customer groups", "orders.xml", "XML-Element")
    both = [PackageEntity(LABEL, "orders.xml", "XML-Element"), other]
    call["packageUrl"] = rig.upload(package(both, {"orders.xml": "<Document/>"}))
    assert "only entity of its data package" in rig.refusal("ImportFromPackage", **call)
    call["packageUrl"] = rig.upload(orders("", source_format="CSV"))
    rig.act("ImportFromPackage", **call)
    rig.work()
    assert "DMF1963" in rig.errors()[0]["ErrorMessage"]


@pytest.mark.parametrize("source_format", ["XML-Element", "XML-Attribute"])
def test_exported_composites_are_read_again(rig, source_format):
    make_project(rig, "Orders", LABEL, source_format)
    assert rig.export(definitionGroupId="Orders") == "Succeeded"
    text = rig.exported()[f"{LABEL}.xml"].decode()
    assert text.count(f"<{HEADER}") > 3
    assert text.count(f"<{LINE}") > text.count(f"<{HEADER}")
    url = rig.act("GetExportedPackageUrl", executionId="out-1")
    status = rig.run(url, definitionGroupId="Orders", overwrite=False)
    assert status in {"Succeeded", "PartiallySucceeded"}, rig.errors()
    assert "DMF" not in str(rig.errors())


def test_a_user_declares_composites(make_rig):
    lines = ({"entity": "Customer groups", "columns": {"PaymentTermId": "Name"}},)
    own = {"name": "Terms", "target": "Terms", "header": "Terms of payment", "lines": lines}
    rig = make_rig(composites=(own,))
    make_project(rig, "P", "Terms", "XML-Element")
    text = (
        "<Document><PAYMENTTERMENTITY><NAME>N99</NAME><CUSTCUSTOMERGROUPENTITY>"
        "<CUSTOMERGROUPID>99</CUSTOMERGROUPID></CUSTCUSTOMERGROUPENTITY></PAYMENTTERMENTITY>"
        "</Document>"
    )
    data = package([PackageEntity("Terms", "t.xml", "XML-Element")], {"t.xml": text})
    assert rig.run(data, definitionGroupId="P", overwrite=False) == "Succeeded", rig.errors()
    row = rig.data("GET", "CustomerGroups(dataAreaId='usmf',CustomerGroupId='99')").json()
    assert row["PaymentTermId"] == "N99"


def test_a_filter_of_a_composite_is_upon_its_header(make_rig):
    wanted = {"project": "Orders", "entity": LABEL, "filter": "SalesOrderNumber eq 'C-2'"}
    rig = make_rig(export_filters=(wanted,))
    make_project(rig, "Orders", LABEL, "XML-Element")
    project = {"definitionGroupId": "Orders", "overwrite": False}
    data = orders(order("C-1", "D0001"), order("C-2", "D0001", "D0002"))
    assert rig.run(data, **project) == "Succeeded", rig.errors()
    assert rig.export(definitionGroupId="Orders") == "Succeeded"
    text = rig.exported()[f"{LABEL}.xml"].decode()
    assert text.count(f"<{HEADER}>") == 1
    assert text.count(f"<{LINE}>") == 2
    assert "<SALESORDERNUMBER>C-2</SALESORDERNUMBER>" in text
