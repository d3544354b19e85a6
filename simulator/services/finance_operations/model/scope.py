"""Which companies a request sees. Source: "Cross-company behavior", data entities docs."""

from __future__ import annotations

from windtunnel.simulator.kernel.store import Store, quoted


class Companies:
    """The legal entities of the environment and the company that users work in by default."""

    def __init__(self, store: Store, default: str) -> None:
        self._store = store
        self.default = default.lower()

    def exists(self, company: str) -> bool:
        """Whether there is a legal entity of this id."""
        found = self._store.read(
            f"SELECT 1 FROM {quoted('fo_LegalEntities')} WHERE LegalEntityId=?", (company,)
        )
        return found.fetchone() is not None


def is_cross_company(query: str) -> bool:
    """Whether a raw query string says `cross-company=true`."""
    if "ross-company" not in query.lower():
        return False
    pairs = (part.partition("=") for part in query.split("&"))
    return any(
        name.lower() == "cross-company" and value.lower() == "true" for name, _, value in pairs
    )
