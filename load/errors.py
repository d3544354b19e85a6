"""Mistakes of the person who runs a load: the command prints them and ends with exit code 2."""

from __future__ import annotations


class LoadError(Exception):
    """What is wrong, and what to do about it."""

    is_usage_error = True

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(f"{message}\n  {remedy}" if remedy else message)
