"""What every environment has before anybody works in it: publishers, solutions, units, queues.

Sources: the table references of Publisher, Solution, Unit, Queue; the ids of the solutions are the
same in all environments ("Solution" table reference, default solution).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Add: TypeAlias = Callable[[str, list[Row]], list[str]]

MICROSOFT = "d21aab70-79e7-11dd-8874-00188b01e34f"
OWN_PUBLISHER = "d21aab71-79e7-11dd-8874-00188b01e34f"
SOLUTIONS = (
    ("fd140aad-4df4-11dd-bd17-0019b9312238", "System", "System Solution", MICROSOFT),
    ("fd140aae-4df4-11dd-bd17-0019b9312238", "Active", "Active Solution", OWN_PUBLISHER),
    ("fd140aaf-4df4-11dd-bd17-0019b9312238", "Default", "Default Solution", OWN_PUBLISHER),
)
MESSAGES = (
    *("Create", "Update", "Delete", "CreateMultiple", "UpdateMultiple", "UpsertMultiple"),
    *("Assign", "Associate", "Disassociate", "Retrieve", "RetrieveMultiple"),
    *(
        "GrantAccess",
        "ModifyAccess",
        "RevokeAccess",
        "Merge",
        "Win",
        "Lose",
        "Close",
        "QualifyLead",
    ),
)
FILTERED = MESSAGES[:7]
"""Messages with a filter for every table; the others are of some tables, or of none."""


def publishers_and_solutions(add: Add, organization: str) -> None:
    """The publishers of Microsoft and of the organisation, and the solutions of every one."""
    name = re.sub(r"\W", "", organization) or "org"
    add(
        "publisher",
        [
            {
                "publisherid": MICROSOFT,
                "uniquename": "MicrosoftCorporation",
                "friendlyname": "MicrosoftCorporation",
                "customizationprefix": None,
                "customizationoptionvalueprefix": None,
                "isreadonly": 1,
            },
            {
                "publisherid": OWN_PUBLISHER,
                "uniquename": f"DefaultPublisher{name}",
                "friendlyname": f"Default Publisher for {organization}",
                "customizationprefix": "new",
                "customizationoptionvalueprefix": 10000,
                "isreadonly": 0,
            },
        ],
    )
    add(
        "solution",
        [
            {
                "solutionid": key,
                "uniquename": unique,
                "friendlyname": friendly,
                "_publisherid_value": publisher,
                "version": "1.0",
                "ismanaged": int(publisher == MICROSOFT),
                "isvisible": int(unique == "Default"),
            }
            for key, unique, friendly, publisher in SOLUTIONS
        ],
    )


def messages(add: Add, tables: Sequence[str]) -> None:
    """The messages that steps are registered on, with filters by table."""
    keys = dict(
        zip(MESSAGES, add("sdkmessage", [{"name": name} for name in MESSAGES]), strict=True)
    )
    add(
        "sdkmessagefilter",
        [
            {
                "_sdkmessageid_value": keys[name],
                "primaryobjecttypecode": table,
                "secondaryobjecttypecode": "none",
                "iscustomprocessingstepallowed": 1,
            }
            for name in FILTERED
            for table in tables
        ],
    )


def queues(add: Add, owned: Sequence[tuple[str, str, str]]) -> None:
    """The private queues of users and teams: (id of the queue, name, owner)."""
    rows = [
        {"queueid": key, "name": f"<{name}>", "_ownerid_value": owner or None, "queueviewtype": 1}
        for key, name, owner in owned
    ]
    add("queue", rows)


def units(add: Add) -> tuple[str, str]:
    """The unit group and unit that every environment has; their ids."""
    [group] = add("uomschedule", [{"name": "Default Unit", "baseuomname": "Primary Unit"}])
    unit = {"name": "Primary Unit", "_uomscheduleid_value": group, "quantity": 1.0}
    [primary] = add("uom", [{**unit, "isschedulebaseuom": 1}])
    add("subject", [{"title": "Default Subject", "featuremask": 1}])
    return group, primary
