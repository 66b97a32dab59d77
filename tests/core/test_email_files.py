"""Test the email files that are written in development, and the page that shows them."""

import os
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from core.email_files import email_names, read_email
from perfectworks.urls import urlpatterns as all_urls
from tests.support.project_settings import PRODUCTION

LINK = "http://127.0.0.1:8000/i/" + "AbC_-9" * 10
NAME = "20260102T030405.000006Z-invitee@example.com.eml"

urlpatterns = [*all_urls, path("development/", include("perfectworks.development"))]


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "core.email_files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def send(recipient: str = "invitee@example.com", subject: str = "Grüße", html: bool = True) -> str:
    message = EmailMultiAlternatives(subject, f"Hello,\n\n{LINK}\n", "no-reply@example.com", [recipient])
    if html:
        message.attach_alternative(
            f'<html><head></head><body><a href="{LINK}">Grüße</a><script>alert(1)</script></body></html>', "text/html"
        )
    assert get_connection().send_messages([message]) == 1
    return email_names()[0]


# Files


def test_an_email_is_one_readable_file_named_by_time_and_recipient(folder: Path) -> None:
    name = send()
    assert name.endswith("Z-invitee@example.com.eml")
    content = (folder / name).read_text()
    assert f"\n{LINK}\n" in content
    assert "Grüße</a>" in content
    message = message_from_bytes((folder / name).read_bytes(), policy=policy.default)
    assert (message["Subject"], message["To"]) == ("Grüße", "invitee@example.com")
    assert [path.name for path in folder.iterdir()] == [name]


def test_nobody_else_on_the_machine_can_read_it(folder: Path) -> None:
    name = send()
    assert (folder.stat().st_mode & 0o777, (folder / name).stat().st_mode & 0o777) == (0o700, 0o600)


def test_no_recipient_leads_out_of_the_folder(folder: Path) -> None:
    name = send('"../../elsewhere"@example.com')
    assert name.endswith("Z-_.._.._elsewhere_@example.com.eml")
    assert [path.name for path in folder.iterdir()] == [name]


def test_emails_are_listed_newest_first_and_nothing_else_is(folder: Path) -> None:
    names = [send("first@example.com"), send("second@example.com")]
    (folder / "notes.txt").write_text("not a mail")
    (folder / f"{NAME}.part").write_text("half a mail")
    assert email_names() == names[::-1]


@pytest.mark.parametrize("name", ["", ".", "..", "../manage.py", "notes.txt", "/etc/passwd", NAME, f"{NAME}\n"])
def test_only_listed_names_are_read(folder: Path, name: str) -> None:
    send()
    (folder / "notes.txt").write_text("not a mail")
    assert read_email(name) is None


# Pages


@pytest.mark.parametrize(("debug", "found"), [("1", "True"), ("0", "False")])
def test_the_pages_exist_in_development_only(debug: str, found: str) -> None:
    look = "from django.urls import is_valid_path; print(bool(is_valid_path('/development/mails')))"
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "perfectworks.settings", "DEBUG": debug}
    command = [sys.executable, "-c", f"import django; django.setup(); {look}"]
    assert (
        subprocess.run(command, env=environment | PRODUCTION, capture_output=True, text=True, check=True).stdout.strip()
        == found
    )


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_the_list_shows_every_email(client: Client, folder: Path) -> None:
    assert b"No emails yet." in client.get("/development/mails").content
    name = send(subject="<b>Hello</b>")
    response = client.get("/development/mails")
    assert response.status_code == 200
    assert f'<a href="/development/mails/{name}">&lt;b&gt;Hello&lt;/b&gt;</a>' in response.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_an_email_is_shown_with_its_link_to_click(client: Client, folder: Path) -> None:
    name = send()
    response = client.get(f"/development/mails/{name}")
    assert f'<a href="{LINK}" rel="nofollow">{LINK}</a>' in response.content.decode()
    frame = f'src="/development/mails/{name}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
    assert frame in response.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_an_email_without_html_is_shown_as_well(client: Client, folder: Path) -> None:
    name = send(html=False)
    assert "<iframe" not in client.get(f"/development/mails/{name}").content.decode()
    assert client.get(f"/development/mails/{name}/html").status_code == 404


@pytest.mark.urls(__name__)
def test_the_html_of_an_email_can_only_open_a_window(client: Client, folder: Path) -> None:
    response = client.get(f"/development/mails/{send()}/html")
    assert response.content.decode().startswith('<html><head><base target="_blank"></head>')
    directives = dict(line.strip().partition(" ")[::2] for line in response["Content-Security-Policy"].split(";"))
    assert (directives["default-src"], directives["frame-ancestors"]) == ("'none'", "'self'")
    assert directives["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert "script-src" not in directives
    assert response["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.urls(__name__)
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["..%2Fmanage.py", "%2e%2e", "notes.txt", NAME])
def test_only_emails_are_shown(client: Client, folder: Path, name: str) -> None:
    send()
    assert client.get(f"/development/mails/{name}").status_code == 404
    assert client.get(f"/development/mails/{name}/html").status_code == 404


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_the_pages_only_show(client: Client, folder: Path) -> None:
    name = send()
    responses = [client.post(f"/development/{page}") for page in ("mails", f"mails/{name}", f"mails/{name}/html")]
    assert [response.status_code for response in responses] == [405, 405, 405]
