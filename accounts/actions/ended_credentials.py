"""End the OAuth tokens of an account that is deactivated or deleted."""

from django.db.models import Q
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.models import ApplicationAccess, OAuthApplication, User


def end_oauth_access(account: User) -> None:
    """Delete the account's codes and tokens and the access of applications, and replace the secrets that it knows.

    These are the secrets of its own clients, and of the service clients that the person registered. Nobody gets the new
    secrets. A manager of the client can renew its secret.
    """
    own = Q(user=account, acts_for_owner=True) | Q(system_user=account)
    known_clients = OAuthApplication.objects.filter(own | Q(responsible=account))
    of_account = Q(user=account) | Q(user__isnull=True, application__in=known_clients)
    for issued in (get_grant_model(), get_refresh_token_model(), get_access_token_model()):
        issued.objects.filter(of_account).delete()
    ApplicationAccess.objects.filter(user=account).delete()
    for client in known_clients:
        client.client_secret = generate_client_secret()
        client.save(update_fields=["client_secret", "updated"])
