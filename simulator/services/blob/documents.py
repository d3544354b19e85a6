"""The XML of Blob Storage: reading what clients send, as if hostile; writing answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from windtunnel.contracts.csdl.model import CsdlError, Node
from windtunnel.contracts.csdl.read import parse_xml
from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.services.blob.authorization.sas import read_moment
from windtunnel.simulator.services.blob.errors import (
    BlobError,
    InvalidTags,
    InvalidXmlDocument,
    InvalidXmlNodeValue,
)
from windtunnel.simulator.services.blob.model.blocks import Block
from windtunnel.simulator.services.blob.model.containers import MOST_POLICIES
from windtunnel.simulator.services.blob.model.tables import AccessPolicy

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = re.compile(r"[A-Za-z0-9 +\-./:=_]*")
MOST_TAGS, LONGEST_TAG_NAME, LONGEST_TAG_VALUE = 10, 128, 256


def element(name: str, text: object = None) -> str:
    """One element; without text, or None, it is empty."""
    if text is None or text == "":
        return f"<{name} />"
    shown = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return f"<{name}>{escape(shown)}</{name}>"


def group(name: str, inner: Iterable[str], **attributes: str) -> str:
    """An element around others."""
    given = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{given}>{''.join(inner)}</{name}>"


def document(body: str) -> bytes:
    """The bytes of an answer, with the byte order mark that the service puts before it."""
    return b"\xef\xbb\xbf" + f"{DECLARATION}{body}".encode()


def is_plain_xml(text: str) -> bool:
    """Whether XML 1.0 can hold a text."""
    return _NOT_XML.search(text) is None


def error_body(error: BlobError, request_id: str, time: str) -> bytes:
    """The body of an error."""
    message = f"{error.message}\nRequestId:{request_id}\nTime:{time}"
    details = [element(name, text) for name, text in error.details]
    return document(
        group("Error", [element("Code", error.code), element("Message", message), *details])
    )


# -- reading ---------------------------------------------------------------------------------------


def _root(body: bytes, name: str) -> Node:
    try:
        root = parse_xml(body)
    except CsdlError as error:
        line, column = error.line or 0, error.column or 0
        raise InvalidXmlDocument(line, column, error.message) from error
    if root.local != name:
        raise InvalidXmlDocument(root.line, 1, f"The root element is {root.local}, not {name}.")
    return root


def read_block_list(body: bytes) -> list[tuple[str, str]]:
    """Kind and id of each block in order. Raises InvalidXmlDocument."""
    found: list[tuple[str, str]] = []
    for node in _root(body, "BlockList").children:
        if node.local not in {"Committed", "Uncommitted", "Latest"}:
            raise InvalidXmlDocument(node.line, 1, f"{node.local} is not expected here.")
        found.append((node.local, node.text))
    return found


def read_policies(body: bytes) -> tuple[AccessPolicy, ...]:
    """Stored access policies. Raises InvalidXmlDocument, InvalidXmlNodeValue."""
    if not body:
        return ()
    found: list[AccessPolicy] = []
    for node in _root(body, "SignedIdentifiers").children:
        name = _text(node, "Id")
        if not 0 < len(name) <= 64:
            raise InvalidXmlNodeValue("Id", name)
        policy = next((child for child in node.children if child.local == "AccessPolicy"), None)
        start, expiry, letters = (
            ("", "", "")
            if policy is None
            else (_text(policy, "Start"), _text(policy, "Expiry"), _text(policy, "Permission"))
        )
        for key, moment in (("Start", start), ("Expiry", expiry)):
            if moment and read_moment(moment) is None:
                raise InvalidXmlNodeValue(key, moment)
        if any(letter not in "racwdxyltmefopi" for letter in letters):
            raise InvalidXmlNodeValue("Permission", letters)
        found.append(AccessPolicy(name, start, expiry, letters))
    if len(found) > MOST_POLICIES or len({policy.id for policy in found}) < len(found):
        raise InvalidXmlDocument(1, 1, f"At most {MOST_POLICIES} identifiers, each once.")
    return tuple(found)


def _text(node: Node, name: str) -> str:
    return next((child.text for child in node.children if child.local == name), "")


def read_tags(body: bytes) -> dict[str, str]:
    """Tags of a blob. Raises InvalidXmlDocument, InvalidTags."""
    found: list[tuple[str, str]] = []
    for part in _root(body, "Tags").children:
        found += [(_text(node, "Key"), _text(node, "Value")) for node in part.children]
    return checked_tags(found)


def checked_tags(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Tags within their rules. Raises InvalidTags."""
    if len(pairs) > MOST_TAGS:
        raise InvalidTags(reason=f"A blob has at most {MOST_TAGS} tags.")
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise InvalidTags(reason="A key stands twice.")
    for key, value in pairs:
        is_fitting = 0 < len(key) <= LONGEST_TAG_NAME and len(value) <= LONGEST_TAG_VALUE
        if not is_fitting or not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            raise InvalidTags(reason="A key or a value is too long or has other characters.")
    return tags


