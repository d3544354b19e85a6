"""What a user of the environment may do, and in which company the user works by default.

Source: "Cross-company behavior" (company of the user), "Services home page" (the application works
as the user it is mapped to).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import FinanceOperationsUserSettings

READ: Final = "read"
WRITE: Final = "write"
EVERYTHING: Final = "*"
_ALLOWS: Final = {"none": (), READ: (READ,), WRITE: (READ, WRITE)}


@dataclass(frozen=True, slots=True)
class User:
    """One user; `access` by set name, `*` for the others. Without any, the user may do all."""

    id: str
    company: str
    enabled: bool = True
    access: Mapping[str, str] = field(default_factory=dict)

    def may(self, need: str, entity_set: str) -> bool:
        """Whether the user's privileges cover reading or writing a set."""
        if not self.access:
            return True
        level = self.access.get(entity_set) or self.access.get(EVERYTHING, "none")
        return need in _ALLOWS[level]


class Users:
    """The users of the settings; everyone else is an administrator in the default company.

    Spellings that were asked for are kept: as many as there are mapped applications and people.
    """

    def __init__(self, users: Iterable[FinanceOperationsUserSettings], company: str) -> None:
        self._company = company.lower()
        self._known = {
            user.id.lower(): User(
                user.id, (user.company or company).lower(), user.enabled, user.access
            )
            for user in users
        }

    def check(self, sets: Collection[str]) -> None:
        """Raises UsageError for privileges on a set that is not there."""
        for user in self._known.values():
            for name in user.access:
                if name != EVERYTHING and name not in sets:
                    close = difflib.get_close_matches(name, sets, 1)
                    raise UsageError(
                        f"there is no entity set '{name}'",
                        where=f"[[finance_operations.users]] {user.id}, access",
                        remedy=f"Did you mean {close[0]}?"
                        if close
                        else "GET /data lists the sets.",
                    )

    def of(self, user_id: str) -> User:
        """The user of an id, which ignores case."""
        user = self._known.get(user_id)
        if user is None:
            user = self._known.get(user_id.lower()) or User(user_id, self._company)
            self._known[user_id] = user
        return user
