"""Writes docs/reference/services/entra.md from the routes, errors and grants in the code.

`python tools/entra_page.py` rewrites it; tests/unit/entra/test_reference_page.py compares.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TypeVar

from windtunnel.simulator.exchange import ServiceError
from windtunnel.simulator.services import entra
from windtunnel.simulator.services.entra import errors
from windtunnel.simulator.services.entra.model.directory import FIRST_PARTY
from windtunnel.simulator.services.entra.model.grants import GRANTS
from windtunnel.simulator.services.entra.model.resources import STANDARD_RESOURCES
from windtunnel.simulator.services.entra.routes import ROUTES

_Error = TypeVar("_Error", bound=ServiceError)
PAGE = Path(__file__).parent.parent / "docs/reference/services/entra.md"

CLIENTS = """
## Clients

Clients insist on https, and ask the public cloud about an authority they do not know unless told
not to. `CA` is the file of `WT_CA_FILE`, `URL` is `WT_AUTHORITY_URL`.

| client | set-up |
|---|---|
| msal (Python) | `authority="URL/TENANT", instance_discovery=False, verify="CA"`; `validate_authority=False` and `oidc_authority="URL/TENANT/v2.0"` do as well |
| azure-identity (Python) | `authority="URL", disable_instance_discovery=True, connection_verify="CA"`, or `REQUESTS_CA_BUNDLE=CA` in the environment |
| managed identity of a machine | `AZURE_POD_IDENTITY_AUTHORITY_HOST=URL` |
| managed identity of App Service | `IDENTITY_ENDPOINT=URL/msi/token` and `IDENTITY_HEADER` |
| anything else | `POST URL/TENANT/oauth2/v2.0/token`, trusting `CA` |

- `REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE` win over msal's `verify=`: one that points elsewhere ends
  in CERTIFICATE_VERIFY_FAILED.
- msal's sign-in by user name and password looks for the user's realm at the authority's host without
  its port, so it needs the authority on port 443, or the other flows.
- People sign in without a password prompt: `login_hint=` at the authorize endpoint answers at once,
  a POST of `upn` chooses on its page, a POST of `user_code` and `upn` to `/devicelogin` finishes a
  device sign-in.

## Differences from the real service

- Access tokens are of version 1.0 whichever endpoint issued them, as Dynamics resources get them.
- `iat` and `nbf` lie five minutes in the past; unconfirmed for every token of the real service.
- A client without registered certificates may sign its assertion with any key, unless
  `lenient_certificates` is off; with certificates registered the signature is verified.
- Assertions of other issuers (workload identity federation) are matched by issuer, subject and
  audience; their signature is verified only when this tenant issued them.
- A client assertion is refused when its `jti` was used before (number and status unconfirmed).
- The HTTP status and `error` of most AADSTS numbers are unconfirmed; 7000215 is confirmed.
- 90033, 50196 and 90055 are answered when a fault of service `entra` has that code.
"""


def page() -> str:
    """The whole page."""
    about = inspect.getdoc(entra) or ""
    lines = ["# Entra ID", "<!-- made by tools/entra_page.py; do not edit -->", "", about, ""]
    lines += ["## Operations", "", "| method | path | does |", "|---|---|---|"]
    for route in ROUTES:
        does = (inspect.getdoc(route.handler) or "").partition("\n")[0]
        lines.append(f"| {route.method} | `{route.path}` | {does} |")
    lines += ["", "`{tenant}` is the tenant's GUID, its domain, `common` or `organizations`.", ""]
    lines += ["Grants: " + ", ".join(f"`{name}`" for name in GRANTS) + ".", ""]
    lines += ["Resources that are always known: " + _listed(STANDARD_RESOURCES), ""]
    clients = (f"{client.app_id} ({client.name})" for client in FIRST_PARTY)
    lines += ["Public clients that are always known: " + _listed(tuple(clients)), ""]
    lines += ["## Errors", "", "| AADSTS | status | error | when |", "|---|---|---|---|"]
    for kind in sorted(_below(errors.EntraError), key=lambda kind: (kind.number, kind.__name__)):
        lines.append(f"| {kind.number} | {kind.status} | `{kind.code}` | {_first(kind)} |")
    lines += ["", "Managed identity endpoints answer `error` and `error_description` only:", ""]
    lines += ["| status | error | text | when |", "|---|---|---|---|"]
    for problem in _below(errors.ManagedIdentityError):
        text = f"{problem.status} | `{problem.code}` | {problem.text} | {_first(problem)}"
        lines.append(f"| {text} |")
    return "\n".join(lines) + "\n" + CLIENTS


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "."


def _below(root: type[_Error]) -> list[type[_Error]]:
    children = root.__subclasses__()
    return [found for child in children for found in (child, *_below(child))]


def _first(kind: type[ServiceError]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
