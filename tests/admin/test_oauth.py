"""Test OAuth applications in the admin: staff can see, register, change and delete them, always through actions.

A secret is shown only in the response to the request that created it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.models import OAuthApplication, User
from accounts.principals import staff
from events.models import Event
from orgs.models import Membership, Organization
from orgs.oauth.applications import (
    NoSecret,
    OauthApplicationNotFound,
    SecretOfAPerson,
    end_application_tokens,
    register_client,
    register_personal_client,
    register_service_client,
    renew_any_client_secret,
    stop_acting_for_owner,
    update_any_application,
    update_application,
)
from orgs.policies import PermissionMissing, PersonRequired
from tests.accounts.oauth.exchange import CALLBACK, ISSUER, Browser, Program, holds, parameters, result_of, tokens_of
from tests.factories import MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

PAGES = "/admin/accounts/oauthapplication"
CHANGE = "accounts.change_oauthapplication"


@pytest.fixture
def program(owner: User) -> Program:
    return Program(*register_client(by=session_of(owner), name="Calendar", redirect_uris=[CALLBACK]))


def test_a_page_shows_the_owner_and_no_secret(admin_pages: Client, program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    program.application.refresh_from_db()
    hashed = program.application.client_secret
    secrets = [program.secret, hashed, hashed.partition("$")[2], tokens["access_token"], tokens["refresh_token"]]
    for path in (f"{PAGES}/", f"{PAGES}/{program.application.pk}/change/"):
        text = admin_pages.get(path).content.decode()
        assert "Calendar" in text
        assert program.application.client_id in text
        assert [secret for secret in secrets if secret in text] == []


def test_its_page_only_has_buttons_that_apply(admin_pages: Client, program: Program):
    page = admin_pages.get(f"{PAGES}/{program.application.pk}/change/").content.decode()

    assert [found for found in ("_save", "_addanother", "/admin/r/") if found in page] == []


def test_tokens_and_codes_have_no_page(admin_pages: Client):
    for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model()):
        assert admin_pages.get(f"/admin/oauth2_provider/{model._meta.model_name}/").status_code == 404


def test_the_tokens_of_a_client_are_ended(admin_pages: Client, staff_member: User, program: Program, invitee: User):
    tokens, waiting = tokens_of(program, invitee), Browser(invitee).allows(program)
    with track_changes() as changes:
        admin_pages.post(f"{PAGES}/{program.application.pk}/do/end-tokens")

    assert changes.tables == {"accounts.ApplicationAccess": (0, 0, 1)}
    assert changes.events == [event("oauth_application.tokens_ended", program.application, staff(staff_member, CHANGE))]
    assert not holds(tokens["access_token"])
    for refused in (program.refreshes(tokens["refresh_token"]), program.redeems(waiting)):
        assert result_of(refused) == (400, {"error": "invalid_grant"})


def test_a_client_is_deleted(
    admin_pages: Client, staff_member: User, owner: User, organization: Organization, invitee: User
):
    robot = MembershipFactory.create(organization=organization, of_system_user=True)
    made, _ = register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=robot.pk, name="Nightly"
    )
    with track_changes() as changes:
        admin_pages.post(f"{PAGES}/{made.pk}/do/delete")

    assert changes.tables == {"accounts.OAuthApplication": (0, 0, 1)}
    assert changes.events == [event("oauth_application.deleted", made, staff(staff_member, CHANGE), organization)]


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (partial(update_any_application, name="Hourly"), "updated"),
        (renew_any_client_secret, "secret_renewed"),
        (end_application_tokens, "tokens_ended"),
    ],
)
def test_the_event_of_a_service_client_belongs_to_the_organization(
    staff_member: User, owner: User, organization: Organization, action: Callable[..., object], kind: str
):
    robot = MembershipFactory.create(organization=organization, of_system_user=True)
    made, _ = register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=robot.pk, name="Nightly"
    )

    action(by=staff(staff_member, CHANGE), application=made)

    found = Event.objects.of_organization(organization.pk).values_list("number", "kind")
    assert list(found) == [(1, "oauth_application.registered"), (2, f"oauth_application.{kind}")]


# Registering


@pytest.fixture
def robot(organization: Organization) -> Membership:
    return MembershipFactory.create(organization=organization, of_system_user=True)


def registers(pages: Client, **form: Any) -> Any:
    return pages.post(f"{PAGES}/add/", {"name": "Calendar", **form})


def shown_secret(response: Any) -> str:
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    secret: str = response.context["secret"]
    assert secret in response.content.decode()
    return secret


@pytest.mark.parametrize(
    ("kind", "public"),
    [
        ("client", False),
        ("public", True),
    ],
)
def test_one_is_registered_for_a_person(admin_pages: Client, staff_member: User, owner: User, kind: str, public: bool):
    addresses = f"{CALLBACK}\n{CALLBACK}/2"
    with track_changes() as changes:
        response = registers(
            admin_pages, kind=kind, owner=owner.email, redirect_uris=addresses, scopes=["invitations", "profile"]
        )

    made = OAuthApplication.objects.get()
    secret = shown_secret(response)
    assert (made.user, made.name, made.authorization_grant_type) == (owner, "Calendar", "authorization-code")
    assert made.client_type == ("public" if public else "confidential")
    assert made.redirect_uris.split() == addresses.split()
    assert made.allowed_scopes == ["invitations", "profile"]
    assert made.client_id in response.content.decode()
    assert (secret == "") is public
    assert changes.tables == {"accounts.OAuthApplication": (1, 0, 0)}
    assert changes.events == [
        event("oauth_application.registered", made, staff(staff_member, CHANGE), acts_for_owner=False)
    ]
    page = admin_pages.get(f"{PAGES}/{made.pk}/change/").content.decode()
    assert not secret or secret not in page


@pytest.mark.parametrize(
    "typed", ["Owner@Example.com", "\u200bowner@example.com\u00a0", "Olga Owner <owner@example.com>"]
)
def test_the_owner_is_found_by_every_form_of_the_address(admin_pages: Client, owner: User, typed: str):
    registers(admin_pages, kind="client", owner=typed, redirect_uris=CALLBACK)

    assert OAuthApplication.objects.get().user == owner


def test_one_is_registered_for_a_system_user(
    admin_pages: Client, staff_member: User, organization: Organization, robot: Membership
):
    with track_changes() as changes:
        response = registers(admin_pages, kind="service", system_user=str(robot.user_id))

    made = OAuthApplication.objects.get()
    assert (made.user, made.system_user, made.allowed_scopes) == (None, robot.user, [])
    assert changes.events == [
        event("oauth_application.registered", made, staff(staff_member, CHANGE), organization, acts_for_owner=False)
    ]
    program = Program(made, shown_secret(response))
    assert result_of(program.gets_token())[0] == 200


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        (
            {"kind": "client"},
            {
                "owner": ["This field is required for this kind of application."],
                "redirect_uris": ["This field is required for this kind of application."],
            },
        ),
        (
            {"kind": "personal", "owner": "owner@example.com", "redirect_uris": CALLBACK},
            {"kind": ["Select a valid choice. personal is not one of the available choices."]},
        ),
        ({"kind": "service"}, {"system_user": ["This field is required for this kind of application."]}),
        (
            {"kind": "client", "owner": "nobody@example.com", "redirect_uris": CALLBACK},
            {"owner": ["No account has this email address."]},
        ),
        (
            {"kind": "service", "system_user": "01900000-0000-7000-8000-000000000000"},
            {"system_user": ["No service account has this ID."]},
        ),
        (
            {"kind": "client", "owner": "owner@example.com", "redirect_uris": "ftp://client.example.com"},
            {"redirect_uris": ["redirect uri URI Validation error. invalid_scheme: ftp://client.example.com"]},
        ),
        (
            {"kind": "client", "owner": "owner@example.com", "redirect_uris": CALLBACK, "scopes": ["everything"]},
            {"scopes": ["Select a valid choice. everything is not one of the available choices."]},
        ),
        (
            {
                "kind": "client",
                "owner": "owner@example.com",
                "redirect_uris": CALLBACK,
                "name": "\u202eCalendar",
            },
            {"name": ["The character U+202E at position 1 is not allowed here."]},
        ),
    ],
)
def test_errors_are_shown_at_their_fields(
    admin_pages: Client, owner: User, form: dict[str, Any], refused: dict[str, list[str]]
):
    with track_changes() as changes:
        response = registers(admin_pages, **form)

    assert response.status_code == 200
    assert response.context["form"].errors == refused
    assert changes.nothing


def test_an_inactive_person_cannot_be_the_owner(admin_pages: Client, owner: User):
    User.objects.filter(pk=owner.pk).update(is_active=False)

    errors = registers(admin_pages, kind="client", owner=owner.email, redirect_uris=CALLBACK).context["form"].errors

    assert "Choose a person with an active account." in errors["owner"]


def test_only_staff_name_another_as_the_owner(owner: User, stranger: User):
    with track_changes() as changes, pytest.raises(PermissionMissing):
        register_client(by=session_of(stranger), name="Calendar", redirect_uris=[CALLBACK], owner=owner)

    assert changes.nothing


def test_staff_cannot_register_a_personal_client(staff_member: User):
    with track_changes() as changes, pytest.raises(PersonRequired):
        register_personal_client(by=staff(staff_member, CHANGE), name="Script")

    assert changes.nothing


def test_staff_without_the_add_permission_see_no_form(staff_member: User, admin_pages: Client):
    User.objects.filter(pk=staff_member.pk).update(is_superuser=False)

    assert admin_pages.get(f"{PAGES}/add/").status_code == 403
    assert registers(admin_pages, kind="client").status_code == 403


# Changing


def presses(pages: Client, application: OAuthApplication, button: str, **form: str) -> list[str]:
    """Press the button. Return the messages on the page."""
    response = pages.post(f"{PAGES}/{application.pk}/do/{button}", form, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_one_is_renamed(admin_pages: Client, staff_member: User, program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    with track_changes() as changes:
        assert presses(admin_pages, program.application, "rename", name=" Agenda ") == ["Rename: done."]

    program.application.refresh_from_db()
    assert program.application.name == "Agenda"
    assert changes.tables == {"accounts.OAuthApplication": (0, 1, 0)}
    assert changes.events == [
        event(
            "oauth_application.updated", program.application, staff(staff_member, CHANGE), changed=["name"], scopes=[]
        )
    ]
    assert holds(tokens["access_token"])


def test_redirect_uris_are_changed(admin_pages: Client, staff_member: User, program: Program, invitee: User):
    waiting, addresses = Browser(invitee).allows(program), f"{CALLBACK}/2\r\n{CALLBACK}/3"
    with track_changes() as changes:
        said = presses(admin_pages, program.application, "redirect", redirect_uris=addresses)

    program.application.refresh_from_db()
    assert said == ["Change redirect URIs: done."]
    assert program.application.redirect_uris.split() == addresses.split()
    assert changes.events == [
        event(
            "oauth_application.updated",
            program.application,
            staff(staff_member, CHANGE),
            changed=["redirect_uris"],
            scopes=[],
        )
    ]
    assert result_of(program.redeems(waiting))[0] == 400


def test_the_form_contains_the_current_redirect_uris(admin_pages: Client, owner: User):
    uris = [CALLBACK, f"{CALLBACK}/2"]
    made, _ = register_client(by=session_of(owner), name='"Calendar"', redirect_uris=uris)

    page = admin_pages.get(f"{PAGES}/{made.pk}/change/").content.decode()

    assert '<input name="name" type="text" value="&quot;Calendar&quot;" required>' in page
    assert f'<textarea name="redirect_uris" rows="3" required>{CALLBACK}\n{CALLBACK}/2</textarea>' in page


@pytest.mark.parametrize(
    ("button", "form", "reason"),
    [
        ("rename", {}, "Enter a value for “Name”."),
        ("rename", {"name": "x" * 256}, "Ensure this value has at most 255 characters (it has 256)."),
        ("rename", {"name": "\u202eCalendar"}, "The character U+202E at position 1 is not allowed here."),
        ("redirect", {}, "Enter a value for “Redirect URIs”."),
        (
            "redirect",
            {"redirect_uris": "ftp://client.example.com"},
            "redirect uri URI Validation error. invalid_scheme: ftp://client.example.com",
        ),
    ],
)
def test_invalid_changes_are_refused_with_a_message(
    admin_pages: Client, program: Program, button: str, form: dict[str, str], reason: str
):
    with track_changes() as changes:
        assert presses(admin_pages, program.application, button, **form) == [reason]

    assert changes.nothing


def test_a_personal_client_has_no_redirect_uris(admin_pages: Client, invitee: User):
    made, _ = register_personal_client(by=session_of(invitee), name="Script")

    page = admin_pages.get(f"{PAGES}/{made.pk}/change/").content.decode()
    with track_changes() as changes:
        assert presses(admin_pages, made, "redirect", redirect_uris=CALLBACK) == [
            "“Change redirect URIs” isn't possible now."
        ]

    assert "do/redirect" not in page
    assert changes.nothing


def test_staff_cannot_change_scopes(staff_member: User, invitee: User):
    made, _ = register_personal_client(by=session_of(invitee), name="Script", scopes=["invitations"])

    with track_changes() as changes:
        with pytest.raises(TypeError, match=r"cannot be set: scopes"):
            update_any_application(by=staff(staff_member, CHANGE), application=made, scopes=["organizations"])
        with pytest.raises(OauthApplicationNotFound):
            update_application(by=staff(staff_member, CHANGE), organization=None, application_id=made.pk, scopes=[])

    assert changes.nothing


@pytest.mark.parametrize(
    "action", [partial(update_any_application, name="Agenda"), renew_any_client_secret, stop_acting_for_owner]
)
def test_a_deleted_application_is_not_found(staff_member: User, program: Program, action: Callable[..., object]):
    stale = OAuthApplication.objects.get(pk=program.application.pk)
    program.application.delete()

    with track_changes() as changes, pytest.raises(OauthApplicationNotFound):
        action(by=staff(staff_member, CHANGE), application=stale)

    assert changes.nothing


def test_a_secret_is_renewed_and_shown_once(admin_pages: Client, staff_member: User, program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    with track_changes() as changes:
        response = admin_pages.post(f"{PAGES}/{program.application.pk}/do/renew-secret")

    assert changes.events == [
        event("oauth_application.secret_renewed", program.application, staff(staff_member, CHANGE))
    ]
    assert not holds(tokens["access_token"])
    assert result_of(program.refreshes(tokens["refresh_token"])) == (401, {"error": "invalid_client"})
    renewed = Program(program.application, shown_secret(response))
    assert holds(tokens_of(renewed, invitee)["access_token"])
    for path in (f"{PAGES}/", f"{PAGES}/{program.application.pk}/change/"):
        assert renewed.secret not in admin_pages.get(path).content.decode()


def test_a_public_one_has_no_secret_to_renew(admin_pages: Client, staff_member: User, owner: User):
    made, _ = register_client(by=session_of(owner), name="Phone", redirect_uris=[CALLBACK], public=True)

    page = admin_pages.get(f"{PAGES}/{made.pk}/change/").content.decode()
    response = admin_pages.post(f"{PAGES}/{made.pk}/do/renew-secret", follow=True)

    assert "renew-secret" not in page
    assert [str(message) for message in response.context["messages"]] == ["“Renew secret” isn't possible now."]
    with pytest.raises(NoSecret):
        renew_any_client_secret(by=staff(staff_member, CHANGE), application=made)


def test_staff_cannot_renew_the_secret_of_a_personal_client(admin_pages: Client, staff_member: User, invitee: User):
    personal = Program(*register_personal_client(by=session_of(invitee), name="Script"))

    page = admin_pages.get(f"{PAGES}/{personal.application.pk}/change/").content.decode()
    with track_changes() as changes:
        response = admin_pages.post(f"{PAGES}/{personal.application.pk}/do/renew-secret", follow=True)

        with pytest.raises(SecretOfAPerson):
            renew_any_client_secret(by=staff(staff_member, CHANGE), application=personal.application)

    assert "renew-secret" not in page
    assert [str(message) for message in response.context["messages"]] == ["“Renew secret” isn't possible now."]
    assert changes.nothing
    assert holds(result_of(personal.gets_token())[1]["access_token"])


def test_staff_stop_a_personal_client(admin_pages: Client, staff_member: User, invitee: User):
    personal = Program(*register_personal_client(by=session_of(invitee), name="Script"))
    token = result_of(personal.gets_token())[1]["access_token"]

    with track_changes() as changes:
        admin_pages.post(f"{PAGES}/{personal.application.pk}/do/stop-acting")

    assert changes.tables == {"accounts.OAuthApplication": (0, 1, 0)}
    assert changes.events == [
        event(
            "oauth_application.acting_for_owner_set",
            personal.application,
            staff(staff_member, CHANGE),
            acts_for_owner=False,
        )
    ]
    assert not holds(token)
    assert not holds(result_of(personal.gets_token())[1]["access_token"])
    assert admin_pages.post(f"{PAGES}/{personal.application.pk}/do/act").status_code == 403


# The scopes of an application


def test_tokens_have_no_more_scopes_than_registered(owner: User, invitee: User):
    bound = Program(
        *register_client(by=session_of(owner), name="Reader", redirect_uris=[CALLBACK], scopes=["invitations"])
    )

    assert parameters(Browser(invitee).opens(bound.asks(scope="profile"))) == {
        "error": "invalid_scope",
        "state": "s t&te",
        "iss": ISSUER,
    }
    assert tokens_of(bound, invitee, scope=None)["scope"] == "invitations"


@pytest.mark.parametrize(
    ("allowed", "given"),
    [
        ([], "profile invitations organizations"),
        (["profile", "organization:admin"], "profile"),
        (["organization:admin"], "organization:admin"),
    ],
)
def test_the_default_scopes_are_limited_to_the_registered_ones(owner: User, allowed: list[str], given: str):
    program = Program(*register_personal_client(by=session_of(owner), name="Script", scopes=allowed))

    assert result_of(program.gets_token())[1]["scope"] == given
