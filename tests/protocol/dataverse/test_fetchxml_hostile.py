"""Generated FetchXML and SQL, mostly wrong: always an answer, never a failure inside."""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.simulator.services.dataverse.model.conditions import BY_FETCH_NAME

_ELEMENTS = """
    entity attribute all-attributes no-attrs order filter condition value link-entity x
"""
_COLUMNS = """
    name accountid ownerid revenue createdon statecode numberofemployees parentaccountid
    donotemail primarycontactid contactid parentcustomerid fullname nope owneridname
    statuscodename entityimage versionnumber
"""
_VALUES = """
    account contact nope true false 0 1 2 -1 5000 99999999999999999999 a b a.name and or inner
    outer exists in any all natural matchfirstrowusingcrossapply count sum avg min max
    countcolumn CountChildren day week fiscal-period 2024-01-01 1/1/2024 {} '
"""
_ATTRIBUTES = """
    name alias attribute operator value valueof entityname link-type from to type descending
    aggregate groupby dategrouping rowaggregate distinct
"""
_OPTIONS = """
    top count page paging-cookie distinct aggregate returntotalrecordcount aggregatelimit x
"""
_SQL_WORDS = """
    SELECT FROM WHERE GROUP BY ORDER JOIN LEFT INNER ON AND OR NOT IN LIKE BETWEEN IS NULL TOP
    DISTINCT COUNT SUM OFFSET ROWS FETCH NEXT ONLY AS a c . , ( ) = <> < * 1 2.5 'x' ; account
    contact [ ] -- DESC
"""

_elements = st.sampled_from(_ELEMENTS.split())
_SOURCE = ["attribute", "order", "filter", "link-entity"]
_INSIDE = {
    "entity": _SOURCE,
    "link-entity": _SOURCE,
    "filter": ["condition", "condition", "filter", "link-entity"],
    "condition": ["value"],
}
_columns = st.sampled_from(_COLUMNS.split())
_words = st.one_of(
    _columns,
    st.sampled_from(sorted(BY_FETCH_NAME)),
    st.sampled_from(_VALUES.split()),
    st.just("not any"),
    st.just("not all"),
    st.text(max_size=4),
)
_names = st.sampled_from(_ATTRIBUTES.split())
_likely = {
    "entity": st.just({"name": "account"}),
    "attribute": st.fixed_dictionaries(
        {"name": _columns}, optional={"alias": _words, "groupby": _words, "aggregate": _words}
    ),
    "order": st.fixed_dictionaries(
        {"attribute": _columns}, optional={"descending": _words, "entityname": _words}
    ),
    "condition": st.fixed_dictionaries(
        {"attribute": _columns, "operator": st.sampled_from(sorted(BY_FETCH_NAME))},
        optional={"value": _words, "valueof": _columns, "entityname": _words},
    ),
    "link-entity": st.fixed_dictionaries(
        {"name": st.sampled_from(["account", "contact", "systemuser"])},
        optional={"from": _columns, "to": _columns, "alias": _words, "link-type": _words},
    ),
}


def _tag(name: str, attributes: dict[str, str], inner: list[str]) -> str:
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{shown}>{''.join(inner)}</{name}>"


@st.composite
def _element(draw, parent: str = "entity", depth: int = 0) -> str:
    usual = _INSIDE.get(parent)
    name = draw(st.sampled_from(usual) if usual and draw(st.integers(0, 19)) else _elements)
    likely = _likely.get(name)
    free = st.dictionaries(_names, _words, max_size=3)
    attributes = draw(likely if likely is not None and draw(st.integers(0, 19)) else free)
    has_inner = depth < 3 and name in _INSIDE
    inner = draw(st.lists(_element(name, depth + 1), max_size=3)) if has_inner else []
    return _tag(name, attributes, [escape(draw(_words))] if name == "value" else inner)


_fetch_names = st.sampled_from(_OPTIONS.split())


@settings(max_examples=80)
@given(st.dictionaries(_fetch_names, _words, max_size=2), st.lists(_element(), max_size=5))
def test_fetchxml_is_answered_or_refused(module_environment, options, inner):
    text = _tag("fetch", options, [_tag("entity", {"name": "account"}, inner)])
    prefer = 'odata.include-annotations="*"'
    answer = module_environment.ask("GET", f"accounts?fetchXml={quote(text)}", Prefer=prefer)
    assert answer.status in {200, 400}, (text, answer.body)


_sql = st.lists(
    st.one_of(
        _columns,
        st.sampled_from(_SQL_WORDS.split()),
    ),
    max_size=14,
)


@settings(max_examples=80)
@given(_sql, st.booleans())
def test_sql_is_answered_or_refused(module_environment, parts, is_likely):
    text = ("SELECT name FROM account " if is_likely else "") + " ".join(parts)
    answer = module_environment.ask("GET", f"accounts?sql={quote(text, safe='')}")
    assert answer.status in {200, 400}, (text, answer.body)
