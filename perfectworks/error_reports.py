"""Report errors to Sentry, or to a service with the same interface, if ``SENTRY_DSN`` is set.

A report has the exception, the code around each frame, the log fields, and the id of the request. It has no local
variables, no header, no body, no cookie and no address of a client, because the SDK's integration with Django is off.
All texts are redacted as in the log.
"""

from typing import Any

from core.logs import CONTEXT_FIELDS, EXTRA_FIELDS, redact
from core.request_context import current_context

LEFT_OUT = ("request", "user", "modules", "breadcrumbs", "server_name")


def start_error_reports(dsn: str, environment: str, release: str, **options: Any) -> None:
    """Report each logged error from now on."""
    import sentry_sdk  # takes long, and most installations do not use it
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None), DedupeIntegration(), ExcepthookIntegration()],
        include_local_variables=False,
        max_breadcrumbs=0,
        before_send=prepare_report,
        **options,
    )
    ignore_logger("django.security.*")  # refused requests, which everybody can send


def prepare_report(report: Any, _hint: Any) -> Any:
    """Return the report without what may identify people, with the request that it belongs to."""
    kept = {name: value for name, value in report.items() if name not in LEFT_OUT}
    kept["extra"] = {name: value for name, value in kept.get("extra", {}).items() if name in EXTRA_FIELDS}
    # The arguments of the phrase are left out, because `redact` needs the words around a secret.
    entry = kept.pop("logentry", None) or {}
    kept["message"] = str(entry.get("formatted") or entry.get("message") or kept.get("message") or "")
    context = current_context()
    if context is not None:
        known = {name: str(getattr(context, name)) for name in CONTEXT_FIELDS if getattr(context, name)}
        kept["tags"] = {**kept.get("tags", {}), **known}
    return redacted(kept)


def redacted(value: Any) -> Any:
    """Return a value of JSON in which all texts are redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: redacted(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    return value
