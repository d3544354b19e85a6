"""The file of `--limits`: other numbers for limits and costs by id."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from windtunnel.contracts.documents.errors import DocumentError, Problem
from windtunnel.contracts.documents.load import load_document
from windtunnel.contracts.documents.marks import Marks
from windtunnel.contracts.documents.units import Seconds
from windtunnel.contracts.limits import COSTS, LIMITS, CostModel, Limits, UnknownLimit


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitChange(_Model):
    """Other numbers for one limit."""

    allowance: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    seconds: Seconds | None = None


class CostChange(_Model):
    """Other numbers for one operation, in seconds."""

    base: Seconds | None = None
    row: Seconds | None = None


def _short(value: object) -> object:
    return {"allowance": value} if isinstance(value, int | float) else value


class LimitsFile(_Model):
    """`limits:` by id, a number or `{allowance, seconds}`; `costs:` by service and operation."""

    limits: dict[str, Annotated[LimitChange, BeforeValidator(_short, LimitChange | float)]] = Field(
        default_factory=dict
    )
    costs: dict[str, dict[str, CostChange]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowances:
    """The limits and costs that hold for a run."""

    limits: Limits
    costs: Mapping[str, CostModel]


DEFAULT_ALLOWANCES = Allowances(LIMITS, COSTS)


def load_limits(path: str | pathlib.Path | None) -> Allowances:
    """The defaults, changed as the file says; DocumentError names unknown ids with their line."""
    if path is None:
        return DEFAULT_ALLOWANCES
    file, marks = load_document(path, LimitsFile)
    return changed(file, marks)


def changed(file: LimitsFile, marks: Marks) -> Allowances:
    """The defaults, changed as a read file says."""
    limits, costs = LIMITS, dict(COSTS)
    problems: list[Problem] = []
    for limit_id, new in file.limits.items():
        try:
            limits = limits.override(limit_id, allowance=new.allowance, seconds=new.seconds)
        except (UnknownLimit, ValueError) as error:
            problems.append(_problem(error, marks, "limits", limit_id))
    for service, operations in file.costs.items():
        if service not in costs:
            problems.append(_problem(UnknownLimit(service, costs), marks, "costs", service))
            continue
        for name, cost in operations.items():
            try:
                costs[service] = costs[service].override(name, base=cost.base, row=cost.row)
            except (UnknownLimit, ValueError) as error:
                problems.append(_problem(error, marks, "costs", service, name))
    if problems:
        raise DocumentError(problems)
    return Allowances(limits, costs)


def _problem(error: Exception, marks: Marks, *path: str) -> Problem:
    if not isinstance(error, UnknownLimit):
        return Problem(marks.place(*path), str(error))
    remedy = "the reference page on limits lists all ids"
    if error.suggestion:
        remedy = f"did you mean '{error.suggestion}'?"
    return Problem(marks.key_place(*path), f"nothing has the id '{error.limit_id}'", remedy=remedy)
