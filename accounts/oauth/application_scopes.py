"""Which scopes a client of our authorization server may ask for, and gets when it asks for none."""

from typing import Any

from oauth2_provider.scopes import SettingsScopes

from accounts.models import OAuthApplication


class ApplicationScopes(SettingsScopes):
    """Every scope there is, or those that the application was registered for."""

    def get_available_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """The most that may be asked for."""
        found = super().get_available_scopes(application, request, *args, **kwargs)
        return application.permitted(found) if application else found

    def get_default_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """What is meant by asking for none: the usual ones as far as they are allowed, else all that are."""
        usual = super().get_default_scopes(application, request, *args, **kwargs)
        return application.permitted(usual) or list(application.allowed_scopes) if application else usual
