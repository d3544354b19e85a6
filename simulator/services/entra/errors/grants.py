"""Errors of grants for people: sign-in, consent, codes, refresh tokens, on behalf of."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class UnknownUser(EntraError):
    """The user is not in the directory."""

    code = "invalid_grant"
    number = 50034
    text = (
        "The user account {user} does not exist in the {tenant} directory. To sign into this "
        "application, the account must be added to the directory."
    )


class WrongPassword(EntraError):
    """The password is not the user's."""

    code = "invalid_grant"
    number = 50126
    text = "Error validating credentials due to invalid username or password."


class NotAssigned(EntraError):
    """The application requires assignment and the user has none."""

    code = "invalid_grant"
    number = 50105
    text = (
        "Your administrator has configured the application {name} ('{client_id}') to block users "
        "unless they are specifically granted ('assigned') access to the application. The "
        "signed-in user '{user}' is blocked because they are not a direct member of a group with "
        "access, nor had access directly assigned by an administrator."
    )


class ConsentRequired(EntraError):
    """Nobody consented to what a delegated flow asks for."""

    code = "invalid_grant"
    number = 65001
    text = (
        "The user or administrator has not consented to use the application with ID '{client_id}' "
        "named '{name}'. Send an interactive authorization request for this user and resource."
    )


class InvalidGrant(EntraError):
    """A code or refresh token that was never issued, or to another client."""

    code = "invalid_grant"
    number = 70000
    text = "Provided grant is invalid or malformed."


class ExpiredGrant(EntraError):
    """A code or refresh token that is too old."""

    code = "invalid_grant"
    number = 70008
    text = (
        "The provided authorization code or refresh token has expired due to inactivity. Send a "
        "new interactive authorization request for this user and resource."
    )


class RedeemedCode(EntraError):
    """An authorization code works once."""

    code = "invalid_grant"
    number = 54005
    text = (
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use "
        "an existing refresh token."
    )


class WrongVerifier(EntraError):
    """PKCE: the verifier does not hash to the challenge, or is absent."""

    code = "invalid_grant"
    number = 501481
    text = (
        "The Code_Verifier does not match the code_challenge supplied in the authorization request."
    )


class LoginRequired(EntraError):
    """prompt=none, and nobody is named by login_hint."""

    code = "login_required"
    number = 50058
    text = "A silent sign-in request was sent but no user is signed in."


class AuthorizationPending(EntraError):
    """Device code flow: the user did not finish yet."""

    code = "authorization_pending"
    number = 70016
    text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."


class AuthorizationDeclined(EntraError):
    """Device code flow: the user said no."""

    code = "authorization_declined"
    number = 70017
    text = "The end user denied the authorization request."


class ExpiredDeviceCode(EntraError):
    """Device code flow: the code is too old, or was used."""

    code = "expired_token"
    number = 70020
    text = (
        "The provided value for the input parameter 'device_code' is not valid. This device code "
        "has expired."
    )


class BadDeviceCode(EntraError):
    """Device code flow: the code was never issued."""

    code = "bad_verification_code"
    number = 70018
    text = "The provided value for the input parameter 'device_code' is not valid."


class UnknownUserCode(EntraError):
    """The page of the device code flow got a code that waits for nobody."""

    number = 70019
    text = "The code '{user_code}' is not valid or has expired."


class InvalidUserAssertion(EntraError):
    """On behalf of: the assertion is not a token of this tenant."""

    code = "invalid_grant"
    number = 50013
    text = "Assertion failed signature validation. {detail}"


class UserAssertionAudience(EntraError):
    """On behalf of: the assertion is for another application."""

    code = "invalid_grant"
    number = 500131
    text = (
        "Assertion audience does not match the Client app presenting the assertion. The audience "
        "in the assertion was '{audience}' and the expected audience is '{client_id}' or one of "
        "its Application ID URIs."
    )


class ExpiredUserAssertion(EntraError):
    """On behalf of: the assertion is too old."""

    code = "invalid_grant"
    number = 500133
    text = (
        "Assertion is not within its valid time range. Ensure that the access token is not expired "
        "before using it for user assertion, or request a new token."
    )


class AppOnlyAssertion(EntraError):
    """On behalf of: the assertion names no user."""

    code = "invalid_grant"
    number = 7000114
    text = "Application '{client_id}' is not allowed to make application on-behalf-of calls."
