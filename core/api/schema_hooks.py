"""Hooks of drf-spectacular: they select and sort the operations of a document, and complete the document."""

from inspect import cleandoc
from typing import Any

from drf_spectacular.settings import spectacular_settings

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def below_prefix(endpoints: list[tuple[str, ...]], **_: Any) -> list[tuple[str, ...]]:
    """Keep only the endpoints below SCHEMA_PATH_PREFIX, because a document describes one API.

    This is a preprocessing hook of drf-spectacular.
    """
    prefix = spectacular_settings.SCHEMA_PATH_PREFIX
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(f"{prefix}/")]


def in_urlconf_order(endpoints: list[tuple[str, ...]], **_: Any) -> list[tuple[str, ...]]:
    """Sort endpoints by their order in the URLconf, then from GET to DELETE. A preprocessing hook."""
    routed = list(dict.fromkeys(path for path, *_ in endpoints))
    return sorted(endpoints, key=lambda endpoint: (routed.index(endpoint[0]), METHODS.index(endpoint[2])))


def without_internal_keys(result: Any, **_: Any) -> Any:
    """Remove drf-spectacular's internal `x-spec-enum-id` keys. A postprocessing hook."""
    if isinstance(result, dict):
        return {name: without_internal_keys(value) for name, value in result.items() if name != "x-spec-enum-id"}
    return [without_internal_keys(value) for value in result] if isinstance(result, list) else result


def without_unused_schemes(result: Any, **_: Any) -> Any:
    """Remove the security schemes that no operation of the document uses. A postprocessing hook."""
    schemes = result.get("components", {}).get("securitySchemes", {})
    used: set[str] = set()
    for methods in result["paths"].values():
        for operation in methods.values():
            for requirement in operation.get("security", []):
                used.update(requirement)
    for name in schemes.keys() - used:
        del schemes[name]
    return result


def with_tags(result: Any, generator: Any, **_: Any) -> Any:
    """Describe each tag by the docstring of the first viewset that has it. A postprocessing hook.

    Paths without a viewset are described by their summary.
    """
    described: dict[str, str] = {}
    for *_, callback in generator.endpoints:
        described.setdefault(tag_of(callback.cls), cleandoc(callback.cls.__doc__ or ""))
    for methods in result["paths"].values():
        for operation in methods.values():
            described.setdefault(operation["tags"][0], operation["summary"])
    return result | {"tags": [{"name": name, "description": text} for name, text in described.items()]}


def tag_of(view: Any) -> str:
    """Return the `tag` of a viewset. By default, it is the name of the resource in words."""
    name: str = view.tag or getattr(view, "resource", "operations").replace("_", " ").capitalize()
    return name
