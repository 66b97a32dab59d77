"""Which scopes a client of our authorization server may ask for, and gets when it asks for none."""

from typing import Any, TypeGuard

from oauth2_provider.scopes import SettingsScopes

from accounts.models import OAuthApplication


class ApplicationScopes(SettingsScopes):
    """Every scope there is, or those that the application was registered for."""

    def get_available_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """The most that may be asked for."""
        found = super().get_available_scopes(application, request, *args, **kwargs)
        return [scope for scope in found if scope in application.allowed_scopes] if is_bound(application) else found

    def get_default_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """What is meant by asking for none: the usual ones as far as they are allowed, else all that are."""
        usual = super().get_default_scopes(application, request, *args, **kwargs)
        if not is_bound(application):
            return usual
        return [scope for scope in usual if scope in application.allowed_scopes] or list(application.allowed_scopes)


def is_bound(application: OAuthApplication | None) -> TypeGuard[OAuthApplication]:
    """Whether the application was registered for some scopes only."""
    return application is not None and bool(application.allowed_scopes)
