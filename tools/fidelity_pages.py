"""Writes docs/reference/fidelity: what of each service is there, from the code that answers it.

`python tools/fidelity_pages.py` rewrites the pages; tests/meta/test_docs.py fails when they differ.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import TypeVar

from windtunnel.contracts.entities.finance_operations.load import absent_sets
from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.exchange import Route, ServiceError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.odata import DATAVERSE, FINANCE_AND_OPERATIONS, Dialect
from windtunnel.simulator.services.blob import routes as blob_routes
from windtunnel.simulator.services.blob.errors import BlobError
from windtunnel.simulator.services.blob.handlers.wire import ABSENT_HEADERS
from windtunnel.simulator.services.blob.model.blocks import (
    LARGEST_BY_VERSION,
    MOST_BLOCKS,
    MOST_UNCOMMITTED,
)
from windtunnel.simulator.services.data_management import package_actions
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.faults import FileFault
from windtunnel.simulator.services.data_management.formats.source_format import BUILT_IN
from windtunnel.simulator.services.data_management.recurring import routes as recurring_routes
from windtunnel.simulator.services.data_management.recurring.errors import RecurringError
from windtunnel.simulator.services.data_management.recurring.model import MessageState
from windtunnel.simulator.services.dataverse.errors import DataverseError
from windtunnel.simulator.services.dataverse.model.conditions.operators import OPERATORS
from windtunnel.simulator.services.electronic_reporting import errors as reporting_errors
from windtunnel.simulator.services.electronic_reporting import routes as reporting_routes
from windtunnel.simulator.services.electronic_reporting.model import FileState, JobState
from windtunnel.simulator.services.finance_operations.errors import FinanceOperationsError
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.invoice_capture import errors as capture_errors
from windtunnel.simulator.services.invoice_capture import routes as capture_routes
from windtunnel.simulator.services.invoice_capture.service import FILE_TYPES
from windtunnel.simulator.web.house import House

PAGES_FOLDER = Path(__file__).parent.parent / "docs" / "reference" / "fidelity"
MADE_BY = "<!-- made by tools/fidelity_pages.py; do not edit -->\n"
MARKS = """\
**confirmed**: Microsoft's own client relies on it in our acceptance tests. **documented**: by
Microsoft, and tested by us. **assumed**: no source says it. **absent**: answers 501 with the header
`x-windtunnel-absent`.
"""
MARKS_OF_FO = """\
**confirmed**: a captured exchange, or a public client that runs unmodified, shows it.
**documented**: by Microsoft, and tested by us. **assumed**: reasoned; the real service may differ.
**absent**: not there, answers 501 with the header `x-windtunnel-absent` or as if it did not exist.
"""
CONFIRMED_MESSAGES = {
    "BulkDelete",
    "CreateMultiple",
    "UpdateMultiple",
    "UpsertMultiple",
    "CreateEntities",
    "InitializeFileBlocksUpload",
    "UploadBlock",
    "CommitFileBlocksUpload",
}
"""Messages that an acceptance test calls through Microsoft's SDK, unmodified."""


def dataverse() -> str:
    """docs/reference/fidelity/dataverse.md."""
    house = House(load(environment={}, overrides={"simulator.sample_data": False}))
    lines = ["# Fidelity: Dataverse", MADE_BY, MARKS]
    lines += [
        "What the operations on records, sets and definitions do, and where they differ, is on"
    ]
    lines += ["[the page of the service](../services/dataverse.md).", ""]
    lines += _messages(house)
    lines += _queries()
    lines += _errors(DataverseError)
    lines += _limits("dataverse")
    lines += _tables(house)
    return "\n".join(lines)


def _messages(house: House) -> Iterator[str]:
    registry = house.dataverse.messages
    rows: dict[tuple[str, str], set[str]] = {}
    for message in registry:
        state = "absent"
        if registry.is_simulated(message.name):
            state = "confirmed" if message.name in CONFIRMED_MESSAGES else "documented"
        rows.setdefault((state, message.kind), set()).add(message.name)
    yield from ("## Functions and actions", "", "| state | kind | names |", "|---|---|---|")
    for state in ("confirmed", "documented", "absent"):
        for kind in ("function", "action"):
            names = sorted(rows.get((state, kind), ()))
            if names:
                yield f"| {state} | {kind}s | {', '.join(names)} |"
    yield ""


