"""Test the Idempotency-Key header: a repeated request gets the stored response and has no other effect."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions.maintenance import MAINTENANCE_TASKS, delete_old_responses
from accounts.models import IdempotentResponse
from accounts.principals import Method
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.accounts import purge_account
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS, OWNER_ROLE, VIEWER_ROLE
from perfectworks.urls import house
from tests.factories import InvitationFactory
from tests.invitations.api.house import emailed_token, sent
from tests.orgs.api.house import API, at, lacking, refused, said
from tests.support.changes import track_changes
from tests.support.people import session_of
from tests.support.queries import assert_queries

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
NEW = {"email": "new@example.com"}
REUSED = refused(422, "idempotency_key_reused", "This Idempotency-Key was already used for a different request.")


@pytest.fixture(params=["create", "invite", "resend", "correct_address"])
def request_of(request, organization, owner):
    """Return a request function for each operation that sends an email. The function takes a client and headers."""
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    targets: dict[str, tuple[str, dict[str, Any]]] = {
        "create": (at(organization, "invitations"), NEW),
        "invite": (f"{API}/organization-members/invite", NEW),
        "resend": (sent(invitation, "resend"), {"expiresInDays": 5}),
        "correct_address": (sent(invitation, "correct-address"), NEW),
    }
    path, body = targets[request.param]

    def ask(client, headers=KEY, **changes):
        return client.post(path, {**body, **changes}, headers=headers)

    return ask


def grow_old():
    IdempotentResponse.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))


def test_a_repeated_request_is_answered_the_same_to_the_byte_and_emails_once(by, owner, request_of):
    first = request_of(by("owner"))
    with track_changes() as changes:
        again = [request_of(by("owner")) for _ in range(3)]

    assert changes.nothing
    assert {(answer.status_code, answer.content) for answer in again} == {(first.status_code, first.content)}
    assert first.status_code in (200, 201)
    assert Email.objects.count() == 1


def test_the_response_stays_the_first_one_after_later_changes(by, owner, path):
    first = by("owner").post(path, NEW, headers=KEY)
    Invitation.objects.update(status="declined", finished_at=timezone.now(), generation=9)

    assert by("owner").post(path, NEW, headers=KEY).content == first.content


def test_without_a_key_every_request_counts(by, owner, request_of):
    first, second = request_of(by("owner"), headers={}), request_of(by("owner"), headers={})

    assert first.content != second.content
    assert not IdempotentResponse.objects.exists()


def test_another_key_is_another_request(by, owner, organization):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)

    for key in ("first", "second"):
        by("owner").post(sent(invitation, "resend"), headers={"Idempotency-Key": key})

    assert Email.objects.count() == 2


def test_the_same_key_with_another_body_is_refused_and_does_nothing(by, owner, request_of):
    request_of(by("owner"))

    with track_changes() as changes:
        assert said(request_of(by("owner"), expiresInDays=9)) == REUSED
    assert changes.nothing


def test_the_same_key_for_another_path_is_refused(by, owner, organization):
    first, second = (
        InvitationFactory.create(organization=organization, email=f"{name}@example.com", inviter=owner)
        for name in ("first", "second")
    )
    by("owner").post(sent(first, "resend"), headers=KEY)

    assert said(by("owner").post(sent(second, "resend"), headers=KEY)) == REUSED
    assert Email.objects.get().invitation == first


def test_the_same_key_for_another_organization_is_refused(by, owner, organization, other_organization):
    headers = {**KEY, "X-Organization-Id": str(organization.pk)}
    by("owner").post(f"{API}/organization-members/invite", NEW, headers=headers)

    answer = said(by("owner").post(f"{API}/organization-members/invite", NEW, headers=KEY))

    assert answer == REUSED


def test_the_body_counts_by_what_it_means(by, owner, path):
    first = by("owner").post(path, {"email": "new@example.com", "role": "viewer"}, headers=KEY)

    same_body = '{ "role":"viewer",\n "email": "new@\\u0065xample.com"}'
    again = by("owner").post(path, same_body, content_type="application/json", headers=KEY)

    assert again.content == first.content


def test_the_same_key_of_another_caller_is_another_request(by, owner, admin, path):
    by("owner").post(path, NEW, headers=KEY)

    answer = by("admin").post(path, {"email": "another@example.com"}, headers=KEY)

    assert answer.status_code == 201
    assert Email.objects.count() == 2


def test_a_narrower_credential_does_not_get_the_answer_to_a_wider_one(by, owner, organization, path):
    by("owner").post(path, NEW, headers=KEY)
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset({LIST_PROJECTS})}

    assert said(by("owner", **key).post(path, NEW, headers=KEY)) == REUSED
    assert said(by("owner", **key).post(path, NEW, headers={"Idempotency-Key": "b"})) == lacking(MANAGE_MEMBERS)


def test_the_same_key_of_one_operation_means_nothing_to_another(by, owner, organization, path):
    invitation = by("owner").post(path, NEW, headers=KEY).json()["data"]["id"]

    assert by("owner").post(f"{path}/{invitation}/resend", headers=KEY).json()["data"]["generation"] == 2


@pytest.mark.parametrize("fault", [{"email": "member@example.com"}, {"email": "new"}, {**NEW, "roleId": "x"}])
def test_what_was_refused_did_nothing_and_may_be_tried_again_with_the_key(by, owner, path, fault):
    with track_changes() as changes:
        assert by("owner").post(path, fault, headers=KEY).status_code in (400, 409)
    assert changes.nothing

    assert by("owner").post(path, NEW, headers=KEY).status_code == 201


def test_a_crash_on_the_way_leaves_neither_the_effect_nor_the_answer(by, owner, path, monkeypatch):
    client = by("owner")
    client.raise_request_exception = False
    monkeypatch.setattr(IdempotentResponse, "save", broken)
    with track_changes() as changes:
        assert client.post(path, NEW, headers=KEY).status_code == 500
    assert changes.nothing

    monkeypatch.undo()
    assert client.post(path, NEW, headers=KEY).status_code == 201
    assert Email.objects.count() == 1


def broken(self, **kwargs):
    if kwargs.get("update_fields"):
        raise RuntimeError("The last step fails.")
    super(IdempotentResponse, self).save(**kwargs)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "Between 1 and 255 characters are expected."),
        ("k" * 256, "Between 1 and 255 characters are expected."),
        ("two words", "This does not have the expected form."),
        ("schlüssel", "This does not have the expected form."),
        ("tab\there", "This does not have the expected form."),
    ],
)
def test_a_key_is_visible_ascii_of_a_bounded_length(by, owner, request_of, key, message):
    with track_changes() as changes:
        answer = said(request_of(by("owner"), headers={"Idempotency-Key": key}))

    fields = {"Idempotency-Key": [message]}
    assert answer == refused(400, "invalid_header", "Some headers are not valid.", fields=fields)
    assert changes.nothing


def test_a_key_of_the_greatest_length_will_do(by, owner, request_of):
    assert request_of(by("owner"), headers={"Idempotency-Key": "k" * 255}).status_code in (200, 201)


# Lifetime and content of stored responses


def test_after_a_day_the_key_is_new_again(by, owner, organization):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    by("owner").post(sent(invitation, "resend"), headers=KEY)
    grow_old()

    data = by("owner").post(sent(invitation, "resend"), {"expiresInDays": 2}, headers=KEY).json()["data"]

    assert data["generation"] == 3
    assert IdempotentResponse.objects.count() == 1


def test_the_worker_forgets_what_is_a_day_old(by, owner, path):
    assert delete_old_responses in MAINTENANCE_TASKS
    by("owner").post(path, NEW, headers=KEY)
    delete_old_responses()
    assert IdempotentResponse.objects.count() == 1

    grow_old()
    delete_old_responses()
    assert not IdempotentResponse.objects.exists()


def test_nothing_secret_is_kept(by, owner, request_of):
    request_of(by("owner"))

    kept = IdempotentResponse.objects.get()
    tokens = [emailed_token(invitation) for invitation in Invitation.objects.all()]
    assert not [token for token in tokens if token in kept.response]
    assert "new@example.com" not in kept.fingerprint
    assert len(kept.fingerprint) == 64


WITHOUT = {
    "api_keys.create": "its answer is a secret, which nothing keeps",
    "oauth_applications.create": "its answer is a secret, which nothing keeps",
    "webhook_endpoints.create": "its answer is a secret, which nothing keeps",
    "users.register": "nobody is signed in, or it says what is so already",
}


def house_creations() -> Iterator[tuple[str, Any]]:
    """Return the name and the view method of every POST operation that creates an object."""
    for pattern in house:
        callback: Any = pattern.callback
        for method, action in callback.actions.items():
            declared = getattr(callback.cls, action)
            if method == "post" and declared.operation.status == 201:
                yield f"{callback.cls.resource}.{action}", declared


def test_every_creation_can_be_repeated_but_those_that_answer_a_secret():
    creations = dict(house_creations())

    repeatable = {name for name, declared in creations.items() if "Idempotency-Key" in declared.operation.headers}
    assert creations.keys() - repeatable == WITHOUT.keys()
    assert all(hasattr(creations[name], "__wrapped__") for name in repeatable)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{API}/organizations", {"name": "Annex"}),
        ("roles", {"name": "Guide", "permissions": []}),
        ("workspaces", {"name": "Garden"}),
        ("applications", {"name": "Garden"}),
        (f"{API}/users/system", {"name": "Robot", "roleId": str(VIEWER_ROLE)}),
    ],
)
def test_what_else_is_created_is_created_once(by, owner, organization, path, body):
    path = path if path.startswith("/") else at(organization, path)

    first = by("owner").post(path, body, headers=KEY)
    with track_changes() as changes:
        again = by("owner").post(path, body, headers=KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert changes.nothing


@pytest.mark.parametrize("who", ["owner", "invitee"])
def test_who_is_erased_is_in_no_kept_answer(by, request, owner, admin, invitee, organization, who):
    by("admin").post(at(organization, "invitations"), {"email": "invitee@example.com"}, headers=KEY)
    theirs = InvitationFactory.create(organization=organization, email="new@example.com", inviter=owner)
    by("admin").post(sent(theirs, "resend"), headers=KEY)
    erased = request.getfixturevalue(who)
    organization.memberships.filter(user=admin).get().assignments.update(role_id=OWNER_ROLE)
    kept = {"owner": "organization_invitations.create", "invitee": "organization_invitations.resend"}[who]

    purge_account(by=session_of(erased), user=erased)

    assert [answer.operation for answer in IdempotentResponse.objects.all()] == [kept]


def test_the_answer_is_kept_as_it_was_given(by, owner, path):
    response = by("owner").post(path, NEW, headers=KEY)

    kept = IdempotentResponse.objects.get()
    message, data = json.loads(kept.response)
    assert (kept.user, kept.operation, kept.key, kept.status) == (
        owner,
        "organization_invitations.create",
        KEY["Idempotency-Key"],
        201,
    )
    assert response.json() == {"success": True, "message": message, "data": data}


def test_the_queries_of_a_repetition_are_these(by, owner, path):
    client = by("owner")
    client.post(path, NEW, headers=KEY)

    with assert_queries(outdated="DELETE accounts_idempotentresponse", kept="SELECT accounts_idempotentresponse"):
        client.post(path, NEW, headers=KEY)
