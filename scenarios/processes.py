"""The system under test as processes that a scenario starts and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from windtunnel.scenarios.errors import StepError

_GRACE_SECONDS = 5.0
_MOST_OUTPUT = 4 * 1024 * 1024


class Process:
    """One started command; its output goes to a file, so it never blocks on a full pipe."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.command = tuple(command)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command is the scenario's own
                self.command,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
            )
        except (OSError, ValueError) as error:
            self._output.close()
            raise StepError(f"cannot start {command[0]}: {error}") from error

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        """What it wrote so far, the last 4 MiB."""
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - _MOST_OUTPUT)
        if hasattr(os, "pread"):
            content = os.pread(self._output.fileno(), _MOST_OUTPUT, start)
        else:
            self._output.seek(start)
            content = self._output.read()
        return content.decode("utf-8", "replace")

    def wait(self, seconds: float) -> bool:
        """Whether it ended within some real time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end, then end it and what it started."""
        if self.exit_code is None:
            self._process.terminate()
            self.wait(_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it and what it started, without notice."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError):  # nothing of its group is left
                os.killpg(self._process.pid, signal.SIGKILL)
        elif self.exit_code is None:
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Stop it if need be and let go of its output."""
        self.stop()
        self._output.close()


def last_lines(text: str, count: int = 40) -> str:
    """The end of an output."""
    lines = text.rstrip().splitlines()
    cut = [f"... {len(lines) - count} lines before"] if len(lines) > count else []
    return "\n".join([*cut, *lines[-count:]])
