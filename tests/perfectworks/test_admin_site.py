"""Test that the admin uses our sign-in page, and that only admin pages allow scripts."""

import pytest
from django.contrib.auth import get_user_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff_client(client):
    user = get_user_model().objects.create_superuser(email="staff@example.com", password="a long enough one")
    client.force_login(user)
    return client


def test_a_signed_out_visitor_is_sent_to_the_ordinary_sign_in(client):
    response = client.get("/admin/login/?next=/admin/")

    assert (response.status_code, response.url) == (302, "/accounts/login/?next=%2Fadmin%2F")


def test_somebody_who_is_not_staff_is_refused(client):
    client.force_login(get_user_model().objects.create_user(email="member@example.com", password="a long enough one"))

    assert client.get("/admin/login/?next=/admin/").status_code == 403


def test_the_admin_runs_django_s_own_scripts_and_no_others(staff_client):
    response = staff_client.get("/admin/")

    assert response.status_code == 200
    assert parse_policy(response) == {
        "base-uri": "'none'",
        "connect-src": "'self'",
        "default-src": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "img-src": "'self' data:",
        "script-src": "'self'",
        "style-src": "'self'",
    }


def test_every_other_page_runs_no_script(client):
    response = client.get("/accounts/login/")

    assert parse_policy(response) == {
        "base-uri": "'none'",
        "default-src": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "img-src": "'self' data:",
        "style-src": "'self'",
    }
    assert response.headers["Referrer-Policy"] == "same-origin"


def parse_policy(response) -> dict[str, str]:
    directives = response.headers["Content-Security-Policy"].split(";")
    return dict(directive.strip().split(" ", 1) for directive in directives)
