"""The pages that show an API: its OpenAPI document, Swagger UI and Redoc, all served by ourselves.

The two viewers are programs of others and need more than our own pages: their scripts and, in Redoc's case, styles
and a worker they write themselves. Only these views allow it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import patched_settings

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
        return OpenApiJsonRenderer().render(self.content)

    @property
    def yaml(self) -> bytes:
        """The document as people read it."""
        return OpenApiYamlRenderer().render(self.content)


def documentation(document: Document) -> list[URLPattern]:
    """Return the routes that show the document of an API, to include below that API's prefix."""
    return [
        path(name, view, {"document": document})
        for name, view in (("openapi.json", openapi), ("docs", swagger), ("redoc", redoc))
    ]


@csrf_exempt  # so that a method without meaning is refused as such
@require_safe
def openapi(request: HttpRequest, document: Document) -> HttpResponse:
    """Serve the document."""
    return HttpResponse(document.json, content_type="application/json")


@csrf_exempt  # so that a method without meaning is refused as such
@require_safe
@csp_replace(SWAGGER)  # type: ignore[arg-type]
def swagger(request: HttpRequest, document: Document) -> HttpResponse:
    """Show the document in Swagger UI, where requests can be tried out."""
    return render(request, "api/swagger.html", {"prefix": document.prefix})


@csrf_exempt  # so that a method without meaning is refused as such
@require_safe
@csp_replace(REDOC)  # type: ignore[arg-type]
def redoc(request: HttpRequest, document: Document) -> HttpResponse:
    """Show the document in Redoc, for reading."""
    return render(request, "api/redoc.html", {"prefix": document.prefix})
