"""Regional settings of a source data format: how its language writes days and numbers.

Whatever the language, a day as ISO writes it is understood. Source: "Data import and export jobs"
(dates follow the regional settings of the source data format); the forms by language are those of
the Unicode CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from windtunnel.simulator.services.data_management.faults import DateInvalid, ValueInvalid

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(
    r"(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})\.?"
    r"(?:[ T,]+(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AaPp])\.?[Mm]\.?)?)?\Z",
    re.ASCII,
)
_SPACES: Final = " \u00a0\u202f"


@dataclass(frozen=True, slots=True)
class Regional:
    """One language: the order of year, month and day; what stands before decimals and thousands."""

    order: Literal["dmy", "mdy", "ymd"]
    decimal: Literal[".", ","]
    thousands: str

    def number(self, text: str) -> str:
        """A number with a point and without groups. Raises ValueInvalid."""
        match = re.fullmatch(
            rf"([+-]?)(\d+|\d{{1,3}}(?:[{re.escape(self.thousands)}]\d{{3}})+|)"
            rf"(?:[{self.decimal}](\d*))?((?:[eE][+-]?\d{{1,3}})?)",
            text,
            re.ASCII,
        )
        if match is None or not (match[2] or match[3]):
            raise ValueInvalid(value=text[:50], reason="it is no number of the format's language")
        sign, whole, part, exponent = match.groups()
        digits = re.sub(r"\D", "", whole) or "0"
        return f"{sign}{digits}{f'.{part}' if part else ''}{exponent}"

    def shown(self, text: str) -> str:
        """A number with a point as the language writes it, without groups."""
        return text.replace(".", self.decimal)

    def moment(self, text: str) -> str:
        """A day, or a day and a time, as ISO writes it. Raises DateInvalid."""
        if _ISO.match(text) is not None:
            return text
        match = _MOMENT.match(text)
        if match is None:
            raise DateInvalid(value=text[:50])
        parts = dict(zip(self.order, match.groups()[:3], strict=True))
        if len(parts["y"]) != 4:
            raise DateInvalid(value=text[:50])
        day = f"{parts['y']}-{int(parts['m']):02d}-{int(parts['d']):02d}"
        hour, minute, second, half = match.groups()[3:]
        if hour is None:
            return day
        if half:
            hour = str(int(hour) % 12 + 12 * (half in {"P", "p"}))
        return f"{day}T{int(hour):02d}:{minute}:{second or '00'}"

    def reader(self, kind: str) -> Callable[[str], str] | None:
        """What texts of a kind of column go through first; None where the language says nothing."""
        if kind in {"number", "integer"}:
            return self.number
        return self.moment if kind in {"date", "moment"} else None


LANGUAGES: Final[Mapping[str, Regional]] = {
    **dict.fromkeys(("en-us",), Regional("mdy", ".", ",")),
    **dict.fromkeys(
        ("en-gb", "en-au", "en-ie", "en-in", "en-nz", "en-sg", "ar", "es-mx", "th"),
        Regional("dmy", ".", ","),
    ),
    **dict.fromkeys(("de-ch", "it-ch"), Regional("dmy", ".", "'\u2019")),
    **dict.fromkeys(
        ("da", "de", "de-at", "es", "it", "nl", "nl-be", "pt-br", "tr", "is"),
        Regional("dmy", ",", "."),
    ),
    **dict.fromkeys(
        ("cs", "et", "fi", "fr", "fr-be", "fr-ch", "lv", "nb-no", "pl", "ru"),
        Regional("dmy", ",", _SPACES),
    ),
    **dict.fromkeys(("fr-ca", "hu", "lt", "sv"), Regional("ymd", ",", _SPACES)),
    **dict.fromkeys(("en-ca", "ja", "zh-hans"), Regional("ymd", ".", ",")),
}
"""Regional settings by language, as user options name languages."""
