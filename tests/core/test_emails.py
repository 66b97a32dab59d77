"""Test how an email is encoded: every mail server and every client must be able to read it."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.core.mail import BadHeaderError
from pytest_django import Settings

from core.email_files import email_names, read_email
from core.emails import ServiceEmail, compose

LINK = "https://perfectworks.test/i/" + "AbC_-9=." * 15 + "end"
NAMES = ["Ann Lee", 'Müller, "Ann" (Riverside)', "河畔" * 30, "O'Neil; <x@elsewhere.test>", "É" * 60]


def email(subject: str = "Hello", text: str = "Hello", sender: str = "Ann") -> ServiceEmail:
    html = f'<p>{text}</p><a href="{LINK}">{LINK}</a>'
    message = compose("invitee@example.com", subject=subject, text=f"{text}\n{LINK}\n", html=html, headers={})
    message.from_email = str(Address(sender, addr_spec="no-reply@perfectworks.test"))
    return message


def sent(message: ServiceEmail) -> tuple[bytes, EmailMessage]:
    """Return the bytes that an SMTP server gets, and the message that a client reads."""
    raw = message.message().as_bytes(linesep="\r\n")
    return raw, message_from_bytes(raw, policy=policy.SMTP)


def content(message: EmailMessage | None, kind: str) -> str:
    part = message and message.get_body((kind,))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    "text", ["Hello", "Grüße", "Ü" * 2000, "x" * 2000, "河畔 🌊\n.\n..\nFrom here", "a\n" * 50 + "E‑Mail", "= =3D \t."]
)
def test_every_email_is_ascii_in_lines_of_an_allowed_length(text: str) -> None:
    message = email(text=text)
    raw, read = sent(message)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for part in read.iter_parts():
        if part["Content-Transfer-Encoding"] == "quoted-printable":
            assert max(map(len, part.as_bytes().splitlines())) <= 76
    assert content(read, "plain") == message.body
    assert content(read, "html") == message.alternatives[0][0]
    assert LINK in content(read, "plain")
    assert content(read, "html").count(LINK) == 2


def test_the_links_of_an_email_in_plain_ascii_are_whole_in_its_source() -> None:
    assert sent(email())[0].count(LINK.encode()) == 3


@pytest.mark.parametrize("name", NAMES)
def test_names_in_headers_are_encoded_words_of_an_allowed_length(name: str) -> None:
    raw, read = sent(email(subject=name, sender=name))
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    assert all(len(line) <= 76 for line in head.split("\r\n") if "=?" in line)
    assert read["Subject"] == name
    [sender] = read["From"].addresses
    assert sender.addr_spec == "no-reply@perfectworks.test"
    # The parser of older Python versions adds spaces between the words of a name, so this uses another one.
    shown = str(make_header(decode_header(str(message_from_bytes(raw)["From"]))))
    assert shown == email(sender=name).from_email or shown == f"{name} <no-reply@perfectworks.test>"


def test_an_email_file_is_encoded_in_the_same_way(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "core.email_files.EmailBackend", str(tmp_path)
    email(text="Grüße").send()
    [name] = email_names()
    assert (tmp_path / name).read_bytes().isascii()
    assert LINK in content(read_email(name), "plain")


@pytest.mark.parametrize("header", ["subject", "from_email", "to", "reply_to"])
def test_no_header_contains_a_line_break(header: str) -> None:
    message = email()
    value = "Ann\r\nBcc: stranger@example.com"
    setattr(message, header, [value] if header in ("to", "reply_to") else value)
    with pytest.raises(BadHeaderError):
        message.message()
