"""Content negotiation."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class ContentNegotiation(DefaultContentNegotiation):
    """REST framework's negotiation, which parses nothing if the client accepts everything or just the usual format."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and the media type. Raises NotAcceptable."""
        usual, *_ = renderers
        if request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", usual.media_type):
            return usual, str(usual.media_type)
        return super().select_renderer(request, renderers, format_suffix)