# -- service properties ----------------------------------------------------------------------------

_SECTIONS: Final = (
    "Logging",
    "HourMetrics",
    "MinuteMetrics",
    "Cors",
    "DefaultServiceVersion",
    "DeleteRetentionPolicy",
    "StaticWebsite",
)
_OFF: Final = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
_METRICS: Final = f"<Version>1.0</Version><Enabled>false</Enabled>{_OFF}"
DEFAULT_PROPERTIES: Final = (
    "<StorageServiceProperties><Logging><Version>1.0</Version><Read>false</Read>"
    f"<Write>false</Write><Delete>false</Delete>{_OFF}</Logging>"
    f"<HourMetrics>{_METRICS}</HourMetrics><MinuteMetrics>{_METRICS}</MinuteMetrics><Cors />"
    "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"
    "<StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>"
)


def merged_properties(present: str, body: bytes) -> str:
    """The service properties after a change. Raises InvalidXmlDocument, Absent."""
    sections = {node.local: node for node in parse_xml(present.encode()).children}
    for node in _root(body, "StorageServiceProperties").children:
        if node.local not in _SECTIONS:
            raise InvalidXmlDocument(node.line, 1, f"{node.local} is not expected here.")
        for name, feature in (
            ("DeleteRetentionPolicy", "soft delete"),
            ("StaticWebsite", "static websites"),
        ):
            if node.local == name and _text(node, "Enabled").lower() == "true":
                raise Absent(feature)
        sections[node.local] = node
    inner = [_shown(sections[name]) for name in _SECTIONS if name in sections]
    return group("StorageServiceProperties", inner)


def _shown(node: Node) -> str:
    if node.children:
        return group(node.local, [_shown(child) for child in node.children])
    return element(node.local, node.text)


# -- writing ---------------------------------------------------------------------------------------


def block_lists(committed: Iterable[Block] | None, staged: Iterable[Block] | None) -> bytes:
    """The answer of Get Block List; None leaves a list out."""
    parts: list[str] = []
    for name, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", staged)):
        if blocks is not None:
            parts.append(
                group(
                    name,
                    [
                        group("Block", [element("Name", block.id), element("Size", block.size)])
                        for block in blocks
                    ],
                )
            )
    return document(group("BlockList", parts))


def policies(found: Iterable[AccessPolicy]) -> bytes:
    """The answer of Get Container ACL."""
    parts: list[str] = []
    for policy in found:
        terms = [
            element(name, value)
            for name, value in (
                ("Start", policy.start),
                ("Expiry", policy.expiry),
                ("Permission", policy.permissions),
            )
            if value
        ]
        parts.append(
            group("SignedIdentifier", [element("Id", policy.id), group("AccessPolicy", terms)])
        )
    return document(group("SignedIdentifiers", parts))


def tag_set(tags: dict[str, str]) -> str:
    """Tags as an element."""
    inner = [
        group("Tag", [element("Key", key), element("Value", value)])
        for key, value in sorted(tags.items())
    ]
    return group("Tags", [group("TagSet", inner)])


def page_ranges(pages: Iterable[tuple[int, int]], cleared: Iterable[tuple[int, int]] = ()) -> bytes:
    """The answer of Get Page Ranges: pairs of first byte and the one behind the last."""
    parts = [
        group(name, [element("Start", start), element("End", end - 1)])
        for name, ranges in (("PageRange", pages), ("ClearRange", cleared))
        for start, end in ranges
    ]
    return document(group("PageList", parts))
