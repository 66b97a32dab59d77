"""The authentication backend: sign-in with an email address and a password."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models import UUIDField
from django.http import HttpRequest

from accounts.actions.address_ownership import account_of
from accounts.models import User
from core.addresses import normalize_address
from core.compiled import CompiledQuery

USER_BY_ID = CompiledQuery(lambda pk: User.objects.filter(pk=pk), pk=UUIDField())


class AddressBackend(AuthenticationBackend):
    """Find the account of an address, and check its password.

    The work is the same whether or not the address has an account: two queries and one hash.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """Return the user with this ``email`` and ``password``, or None.

        A deactivated user is not returned but stashed, so that django-allauth shows its page about it.
        """
        password, address = credentials.get("password"), credentials.get("email", credentials.get("username"))
        if not password or not address:
            return None
        try:
            user = account_of(normalize_address(address))
        except ValidationError:
            user = None
        if user is None:
            User().set_password(password)
            return None
        return self._check_password(user, password)

    def get_user(self, user_id: Any) -> User | None:
        """Return the active user of a session, or None."""
        user: User | None = USER_BY_ID.first(pk=user_id)
        return user if user and self.user_can_authenticate(user) else None
