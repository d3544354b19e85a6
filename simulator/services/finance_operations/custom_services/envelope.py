"""SOAP envelopes, 1.1 and 1.2: reading calls as if hostile, writing results and faults. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from windtunnel.contracts.csdl.model import CsdlError, Node
from windtunnel.contracts.csdl.read import parse_xml
from windtunnel.simulator.entity_sets.custom_services import InfologEntry
from windtunnel.simulator.services.finance_operations.custom_services import namespaces as ns
from windtunnel.simulator.services.finance_operations.custom_services.invoking import Context
from windtunnel.simulator.services.finance_operations.custom_services.xml_values import text_of


class NotSoap(ValueError):
    """A body that is no envelope."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was sent: the operation's element, the call context, the action of WS-Addressing."""

    operation: Node
    context: Context
    action: str


def read_envelope(body: bytes) -> Envelope:
    """The parts of an envelope. Raises NotSoap."""
    try:
        root = parse_xml(body)
    except CsdlError as error:
        raise NotSoap(error.message) from error
    content = _child(root, "Body")
    if root.local != "Envelope" or content is None or not content.children:
        raise NotSoap("There is no envelope with a body.")
    header = _child(root, "Header")
    context, action = Context(), ""
    if header is not None:
        given = _child(header, "CallContext")
        if given is not None:
            context = Context(_text(given, "Company"), _text(given, "Language"))
        action = _text(header, "Action")
    return Envelope(content.children[0], context, action)


def _child(node: Node, name: str) -> Node | None:
    return next((child for child in node.children if child.local == name), None)


def _text(node: Node, name: str) -> str:
    found = _child(node, name)
    return "" if found is None else found.text


def result(version: str, space: str, name: str, inner: str, infolog: Iterable[InfologEntry]) -> str:
    """The envelope of an answer; `inner` is the element of the result, or nothing."""
    entries = "".join(
        f"<h:InfologEntry><h:Message>{text_of(entry.message)}</h:Message>"
        f"<h:Type>{entry.type}</h:Type></h:InfologEntry>"
        for entry in infolog
    )
    return (
        f'<s:Envelope xmlns:s="{version}"><s:Header>'
        f'<h:Infolog xmlns:h="{ns.CONTEXT}"><h:Entries>{entries}</h:Entries></h:Infolog>'
        f'</s:Header><s:Body><{name}Response xmlns="{space}" xmlns:i="{ns.XSI}">{inner}'
        f"</{name}Response></s:Body></s:Envelope>"
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong; `code` is a name of SOAP 1.1, with its namespace where it has one."""

    code: str
    text: str
    detail: str = ""
    code_space: str = ""


def operation_fault(text: str, kind: str, request_id: str) -> Fault:
    """What an operation threw."""
    detail = (
        f'<Fault xmlns="{ns.CONTEXT}"><ExceptionMessage>{text_of(text)}</ExceptionMessage>'
        f"<ExceptionType>{text_of(kind)}</ExceptionType><RequestId>{request_id}</RequestId></Fault>"
    )
    return Fault("Client", text, detail)


def fault(version: str, what: Fault) -> str:
    """The envelope of a fault."""
    text = text_of(what.text)
    if version == ns.SOAP_12:
        code = {"Client": "Sender", "Server": "Receiver"}.get(what.code, "Sender")
        sub = ""
        if what.code_space:
            value = f'<s:Value xmlns:a="{what.code_space}">a:{what.code}</s:Value>'
            sub = f"<s:Subcode>{value}</s:Subcode>"
        detail = f"<s:Detail>{what.detail}</s:Detail>" if what.detail else ""
        inner = (
            f"<s:Code><s:Value>s:{code}</s:Value>{sub}</s:Code>"
            f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>{detail}'
        )
    else:
        space = f' xmlns:a="{what.code_space}"' if what.code_space else ""
        prefix = "a" if what.code_space else "s"
        detail = f"<detail>{what.detail}</detail>" if what.detail else ""
        inner = (
            f"<faultcode{space}>{prefix}:{what.code}</faultcode>"
            f'<faultstring xml:lang="en-US">{text}</faultstring>{detail}'
        )
    return (
        f'<s:Envelope xmlns:s="{version}"><s:Body><s:Fault>{inner}</s:Fault></s:Body></s:Envelope>'
    )
