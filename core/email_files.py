"""An email backend for development. It writes each email to a file in ``EMAIL_FILE_PATH``.

The links in the emails are valid, so only the owner of the files may read them.
"""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ReadMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NAME = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[A-Za-z0-9@._+-]{1,100}\.eml", re.ASCII)


class EmailBackend(BaseEmailBackend):
    """Write each email to a file atomically. File names begin with the time, so they sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the emails. Return the number of emails."""
        folder = email_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(folder / _name(message.recipients()[0]), message.message().as_bytes())
        return len(email_messages)


def email_folder() -> Path:
    """Return the folder that contains the emails."""
    return Path(settings.EMAIL_FILE_PATH)


def email_names() -> list[str]:
    """Return the names of the files, newest first."""
    folder = email_folder()
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted(filter(NAME.fullmatch, names), reverse=True)


def read_email(name: str) -> ReadMessage | None:
    """Return the email in a file, or None if ``email_names`` does not list the name."""
    if name not in email_names():
        return None
    return message_from_bytes((email_folder() / name).read_bytes(), policy=policy.default)


def _name(recipient: str) -> str:
    visible = re.sub(r"[^A-Za-z0-9@._+-]", "_", recipient)[:100]
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{visible}.eml"


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
    unfinished.replace(path)