def _queries() -> Iterator[str]:
    yield from ("## Queries", "", "| part | accepted |", "|---|---|")
    yield f"| query options | {_names(DATAVERSE.options)}, fetchXml, savedQuery, userQuery, sql |"
    yield f"| options inside $expand | {_names(DATAVERSE.expand_options)} |"
    yield f"| operators of $filter | {_names(DATAVERSE.operators)} |"
    yield f"| functions of $filter | {_names(DATAVERSE.functions)} |"
    yield f"| transformations of $apply | {_names(DATAVERSE.transformations or ())} |"
    functions = [operator.function for operator in OPERATORS if operator.function]
    yield f"| `Microsoft.Dynamics.CRM.` functions | {_names(functions)} |"
    yield f"| FetchXML operators | {_names(operator.name for operator in OPERATORS)} |"
    yield from ("", "What is not named is refused as the service refuses it.", "")


def blob() -> str:
    """docs/reference/fidelity/blob.md."""
    lines = ["# Fidelity: Blob Storage", MADE_BY, MARKS]
    lines += ["What operations do, and where they differ, is on"]
    lines += ["[the page of the service](../services/blob.md).", ""]
    lines += ["## Operations", "", "| operation | method | resource | state |", "|---|---|---|---|"]
    rows: dict[str, tuple[str, set[str]]] = {}
    for (method, level, _, _), operation in blob_routes.OPERATIONS.items():
        rows.setdefault(operation.name, (method, set()))[1].add(level)
    for name, (method, levels) in sorted(rows.items()):
        state = "documented" if name in UNCONFIRMED_BLOB_OPERATIONS else "confirmed"
        lines.append(f"| {name} | {method} | {_names(levels)} | {state} |")
    absent = {*blob_routes.ABSENT.values(), *ABSENT_HEADERS.values(), *OTHERS_ABSENT_FROM_BLOB}
    lines += ["", f"Absent: {', '.join(sorted(absent, key=str.lower))}.", ""]
    lines += _errors(BlobError)
    lines += ["## Limits", "", "| what | since version | bytes |", "|---|---|---:|"]
    for what, sizes in LARGEST_BY_VERSION.items():
        lines += [f"| {what} | {since or 'the first'} | {size:,} |" for since, size in sizes]
    lines += [f"| blocks of a blob, uncommitted blocks | | {MOST_BLOCKS:,}, {MOST_UNCOMMITTED:,} |"]
    lines += ["", "Sources: the pages of each operation in the REST reference of Blob Storage.", ""]
    return "\n".join(lines)


UNCONFIRMED_BLOB_OPERATIONS = {"Get Container Metadata", "Get Blob Metadata", "Put Page From URL"}
"""Those that no test calls through azure-storage-blob."""
OTHERS_ABSENT_FROM_BLOB = (
    "blob versions",
    "CORS preflight requests",
    "copies from other storage than this simulator's",
    "differences between snapshots of page blobs",
    "hierarchical namespace",
    "lists as CSV or Arrow",
    "Microsoft Entra authorization of copy sources",
    "roles (every caller with a token owns the data)",
    "static websites",
)


DOUBT = re.compile(r"not confirmed|unconfirmed|assumed|assumption", re.IGNORECASE)
"""What a docstring says of an error whose code, status or text no source gives."""


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _errors(base: type[ServiceError], module: str = "") -> Iterator[str]:
    """The errors of a base; those of a module are the control API's, so ours."""
    yield from ("## Errors", "", "| code | status | text | when | state |", "|---|---|---|---|---|")
    for kind in sorted(_kinds(base), key=lambda kind: (kind.code, kind.__name__)):
        if module and kind.__module__ != module:
            continue
        about = " ".join((inspect.getdoc(kind) or "").split())
        doubtful = DOUBT.search(about) is not None
        text = " ".join(kind.text.split()).replace("|", "\\|") or "(empty)"
        state = "assumed" if doubtful or module else "documented"
        yield f"| {kind.code or '(none)'} | {kind.status} | {text} | {about} | {state} |"
    yield ""


_Kind = TypeVar("_Kind")


