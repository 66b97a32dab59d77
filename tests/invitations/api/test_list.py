"""Test GET /organizations/{id}/invitations."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.principals import Method
from core.addresses import normalize_address
from invitations.actions.inviting import invite
from invitations.models import Invitation
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_MANAGE_MEMBERS,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    backdate,
    indistinguishable,
    invitation_in_state,
    moment,
    sent_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, OUTSIDER, invalid_query, lacking, listed, said
from tests.support.changes import track_changes
from tests.support.people import session_of
from tests.support.queries import assert_queries

MESSAGE = "Invitations retrieved successfully"
STATES = ["pending", "processing", "accepted", "declined", "cancelled", "expired", "error"]


@pytest.fixture
def of_every_state(organization, owner):
    """Map each state, and `overdue`, to an invitation."""
    kinds = [*STATES, "overdue"]
    return {
        kind: invitation_in_state(kind, organization=organization, email=f"{kind}@example.com", inviter=owner)
        for kind in kinds
    }


def found(client, path, **query):
    """Return the sorted addresses on the page."""
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return sorted(row["email"].partition("@")[0] for row in response.json()["data"])


def test_the_open_ones_are_listed_newest_first(by, path, organization, owner, invitation, workspace_invitation):
    backdate(invitation, days=1)
    for state in ("accepted", "declined", "cancelled", "processing", "error", "expired", "overdue"):
        invitation_in_state(state, organization=organization, email=f"{state}@example.com", inviter=owner)

    with track_changes() as changes:
        response = without_token(by("owner").get(path))

    assert said(response) == listed(MESSAGE, [sent_row(workspace_invitation), sent_row(invitation)])
    assert [key for row in response.json()["data"] for key in row][:22] == list(sent_row(invitation))
    assert changes.nothing


def test_an_organization_without_invitations_has_an_empty_page(by, path):
    assert said(by("owner").get(path)) == listed(MESSAGE, [])


def test_invitations_of_other_organizations_are_not_here(by, path, invitation, other_organization, stranger):
    InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    assert said(by("owner").get(path)) == listed(MESSAGE, [sent_row(invitation)])


# States


@pytest.mark.parametrize("state", STATES)
def test_each_state_can_be_asked_for(by, path, of_every_state, state):
    expected = ["expired", "overdue"] if state == "expired" else [state]

    assert found(by("owner"), path, state=state) == expected


def test_several_states_can_be_asked_for_at_once(by, path, of_every_state):
    assert found(by("owner"), path, state="pending,error,expired") == ["error", "expired", "overdue", "pending"]
    assert found(by("owner"), path, state=",".join(STATES)) == sorted(of_every_state)


def test_what_is_past_its_date_is_expired_with_no_job_having_been_there(by, path, of_every_state):
    overdue = of_every_state["overdue"]

    answer = said(by("owner").get(path, {"state": "expired", "email": overdue.email}))

    assert answer == listed(MESSAGE, [sent_row(overdue, state="expired", finishedAt=moment(overdue.expires_at))])
    overdue.refresh_from_db()
    assert (overdue.status, overdue.finished_at) == ("pending", None)


def test_how_an_invitation_ended_can_be_read(by, path, organization, owner):
    declined = InvitationFactory.create(
        organization=organization,
        email="new@example.com",
        inviter=owner,
        declined=True,
        decline_reason="No time.\nSorry.",
    )
    superseded = InvitationFactory.create(
        organization=organization, email="other@example.com", inviter=owner, superseded=True
    )

    rows = by("owner").get(path, {"state": "declined"}).json()["data"]
    assert rows == [sent_row(declined, declineReason="No time.\nSorry.")]
    rows = by("owner").get(path, {"state": "cancelled", "sort": "createdAt:desc", "limit": 1}).json()["data"]
    assert rows == [sent_row(superseded, supersededBy=str(superseded.superseded_by_id))]


# Filters


@pytest.mark.parametrize("address", ["invitee@example.com", "INVITEE@Example.COM", "InviTee@example.com"])
def test_an_address_is_found_in_any_letter_case(by, path, invitation, address):
    assert said(by("owner").get(path, {"email": address})) == listed(MESSAGE, [sent_row(invitation)])


@pytest.mark.parametrize("address", ["_nvitee@example.com", "%@example.com", "vitee@example.com", "invitee@example.co"])
def test_an_address_is_found_whole_and_nothing_in_it_is_a_wildcard(by, path, invitation, address):
    assert said(by("owner").get(path, {"email": address})) == listed(MESSAGE, [])


@pytest.mark.parametrize("address", ["%", "invitee", "ınvitee@example.com", "ſ@example.com", ""])
def test_what_is_no_address_is_refused(by, path, invitation, address):
    answer = said(by("owner").get(path, {"email": address}))

    with pytest.raises(ValidationError) as refused:
        normalize_address(address)
    assert answer == invalid_query(email=refused.value.messages)


def test_filters_by_role_look_at_the_organization_and_at_units(by, path, organization, owner, workspace):
    InvitationFactory.create(organization=organization, email="editor@example.com", inviter=owner, role_id=EDITOR_ROLE)
    InvitationFactory.create(organization=organization, email="viewer@example.com", inviter=owner, role_id=VIEWER_ROLE)
    InvitationFactory.create(
        organization=organization,
        email="guest@example.com",
        inviter=owner,
        unit=workspace,
        unit_role_id=UNIT_VIEWER_ROLE,
    )
    client = by("owner")

    assert found(client, path, role="editor") == found(client, path, role=str(EDITOR_ROLE)) == ["editor"]
    assert found(client, path, role=str(UNIT_VIEWER_ROLE)) == ["guest"]
    assert found(client, path, role="unassigned") == ["guest"]
    assert found(client, path, role=str(ADMIN_ROLE)) == found(client, path, role=ABSENT) == []


def test_filters_by_inviter_even_when_the_account_is_gone(by, path, organization, owner, admin):
    InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner)
    InvitationFactory.create(organization=organization, email="second@example.com", inviter=admin)
    gone = admin.pk
    Invitation.objects.filter(inviter=admin).update(inviter=None)

    assert found(by("owner"), path, invitedBy=str(owner.pk)) == ["first"]
    assert found(by("owner"), path, invitedBy=str(gone)) == ["second"]
    assert found(by("owner"), path, invitedBy=ABSENT) == []


def test_filters_by_unit(by, path, invitation, workspace_invitation, workspace, application):
    client = by("owner")

    assert client.get(path, {"unit": str(workspace.pk)}).json()["data"] == [sent_row(workspace_invitation)]
    assert found(client, path, unit=str(application.pk)) == found(client, path, unit=ABSENT) == []


def test_filters_are_combined(by, path, invitation, workspace_invitation, workspace):
    query = {"email": "invitee@example.com", "unit": str(workspace.pk), "state": "pending", "role": "unassigned"}

    assert found(by("owner"), path, **query) == ["invitee"]
    assert found(by("owner"), path, **{**query, "role": "viewer"}) == []
    assert found(by("owner"), path, **{**query, "state": "accepted"}) == []


# Search


@pytest.fixture
def named(organization, owner):
    """Three open invitations, two of them with a name."""
    for name, email in [("Ann Lee", "ann@example.com"), ("Bo Ann", "bo@example.org"), ("", "leeann@example.net")]:
        InvitationFactory.create(organization=organization, email=email, inviter=owner, invitee_name=name)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("ann", ["ann", "bo", "leeann"]),
        ("ANN", ["ann", "bo", "leeann"]),
        ("ann lee", ["ann", "leeann"]),
        (" ann  lee ", ["ann", "leeann"]),
        ("Ann Lee", ["ann", "leeann"]),
        ("example.org", ["bo"]),
        ("ann@example.com", ["ann"]),
        ("Bo@Example.ORG", ["bo"]),
        ("a%n", []),
        ("_nn", []),
        ("nobody", []),
    ],
)
def test_a_search_finds_each_word_in_a_name_or_an_address(by, path, named, search, expected):
    assert found(by("owner"), path, search=search) == expected


def test_a_search_and_filters_are_combined(by, path, named, of_every_state):
    assert found(by("owner"), path, search="example.com") == ["ann", "pending"]
    assert found(by("owner"), path, search="example.com", state="pending,declined") == ["ann", "declined", "pending"]
    assert found(by("owner"), path, search="ann", sort="email:asc", limit=1) == ["ann"]


def test_a_unit_manager_searches_only_invitations_to_the_unit(by, path, unit_manager, invitation, workspace_invitation):
    assert said(by("unit_manager").get(path, {"search": "invitee"})) == listed(
        MESSAGE, [sent_row(workspace_invitation)]
    )


def test_a_large_list_is_searched_for_whole_addresses_only(by, path, named, monkeypatch):
    monkeypatch.setattr("core.word_search.MAX_SEARCHED", 2)

    assert found(by("owner"), path, search="Ann@Example.com") == ["ann"]
    assert said(by("owner").get(path, {"search": "ann"})) == invalid_query(
        search=["This list is too large. Search for a whole address."]
    )


# Order and pages


@pytest.fixture
def three(organization, owner):
    """Three invitations. Sorting by address, creation time and expiry date gives different orders."""
    for name, days_ago, days_left, changed_days_ago in [("beta", 3, 7, 1), ("alpha", 2, 9, 2), ("gamma", 1, 8, 0)]:
        row = backdate(
            InvitationFactory.create(
                organization=organization,
                email=f"{name}@example.com",
                inviter=owner,
                expires_in=timedelta(days=days_left),
            ),
            days=days_ago,
        )
        changed = timezone.now() - timedelta(days=changed_days_ago)
        Invitation.objects.filter(pk=row.pk).update(updated_at=changed)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "gamma alpha beta"),
        ("createdAt:desc", "gamma alpha beta"),
        ("createdAt:asc", "beta alpha gamma"),
        ("updatedAt:desc", "gamma beta alpha"),
        ("updatedAt:asc", "alpha beta gamma"),
        ("expiresAt:asc", "beta gamma alpha"),
        ("expiresAt:desc", "alpha gamma beta"),
        ("email:asc", "alpha beta gamma"),
        ("email:desc", "gamma beta alpha"),
    ],
)
def test_the_order_is_the_one_asked_for(by, path, three, sort, expected):
    rows = by("owner").get(path, {"sort": sort} if sort else {}).json()["data"]

    assert [row["email"].partition("@")[0] for row in rows] == expected.split()


def test_pages_neither_repeat_nor_lose_a_row_of_the_same_moment(by, path, organization, owner):
    for number in range(5):
        InvitationFactory.create(organization=organization, email=f"new-{number}@example.com", inviter=owner)
    Invitation.objects.update(created_at=timezone.now())

    pages = [by("owner").get(path, {"limit": 2, "page": page}).json() for page in (1, 2, 3, 4)]

    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert len({row["id"] for page in pages for row in page["data"]}) == 5
    assert pages[1]["pagination"] == {
        "page": 2,
        "limit": 2,
        "total": 5,
        "pages": 3,
        "hasNext": True,
        "hasPrev": True,
    }


A_STATE = [f"Some of these are expected, separated by commas: {', '.join(STATES)}."]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("state=open", {"state": A_STATE}),
        ("state=", {"state": A_STATE}),
        ("state=pending,pending", {"state": A_STATE}),
        ("state=pending&state=error", {"state": ["This parameter must not be repeated."]}),
        ("unit=design", {"unit": ["A UUID is expected."]}),
        ("invitedBy=owner", {"invitedBy": ["A UUID is expected."]}),
        ("limit=101", {"limit": ["A whole number from 1 to 100 is expected."]}),
        ("search=", {"search": ["1 to 8 words are expected, with at most 256 characters."]}),
        ("search=%20", {"search": ["1 to 8 words are expected, with at most 256 characters."]}),
        ("search=a+b+c+d+e+f+g+h+i", {"search": ["1 to 8 words are expected, with at most 256 characters."]}),
        (f"search={'a' * 257}", {"search": ["1 to 8 words are expected, with at most 256 characters."]}),
        ("page=0", {"page": ["A whole number from 1 to 2147483647 is expected."]}),
        ("invited_by=x", {"invited_by": ["This parameter is unknown."]}),
        ("email__contains=x", {"email__contains": ["This parameter is unknown."]}),
        ("token=x", {"token": ["This parameter is unknown."]}),
    ],
)
def test_anything_else_in_the_query_is_refused_by_name(by, path, query, fields):
    assert said(by("owner").get(f"{path}?{query}")) == invalid_query(**fields)


@pytest.mark.parametrize(
    "query", ["sort=role:asc", "sort=email", "sort=-createdAt", "role=emperor", "email=a%00@b.com"]
)
def test_unknown_orders_and_names_are_refused(by, path, query):
    response = by("owner").get(f"{path}?{query}")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_query"


# Access


def test_nobody_gets_401(by, path):
    assert said(by("anonymous").get(path)) == ANONYMOUS


def test_a_foreign_organization_is_like_none_at_all(by, path, invitation, other_organization):
    answer = indistinguishable(
        lambda: by("stranger").get(path),
        lambda: by("stranger").get(f"{API}/organizations/{ABSENT}/invitations"),
    )

    assert answer == OUTSIDER


def test_the_invitee_is_an_outsider_until_they_join(by, path, invitee, invitation):
    assert said(by("invitee").get(path)) == OUTSIDER


def test_an_archived_organization_is_like_none_at_all(by, path, organization, invitation):
    organization.deleted_at = timezone.now()
    organization.save()

    assert said(by("owner").get(path)) == OUTSIDER


def test_a_member_without_the_right_gets_403(by, path, invitation):
    assert said(by("member").get(path)) == lacking(MANAGE_MEMBERS)


@pytest.mark.parametrize("who", ["owner", "admin", "manager", "system_user"])
def test_who_manages_members_sees_them_all(by, path, invitation, workspace_invitation, who):
    assert by(who).get(path).json()["pagination"]["total"] == 2


@pytest.mark.parametrize("method", [Method.SESSION, Method.JWT, Method.OAUTH2, Method.API_KEY])
def test_every_kind_of_credential_will_do(by, path, invitation, method):
    assert said(by("owner", method).get(path)) == listed(MESSAGE, [sent_row(invitation)])


def test_a_key_sees_them_only_with_the_permission(by, path, organization, invitation):
    key = {"method": Method.API_KEY, "organization_id": organization.pk}

    assert said(by("owner", permissions=frozenset({LIST_PROJECTS}), **key).get(path)) == lacking(MANAGE_MEMBERS)
    assert by("owner", permissions=frozenset({MANAGE_MEMBERS}), **key).get(path).status_code == 200


def test_a_key_of_another_organization_does_not_reach_it(by, path, other_organization, invitation):
    assert said(by("owner", Method.API_KEY, organization_id=other_organization.pk).get(path)) == OUTSIDER


def test_a_unit_manager_sees_the_invitations_into_the_unit(
    by, path, organization, owner, unit_manager, application, invitation, workspace_invitation
):
    InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        unit=application,
        unit_role_id=UNIT_VIEWER_ROLE,
    )
    client = by("unit_manager")

    assert said(client.get(path)) == listed(MESSAGE, [sent_row(workspace_invitation)])
    assert found(client, path, unit=str(application.pk)) == []


def test_a_key_narrowed_to_the_unit_s_members_sees_those_of_the_unit(
    by, path, organization, unit_manager, invitation, workspace_invitation
):
    key = {
        "method": Method.API_KEY,
        "organization_id": organization.pk,
        "permissions": frozenset({UNIT_MANAGE_MEMBERS}),
    }

    assert said(by("unit_manager", **key).get(path)) == listed(MESSAGE, [sent_row(workspace_invitation)])


def test_an_address_in_capitals_is_returned_normalized(by, path, organization, owner):
    invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("NEW@Example.com"))

    assert found(by("owner"), path) == ["new"]


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize(
    ("query", "of_several_states"),
    [
        ({}, {}),
        (
            {"state": "pending,expired", "role": "unassigned", "sort": "email:asc"},
            {"ids": "SELECT invitations_invitation"},
        ),
        ({"search": "new example"}, {"size": "COUNT invitations_invitation"}),
    ],
)
def test_the_number_of_rows_costs_no_query(by, path, organization, owner, workspace, number, query, of_several_states):
    for index in range(number):
        InvitationFactory.create(
            organization=organization,
            email=f"new-{index}@example.com",
            inviter=owner,
            role_id=UNASSIGNED_ROLE,
            unit=workspace,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
    client = by("owner")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        **of_several_states,
        rows="SELECT invitations_invitation",
    ):
        response = client.get(path, {"limit": 30, **query})

    assert len(response.json()["data"]) == number


@pytest.mark.parametrize("state", ["pending", "pending,accepted", "expired"])
def test_a_page_far_after_the_last_one_is_empty(by, path, invitation, state):
    response = by("owner").get(path, {"state": state, "page": 2_000_000_000, "limit": 100})

    assert (response.status_code, response.json()["data"]) == (200, [])
