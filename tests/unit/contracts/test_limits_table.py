"""The table of limits: rows, messages, overrides."""

from __future__ import annotations

import re

import pytest

from windtunnel.contracts.limits import COSTS, LIMITS, Confidence, Limit, Limits, UnknownLimit


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda limit: limit.id)
def test_each_row_is_complete(limit: Limit):
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", limit.id)
    assert limit.unit
    assert limit.allowance >= 0
    assert limit.source or limit.confidence is Confidence.MODEL
    assert not limit.message(7).count("{")
    if limit.code:
        assert limit.decimal == int(limit.code, 16) - 2**32


@pytest.mark.parametrize(
    ("limit_id", "allowance", "seconds", "status", "code"),
    [
        ("dataverse.requests", 6000, 300, 429, "0x80072322"),
        ("dataverse.execution-time", 1200, 300, 429, "0x80072321"),
        ("dataverse.concurrency", 52, 0, 429, "0x80072326"),
        ("dataverse.search", 1, 1, 429, ""),
        ("dataverse.batch", 1000, 0, 0, ""),
        ("dataverse.page", 5000, 0, 0, ""),
        ("fo.batch", 5000, 0, 0, ""),
        ("fo.page", 10_000, 0, 0, ""),
        ("business-events.endpoints", 10, 0, 0, ""),
        ("data-events.burst", 5000, 300, 0, ""),
        ("data-events.hour", 50_000, 3600, 0, ""),
        ("event-grid.event", 1024 * 1024, 0, 0, ""),
    ],
)
def test_published_numbers(limit_id, allowance, seconds, status, code):
    limit = LIMITS[limit_id]
    assert (limit.allowance, limit.seconds, limit.status, limit.code) == (
        allowance,
        seconds,
        status,
        code,
    )


def test_an_unknown_id_is_refused_with_the_nearest():
    with pytest.raises(UnknownLimit, match=r"did you mean 'dataverse\.requests'") as caught:
        LIMITS["dataverse.request"]
    assert caught.value.suggestion == "dataverse.requests"
    assert "dataverse.request" not in LIMITS


def test_override_changes_one_row_of_a_copy():
    changed = LIMITS.override("dataverse.requests", allowance=8000)
    assert changed["dataverse.requests"].allowance == 8000
    assert LIMITS["dataverse.requests"].allowance == 6000
    assert "exceeded the limit of 8000 over" in changed["dataverse.requests"].message()
    assert list(changed) == list(LIMITS)


@pytest.mark.parametrize(
    ("limit_id", "change"),
    [
        ("dataverse.requests", {"allowance": -1}),
        ("dataverse.requests", {"allowance": float("nan")}),
        ("dataverse.requests", {"seconds": 0}),
        ("dataverse.concurrency", {"seconds": 5}),
    ],
)
def test_senseless_overrides_are_refused(limit_id, change):
    with pytest.raises(ValueError, match=limit_id):
        LIMITS.override(limit_id, **change)


def test_ids_are_unique():
    row = LIMITS["fo.page"]
    with pytest.raises(ValueError, match=r"fo\.page"):
        Limits([row, row])


def test_costs_add_up_in_a_batch_and_can_be_changed():
    model = COSTS["dataverse"]
    assert model.seconds("list", 100) == pytest.approx(0.05)
    assert model.seconds("no such operation") == model.costs["other"].base
    create = model.seconds("create")
    assert model.batch_seconds([create] * 3) == pytest.approx(
        model.costs["batch"].base + 3 * create
    )
    assert model.override("create", base=1).seconds("create") == 1
    with pytest.raises(UnknownLimit, match="did you mean 'create'"):
        model.override("creat", base=1)
    with pytest.raises(ValueError, match="create"):
        model.override("create", row=-1)