def _kinds(base: type[_Kind]) -> Iterator[type[_Kind]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("windtunnel."):
            yield kind
            yield from _kinds(kind)


def _limits(service: str) -> Iterator[str]:
    yield from ("## Limits", "", "| limit | allowance | window | scope | state | source |")
    yield "|---|---|---|---|---|---|"
    for limit in LIMITS.values():
        if limit.service == service:
            window = f"{limit.seconds:g} s" if limit.seconds else ""
            allowance = f"{limit.allowance:,g} {limit.unit}"
            state = limit.confidence.value
            yield (
                f"| `{limit.id}` | {allowance} | {window} | {limit.scope} | {state} | "
                f"{limit.source} |"
            )
    yield ""


def _tables(house: House) -> Iterator[str]:
    yield from ("## Tables", "", "| table | set | columns | relationships | keys |")
    yield "|---|---|---:|---:|---|"
    for served in sorted(house.dataverse.tables.by_name.values(), key=lambda table: table.name):
        definition = served.definition
        yield (
            f"| {served.name} | {served.entity_set} | {len(definition.columns)} | "
            f"{len(definition.relations)} | {', '.join(definition.keys)} |"
        )
    yield ""


def finance_operations() -> str:
    """docs/reference/fidelity/finance-operations.md; what no code says is in the file beside this."""
    overrides = {"simulator.sample_data": False}
    environment = House(load(environment={}, overrides=overrides)).finance_operations.environment
    lines = ["# Fidelity: finance and operations", MADE_BY, MARKS_OF_FO]
    lines += ["Rules of the entities, and settings that change what is here, are on"]
    lines += ["[the page of the service](../services/finance-operations.md).", ""]
    lines += _behaviours("finance_operations")
    lines += _dialect(FINANCE_AND_OPERATIONS)
    lines += _actions(environment)
    lines += _errors(FinanceOperationsError)
    lines += _limits("finance_operations")
    lines += _sets(environment)
    return "\n".join(lines)


def behaviours(service: str) -> list[tuple[str, str, str, str]]:
    """(area, behaviour, state, name of the test that shows it or nothing)."""
    text = (Path(__file__).parent / f"fidelity_{service}.txt").read_text("utf-8")
    found = []
    for line in text.splitlines():
        area, behaviour, state, *test = (part.strip() for part in line.split("|"))
        found.append((area, behaviour, state, "".join(test)))
    return found


def _behaviours(service: str) -> Iterator[str]:
    rows = behaviours(service)
    for area in dict.fromkeys(row[0] for row in rows):
        yield from (f"## {area.capitalize()}", "", "| behaviour | state | test |", "|---|---|---|")
        for place, text, state, test in rows:
            if place == area:
                yield f"| {text} | {state} | {f'`{test}`' if test else ''} |"
        yield ""


def _dialect(dialect: Dialect) -> Iterator[str]:
    yield from ("## Query language", "", "| part | accepted |", "|---|---|")
    yield f"| query options | {_names(dialect.options - {'$skiptoken'})}, cross-company |"
    yield f"| options inside $expand | {_names(dialect.expand_options)} |"
    yield f"| operators of $filter | {_names(dialect.operators)} |"
    yield f"| functions of $filter | {_names(dialect.functions) or 'none'} |"
    yield from ("", "What is not named is refused.", "")


def _actions(environment: Environment) -> Iterator[str]:
    yield from ("## Every action", "", "| bound to | action | parameters | returns |")
    yield "|---|---|---|---|"
    for served in environment.actions:
        place = "" if served.bound_to is None else served.bound_to.name
        place += "" if served.is_of_collection or not place else " (record)"
        given = ", ".join(f"{p.name}: {kind.qualified}" for p, kind in served.parameters)
        returns = served.returns.qualified if served.returns is not None else ""
        yield f"| {place} | {served.name} | {given} | {returns} |"
    yield ""


def _sets(environment: Environment) -> Iterator[str]:
    yield from ("## Entity sets", "", "| set | type | key | properties | navigation |")
    yield "|---|---|---|---:|---:|"
    for name, entity_set in sorted(environment.sets.items()):
        table = entity_set.table
        yield (
            f"| {name} | {entity_set.type} | {', '.join(table.key)} | {len(table.columns)} | "
            f"{len(table.navigations)} |"
        )
    yield from ("", f"Known and absent: {_names(absent_sets()) or 'none'}.", "")


CONFIRMED_PACKAGE_ACTIONS = {
    "ExportToPackage",
    "GetAzureWriteUrl",
    "GetExecutionSummaryStatus",
    "GetExportedPackageUrl",
    "ImportFromPackage",
}
"""Those whose files azure-storage-blob moves in an acceptance test."""
CAPTURED_PACKAGE_ACTIONS = {
    "ExportFromPackage",
    "ExportToPackageDelta",
    "GetEntitySequence",
    "GetExecutionSummaryPageUrl",
    "InitializeDataManagement",
    "InitializeDataManagementAsync",
}
"""No page tells of these; clients call them."""
ASSUMED_PACKAGE_ACTIONS = {
    "DeleteExecutionHistoryJob",
    "GetEntityExecutionSummaryStatusList",
    "ImportFromDMTPackage",
    "ResetVersionToken",
}
"""Names and parameters are from live metadata; what they answer is reasoned."""


def data_management() -> str:
    """docs/reference/fidelity/data-management.md."""
    house = _house()
    lines = _beginning("Data Management framework", "data-management")
    lines += _behaviours("data_management")
    lines += ["## Actions", "", "| action | parameters | returns | state |", "|---|---|---|---|"]
    for action in sorted(package_actions(house.data_management), key=lambda item: item.name):
        parameters = [f"{p.name}?" if p.optional else p.name for p in action.parameters]
        lines.append(
            f"| {action.name} | {', '.join(parameters)} | {action.returns or 'nothing'} | "
            f"{_state_of_action(action.name)} |"
        )
    lines += [
        "",
        "## Source formats",
        "",
        "| name | kind | code page | state |",
        "|---|---|---:|---|",
    ]
    known = {"CSV", "CSV-Unicode", "EXCEL", "XML-Element", "XML-Attribute"}
    for found in BUILT_IN.values():
        state = "documented" if found.name in known else "assumed (the name)"
        lines.append(f"| {found.name} | {found.kind} | {found.code_page} | {state} |")
    lines += ["", "## Faults of packages and files", "", "| code | text | when |", "|---|---|---|"]
    for fault in sorted(_kinds(FileFault), key=lambda kind: (kind.code, kind.__name__)):
        about = " ".join((inspect.getdoc(fault) or "").split())
        lines.append(f"| {fault.code or '(none)'} | {fault.text} | {about} |")
    lines += ["", "Codes and causes are documented; their texts are ours where none was captured."]
    lines += ["", "## Refused calls", "", "| text | when |", "|---|---|"]
    for refusal in sorted(_kinds(PackageActionRefused), key=lambda kind: kind.__name__):
        about = " ".join((inspect.getdoc(refusal) or "").split())
        lines.append(f"| {refusal.text} | {about} |")
    return "\n".join([*lines, ""])


def recurring_integrations() -> str:
    """docs/reference/fidelity/recurring-integrations.md."""
    recurring = _house().recurring
    lines = _beginning("recurring integrations", "recurring-integrations")
    lines += _behaviours("recurring_integrations")
    lines += _routes(
        [*recurring_routes.routes(recurring), *recurring_routes.control_routes(recurring)]
    )
    lines += _states(MessageState)
    lines += _errors(RecurringError)
    lines += _limits("data_management")
    return "\n".join(lines)


def electronic_reporting() -> str:
    """docs/reference/fidelity/electronic-reporting.md."""
    reporting = _house().electronic_reporting
    lines = _beginning("electronic reporting", "electronic-reporting")
    lines += _behaviours("electronic_reporting")
    lines += _routes(reporting_routes.routes(reporting))
    lines += _states(JobState)
    lines += _states(FileState)
    lines += _errors(ServiceError, reporting_errors.__name__)
    return "\n".join(lines)


def invoice_capture() -> str:
    """docs/reference/fidelity/invoice-capture.md."""
    capture = _house().invoice_capture
    lines = _beginning("invoice capture", "invoice-capture")
    lines += _behaviours("invoice_capture")
    lines += _routes(capture_routes.routes(capture))
    lines += ["## File types", "", ", ".join(sorted(FILE_TYPES)), ""]
    lines += _errors(ServiceError, capture_errors.__name__)
    return "\n".join(lines)


def _house() -> House:
    return House(load(environment={}, overrides={"simulator.sample_data": False}))


def _beginning(title: str, page: str) -> list[str]:
    return [
        f"# Fidelity: {title}",
        MADE_BY,
        MARKS_OF_FO,
        "What it does, and the settings that change it, is on",
        f"[the page of the service](../services/{page}.md).",
        "",
    ]


def _routes(table: Iterable[Route]) -> Iterator[str]:
    yield from ("## Addresses", "", "| method | path | does |", "|---|---|---|")
    for route in table:
        about = " ".join((inspect.getdoc(route.handler) or "").split())
        yield f"| {route.method} | `{route.path}` | {about} |"
    yield ""


def _states(kind: type[Enum]) -> Iterator[str]:
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()
    yield from (f"## {title}", "", ", ".join(_state(member) for member in kind) + ".", "")


def _state(member: Enum) -> str:
    if isinstance(member, MessageState):
        return f"{member.named('client')} {int(member)}"
    return str(member.value)


def _state_of_action(name: str) -> str:
    if name in CONFIRMED_PACKAGE_ACTIONS:
        return "confirmed"
    if name in ASSUMED_PACKAGE_ACTIONS:
        return "assumed"
    return "documented (by clients)" if name in CAPTURED_PACKAGE_ACTIONS else "documented"


PAGES: dict[str, Callable[[], str]] = {
    "blob.md": blob,
    "data-management.md": data_management,
    "dataverse.md": dataverse,
    "electronic-reporting.md": electronic_reporting,
    "finance-operations.md": finance_operations,
    "invoice-capture.md": invoice_capture,
    "recurring-integrations.md": recurring_integrations,
}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (PAGES_FOLDER / page).write_text(text(), "utf-8")
