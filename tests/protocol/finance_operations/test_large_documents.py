"""A document of thousands of sets: described piece by piece, so that others are answered meanwhile.

Steps are counted, not timed: no step may make more than a few types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from windtunnel.contracts.entities.finance_operations.definitions import NAMESPACE, EntityTypes
from windtunnel.contracts.entities.finance_operations.imports import imported, opened, packed
from windtunnel.contracts.entities.finance_operations.load import entity_types
from windtunnel.simulator.exchange import Exchange, Identity, Request, Response
from windtunnel.simulator.services.finance_operations.model.document import PIECE

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

SETS = 400
_LABEL = "Microsoft.Dynamics.OData.Core.V1.LabelId"


def _document() -> str:
    types = "".join(
        f'<EntityType Name="Own{n}"><Key><PropertyRef Name="Id"/></Key>'
        '<Property Name="Id" Type="Edm.String" Nullable="false"/>'
        + "".join(f'<Property Name="Column{c}" Type="Edm.String"/>' for c in range(12))
        + f'<Annotation Term="{_LABEL}" String="Own thing {n}"/></EntityType>'
        for n in range(SETS)
    )
    sets = "".join(
        f'<EntitySet Name="Owns{n}" EntityType="{NAMESPACE}.Own{n}"/>' for n in range(SETS)
    )
    return (
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}">{types}'
        f'<EntityContainer Name="Resources">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


@pytest.fixture(scope="module")
def kept() -> bytes:
    return packed(imported({"own.xml": _document().encode()}, entity_types().enums))


@pytest.fixture
def types(kept: bytes) -> EntityTypes:
    return opened(kept)


@pytest.fixture
def large(new_rig: type[Rig], types: EntityTypes) -> Rig:
    return new_rig(imports=[types])


def ask(rig: Rig, path: str, query: str = "", **headers: bytes) -> Response:
    request = Request(
        "GET",
        path,
        query,
        {
            b"host": b"fo.test",
            **{name.replace("_", "-").encode(): value for name, value in headers.items()},
        },
    )
    who = Identity("Admin", "Admin", "sync")
    return rig.service.handle(Exchange(request, "finance_operations", 0.0, who))


def steps(response: Response) -> list[bytes]:
    assert isinstance(response.body, Iterator)
    return list(response.body)


def made(types: EntityTypes) -> int:
    """How many types were made of their lines."""
    found: dict[str, Any] = types.types._made  # type: ignore[attr-defined]
    return len(found)


def test_one_row_makes_one_type(large: Rig, types: EntityTypes) -> None:
    before = made(types)
    assert ask(large, "/metadata/PublicEntities('Own7')").status == 200
    assert ask(large, "/metadata/DataEntities('Own8Entity')").status == 200
    assert ask(large, "/data/Owns9").status == 200
    assert made(types) <= before + 4


@pytest.mark.parametrize("name", ["DataEntities", "PublicEntities"])
def test_a_list_makes_a_type_a_step(large: Rig, types: EntityTypes, name: str) -> None:
    response = ask(large, f"/metadata/{name}", "$count=true&$filter=contains(Name,'Own')")
    assert isinstance(response.body, Iterator)
    body, before = b"", made(types)
    for step in response.body:
        body += step
        assert made(types) <= before + 2
        before = made(types)
    found = orjson.loads(body)
    assert found["@odata.count"] == len(found["value"]) == SETS


def test_the_document_comes_in_small_pieces_and_is_kept(large: Rig, types: EntityTypes) -> None:
    response = ask(large, "/data/$metadata")
    assert isinstance(response.body, Iterator)
    whole, before = b"", made(types)
    for piece in response.body:
        whole += piece
        assert len(piece) < 2 * PIECE
        assert made(types) - before < SETS / 2
        before = made(types)
    assert ask(large, "/data/$metadata").body == whole
    assert large.get("$metadata", headers={"accept-encoding": "gzip"}).content == whole


def test_a_document_that_nobody_reads_to_its_end_is_not_kept(large: Rig) -> None:
    response = ask(large, "/data/$metadata", accept_encoding=b"gzip")
    assert isinstance(response.body, Iterator)
    next(response.body)
    assert isinstance(ask(large, "/data/$metadata").body, Iterator)


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Nope eq 'x'",
        "$filter=Name eq 'no' and Nope eq 'x'",
        "$orderby=Nope",
        "$select=Nope",
    ],
)
@pytest.mark.parametrize("path", ["DataEntities", "DataEntities/$count"])
def test_a_query_is_refused_before_anything_is_sent(large: Rig, path: str, query: str) -> None:
    answer = large.call("GET", f"/metadata/{path}?{query}")
    assert answer.status_code == 400
    assert "Could not find a property named 'Nope'" in answer.text


def test_a_list_is_sorted_and_cut_as_asked(large: Rig) -> None:
    query = "$orderby=PublicEntityName desc&$skip=1&$top=2&$filter=startswith(Name,'Own')"
    rows = large.call("GET", f"/metadata/DataEntities?{query}").json()["value"]
    names = sorted((f"own{n}" for n in range(SETS)), reverse=True)[1:3]
    assert [row["PublicEntityName"].lower() for row in rows] == names
    nothing = large.call("GET", "/metadata/DataEntities?$top=0").json()
    assert nothing["value"] == []


def test_ids_of_labels_do_not_depend_on_what_was_asked_before(
    new_rig: type[Rig], kept: bytes
) -> None:
    def label(*paths: str) -> str:
        rig = new_rig(imports=[opened(kept)])
        for path in paths:
            rig.call("GET", f"/metadata/{path}")
        found: str = rig.call("GET", "/metadata/DataEntities('Own5Entity')").json()["LabelId"]
        text = rig.call("GET", f"/metadata/Labels(Id='{found}',Language='en-us')").json()["Value"]
        assert text == "Own thing 5"
        return found

    assert label() == label("PublicEntities('Own9')", "PublicEnumerations('NoYes')")
