"""Errors about tenants, applications, their secrets and reply addresses."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class MissingClientCredential(EntraError):
    """A confidential client sent neither secret nor assertion."""

    status = 401
    code = "invalid_client"
    number = 7000218
    text = (
        "The request body must contain the following parameter: "
        "'client_assertion' or 'client_secret'."
    )


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
