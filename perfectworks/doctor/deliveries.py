"""Examinations of what leaves the service: the worker, the age of the queues, the mail server, a test email."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.utils import timezone

from core import smtp
from core.email_files import EmailBackend as FileBackend
from core.emails import compose
from outbox.email_transport import EmailTransport, error_text
from outbox.handlers import registered_queues
from outbox.models import DeliveryState, WorkerHeartbeat
from outbox.queue_state import QueueState, Verdict, queue_state
from perfectworks.doctor.findings import Diagnosis, Severity, failure, ok, unknown, warning

OLD = timedelta(minutes=15)
MINUTE = "%Y-%m-%d %H:%M UTC"


def worker() -> Iterator[Diagnosis]:
    """Say whether workers run and take what is due, and whether the mail server accepts it."""
    workers = WorkerHeartbeat.objects.alive().count()
    if not workers:
        yield failure(
            f"No worker runs: nobody gets an email.{_last_heartbeat()}",
            "Start manage.py worker; the log of the former one says why it stopped. If its process is still there, it "
            "hangs: kill it first.",
        )
        return
    state = queue_state()
    last = f" The last attempt was at {state.last_attempt.created_at:{MINUTE}}." if state.last_attempt else ""
    if state.verdict == Verdict.NO_WORKER:
        text = f"{state.verdict.label}{last}"
        yield failure(text, f"{workers} workers run, but send nothing: look at their log, then restart them.")
    elif state.verdict == Verdict.SERVER_ERRORS or state.nothing_is_accepted:
        yield _nothing_is_accepted(state, last)
    else:
        yield ok(f"{state.verdict.label}{last}")


def _last_heartbeat() -> str:
    last = WorkerHeartbeat.objects.order_by("-beat_at").first()
    return (
        f" The last heartbeat was at {last.beat_at:{MINUTE}}, of process {last.process} on {last.host}." if last else ""
    )


def _nothing_is_accepted(state: QueueState, last: str) -> Diagnosis:
    newest = state.last_attempts[0]
    text = f"The mail server accepted none of the last {len(state.last_attempts)} emails.{last}"
    text += f" Its response: {newest.response}"
    if newest.state == DeliveryState.DEFERRED:
        return failure(
            text, "Correct EMAIL_URL or ANYMAIL, or ask the mail provider. The worker tries again by itself."
        )
    return failure(
        text,
        "If it names the sender or your account, ask the mail provider, then resend the invitations with the state "
        "error. If it names recipients, their addresses are wrong.",
    )


def queues() -> Iterator[Diagnosis]:
    """Say how long the oldest delivery of each queue has been due, and what waits for a later time."""
    for queue in registered_queues():
        rows: Any = queue.model._default_manager.all()
        oldest = rows.due().values_list("due_at", flat=True).first()
        age = timezone.now() - oldest if oldest else timedelta(0)
        later = rows.unsent().filter(due_at__gt=Now()).values("state").annotate(count=Count("pk"), first=Min("due_at"))
        waiting = [waiting_text(**row) for row in later.order_by("state")]
        yield compare_age(str(queue.model._meta.verbose_name_plural), age, waiting)


def waiting_text(*, state: str, count: int, first: datetime) -> str:
    """Say how many deliveries wait in this state, and until when."""
    return (
        f"{count:,} {state}"
        if state == DeliveryState.SENDING
        else f"{count:,} {state}, the first until {first:{MINUTE}}"
    )


def compare_age(name: str, age: timedelta, waiting: Sequence[str] = ()) -> Diagnosis:
    """Say whether deliveries wait longer than usual."""
    minutes = max(0, round(age.total_seconds() / 60))
    text = f"{name}: the oldest one that is due waits for {minutes} minutes." if minutes else f"{name}: none is due."
    if waiting:
        text += f" Waiting: {'; '.join(waiting)}."
    if age > OLD:
        return failure(text, "Start more workers, or see in the admin what the last attempts say.")
    return ok(text if minutes or waiting else f"{name}: nothing waits.")


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
