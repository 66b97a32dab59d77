"""The consent page: it shows the client and the scopes, and GET grants nothing."""

import pytest
from django.test import Client
from oauth2_provider.models import get_grant_model

from accounts.models import OAuthApplication, User
from tests.accounts.oauth.exchange import ISSUER, Browser, Program, parameters, tokens_of
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text

ASKED = "/oauth2/authorize"


def origins(response) -> list[str]:
    """Return the page's form-action sources."""
    policy = response["Content-Security-Policy"].split("; ")
    return next(rule.split()[1:] for rule in policy if rule.startswith("form-action "))


def test_the_page_says_who_asks_for_what(program: Program, invitee: User):
    page = Browser(invitee).opens(program.asks(scope="invitations organization:manage_members"))

    assert page.status_code == 200
    assert visible_text(page) == [
        "Allow Calendar to act for you?",
        "If you allow it, this application can:",
        "See the invitations sent to you, and accept or decline them",
        "Manage members and invitations, and view workspaces and applications, where you're allowed to",
        "You're signed in as",
        "invitee@example.com",
        "You'll return to",
        "https://client.example.com",
        "We didn't make this application. Allow it only if you trust it and it sent you here.",
        "Allow",
        "Cancel",
    ]
    assert "no-store" in page["Cache-Control"]


def test_a_name_is_text_and_nothing_else(program: Program, invitee: User):
    OAuthApplication.objects.update(name="<b>Bank</b>")
    page = Browser(invitee).opens(program.asks())

    assert visible_text(page)[0] == "Allow <b>Bank</b> to act for you?"
    assert "<b>Bank" not in page.content.decode()


def test_looking_changes_nothing_even_when_it_was_allowed_before(program: Program, invitee: User):
    tokens_of(program, invitee)
    browser = Browser(invitee)

    with track_changes() as changes:
        for method in (browser.client.get, browser.client.head):
            for prompt in ({}, {"approval_prompt": "auto"}, {"prompt": "none"}, {"prompt": "create"}):
                assert method(ASKED, program.asks() | prompt).status_code == 200

    assert changes.nothing
    assert not get_grant_model().objects.exists()


def test_allowing_leaves_its_event(program: Program, invitee: User):
    browser = Browser(invitee)
    with track_changes() as changes:
        browser.allows(program, scope="profile invitations")

    assert changes.tables == {"accounts.ApplicationAccess": (1, 0, 0)}
    assert changes.events == [
        event("oauth_application.authorized", program.application, invitee, scopes=["invitations", "profile"])
    ]


@pytest.mark.parametrize("what", ["cancel", "", "Allow", "true"])
def test_everything_but_a_clear_yes_is_a_no(program: Program, invitee: User, what: str):
    browser = Browser(invitee)
    with track_changes() as changes:
        response = browser.answers(program.asks(), what)

    assert parameters(response) == {"error": "access_denied", "state": "s t&te", "iss": ISSUER}
    assert changes.nothing
    assert not get_grant_model().objects.exists()


def test_another_site_cannot_press_the_button(program: Program, invitee: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(invitee)
    page = client.post(f"{ASKED}?client_id={program.application.client_id}", {"answer": "allow", **program.asks()})

    assert page.status_code == 403
    assert not get_grant_model().objects.exists()


def test_what_is_posted_along_changes_nothing_of_what_was_asked(program: Program, invitee: User):
    """Additional form fields cannot change the request that the page showed."""
    client = Client()
    client.force_login(invitee)
    query = "&".join(f"{name}={value}" for name, value in program.asks(state="1").items())
    wider = {"scope": "organizations", "redirect_uri": "https://evil.example.com/", "state": "2"}

    told = parameters(client.post(f"{ASKED}?{query}", {"answer": "allow", **wider}))

    assert (told["state"], get_grant_model().objects.get().scope) == ("1", "invitations")


def test_an_anonymous_user_signs_in_first_and_comes_back(program: Program):
    response = Browser().opens(program.asks(state="1"))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/oauth2/authorize%3Fresponse_type%3Dcode")
    assert Browser().answers(program.asks(state="1"))["Location"].startswith("/accounts/login/?next=")
    assert not get_grant_model().objects.exists()


def test_nobody_is_sent_to_a_client_with_a_refusal_before_signing_in(program: Program):
    response = Browser().opens(program.asks(scope="everything"))
    assert response["Location"].startswith("/accounts/login/?next=")


def test_the_form_may_lead_to_the_validated_client_and_nowhere_else(program: Program, invitee: User):
    browser = Browser(invitee)

    assert origins(browser.opens(program.asks())) == ["'self'", "https://client.example.com"]
    assert origins(browser.opens(program.asks(redirect_uri="https://evil.example.com/callback"))) == ["'self'"]
    assert origins(browser.opens(program.asks(client_id="unknown"))) == ["'self'"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "Missing client_id parameter."),
        ({"client_id": ""}, "Missing client_id parameter."),
        ({"client_id": "unknown"}, "Invalid client_id parameter value."),
        ({"client_id": "a\x00b"}, "Parameters must not contain NUL characters."),
        ({"state": "a\x00b"}, "Parameters must not contain NUL characters."),
        ({"redirect_uri": "https://evil.example.com/callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/callback/"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/callback?"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/callback?x=1"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/Callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://CLIENT.example.com/callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com:443/callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "http://client.example.com/callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/x/../callback"}, "Mismatching redirect URI."),
        ({"redirect_uri": "https://client.example.com/callback#there"}, "Invalid redirect URI."),
        ({"redirect_uri": "https://me@client.example.com/callback"}, "Invalid redirect URI."),
        ({"redirect_uri": "//client.example.com/callback"}, "Invalid redirect URI."),
        ({"redirect_uri": "javascript:alert(1)"}, "Mismatching redirect URI."),
    ],
)
@pytest.mark.parametrize("who", ["invitee", "anonymous"])
def test_a_wrong_client_or_address_ends_here(
    request: pytest.FixtureRequest, program: Program, who: str, changes: dict[str, str | None], error: str
):
    browser = Browser(None if who == "anonymous" else request.getfixturevalue(who))

    for page in (browser.opens(program.asks(**changes)), browser.answers(program.asks(**changes))):
        assert page.status_code == 400
        assert visible_text(page)[:2] == ["Nothing was changed", "This application can't get access"]
        assert visible_text(page)[-3:-1] == ["invalid_request", f": {error}"]
    assert not get_grant_model().objects.exists()


@pytest.mark.parametrize("query", ["client_id=%zz", "client_id=%ff", "%00", "client_id=a&client_id=b", "client_id[]=1"])
def test_a_query_that_cannot_be_read_ends_here_too(invitee: User, query: str):
    assert Browser(invitee).client.get(f"{ASKED}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "invitations organization:own"}, "invalid_scope"),
        ({"scope": "Invitations"}, "invalid_scope"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": "none"}, "unauthorized_client"),
    ],
)
def test_any_other_fault_is_told_to_the_client(
    program: Program, invitee: User, changes: dict[str, str | None], error: str
):
    told = parameters(Browser(invitee).opens(program.asks(**changes)))

    assert (told["error"], told["state"], told["iss"]) == (error, "s t&te", ISSUER)


def test_a_client_of_somebody_who_was_deactivated_is_none(program: Program, owner: User, invitee: User):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert Browser(invitee).opens(program.asks()).status_code == 400


def test_a_client_with_client_credentials_needs_no_consent(service: Program, personal: Program, invitee: User):
    for program in (service, personal):
        assert Browser(invitee).opens(program.asks()).status_code == 400
