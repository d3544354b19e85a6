"""Handlers of containers."""

from __future__ import annotations

from windtunnel.simulator.exchange import Response, header_lines
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.documents import policies, read_policies
from windtunnel.simulator.services.blob.handlers.blobs import lease_headers
from windtunnel.simulator.services.blob.handlers.wire import XML, Call, reply, version_headers
from windtunnel.simulator.services.blob.model.tables import Container


def create_container(call: Call) -> Response:
    """Create Container."""
    _refuse_public(call)
    address = call.address
    made = call.model.containers.create(address.account, address.container, call.metadata())
    return reply(201, version_headers(made))


def delete_container(call: Call) -> Response:
    """Delete Container."""
    address = call.address
    call.model.containers.delete(address.account, address.container, call.asked())
    return reply(202, {})


def get_container(call: Call) -> Response:
    """Get Container Properties, Get Container Metadata."""
    found = _get(call)
    now = call.model.shelf.clock.now()
    headers = {
        **version_headers(found),
        **{f"x-ms-meta-{name}": value for name, value in found.metadata.items()},
        **lease_headers(found.lease.state(now), found.lease.seconds),
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        "x-ms-immutable-storage-with-versioning-enabled": "false",
        "x-ms-default-encryption-scope": "$account-encryption-key",
        "x-ms-deny-encryption-scope-override": "false",
    }
    return Response(200, b"", header_lines(headers))


def _get(call: Call) -> Container:
    address = call.address
    return call.model.containers.get(address.account, address.container, call.asked())


def get_container_metadata(call: Call) -> Response:
    """Get Container Metadata."""
    found = _get(call)
    shown = {f"x-ms-meta-{name}": value for name, value in found.metadata.items()}
    return reply(200, {**version_headers(found), **shown})


def set_container_metadata(call: Call) -> Response:
    """Set Container Metadata."""
    address = call.address
    changed = call.model.containers.set_metadata(
        address.account, address.container, call.asked(), call.metadata()
    )
    return reply(200, version_headers(changed))


def get_container_acl(call: Call) -> Response:
    """Get Container ACL."""
    found = _get(call)
    return reply(200, {**XML, **version_headers(found)}, policies(found.policies))


def set_container_acl(call: Call) -> Response:
    """Set Container ACL."""
    _refuse_public(call)
    address = call.address
    changed = call.model.containers.set_policies(
        address.account, address.container, call.asked(), read_policies(call.xml())
    )
    return reply(200, version_headers(changed))


def _refuse_public(call: Call) -> None:
    """Accounts allow no anonymous access, as new ones do."""
    given = call.header("x-ms-blob-public-access")
    if given:
        if given not in {"container", "blob", "true"}:
            raise e.InvalidHeaderValue("x-ms-blob-public-access", given)
        raise e.PublicAccessNotPermitted
