"""Examinations of what leaves the service: the worker, the age of the queues, the mail server, a test email."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.utils import timezone

from core import smtp
from core.email_files import EmailBackend as FileBackend
from core.emails import compose
from outbox.email_transport import EmailTransport, error_text
from outbox.handlers import registered_queues
from outbox.models import DeliveryState, WorkerHeartbeat
from outbox.queue_state import Verdict, queue_state
from perfectworks.doctor.findings import Diagnosis, Severity, failure, ok, unknown, warning

OLD = timedelta(minutes=15)


def worker() -> Iterator[Diagnosis]:
    """Say whether workers run and take what is due, and whether the mail server accepts it."""
    workers = WorkerHeartbeat.objects.alive().count()
    if not workers:
        yield failure("No worker runs: nobody gets an email.", "Run manage.py worker, and look at its log.")
        return
    state = queue_state()
    last = f" The last attempt was at {state.last_attempt.created_at:%Y-%m-%d %H:%M} UTC." if state.last_attempt else ""
    text = f"{state.verdict.label}{last}"
    if state.verdict == Verdict.NO_WORKER:
        yield failure(text, f"{workers} workers run, but send nothing: look at their log, then restart them.")
    elif state.verdict == Verdict.SERVER_ERRORS:
        response = state.last_error.response if state.last_error else ""
        yield failure(f"{text} Its response: {response}", "Correct EMAIL_URL or ANYMAIL, or ask the mail provider.")
    else:
        yield ok(text)


def queues() -> Iterator[Diagnosis]:
    """Say how long the oldest delivery of each queue has been due."""
    for queue in registered_queues():
        due = queue.model._default_manager.all().due()  # type: ignore[attr-defined]
        name = str(queue.model._meta.verbose_name_plural)
        oldest = due.values_list("due_at", flat=True).first()
        yield compare_age(name, timezone.now() - oldest if oldest else timedelta(0))


def compare_age(name: str, age: timedelta) -> Diagnosis:
    """Say whether deliveries wait longer than usual."""
    minutes = max(0, round(age.total_seconds() / 60))
    text = f"{name}: the oldest one that is due waits for {minutes} minutes."
    if age > OLD:
        return failure(text, "Start more workers, or see in the admin what the last attempts say.")
    return ok(text if minutes else f"{name}: nothing waits.")


def mail_server() -> Iterator[Diagnosis]:
    """Connect to the mail server and sign in."""
    connection = smtp.connection_for_worker()
    if isinstance(connection, FileBackend):
        text = f"Emails are files in {settings.EMAIL_FILE_PATH}: nobody gets them."
        yield warning(text, "Set EMAIL_URL or EMAIL_BACKEND with ANYMAIL.")
        return
    if not isinstance(connection, SmtpBackend):
        yield unknown(f"{settings.EMAIL_BACKEND} connects only to send.", "Send a test email: --send-to ADDRESS.")
        return
    server = f"{connection.host}:{connection.port}"
    try:
        connection.open()
        connection.close()
    except OSError as error:  # also SMTPException
        yield failure(
            f"The mail server {server} refuses: {error_text(error)}",
            "Compare EMAIL_URL with your provider's address, port, encryption (smtp+tls, smtp+ssl), user and password.",
        )
    else:
        yield ok(f"The mail server {server} accepts the connection.")
        if not (connection.use_tls or connection.use_ssl) and connection.password:
            yield warning("The password goes to the mail server without encryption.", "Use smtp+tls:// in EMAIL_URL.")


def send_test_email(address: str) -> Diagnosis:
    """Send an email to the address now, without the outbox."""
    text = (
        f"This is a test email of {settings.SERVICE_NAME} ({settings.PUBLIC_BASE_URL}).\n\n"
        "Look at its header Authentication-Results: spf, dkim and dmarc should be “pass”.\n"
    )
    message = compose(
        recipient=address,
        subject=f"Test email of {settings.SERVICE_NAME}",
        text=text,
        html=f"<p>{text.replace(chr(10) * 2, '</p><p>')}</p>",
        headers={},
    )
    transport = EmailTransport()
    try:
        outcome = transport.send(message)
    finally:
        transport.close()
    if outcome.state == DeliveryState.SENT:
        return Diagnosis(
            Severity.OK,
            f"The mail server accepted an email to {address}: {outcome.detail}",
            "Look at its header Authentication-Results: spf, dkim and dmarc should be “pass”.",
        )
    return failure(f"The email to {address} was not sent: {outcome.detail}", "Correct EMAIL_URL or ANYMAIL.")
