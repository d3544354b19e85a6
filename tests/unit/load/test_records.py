"""Bodies of records: of the planned size, and such as the service takes."""

from __future__ import annotations

import json

import pytest

from windtunnel.load.records import TEMPLATES, UNIQUE, make_bodies


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=[f"{s}.{n}" for s, n in TEMPLATES])
@pytest.mark.parametrize("size", [10, 800, 4096])
def test_a_body_has_the_planned_size_and_no_text_longer_than_its_column(template, size):
    made = make_bodies(
        template, size=size, seed="s", prefix="p", company="usmf", borrowed={}, partial=False
    )
    for number, halves in enumerate(made.halves):
        text = UNIQUE.encode().join(half for half in halves if half)
        record = json.loads(made.body(number))
        assert len(text) == size or (len(text) > size and template.filler not in record)
        assert len(record.get(template.filler, "")) <= template.longest
