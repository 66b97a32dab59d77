"""Error pages: they have the usual layout and reveal nothing internal."""

from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path

from perfectworks.urls import urlpatterns as the_map
from tests.support.pages import visible_text


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("hunter2")


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("hunter2")


def malformed(request: HttpRequest) -> HttpResponse:
    raise BadRequest("hunter2")


urlpatterns = [*the_map, path("broken", broken), path("refused", refused), path("malformed", malformed)]
BACK = "Home"
PAGES = {
    "/malformed": (400, ["We couldn't understand this request", "Please go back and try again.", BACK]),
    "/refused": (403, ["You don't have access to this page", "Your account doesn't have permission to open it.", BACK]),
    "/nowhere": (404, ["We couldn't find this page", "The address may have a typo, or the page may have moved.", BACK]),
    "/broken": (
        500,
        ["Something went wrong on our side", "We've logged the error. Please try again in a moment.", BACK],
    ),
}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("address", PAGES)
def test_every_failure_has_our_look(client, member, address, signed_in):
    client.raise_request_exception = False
    if signed_in:
        client.force_login(member)

    response = client.get(address)

    assert (response.status_code, visible_text(response)) == PAGES[address]
    assert "hunter2" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_a_method_that_an_address_does_not_know(client, member):
    client.force_login(member)

    response = client.post("/invitations")

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert visible_text(response) == ["This doesn't work at this address", "Nothing was changed.", BACK]


def test_a_foreign_host_is_refused(client, db):
    response = client.get("/", headers={"Host": "evil.test"})

    assert response.status_code == 400
    assert "evil.test" not in response.content.decode()


CAUSES = {
    "hidden": ("Your browser doesn't say where this form comes from", "the referrer"),
    "foreign": ("This form comes from another site", "only accept forms from our own pages"),
    "no_cookie": ("Your browser didn't send our cookie", "Allow cookies for this site."),
    "expired": ("This form has expired", "signed in or out in another tab"),
}


@pytest.mark.parametrize(
    ("headers", "cookie", "cause"),
    [
        ({"Origin": "null"}, True, "hidden"),
        ({"Origin": "null"}, False, "hidden"),
        ({}, True, "hidden"),
        ({"Origin": "https://evil.test"}, True, "foreign"),
        ({"Origin": "http://testserver"}, True, "foreign"),
        ({"Referer": "https://evil.test/form"}, True, "foreign"),
        ({"Referer": "http://testserver/form"}, True, "foreign"),
        ({"Referer": "https://[/"}, True, "foreign"),
        ({"Origin": "https://testserver"}, False, "no_cookie"),
        ({"Origin": "https://testserver"}, True, "expired"),
        ({"Referer": "https://testserver/form"}, True, "expired"),
    ],
)
def test_a_form_that_is_not_accepted_says_why(headers: dict[str, str], cookie: bool, cause: str):
    client = Client(enforce_csrf_checks=True)
    if cookie:
        client.cookies["csrftoken"] = "a" * 32

    response: Any = client.post("/accounts/login/", headers=headers, secure=True)

    heading, *rest = visible_text(response)
    assert response.status_code == 403
    assert heading == CAUSES[cause][0]
    assert CAUSES[cause][1] in " ".join(rest)
    assert "Nothing was changed." in " ".join(rest)


def test_a_failure_needs_neither_a_request_nor_a_database():
    assert "Something went wrong on our side" in render_to_string("500.html")
