"""The pages that show an API: its OpenAPI document, Swagger UI and Redoc, all served by ourselves.

The two viewers are programs of others and need more than our own pages: their scripts and, in Redoc's case, styles
and a worker they write themselves. Only these views allow it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, cast

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.settings import patched_settings
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

# drf-spectacular keeps the settings of the document it writes in one global place.
writing = Lock()

SWAGGER = {"script-src": [SELF], "connect-src": [SELF]}
REDOC = {**SWAGGER, "style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"]}


@dataclass
class Document:
    """The OpenAPI document of the API below a prefix (`"/api/v0"`).

    `settings` are drf-spectacular's, for this document: TITLE, DESCRIPTION. `paths` are those behind which there is no
    viewset to describe itself.
    """

    prefix: str
    settings: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def content(self) -> dict[str, Any]:
        """What the document says. It is found once, since it only changes with the code."""
        with writing, patched_settings({"SCHEMA_PATH_PREFIX": self.prefix, **self.settings}):
            content = SchemaGenerator().get_schema(request=None, public=True)
        return {**content, "paths": content["paths"] | self.paths}

    @cached_property
    def json(self) -> bytes:
        """The document as it is served."""
        return OpenApiJsonRenderer2().render(self.content)

    @property
    def yaml(self) -> bytes:
        """The document as people read it."""
        return OpenApiYamlRenderer().render(self.content)


def documentation(document: Document) -> list[URLPattern]:
    """Return the routes that show the document of an API, to include below that API's prefix."""
    shown = {"url": f"{document.prefix}/openapi.json", "title": document.prefix}
    return [
        path("openapi.json", OpenApi.as_view(document=document)),
        path("docs", Swagger.as_view(**shown)),
        path("redoc", Redoc.as_view(**shown)),
    ]


class OneRendering(BaseContentNegotiation):
    """A page is what it is, whatever the browser would accept."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """Take no bodies."""
        return None

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None) -> Any:
        """Take the view's one renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ForEverybody(APIView):
    """Asks nobody who they are, and is in no document itself."""

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = OneRendering
    schema = None


@method_decorator(require_safe, name="dispatch")
class OpenApi(ForEverybody, SpectacularJSONAPIView):
    """Serves the document as it was written once."""

    document: Document | None = None
    renderer_classes = [OpenApiJsonRenderer2]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Serve the document."""
        return HttpResponse(cast("Document", self.document).json, content_type=OpenApiJsonRenderer2.media_type)


@method_decorator([require_safe, csp_replace(SWAGGER)], name="dispatch")
class Swagger(ForEverybody, SpectacularSwaggerView):
    """Shows the document in Swagger UI, where requests can be tried out."""

    template_name = "api/swagger.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show it; our own Cross-Origin-Opener-Policy stays, as Swagger UI opens no window for OAuth here."""
        response: HttpResponse = super().get(request, *args, **kwargs)
        del response["Cross-Origin-Opener-Policy"]
        return response


@method_decorator([require_safe, csp_replace(REDOC)], name="dispatch")
class Redoc(ForEverybody, SpectacularRedocView):
    """Shows the document in Redoc, for reading."""

    template_name = "api/redoc.html"
