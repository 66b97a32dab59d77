"""End the OAuth tokens of an account that is deactivated or deleted."""

from django.db.models import Q
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.models import ApplicationAccess, OAuthApplication, User


def end_oauth_access(account: User, *, of_system_users: bool = False) -> None:
    """Delete the account's codes and tokens and the access of applications, and replace the secrets of its own clients.

    ``of_system_users`` also replaces the secrets of the service clients that the person registered. Nobody gets the new
    secrets. Whoever manages the client can renew its secret.
    """
    own = Q(user=account, acts_for_owner=True) | Q(system_user=account)
    own_clients = OAuthApplication.objects.filter(own | Q(responsible=account) if of_system_users else own)
    of_account = Q(user=account) | Q(user__isnull=True, application__in=own_clients)
    for issued in (get_grant_model(), get_refresh_token_model(), get_access_token_model()):
        issued.objects.filter(of_account).delete()
    ApplicationAccess.objects.filter(user=account).delete()
    for client in own_clients:
        client.client_secret = generate_client_secret()
        client.save(update_fields=["client_secret", "updated"])
