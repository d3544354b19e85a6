"""Every error Entra ID can answer here, one class each.

EntraError
├── the request: MissingParameter, DuplicateParameter, MalformedRequest, UnsupportedGrant, ...
├── tenant and client: UnknownTenant, UnknownClient, SingleTenantClient, WrongSecret, ...
├── client assertions: UnknownCertificate, AssertionOutOfTime, ReplayedAssertion, ...
├── resource and scope: InvalidScope, NotDefaultScope, UnknownResource, SeveralResources
├── grants of people: UnknownUser, WrongPassword, ConsentRequired, RedeemedCode, ...
└── transient, answered only when a fault names them: Transient, RequestLoop, TenantThrottled
ManagedIdentityError: the shape of the instance metadata service

Sources: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes",
"Managed identities: use an access token on a virtual machine". Status and `error` of most are
unconfirmed: seen in public samples or inferred from OAuth 2.0 (RFC 6749, section 5.2).
"""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class EntraError(ServiceError):
    """An answer of the token service: `code` is OAuth's `error`, `number` the AADSTS number."""

    status = 400
    code = "invalid_request"
    number = 0


class MissingParameter(EntraError):
    """A form field is absent or empty; also a body that is not form-urlencoded."""

    number = 900144
    text = "The request body must contain the following parameter: '{name}'."


class MissingClientCredential(EntraError):
    """A confidential client sent neither secret nor assertion."""

    status = 401
    code = "invalid_client"
    number = 7000218
    text = (
        "The request body must contain the following parameter: "
        "'client_assertion' or 'client_secret'."
    )


class DuplicateParameter(EntraError):
    """A form field comes twice."""

    number = 9000411
    text = "The request is not properly formatted. The parameter '{name}' is duplicated."


class MalformedRequest(EntraError):
    """The form cannot be read."""

    number = 9002313
    text = "Invalid request. Request is malformed or invalid."


class RequestTooLarge(EntraError):
    """The body is larger than the token endpoint reads."""

    status = 413
    number = 90015
    text = "The request is too long: {size} bytes, at most {limit} are read."


class OnlyPost(EntraError):
    """A token was asked for with another method."""

    status = 405
    number = 900561
    text = "The endpoint only accepts {allowed} requests. Received a {method} request."


class NoSuchEndpoint(EntraError):
    """The path is none of this service."""

    status = 404
    number = 90043
    text = "There is no endpoint {path} here."


class UnsupportedGrant(EntraError):
    """The grant_type is unknown."""

    code = "unsupported_grant_type"
    number = 70003
    text = "The app requested an unsupported grant type '{grant}'."


class UnsupportedResponseType(EntraError):
    """The authorize endpoint was asked for another response type than `code`."""

    code = "unsupported_response_type"
    number = 700051
    text = "response_type '{response_type}' is not enabled for the application."


class UnknownTenant(EntraError):
    """No tenant has this id or domain."""

    number = 90002
    text = (
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may "
        "happen if there are no active subscriptions for the tenant."
    )


class UnknownTenantInDiscovery(UnknownTenant):
    """The same, where a discovery document was asked for."""

    code = "invalid_tenant"


class UnknownClient(EntraError):
    """The client id is not registered in the tenant."""

    code = "unauthorized_client"
    number = 700016
    text = (
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. "
        "This can happen if the application has not been installed by the administrator of the "
        "tenant or consented to by any user in the tenant. You may have sent your authentication "
        "request to the wrong tenant."
    )


class SingleTenantClient(EntraError):
    """`/common` or `/organizations` was used for an application of one tenant."""

    number = 50194
    text = (
        "Application '{client_id}'({name}) is not configured as a multi-tenant application. Usage "
        "of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a "
        "tenant-specific endpoint or configure the application to be multi-tenant."
    )


class WrongSecret(EntraError):
    """The secret is not one of the client; often the secret's id was used."""

    status = 401
    code = "invalid_client"
    number = 7000215
    text = (
        "Invalid client secret provided. Ensure the secret being sent in the request is the client "
        "secret value, not the client secret ID, for a secret added to app '{client_id}'."
    )


