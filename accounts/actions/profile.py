"""Actions that change a person's own profile.

Related code: ``registration`` signs people up with a password. ``accounts.jwt.identities`` creates accounts from the
tokens of trusted issuers. ``orgs.actions.accounts`` manages system users, and deactivates and deletes accounts.
"""

from typing import Any

from django.db import transaction

from accounts.live_credentials import require_live_credential
from accounts.models import User
from accounts.principals import Principal
from core.errors import Denied, Gone
from events.changed_fields import changes_of
from events.models import Event

PROFILE = frozenset({"first_name", "last_name", "avatar_url", "muted_notices"})


class ProfileNotYours(Denied):
    """Only a signed-in person can change a profile. API keys and system users cannot."""

    message = "Only the person themselves can change their profile."


class ProfileGone(Gone):
    """The account was deactivated or deleted by a concurrent request."""

    message = "This account is not active any more."


@transaction.atomic
def update_profile(*, by: Principal, **changes: Any) -> User:
    """Change the caller's own ``first_name``, ``last_name``, ``avatar_url`` or ``muted_notices``.

    Raises ProfileNotYours, ProfileGone, ValidationError if a value is not valid, or Unauthenticated if the session or
    the OAuth token has ended.
    """
    if not by.is_person or by.user is None:
        raise ProfileNotYours
    require_live_credential(by)
    _require_form(changes)
    user = User.objects.select_for_update(no_key=True).filter(pk=by.user.pk, is_active=True).first()
    if user is None:
        raise ProfileGone
    changed = changes_of(user, **changes)
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=[*changes, "updated_at"])
    Event.objects.record("user.profile_updated", by=by, subject=user, **changed)
    return user


def _require_form(changes: dict[str, Any]) -> None:
    unknown = changes.keys() - PROFILE
    if unknown:
        raise TypeError(f"These cannot be set: {', '.join(sorted(unknown))}.")
    others = {field.name for field in User._meta.get_fields()} - changes.keys()
    User(**changes).clean_fields(exclude=others)
