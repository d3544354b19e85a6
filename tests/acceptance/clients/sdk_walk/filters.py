"""Every operator with which the query builder compares, and what it finds."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from PowerPlatform.Dataverse.models import filters as said
from PowerPlatform.Dataverse.models.filters import FilterExpression, col, raw

from sdk_walk.either import MARK, settle, walk

PRIMARY = uuid.uuid4()
ROWS = [
    {"accountid": str(PRIMARY), "name": "alpha one", "numberofemployees": 1, "revenue": 10.5},
    {"name": "beta two", "numberofemployees": 2, "revenue": 20, "creditonhold": True},
    {"name": "gamma 'three'", "numberofemployees": 3, "lastonholdtime": "2026-03-01T10:30:00Z"},
    {"name": "delta & four", "numberofemployees": 4, "revenue": 40},
    {"name": "epsilon", "numberofemployees": None, "lastonholdtime": "2026-04-01T00:00:00Z"},
]
N = "numberofemployees"
# A row without a value differs from every value: `ne`, `NotIn` and the like return it, too.
MOMENT = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
FOUND: tuple[tuple[FilterExpression, str], ...] = (
    (col(N) == 2, "2"),
    (col(N) != 2, "1345"),
    (col(N) > 2, "34"),
    (col(N) >= 2, "234"),
    (col(N) < 3, "12"),
    (col(N) <= 3, "123"),
    (col(N) == None, "5"),  # noqa: E711 - the SDK's own operator
    (col(N) != None, "1234"),  # noqa: E711
    (col(N).is_null(), "5"),
    (col(N).is_not_null(), "1234"),
    (col(N).in_([1, 4]), "14"),
    (col(N).in_((9,)), ""),
    (col(N).not_in([1, 4]), "235"),
    (col(N).between(2, 3), "23"),
    (col(N).not_between(2, 3), "145"),
    (col("name").contains("a o"), "1"),
    (col("name").contains("'three'"), "3"),
    (col("name").contains("a & f"), "4"),
    (col("name").startswith("BETA"), "2"),
    (col("name").endswith("four"), "4"),
    (col("name").like("%a%"), "1234"),
    (col("name").like("alpha%"), "1"),
    (col("name").like("%two"), "2"),
    (col("name").like("epsilon"), "5"),
    (col("name").not_like("%a%"), "5"),
    (col("name").in_(["epsilon", "delta & four"]), "45"),
    (col("accountid") == PRIMARY, "1"),
    (col("accountid").in_([PRIMARY, uuid.uuid4()]), "1"),
    (col("creditonhold") == True, "2"),  # noqa: E712 - the SDK's own operator
    (col("revenue") > 10.4, "124"),
    (col("lastonholdtime") == MOMENT, "3"),
    (col("lastonholdtime") > MOMENT, "5"),
    (col("lastonholdtime") < date(2026, 3, 2), "3"),
    ((col(N) > 1) & (col(N) < 4), "23"),
    ((col(N) == 1) | (col("name") == "epsilon"), "15"),
    (~(col(N) == 1) & ~col(N).is_null(), "234"),
    ((col(N) == 1) | ((col(N) > 2) & (col("revenue") == 40)), "14"),
    (raw("contains(name,'a') and numberofemployees lt 3"), "12"),
    (raw("not contains(name,'a')"), "5"),
    (said.eq(N, 2), "2"),
    (said.ne(N, 2), "1345"),
    (said.gt(N, 2), "34"),
    (said.ge(N, 2), "234"),
    (said.lt(N, 3), "12"),
    (said.le(N, 3), "123"),
    (said.contains("name", "psi"), "5"),
    (said.startswith("name", "del"), "4"),
    (said.endswith("name", "one"), "1"),
    (said.between(N, 2, 3), "23"),
    (said.not_between(N, 2, 3), "145"),
    (said.is_null(N), "5"),
    (said.is_not_null(N), "1234"),
    (said.filter_in(N, [1, 4]), "14"),
    (said.not_in(N, [1, 4]), "235"),
)


@walk("finds by every operator what that operator means")
async def _(client: Any) -> None:
    keys = await settle(
        client.records.create("account", [row | {"description": MARK} for row in ROWS])
    )
    place = {key: str(number) for number, key in enumerate(keys, 1)}
    wrong = []
    for expression, expected in FOUND:
        query = client.query.builder("account").select("accountid")
        found = await settle(query.where(col("description") == MARK).where(expression).execute())
        places = "".join(sorted(place[row["accountid"]] for row in found))
        if places != expected:
            wrong.append(f"{expression.to_odata()}: {places or 'none'}, not {expected or 'none'}")
    await settle(client.records.delete("account", keys))
    assert not wrong, "; ".join(wrong)
