"""The scopes that a client may request, and its default scopes."""

from typing import Any

from oauth2_provider.scopes import SettingsScopes

from accounts.models import OAuthApplication


class ApplicationScopes(SettingsScopes):
    """All scopes, limited to the scopes that are registered for the application."""

    def get_available_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes that the application may request."""
        found = super().get_available_scopes(application, request, *args, **kwargs)
        return application.permitted(found) if application else found

    def get_default_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes for a request without the parameter ``scope``.

        These are the default scopes that the application may use. If it may use no default scope, return all of its
        allowed scopes.
        """
        usual = super().get_default_scopes(application, request, *args, **kwargs)
        return application.permitted(usual) or list(application.allowed_scopes) if application else usual
