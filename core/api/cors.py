"""Which addresses programs in browsers of other origins may call. Which origins: ``CORS_ALLOWED_ORIGINS``."""

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest

from .unrouted import error_body_of


class ApiCorsMiddleware(CorsMiddleware):
    """Opens what speaks to programs: every prefix of the map that fails in JSON. Pages stay closed."""

    def is_enabled(self, request: HttpRequest) -> bool:
        """Ask the map, in place of a pattern that would say the same again."""
        return error_body_of(request.path_info) is not None