class ExpiredSecret(EntraError):
    """The secret was right once."""

    status = 401
    code = "invalid_client"
    number = 7000222
    text = (
        "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal "
        "to create new keys for your app: https://aka.ms/NewClientSecret, or consider using "
        "certificate credentials for added security: https://aka.ms/certCreds."
    )


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


class InvalidScope(EntraError):
    """The scope is malformed, or names a resource with a path behind it, such as `/data`."""

    code = "invalid_scope"
    number = 70011
    text = (
        "The provided request must include a 'scope' input parameter. The provided value for the "
        "input parameter 'scope' is not valid. The scope {scope} is not valid."
    )


class NotDefaultScope(EntraError):
    """Client credentials take `RESOURCE/.default` and nothing else."""

    code = "invalid_scope"
    number = 1002012
    text = (
        "The provided value for scope {scope} is not valid. Client credential flows must have a "
        "scope value with /.default suffixed to the resource identifier (application ID URI)."
    )


class SeveralResources(EntraError):
    """The scopes belong to more than one resource."""

    code = "invalid_scope"
    number = 28000
    text = (
        "Provided value for the input parameter scope is not valid because it contains more than "
        "one resource. Scope {scope} is not valid."
    )


class UnknownResource(EntraError):
    """No resource of this name is in the tenant: often the URL of another environment."""

    code = "invalid_resource"
    number = 500011
    text = (
        "The resource principal named {resource} was not found in the tenant named {tenant}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You might have sent your authentication "
        "request to the wrong tenant."
    )


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


class NoReplyAddress(EntraError):
    """The application has no redirect URI at all."""

    number = 500113
    text = "No reply address is registered for the application."


class WrongRedirect(EntraError):
    """The redirect URI is not registered."""

    number = 50011
    text = (
        "The redirect URI '{redirect_uri}' specified in the request does not match the redirect "
        "URIs configured for the application '{client_id}'. Make sure the redirect URI sent in the "
        "request matches one added to your application in the Azure portal. Navigate to "
        "https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this "
        "issue."
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


class Transient(EntraError):
    """The service is busy; only by a fault with this code."""

    status = 503
    code = "temporarily_unavailable"
    number = 90033
    text = "A transient error has occurred. Please try again."


class RequestLoop(EntraError):
    """A client asks the same thing over and over; only by a fault with this code."""

    code = "invalid_grant"
    number = 50196
    text = (
        "The server terminated an operation because it encountered a client request loop. Please "
        "contact your app vendor."
    )


class TenantThrottled(EntraError):
    """Too many requests of the tenant; only by a fault with this code or of status 429."""

    status = 429
    code = "temporarily_unavailable"
    number = 90055
    text = "Too many requests were sent from this tenant. Please try again later."


class ManagedIdentityError(ServiceError):
    """An answer of the managed identity endpoints, which carry no AADSTS number."""

    status = 400
    code = "invalid_request"


class NoMetadataHeader(ManagedIdentityError):
    """The `Metadata: true` header is absent; it keeps forwarded requests out."""

    text = "Required metadata header not specified"


class NoApiVersion(ManagedIdentityError):
    """api-version is absent or unknown."""

    code = "bad_request_102"
    text = "Required api-version parameter not specified or not supported: '{version}'"


class NoAudience(ManagedIdentityError):
    """The resource is absent."""

    code = "bad_request_102"
    text = "Required audience parameter not specified"


class NoSuchIdentity(ManagedIdentityError):
    """No identity with this client id, object id or resource id is assigned."""

    text = "Identity not found"


class WrongIdentityHeader(ManagedIdentityError):
    """App Service: X-IDENTITY-HEADER is not the secret of this host."""

    status = 401
    code = "unauthorized"
    text = "The X-IDENTITY-HEADER is absent or wrong."


class BadResource(ManagedIdentityError):
    """The resource is not known in the tenant."""

    code = "invalid_resource"
    text = "AADSTS500011: The resource principal named {resource} was not found in the tenant."
