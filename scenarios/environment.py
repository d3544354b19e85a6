"""Where a scenario runs: the variables of an env file, one HTTP client, tokens by identity."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from windtunnel.scenarios.control import Control, ScenarioClock, Timing
from windtunnel.scenarios.errors import StepError, UsageError

ENTRY_POINT_GROUP = "windtunnel.environment"
_VARIABLES = {
    "dataverse": "WT_DATAVERSE_URL",
    "dataverse-http": "WT_DATAVERSE_HTTP_URL",
    "fo": "WT_FO_URL",
    "fo-http": "WT_FO_HTTP_URL",
    "control": "WT_CONTROL_URL",
    "authority": "WT_AUTHORITY_URL",
    "eventgrid": "WT_EVENTGRID_URL",
    "blob": "WT_BLOB_URL",
    "keyvault": "WT_KEYVAULT_URL",
    "servicebus-rest": "WT_SERVICEBUS_REST_URL",
}
_TOKEN_MARGIN_SECONDS = 60.0


class Environment:
    """One environment under test; safe to use from several threads.

    `transport` replaces the network. `close` (or leaving the context) ends its connections.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        transport: httpx.BaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.variables = dict(variables)
        self.timing = timing or Timing()
        self.http = _client(self.variables.get("WT_CA_FILE", ""), transport)
        control = self.variables.get("WT_CONTROL_URL", "")
        self.control = Control(self.http, control) if control else None
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self.http.close()

    def url(self, origin: str) -> str:
        """The base URL of an origin; StepError names the variable that is missing."""
        variable = _VARIABLES[origin]
        url = self.variables.get(variable, "")
        if not url:
            raise StepError(f"the environment has no {variable}; name it with --target {variable}=")
        return url.rstrip("/")

    def need_control(self, what: str) -> Control:
        """The control API, or StepError."""
        if self.control is None:
            raise StepError(f"{what} needs the simulators' control API: WT_CONTROL_URL is not set")
        return self.control

    def reset(self) -> None:
        """First content of the simulators; tokens are forgotten with it."""
        if self.control is not None:
            self.control.reset()
        with self._lock:
            self._tokens.clear()

    def token(
        self, client_id: str, secret: str, tenant: str, scope: str, clock: ScenarioClock
    ) -> str:
        """A token by client credentials, kept until shortly before it expires on the clock."""
        variables = self.variables
        client_id = client_id or variables.get("WT_CLIENT_ID", "")
        secret = secret or variables.get("WT_CLIENT_SECRET", "")
        tenant = tenant or variables.get("WT_TENANT_ID", "")
        authority = self.url("authority")
        missing = {"WT_CLIENT_ID": client_id, "WT_CLIENT_SECRET": secret, "WT_TENANT_ID": tenant}
        for variable, value in missing.items():
            if not value:
                raise StepError(f"a token needs {variable}, the environment does not have it")
        key = (authority, tenant, client_id, secret, scope)
        with self._lock:
            token, expires = self._tokens.get(key, ("", 0.0))
        if not token or clock.now() > expires - _TOKEN_MARGIN_SECONDS:
            token, lifetime = self._ask(*key)
            with self._lock:
                self._tokens[key] = (token, clock.now() + lifetime)
        return token

    def _ask(
        self, authority: str, tenant: str, client_id: str, secret: str, scope: str
    ) -> tuple[str, float]:
        url = f"{authority}/{tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": scope,
        }
        try:
            answer = self.http.post(url, data=form)
        except httpx.HTTPError as error:
            raise StepError(f"no token from {url} ({type(error).__name__}: {error})") from error
        try:
            body = answer.json()
            return str(body["access_token"]), float(body["expires_in"])
        except (ValueError, KeyError, TypeError) as error:
            raise StepError(
                f"no token for {client_id} and {scope}: {answer.status_code} {answer.text[:500]}"
            ) from error


def _client(ca_file: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"WT_CA_FILE {ca_file} cannot be read: {error}") from error
    # A proxy of the machine must never see what goes to this machine.
    local = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}
    return httpx.Client(
        verify=context,
        transport=transport,
        mounts=None if transport else local,
        timeout=httpx.Timeout(30.0),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
    )


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines; blank lines and # comments are skipped."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the env file {path} cannot be read: {error}\n  `windtunnel up` writes one."
        ) from error
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or not re.fullmatch(r"\w+", name.strip()):
            raise UsageError(f"{path}:{number}: not a KEY=VALUE line; found {line!r}")
        variables[name.strip()] = value.strip()
    return variables


def read_targets(targets: Sequence[str]) -> dict[str, str]:
    """`KEY=URL` of the command line; a key may be an origin such as `fo`."""
    variables: dict[str, str] = {}
    for target in targets:
        name, sign, value = target.partition("=")
        if not sign or not value:
            raise UsageError(f"--target {target}: write it as KEY=URL, for example fo=https://...")
        known = name if name.startswith("WT_") else _VARIABLES.get(name)
        if known is None:
            raise UsageError(f"--target {name}: there are {', '.join(_VARIABLES)}, or WT_ names")
        variables[known] = value
    return variables


@contextmanager
def local_environment(
    *, clock: str = "real", seed: int | None = None, config: Path | None = None
) -> Generator[Mapping[str, str], None, None]:
    """Variables of simulators started for us by the installed entry point, on free ports."""
    found = [entry for entry in entry_points(group=ENTRY_POINT_GROUP) if entry.name == "local"]
    if not found:
        raise UsageError(
            "no simulators are installed that could be started here; "
            "start some and name their env file with --env-file"
        )
    with found[0].load()(port_base=0, clock=clock, seed=seed, config=config) as variables:
        yield variables
