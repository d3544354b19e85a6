"""Names for sample records: made up, without Faker, whose import alone takes a third of a start."""

from __future__ import annotations

import random
from importlib.resources import files
from typing import Final

import orjson

_LISTS: Final[dict[str, list[str]]] = orjson.loads(
    files("windtunnel.simulator.services.dataverse.seed").joinpath("names.json").read_bytes()
)


def person(chance: random.Random) -> tuple[str, str]:
    """A first and a last name."""
    return chance.choice(_LISTS["first"]), chance.choice(_LISTS["last"])


def company(chance: random.Random) -> str:
    """The name of a company, as families give them."""
    first, second = chance.choice(_LISTS["last"]), chance.choice(_LISTS["last"])
    return chance.choice((f"{first} {chance.choice(_LISTS['forms'])}", f"{first}-{second}"))


def city(chance: random.Random) -> str:
    """The name of a town."""
    return chance.choice(_LISTS["cities"])


def telephone(chance: random.Random) -> str:
    """A number of the range kept for fiction."""
    return f"{chance.randrange(201, 990)}-555-01{chance.randrange(100):02}"
