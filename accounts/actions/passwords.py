"""Change the password of an account. Every page and command that sets a new password calls this action."""

from django.db import transaction

from accounts.actions.account_emails import send_notices
from accounts.email.models import AccountEmail
from accounts.live_credentials import require_live_credential
from accounts.models import User
from accounts.principals import Method, Principal
from core.errors import Denied
from events.changed_fields import describe_changes, values_of
from events.models import Event


@transaction.atomic
def change_password(*, by: Principal, user: User, password: str) -> None:
    """Save a new password, which ends the account's other sessions, and tell the person by email.

    The caller checks that the password is strong enough. Raises Denied unless the caller is the account's owner, signed
    in on the pages, or the service itself, and Unauthenticated if the session has ended. No API calls this, so Denied
    has no code of its own.
    """
    is_owner = by.method == Method.SESSION and by.actor_id == user.pk
    if not (is_owner or by.is_service):
        raise Denied
    require_live_credential(by)
    former = values_of(user, ["password"])
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])
    changed = describe_changes(former, values_of(user, ["password"]), of=User)  # never the value: it is a text
    Event.objects.record("user.password_changed", by=by, subject=user, **changed)
    send_notices(AccountEmail.Purpose.PASSWORD_CHANGED, [user])
