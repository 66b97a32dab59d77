"""The documentation of an API: its OpenAPI document, Swagger UI and Redoc.

This service hosts the files of Swagger UI and Redoc. Both need a less strict Content-Security-Policy than our pages,
because they use scripts. Redoc also needs inline styles and a blob worker. Only the views in this module allow these.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any, cast

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.settings import patched_settings
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

# drf-spectacular's settings are global, so documents are generated one at a time.
generator_lock = Lock()

SWAGGER = {"script-src": [SELF], "connect-src": [SELF]}
REDOC = {**SWAGGER, "style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"]}


@dataclass
class Document:
    """The OpenAPI document of the API below a prefix (`"/api/v0"`).

    `settings` are drf-spectacular's settings for this document, such as TITLE and DESCRIPTION. `paths` describes the
    paths that have no viewset. `error_table` returns a table of the error codes for the end of the description.
    `extend` adds sections to the document.
    """

    prefix: str
    settings: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, Any] = field(default_factory=dict)
    error_table: Callable[[], str] | None = None
    extend: Callable[[dict[str, Any]], None] | None = None

    @cached_property
    def content(self) -> dict[str, Any]:
        """The document as a dictionary. It is generated once, because it changes only when the code changes."""
        settings = {"SCHEMA_PATH_PREFIX": self.prefix, "APPEND_PATHS": self.paths, **self.settings}
        with generator_lock, patched_settings(settings):
            content: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
        if self.extend:
            self.extend(content)
        if self.error_table:
            content["info"]["description"] += f"\n\n# Error codes\n\n{self.error_table()}\n"
        return content

    @cached_property
    def json(self) -> bytes:
        """The document as JSON. The API serves it in this form."""
        return OpenApiJsonRenderer2().render(self.content)

    @cached_property
    def etag(self) -> str:
        """The entity tag of the JSON document (RFC 9110, section 8.8.3)."""
        return f'"{sha256(self.json).hexdigest()[:32]}"'

    @property
    def yaml(self) -> bytes:
        """The document as YAML, which is easier to read."""
        return OpenApiYamlRenderer().render(self.content)


def documentation(document: Document) -> list[URLPattern]:
    """Return the routes of an API's documentation. The URLconf must include them below the API's prefix."""
    shown = {"url": f"{document.prefix}/openapi.json", "title": document.prefix}
    return [
        path("openapi.json", OpenApi.as_view(document=document)),
        path("docs", Swagger.as_view(**shown)),
        path("redoc", Redoc.as_view(**shown)),
    ]


class NoNegotiation(BaseContentNegotiation):
    """Ignore the Accept header."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """Return no parser, because the views read no request bodies."""
        return None

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None) -> Any:
        """Return the view's only renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class PublicView(APIView):
    """A view without authentication that is not part of the OpenAPI documents."""

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = NoNegotiation
    schema = None


@method_decorator([require_safe, gzip_page], name="dispatch")
class OpenApi(PublicView, SpectacularJSONAPIView):
    """The OpenAPI document, generated once."""

    document: Document | None = None
    renderer_classes = [OpenApiJsonRenderer2]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the document, or 304 if the client has it already."""
        document = cast("Document", self.document)
        response = HttpResponse(document.json, content_type=OpenApiJsonRenderer2.media_type)
        response["ETag"], response["Cache-Control"] = document.etag, "no-cache"
        found: HttpResponse | None = get_conditional_response(request._request, document.etag, response=response)
        return found or response


@method_decorator([require_safe, csp_replace(SWAGGER)], name="dispatch")
class Swagger(PublicView, SpectacularSwaggerView):
    """The document in Swagger UI, where people can try requests."""

    template_name = "api/swagger.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the page without drf-spectacular's Cross-Origin-Opener-Policy.

        That header is for OAuth pop-ups, which our page does not open. Our usual policy is set instead.
        """
        response: HttpResponse = super().get(request, *args, **kwargs)
        del response["Cross-Origin-Opener-Policy"]
        return response


@method_decorator([require_safe, csp_replace(REDOC)], name="dispatch")
class Redoc(PublicView, SpectacularRedocView):
    """The document in Redoc."""

    template_name = "api/redoc.html"
