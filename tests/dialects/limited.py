"""A URLconf that adds a throttle to each operation, to test the 429 responses of all operations."""

from django.urls import URLPattern, include, path
from rest_framework.throttling import BaseThrottle

from perfectworks import urls

error_bodies = urls.error_bodies
handler404 = urls.handler404


class UsedUp(BaseThrottle):
    """A throttle that rejects every request, with a wait of 30 seconds."""

    def allow_request(self, request, view):
        return False

    def wait(self):
        return 30.0


def limited(pattern: URLPattern) -> URLPattern:
    """Return the same route with the throttle added to its view."""
    view = pattern.callback
    behind = type(view.cls.__name__, (view.cls,), {"throttle_classes": [UsedUp]})  # type: ignore[attr-defined]
    return path(str(pattern.pattern), behind.as_view(view.actions))  # type: ignore[attr-defined]


urlpatterns = [
    path(f"{prefix}/", include([limited(one) for one in patterns if hasattr(one.callback, "actions")]))
    for prefix, patterns in {
        "api/v0": urls.house,
        **{prefix: dialect.urlpatterns for prefix, dialect in urls.DIALECTS.items()},
    }.items()
]
