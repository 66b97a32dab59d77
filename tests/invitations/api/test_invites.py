"""Test GET /organization-members/invites against the documented response, byte for byte."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.jwt.issuers import development_jwt
from accounts.principals import Method
from core.addresses import normalize_address
from invitations.actions.inviting import cancel, invite
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.actions.api_keys import create_api_key
from orgs.models import Organization
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, OrganizationFactory
from tests.invitations.api.house import backdate, invitation_in_state, moment
from tests.orgs.api.house import ANONYMOUS, API, invalid_query, listed, refused, said
from tests.support.changes import track_changes
from tests.support.people import session_of
from tests.support.queries import assert_queries

PATH = f"{API}/organization-members/invites"
MESSAGE = "Invitations retrieved successfully"
NOT_ALLOWED = refused(
    403,
    "credential_not_allowed",
    "This kind of credential is not accepted here.",
    details={"allowed": ["jwt"]},
)


def inviting_row(invitation, *, members):
    row = Invitation.objects.with_details().get(pk=invitation.pk)
    return {
        "id": str(row.organization.pk),
        "name": row.organization.name,
        "slug": row.organization.slug,
        "logoUrl": row.organization.logo_url or None,
        "memberCount": members,
        "invitationId": str(row.pk),
        "role": row.grant.role.name,
        "invitedBy": {"id": str(row.inviter_user_id), "name": row.inviter_name},
        "invitedAt": moment(row.created_at),
        "expiresAt": moment(row.expires_at),
        "status": "pending",
    }


def names(response):
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["data"]]


@pytest.fixture
def bearer(settings, invitee):
    """A JWT of the identity provider for the invitee."""
    settings.DEBUG = True
    return {"Authorization": f"Bearer {development_jwt(invitee)}"}


@pytest.fixture
def organizations(owner):
    """Organizations that invited the invitee. Sorting by name, creation time and expiry date gives different orders."""
    made = [("Beta", 3, 7), ("Alpha", 2, 9), ("Gamma", 1, 8)]
    for name, days_ago, days_left in made:
        organization = OrganizationFactory.create(slug=name.lower(), owners=[owner])
        backdate(
            InvitationFactory.create(
                organization=organization,
                email="invitee@example.com",
                inviter=owner,
                expires_in=timedelta(days=days_left),
            ),
            days=days_ago,
        )
    return made


def test_the_answer_is_the_documented_one_to_the_byte(client, bearer, organization, owner, invitation):
    Organization.objects.filter(pk=organization.pk).update(logo_url="https://example.com/logo.png", name="Ångström")
    Invitation.objects.filter(pk=invitation.pk).update(
        created_at=datetime(2026, 1, 22, 10, 30, 0, 5000, tzinfo=UTC), expires_at=datetime(2126, 2, 1, tzinfo=UTC)
    )

    response = client.get(PATH, headers=bearer)

    row = (
        f'{{"id":"{organization.pk}","name":"Ångström","slug":"riverside","logoUrl":"https://example.com/logo.png",'
        f'"memberCount":3,"invitationId":"{invitation.pk}","role":"viewer",'
        f'"invitedBy":{{"id":"{owner.pk}","name":"{owner.display_name}"}},'
        '"invitedAt":"2026-01-22T10:30:00.005Z","expiresAt":"2126-02-01T00:00:00.000Z","status":"pending"}'
    )
    assert response.content.decode() == (
        f'{{"success":true,"message":"Invitations retrieved successfully","data":[{row}],'
        '"pagination":{"page":1,"limit":10,"total":1,"pages":1,"hasNext":false,"hasPrev":false}}'
    )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


def test_nothing_to_answer_is_an_empty_page(client, bearer, organization):
    response = client.get(PATH, headers=bearer)

    assert response.content.decode() == (
        '{"success":true,"message":"Invitations retrieved successfully","data":[],'
        '"pagination":{"page":1,"limit":10,"total":0,"pages":0,"hasNext":false,"hasPrev":false}}'
    )


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic b3duZXI6"}])
def test_anonymous_and_invalid_tokens_get_401_with_the_expected_scheme(client, headers, db):
    response = client.get(PATH, headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    if not headers:
        assert said(response) == ANONYMOUS


def test_a_session_is_known_and_not_enough(client, invitee, invitation):
    client.force_login(invitee)

    assert said(client.get(PATH)) == NOT_ALLOWED


def test_an_api_key_is_known_and_not_enough(client, owner, organization):
    _, secret = create_api_key(by=session_of(owner), organization_id=organization.pk, name="Robot")

    assert said(client.get(PATH, headers={"X-API-Key": secret})) == NOT_ALLOWED


def test_an_oauth2_token_is_known_and_not_enough(by, invitee, invitation):
    assert said(by("invitee", Method.OAUTH2).get(PATH)) == NOT_ALLOWED


def test_everybody_sees_their_own(by, invitation, other_organization, stranger):
    theirs = InvitationFactory.create(organization=other_organization, email="owner@example.com", inviter=stranger)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(invitation, members=3)])
    assert said(by("owner").get(PATH)) == listed(MESSAGE, [inviting_row(theirs, members=1)])
    assert said(by("stranger").get(PATH)) == listed(MESSAGE, [])


def test_each_organization_has_its_newest_open_invitation(by, owner, invitation, workspace_invitation):
    backdate(invitation, days=2)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(workspace_invitation, members=3)])

    cancel(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=workspace_invitation.pk)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(invitation, members=3)])


def test_several_addresses_of_one_person_are_still_one_row(by, invitee, invitation, organization, owner):
    EmailAddressFactory.create(user=invitee, email="second@example.com")
    newer = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(newer, members=3)])


def test_only_a_verified_address_matches(by, invitee, organization, owner):
    EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])

    invitee.emailaddress_set.filter(email="second@example.com").update(verified=True)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(invitation, members=3)])


def test_the_account_s_own_address_does_not_match_while_unverified(by, invitee, invitation):
    invitee.emailaddress_set.update(verified=False)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])


def test_letter_case_makes_no_second_person(by, invitee, organization, owner):
    invitation = invite(
        by=session_of(owner), organization_id=organization.pk, email=normalize_address("InviTEE@EXAMPLE.com")
    )

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [inviting_row(invitation, members=3)])


@pytest.mark.parametrize(
    "state", ["processing", "accepted", "declined", "cancelled", "superseded", "error", "expired", "overdue"]
)
def test_what_is_not_open_is_not_listed(by, state, organization, owner, invitee):
    invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])


def test_an_archived_organization_invites_nobody(by, invitee, organization, invitation):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])


def test_an_organization_the_user_has_joined_is_not_listed(by, invitee, organization, workspace_invitation):
    MembershipFactory.create(organization=organization, user=invitee)

    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Gamma", "Alpha", "Beta"]),
        ("createdAt:desc", ["Gamma", "Alpha", "Beta"]),
        ("createdAt:asc", ["Beta", "Alpha", "Gamma"]),
        ("expiresAt:asc", ["Beta", "Gamma", "Alpha"]),
        ("expiresAt:desc", ["Alpha", "Gamma", "Beta"]),
        ("name:asc", ["Alpha", "Beta", "Gamma"]),
        ("name:desc", ["Gamma", "Beta", "Alpha"]),
    ],
)
def test_the_order_is_the_one_asked_for(by, invitee, organizations, sort, expected):
    assert names(by("invitee").get(PATH, {"sort": sort} if sort else {})) == expected


def test_pages_follow_each_other_and_end(by, invitee, organizations):
    pages = [by("invitee").get(PATH, {"limit": 2, "page": page, "sort": "name:asc"}) for page in (1, 2, 3)]

    assert [names(page) for page in pages] == [["Alpha", "Beta"], ["Gamma"], []]
    assert [page.json()["pagination"] for page in pages] == [
        {"page": 1, "limit": 2, "total": 3, "pages": 2, "hasNext": True, "hasPrev": False},
        {"page": 2, "limit": 2, "total": 3, "pages": 2, "hasNext": False, "hasPrev": True},
        {"page": 3, "limit": 2, "total": 3, "pages": 2, "hasNext": False, "hasPrev": True},
    ]


A_PAGE = ["A whole number from 1 to 2147483647 is expected."]
A_LIMIT = ["A whole number from 1 to 100 is expected."]
A_SORT = [
    "One of these is expected: createdAt:asc, createdAt:desc, expiresAt:asc, expiresAt:desc, name:asc, name:desc."
]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page": A_PAGE}),
        ("page=-1", {"page": A_PAGE}),
        ("page=1.0", {"page": A_PAGE}),
        (f"limit=1{'0' * 30}", {"limit": A_LIMIT}),
        ("limit=0", {"limit": A_LIMIT}),
        ("limit=101", {"limit": A_LIMIT}),
        ("sort=name", {"sort": A_SORT}),
        ("sort=email:asc", {"sort": A_SORT}),
        ("sort=-createdAt", {"sort": A_SORT}),
        ("status=pending", {"status": ["This parameter is unknown."]}),
        ("page=1&page=2", {"page": ["This parameter must not be repeated."]}),
    ],
)
def test_anything_else_in_the_query_is_refused_by_name(by, invitee, query, fields):
    assert said(by("invitee").get(f"{PATH}?{query}")) == invalid_query(**fields)


@pytest.mark.parametrize("limit", [1, 100])
def test_the_limits_of_a_page_are_allowed(by, invitee, limit):
    assert by("invitee").get(PATH, {"limit": limit}).json()["pagination"]["limit"] == limit


def test_no_token_is_in_the_answer_and_nothing_changes(by, invitee, invitation):
    with track_changes() as changes:
        content = by("invitee").get(PATH).content.decode()

    assert changes.nothing
    assert not [purpose for purpose in Purpose if token_for(invitation, purpose) in content]


@pytest.mark.parametrize("number", [1, 30])
def test_the_number_of_rows_costs_no_query(by, invitee, owner, number):
    for index in range(number):
        InvitationFactory.create(
            organization=OrganizationFactory.create(slug=f"river-{index}", owners=[owner]),
            email="invitee@example.com",
            inviter=owner,
        )
    client = by("invitee")

    with assert_queries(rows="SELECT invitations_invitation"):
        response = client.get(PATH, {"limit": 30})

    assert len(response.json()["data"]) == number


def test_an_erased_inviter_has_no_name(by, invitee, organization, invitation):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None, inviter_name="")

    inviter = by("invitee").get(PATH).json()["data"][0]["invitedBy"]
    assert inviter == {"id": str(invitation.inviter_user_id), "name": None}
