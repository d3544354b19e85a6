"""The data section: constants, and values of Faker providers from one seeded source."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from uuid import UUID

from windtunnel.scenarios.errors import ExpressionError
from windtunnel.scenarios.functions import plain
from windtunnel.scenarios.templates import render

if TYPE_CHECKING:
    from faker import Faker

_FAKER_KEYS = {"$faker", "locale", "args", "unique"}
_LIST_KEYS = {"$list", "count"}
_MOST_ENTRIES = 100_000


def check_data(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Mistakes in generators: path inside `data`, message, remedy."""
    for where, generator in _generators(data, ()):
        kind = "$faker" if "$faker" in generator else "$list"
        allowed = _FAKER_KEYS if kind == "$faker" else _LIST_KEYS
        for key in set(generator) - allowed:
            yield (*where, key), f"the key '{key}' is unknown beside {kind}", _there_are(allowed)
        if kind == "$faker":
            yield from _check_faker(where, generator)
        else:
            count = generator.get("count")
            if isinstance(count, bool) or not isinstance(count, int):
                yield where, "$list needs a whole number 'count'", "add 'count: 10'"
            elif not 0 <= count <= _MOST_ENTRIES:
                yield (*where, "count"), f"count is 0 to {_MOST_ENTRIES:,}", ""


def _generators(
    value: Any, where: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "$faker" in value or "$list" in value:
            yield where, value
        for key, item in value.items():
            yield from _generators(item, (*where, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _generators(item, (*where, number))


def _there_are(names: Any) -> str:
    return f"there are: {', '.join(sorted(names))}"


def _check_faker(
    where: tuple[str | int, ...], generator: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    provider, locale = generator["$faker"], generator.get("locale")
    try:
        faker = _faker(locale, 0)
    except (AttributeError, TypeError, ValueError):
        yield (*where, "locale"), f"Faker has no locale {locale!r}", "write it like de_DE"
        return
    names = _providers(faker)
    if provider not in names:
        near = get_close_matches(str(provider), names, n=1)
        remedy = f"did you mean '{near[0]}'?" if near else "see Faker's list of standard providers"
        yield (*where, "$faker"), f"Faker has no provider {provider!r}", remedy
    if not isinstance(generator.get("args", {}), Mapping):
        yield (*where, "args"), "args is a mapping of the provider's arguments", ""


def _providers(faker: Faker) -> list[str]:
    return [
        name
        for name in dir(faker.factories[0])
        if not name.startswith(("_", "add_", "set_", "seed", "get_", "del_", "random", "provider"))
    ] + ["random_int", "random_element", "random_elements", "random_digit", "random_letter"]


def _faker(locale: str | None, seed: int) -> Faker:
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(seed)
    return faker


class DataMaker:
    """Makes the values of one scenario; equal seeds make equal values."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.random = random.Random(seed)
        self._fakers: dict[str | None, Faker] = {}

    def uuid(self) -> str:
        """A new GUID of the seeded source."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def make(self, data: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
        """Every value in order; templates may refer to earlier ones as `${data.NAME}`."""
        made: dict[str, Any] = {}
        inner = {**scope, "data": made}
        for name, value in data.items():
            made[name] = self._value(value, inner)
        return made

    def _value(self, value: Any, scope: Mapping[str, Any]) -> Any:
        if isinstance(value, Mapping):
            if "$faker" in value:
                return self._fake(value, scope)
            if "$list" in value:
                return [self._value(value["$list"], scope) for _ in range(value["count"])]
            return {key: self._value(item, scope) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, scope) for item in value]
        return render(value, scope)

    def _fake(self, generator: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
        locale = generator.get("locale")
        faker = self._fakers.get(locale)
        if faker is None:
            faker = self._fakers[locale] = _faker(locale, self._seed)
        source = faker.unique if generator.get("unique") else faker
        provider = generator["$faker"]
        try:
            return _json(getattr(source, provider)(**render(generator.get("args", {}), scope)))
        except Exception as error:
            raise ExpressionError(f"Faker's {provider}: {error}") from error


def _json(value: Any) -> Any:
    """What a provider made, as JSON knows it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, UUID | time):
        return str(value)
    if isinstance(value, set | tuple):
        return [_json(item) for item in value]
    if isinstance(value, datetime | date | timedelta):
        return plain(value)
    return value
