"""Which rules throttle requests of finance and operations in which release.

Source: "Service protection API limits" (finance and operations), its note on the history. Both
rules work together where both are on; before 10.0.19 neither is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from windtunnel.contracts.limits.table import Limits

BY_LOAD: Final = "fo.load"
BY_USER: Final = "fo.requests"


@dataclass(frozen=True, slots=True)
class ThrottlingRules:
    """Which of the two rules count: the load of the environment, and each user's requests."""

    by_load: bool
    by_user: bool

    @property
    def name(self) -> str:
        """`resource`, `user`, `both` or `none`."""
        if self.by_user:
            return "both" if self.by_load else "user"
        return "resource" if self.by_load else "none"


def throttling_rules(release: str, limits: Limits) -> ThrottlingRules:
    """What throttles in a release unless an environment chose otherwise."""
    return ThrottlingRules(limits[BY_LOAD].is_on_in(release), limits[BY_USER].is_on_in(release))


def with_user_limits(release: str, limits: Limits) -> ThrottlingRules:
    """The same where the feature *User-based service protection API limits* is switched on."""
    return ThrottlingRules(limits[BY_LOAD].is_on_in(release), limits[BY_USER].holds_in(release))
