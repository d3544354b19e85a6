"""What a test holds of a running simulator: its URLs, tokens, clock, journal, faults and limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from windtunnel.simulator.web.faults import FaultRule
from windtunnel.simulator.web.running import Simulator

_PATIENCE_SECONDS = 60.0
"""More than httpx's own five: a test shares its machine with others."""


class Service:
    """One simulated service: its base URL, a token for it, and a client that carries the token."""

    def __init__(self, env: Mapping[str, str], url: str) -> None:
        self._env = env
        self.url = url

    def token(self, client_id: str = "", secret: str = "") -> str:
        """A token for this service by client credentials; the demo client's without arguments."""
        env = self._env
        answer = httpx.post(
            f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id or env["WT_CLIENT_ID"],
                "client_secret": secret or env["WT_CLIENT_SECRET"],
                "scope": f"{self.url}/.default",
            },
            verify=tls_of(env),
            timeout=_PATIENCE_SECONDS,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def client(self, **options: Any) -> httpx.Client:
        """An httpx client with base URL, token and the local CA."""
        headers = {"authorization": f"Bearer {self.token()}", **options.pop("headers", {})}
        options = {"timeout": _PATIENCE_SECONDS, "verify": tls_of(self._env), **options}
        return httpx.Client(base_url=self.url, headers=headers, **options)


def tls_of(env: Mapping[str, str]) -> Any:
    """A TLS context that trusts the local CA."""
    import ssl

    return ssl.create_default_context(cafile=env["WT_CA_FILE"])


class ClockHandle:
    """The simulator's time."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._simulator.call(lambda house: house.clock.now())

    def freeze(self) -> None:
        """Stop the clock."""
        self._simulator.call(lambda house: house.clock.pace(0.0))

    def advance(self, seconds: float) -> None:
        """Move it forward; what becomes due happens before this returns."""
        self._simulator.call(lambda house: house.clock.advance(seconds))

    def scale(self, factor: float) -> None:
        """Let it run at a factor of real time."""
        self._simulator.call(lambda house: house.clock.pace(factor))


class JournalHandle:
    """The requests that came in."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def entries(self, **wanted: Any) -> list[dict[str, Any]]:
        """Recorded requests, oldest first, whose summary has all the given members."""
        found = self._simulator.call(lambda house: [entry.detail() for entry in house.journal])
        return [line for line in found if all(line.get(k) == v for k, v in wanted.items())]


class FaultsHandle:
    """The faults in force."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def add(self, **rule: Any) -> str:
        """Put a fault in force (see FaultRule); returns its id."""
        made = FaultRule.model_validate(rule)
        return self._simulator.call(lambda house: house.faults.add(made).id)

    def clear(self) -> None:
        """Take all faults out of force."""
        self._simulator.call(lambda house: house.faults.clear())


class LimitsHandle:
    """The limits in force."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def override(self, limit: str, **numbers: float) -> None:
        """Give a limit another `allowance` or another window of `seconds`."""
        self._simulator.call(lambda house: house.override_limits({limit: numbers}))

    def use(self) -> list[dict[str, Any]]:
        """How far each identity went into each limit."""
        return self._simulator.call(lambda house: house.limit_use())


class Windtunnel:
    """The fixture's value."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.env: Mapping[str, str] = simulator.env
        self.dataverse = Service(self.env, self.env["WT_DATAVERSE_URL"])
        self.fo = Service(self.env, self.env["WT_FO_URL"])
        self.clock = ClockHandle(simulator)
        self.journal = JournalHandle(simulator)
        self.faults = FaultsHandle(simulator)
        self.limits = LimitsHandle(simulator)

    def reset(self) -> None:
        """Back to the first content, clock, ids and counters."""
        self.simulator.reset()
