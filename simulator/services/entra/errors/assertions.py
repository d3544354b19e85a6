"""Errors of client assertions: certificates and federated identities."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class WrongAssertionType(EntraError):
    """client_assertion_type is not the one of RFC 7523."""

    status = 401
    code = "invalid_client"
    number = 7000217
    text = "The client_assertion_type '{kind}' is not valid."


class MalformedAssertion(EntraError):
    """The assertion is not a JWT, or a claim is absent."""

    status = 401
    code = "invalid_client"
    number = 50027
    text = "JWT token is invalid or malformed. {detail}"


class UnknownCertificate(EntraError):
    """No registered certificate made the signature of the assertion."""

    status = 401
    code = "invalid_client"
    number = 700027
    text = (
        "The certificate with identifier used to sign the client assertion is not registered on "
        "application. [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', "
        "Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured "
        "keys for app Id '{client_id}'.]"
    )


class AssertionOutOfTime(EntraError):
    """The assertion expired, is not valid yet, or is valid for too long."""

    status = 401
    code = "invalid_client"
    number = 700024
    text = (
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid "
        "from {begins}, expiry time of assertion {ends}."
    )


class AssertionAudience(EntraError):
    """The assertion is addressed to something else than this token endpoint or tenant."""

    status = 401
    code = "invalid_client"
    number = 700023
    text = "Client assertion audience claim does not match Realm issuer. Audience: '{audience}'."


class AssertionOfAnotherClient(EntraError):
    """Issuer or subject of the assertion are not the client id."""

    status = 401
    code = "invalid_client"
    number = 700021
    text = "Client assertion application identifier doesn't match 'client_id' parameter."


class ReplayedAssertion(EntraError):
    """The `jti` of the assertion was used before.

    unconfirmed: the real service was not seen to refuse it every time.
    """

    status = 401
    code = "invalid_client"
    number = 7000271
    text = "The client assertion with jti '{jti}' was already used."


class UnknownFederatedIdentity(EntraError):
    """No federated credential of the client fits issuer, subject and audience of the assertion."""

    status = 401
    code = "invalid_client"
    number = 70021
    text = (
        "No matching federated identity record found for presented assertion. Assertion Issuer: "
        "'{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'."
    )
