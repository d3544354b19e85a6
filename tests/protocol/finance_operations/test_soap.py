"""Custom services as SOAP: descriptions, calls, faults; what is hostile is refused."""

from __future__ import annotations

import re

import pytest
from defusedxml import ElementTree

from tests.protocol.finance_operations.conftest import Rig
from tests.protocol.finance_operations.custom_service_settings import SETTINGS

PATH = "/soap/services/ContosoServices"
TEMPURI = "http://tempuri.org"
ENVELOPES = {
    "text/xml; charset=utf-8": "http://schemas.xmlsoap.org/soap/envelope/",
    "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope",
}
CONTEXT = "http://schemas.microsoft.com/dynamics/2013/01/datacontracts"


@pytest.fixture(scope="module")
def shared() -> Rig:
    return Rig(**SETTINGS)


def envelope(body: str, header: str = "", space: str = ENVELOPES["text/xml; charset=utf-8"]) -> str:
    return (
        f'<s:Envelope xmlns:s="{space}"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def send(
    rig, operation, content, media="text/xml; charset=utf-8", service="ContosoCustomerService"
):
    headers = {"content-type": media}
    if media.startswith("text"):
        headers["soapaction"] = f'"{TEMPURI}/{service}/{operation}"'
    else:
        headers["content-type"] += f';action="{TEMPURI}/{service}/{operation}"'
    return rig.call("POST", PATH, content=content.encode(), headers=headers)


def texts(answer, name):
    root = ElementTree.fromstring(answer.content)
    return [node.text for node in root.iter() if node.tag.rpartition("}")[2] == name]


@pytest.mark.parametrize("token", ["sync", ""])
def test_a_description_leads_to_all_its_documents(rig, token):
    waiting, seen = [f"{PATH}?wsdl"], {}
    while waiting:
        url = waiting.pop()
        answer = rig.call("GET", url, token=token)
        assert answer.status_code == 200, url
        ElementTree.fromstring(answer.content)
        seen[url] = answer.text
        found = re.findall(
            r'(?:location|schemaLocation)="https://fo\.test([^"]*\?[^"]*)"', answer.text
        )
        waiting += [place for place in found if place not in seen]
    kinds = sorted(url.partition("?")[2] for url in seen)
    assert kinds == [
        "wsdl",
        "wsdl=wsdl0",
        "wsdl=wsdl1",
        *(f"xsd=xsd{number}" for number in range(8)),
    ]
    assert f'soapAction="{TEMPURI}/ContosoCustomerService/createCustomer"' in seen[f"{PATH}?wsdl"]
    assert 'targetNamespace="http://contoso.example/other"' in seen[f"{PATH}?xsd=xsd7"]
    assert 'name="ArrayOfContosoLine"' in seen[f"{PATH}?xsd=xsd4"]


@pytest.mark.parametrize("query", ["wsdl=wsdl9", "xsd=xsd9", "xsd=", "wsdl=x"])
def test_a_document_that_is_not_there_is_not_found(rig, query):
    assert rig.call("GET", f"{PATH}?{query}").status_code == 404
    assert rig.call("GET", f"/soap/services/Nobody?{query}").status_code == 404
    assert rig.call("GET", PATH).status_code == 405
    assert rig.call("GET", f"{PATH}?singleWsdl").headers["x-windtunnel-absent"] == "singleWsdl"


@pytest.mark.parametrize(("media", "space"), ENVELOPES.items())
def test_a_call_in_either_version_brings_result_and_infolog(rig, media, space):
    body = (
        f'<createCustomer xmlns="{TEMPURI}"><_request xmlns:a="urn:any">'
        "<a:Account>S-1</a:Account><a:Blocked>No</a:Blocked>"
        "<a:Lines><a:ContosoLine><a:Number>4</a:Number><a:Text>x &amp; y</a:Text></a:ContosoLine>"
        "</a:Lines><a:Wanted>2026-02-03T00:00:00</a:Wanted></_request></createCustomer>"
    )
    header = f'<CallContext xmlns="{CONTEXT}"><Company>usrt</Company></CallContext>'
    answer = send(rig, "createCustomer", envelope(body, header, space), media)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media.partition(";")[0])
    assert texts(answer, "Account") == ["S-1"]
    assert texts(answer, "Company") == ["usrt"]
    assert texts(answer, "Number") == ["8"]
    assert texts(answer, "Text") == ["x & y"]
    assert texts(answer, "Message") == ["Customer S-1 was created."]
    assert texts(answer, "Type") == ["Info"]


@pytest.mark.parametrize(("media", "space"), ENVELOPES.items())
def test_a_refusal_is_a_fault_with_its_detail_and_undone(rig, media, space):
    body = (
        f'<createCustomer xmlns="{TEMPURI}"><_request><Account>S-2</Account>'
        "<Blocked>Yes</Blocked></_request></createCustomer>"
    )
    answer = send(rig, "createCustomer", envelope(body, "", space), media)
    assert answer.status_code == 500
    assert texts(answer, "ExceptionMessage") == ["Blocked customers cannot be created."]
    assert texts(answer, "ExceptionType") == ["BlockedException"]
    assert texts(answer, "RequestId") == [answer.headers["ms-dyn-aid"]]
    assert rig.rows("CustomersV3?cross-company=true&$filter=CustomerAccount eq 'S-2'") == []


def test_what_is_not_sent_has_its_default(rig):
    answer = send(rig, "echo", envelope(f'<echo xmlns="{TEMPURI}"/>'))
    assert answer.status_code == 200, answer.text
    assert texts(answer, "p_int") == ["0"]
    assert texts(answer, "p_real") == ["0.0"]
    assert texts(answer, "p_NoYes") == ["No"]
    nil = f'<echo xmlns="{TEMPURI}" xmlns:i="urn:i"><p_int i:nil="true"/></echo>'
    assert texts(send(rig, "echo", envelope(nil)), "p_int") == ["0"]
    answer = send(rig, "nothing", envelope(f'<nothing xmlns="{TEMPURI}"/>'))
    assert answer.status_code == 200
    assert texts(answer, "nothingResponse") == [None]


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("none", "<none/>", "ActionNotSupported"),
        ("ping", "<other/>", "DeserializationFailed"),
        ("echo", "<echo><p_int>x</p_int></echo>", "DeserializationFailed"),
        ("echo", "<echo><p_int/></echo>", "DeserializationFailed"),
        ("echo", "<echo><p_NoYes>Perhaps</p_NoYes></echo>", "DeserializationFailed"),
    ],
)
def test_a_call_that_does_not_fit_is_a_fault(rig, operation, body, code):
    answer = send(rig, operation, envelope(body))
    assert answer.status_code == 500
    assert texts(answer, "faultcode") == [f"a:{code}"]
    assert "x-windtunnel-bug" not in answer.headers


BOMB = '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]>'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<a/>",
        "<s:Envelope",
        envelope(""),
        BOMB + envelope("<ping>&z;</ping>"),
        '<!DOCTYPE a SYSTEM "file:///etc/hostname">' + envelope("<ping/>"),
        envelope("<a>" * 500 + "</a>" * 500),
    ],
)
def test_what_is_no_envelope_or_hostile_is_refused(rig, content):
    answer = send(rig, "ping", content)
    assert answer.status_code == 400
    assert "x-windtunnel-bug" not in answer.headers


def test_another_format_is_refused(rig):
    headers = {"content-type": "application/json"}
    assert rig.call("POST", PATH, content=b"{}", headers=headers).status_code == 415
    assert rig.call("POST", PATH, content=b"", token="").status_code == 401
