"""Limits of the Data Management framework: of recurring integrations in front of it."""

from __future__ import annotations

from windtunnel.contracts.limits.table import Limit

RECURRING = "Recurring integrations"

ROWS: tuple[Limit, ...] = (
    Limit(
        "recurring.redelivery",
        "data_management",
        "dequeued message",
        1_800,
        "seconds",
        0,
        "message of a recurring data job",
        source=RECURRING,
        note="Not acknowledged, it is offered again after this time.",
    ),
    Limit(
        "recurring.file-life",
        "data_management",
        "file of a message",
        604_800,
        "seconds",
        0,
        "message of a recurring data job",
        source=RECURRING,
        note="The message stays; its file is gone.",
    ),
)
