"""Imported $metadata: what is read is what is written; bad documents are refused by place."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    Declared,
    EntityType,
    EntityTypes,
    Enumeration,
    Navigation,
    Property,
)
from windtunnel.contracts.entities.finance_operations.document import write_document
from windtunnel.contracts.entities.finance_operations.imports import imported, opened, packed
from windtunnel.contracts.entities.finance_operations.load import document, entity_types
from windtunnel.contracts.entities.finance_operations.wire import X_TYPES
from windtunnel.contracts.entities.imports import ImportProblem
from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.imports import read_imports
from windtunnel.simulator.services.finance_operations.model.environment import Environment

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("WT_SHARED_DATA", ROOT.parent / "shared/data"))

_NAMES = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True)
_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿"),
    max_size=12,
)
_NOTES = st.lists(
    st.tuples(st.sampled_from(["HelpTextId", "LookupGroup"]), st.just("String"), _TEXTS),
    max_size=2,
    unique_by=lambda note: note[0],
).map(tuple)
_ENUMS = st.builds(
    Enumeration,
    _NAMES.map(lambda name: f"E{name}"),
    st.dictionaries(_NAMES, st.integers(-5, 300), min_size=1, max_size=4),
    st.just({}),
    _TEXTS,
)


@st.composite
def _types(draw: Any) -> EntityTypes:
    enums = {enum.name: enum for enum in draw(st.lists(_ENUMS, max_size=3))}
    edm = st.sampled_from([*X_TYPES, *(f"{NAMESPACE}.{name}" for name in enums)])
    properties = st.builds(
        Property,
        _NAMES,
        edm,
        st.booleans(),
        _TEXTS,
        st.sampled_from(["", "Date", "UtcDateTime", "Time", "String"]),
        st.sampled_from(["", "BR", "BR,IT"]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        _NOTES,
    )
    names = draw(st.lists(_NAMES, min_size=1, max_size=4, unique=True))
    kinds = {}
    for name in names:
        columns = {item.name: item for item in draw(st.lists(properties, min_size=1, max_size=5))}
        many = draw(st.booleans())
        link = Navigation(
            f"To{name}",
            draw(st.sampled_from(names)),
            many,
            ((next(iter(columns)), "X"),) if draw(st.booleans()) else (),
            draw(st.sampled_from(["", "Back"])),
            draw(st.booleans()) and not many,
        )
        kinds[f"{name}Set"] = EntityType(
            name,
            f"{name}Set",
            (next(iter(columns)),),
            columns,
            {link.name: link},
            label=draw(_TEXTS),
            is_read_only=draw(st.booleans()),
            notes=draw(_NOTES),
            bindings=((link.name, f"{link.target}Set"),),
        )
    action = Declared(
        "Run",
        names[0],
        many=True,
        is_imported=False,
        text=f'<Action Name="Run" IsBound="true"><Parameter Name="{names[0]}" '
        f'Type="Collection({NAMESPACE}.{names[0]})" /></Action>',
    )
    return EntityTypes(
        kinds,
        enums,
        {kind.name: name for name, kind in kinds.items()},
        (action,) if draw(st.booleans()) else (),
    )


@settings(max_examples=80)
@given(types=_types())
def test_an_imported_document_emits_an_equal_model(types: EntityTypes) -> None:
    assert imported({"a": write_document([types])}) == types


@settings(max_examples=80)
@given(types=_types())
def test_the_kept_form_opens_as_an_equal_model(types: EntityTypes) -> None:
    found = opened(packed(types))
    assert dict(found.types) == dict(types.types)
    assert (found.enums, found.sets_by_type) == (types.enums, types.sets_by_type)
    assert found.actions == types.actions


def test_the_standard_document_is_read_as_it_was_written() -> None:
    found, standard = imported({"a": gzip.compress(document())}), entity_types()
    assert found.enums == standard.enums
    for name, kind in standard.types.items():
        read = found.types[name]
        assert read.properties == kind.properties
        assert (read.key, read.navigations) == (kind.key, kind.navigations)
        assert (read.label, read.is_read_only) == (kind.label, kind.is_read_only)
    assert write_document([found]) == document()


def schema(inner: str, space: str = NAMESPACE) -> bytes:
    return (
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{space}">\n{inner}\n</Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    ).encode()


TYPE = (
    '<EntityType Name="T"><Key><PropertyRef Name="{key}"/></Key>\n'
    '<Property Name="A" Type="{edm}"/></EntityType>'
)
SET = (
    '\n<EntityContainer Name="Resources"><EntitySet Name="Ts" '
    f'EntityType="{NAMESPACE}.{{kind}}"/></EntityContainer>'
)


def with_properties(more: str) -> bytes:
    """A type with these too, behind a line end."""
    own = TYPE.format(key="A", edm="Edm.String").replace("</EntityType>", f"\n{more}</EntityType>")
    return schema(own + SET.format(kind="T"))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "not well-formed XML: no element found"),
        (b"{}", "line 1, column 1: This is not well-formed XML"),
        (b"<a/>", "begins with a, not with Edmx"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "declaration is refused"),
        (gzip.compress(document(), mtime=0)[:-9], "ends early"),
        (schema("", "Microsoft.Dynamics.CRM"), "Its namespace is Microsoft.Dynamics.CRM, not"),
        (
            schema(TYPE.format(key="A", edm="Edm.String") + SET.format(kind="U")),
            "line 4, column 1: The entity set Ts has the unknown type",
        ),
        (
            schema(TYPE.format(key="B", edm="Edm.String") + SET.format(kind="T")),
            "line 2, column 1: The key of T is not among its properties",
        ),
        (
            schema(TYPE.format(key="A", edm="Edm.Nothing") + SET.format(kind="T")),
            "line 3, column 1: The property A has the unknown type Edm.Nothing",
        ),
        (
            schema(TYPE.format(key="A", edm=f"{NAMESPACE}.None") + SET.format(kind="T")),
            "The property A has the unknown type",
        ),
        (
            with_properties('<Property Name="a" Type="Edm.String"/>'),
            "line 4, column 1: The property a of T stands there twice",
        ),
        (
            with_properties('<Property Name="A" Type="Edm.Int32"/>'),
            "line 4, column 1: The property A of T stands there twice",
        ),
        (
            with_properties('<Property Name="recid" Type="Edm.Int64"/>'),
            "line 4, column 1: The property recid of T must be written RecId",
        ),
        (
            with_properties('<Property Name="B"/>'),
            "line 4, column 1: A property of T has no name or no type",
        ),
        (
            with_properties('<Property Type="Edm.String"/>'),
            "line 4, column 1: A property of T has no name or no type",
        ),
        (
            with_properties(
                "".join(f'<Property Name="P{n}" Type="Edm.String"/>' for n in range(1_024))
            ),
            "line 2, column 1: T has more than 1,024 properties",
        ),
        (
            schema(
                TYPE.format(key="A", edm="Edm.String")
                + SET.format(kind="T").replace('"Ts"', '"customersv3"')
            ),
            "line 4, column 1: The entity set customersv3 must be written CustomersV3",
        ),
    ],
)
def test_a_bad_document_is_refused_with_its_place(tmp_path: Path, raw: bytes, text: str) -> None:
    with pytest.raises(ImportProblem):
        imported({"bad": raw})
    file = tmp_path / "bad.xml"
    file.write_bytes(raw)
    with pytest.raises(UsageError) as caught:
        read_imports([file], tmp_path)
    assert text in str(caught.value)
    assert caught.value.where == str(file)
    assert "/data/$metadata" in caught.value.remedy
    assert not (tmp_path / "imports").exists()


def test_enumerations_of_the_standard_sets_are_known() -> None:
    raw = schema(TYPE.format(key="A", edm=f"{NAMESPACE}.NoYes") + SET.format(kind="T"))
    found = imported({"a": raw}, entity_types().enums)
    assert found.types["Ts"].properties["A"].edm == f"{NAMESPACE}.NoYes"


def test_a_file_is_read_once_as_long_as_it_does_not_change(tmp_path: Path) -> None:
    file = tmp_path / "own.xml"
    file.write_bytes(document())
    [first] = read_imports([file], tmp_path)
    [kept] = (tmp_path / "imports").iterdir()
    before = kept.stat().st_mtime_ns
    [second] = read_imports([file], tmp_path)
    assert dict(first.types) == dict(second.types)
    assert kept.stat().st_mtime_ns == before
    file.write_bytes(document() + b"\n")
    read_imports([file], tmp_path)
    assert len(list((tmp_path / "imports").iterdir())) == 2


def test_documents_of_dataverse_are_told_apart(tmp_path: Path) -> None:
    file = SHARED / "csdl/dataverse-dfa-2022-07.wire.xml.gz"
    if not file.is_file():
        pytest.skip(f"the collected documents are not here: {file}")
    with pytest.raises(UsageError) as caught:
        read_imports([file], tmp_path)
    assert "Microsoft.Dynamics.CRM" in str(caught.value)


def test_records_stay_when_a_later_document_has_more_columns() -> None:
    store, clock = Store(), ManualClock()
    changes = Changes(store, clock)
    key = TYPE.format(key="A", edm="Edm.String")
    wider = key.replace("</EntityType>", '<Property Name="B" Type="Edm.Int32"/></EntityType>')
    rows = []
    for text in (key, wider):
        types = imported({"a": schema(text + SET.format(kind="T"))})
        made = Environment(
            store, changes, clock, Ids(), FinanceOperationsSettings(), LIMITS, imports=[types]
        )
        made.seed()
        own = made.sets["Ts"]
        made.writing.create(own, {"A": f"row {len(rows)}"}, "Admin")
        rows = own.records.find({}, limit=10)
    assert [(row["A"], row["B"]) for row in rows] == [("row 0", 0), ("row 1", 0)]
