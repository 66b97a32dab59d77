"""API keys: their permissions, secrets and owners, and authentication with them."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from core.errors import Invalid
from orgs.actions.api_keys import (
    ApiKeyNotFound,
    NotYourKey,
    authenticate,
    create_api_key,
    delete_api_key,
    update_api_key,
    visible_keys,
)
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound, UnknownPermission
from orgs.models import ApiKey, Membership, Organization
from orgs.permissions import (
    ADMIN_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    UNIT_EDIT,
    UNIT_EDITOR_ROLE,
    UNIT_VIEW,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, caller_permissions
from tests.factories import MembershipFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


def create(by: User | Principal, organization: Organization, **values: Any) -> tuple[ApiKey, str]:
    by = by if isinstance(by, Principal) else session_of(by)
    return create_api_key(by=by, organization_id=organization.pk, **{"name": "Nightly"} | values)


@pytest.fixture
def system_user(organization: Organization) -> User:
    return MembershipFactory.create(organization=organization, of_system_user=True).user


class TestCreating:
    def test_a_member_creates_one_for_themselves(self, organization: Organization, member: User):
        until = timezone.now() + timedelta(days=30)
        with track_changes() as changes:
            key, secret = create(member, organization, description="Exports", expires_at=until)
        assert changes.tables == {"orgs.ApiKey": (1, 0, 0)}
        membership = membership_of(member, organization)
        assert changes.events == [
            event("api_key.created", key, member, organization, membership_id=membership.pk, permissions=None)
        ]
        stored = ApiKey.objects.values().get()
        assert stored == {
            "id": key.pk,
            "responsible_id": member.pk,
            "membership_id": membership.pk,
            "name": "Nightly",
            "description": "Exports",
            "prefix": secret[:10],
            "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
            "permissions": None,
            "expires_at": until,
            "last_used_at": None,
            "created_at": stored["created_at"],
            "updated_at": stored["updated_at"],
        }

    def test_the_secret_is_recognizable_long_and_nowhere_in_the_database(
        self, organization: Organization, member: User
    ):
        secrets = {create(member, organization)[1] for _ in range(3)}
        assert len(secrets) == 3
        for secret in secrets:
            assert secret.startswith("pw_")
            assert len(secret) == 46
            assert not any(secret in str(row) for row in ApiKey.objects.values())

    def test_it_can_be_limited_to_some_of_the_members_permissions(self, organization: Organization, admin: User):
        key, _ = create(admin, organization, permissions=frozenset({MANAGE_MEMBERS, LIST_PROJECTS}))
        assert key.permissions == [LIST_PROJECTS, MANAGE_MEMBERS]
        key, _ = create(admin, organization, permissions=frozenset())
        assert key.permissions == []

    def test_it_can_be_limited_to_permissions_in_a_unit(self, organization: Organization, stranger: User):
        MembershipFactory.create(
            organization=organization,
            user=stranger,
            role_id=VIEWER_ROLE,
            unit_roles={UnitFactory.create(organization=organization): UNIT_EDITOR_ROLE},
        )
        key, _ = create(stranger, organization, permissions=frozenset({UNIT_EDIT, UNIT_VIEW}))
        assert key.permissions == [UNIT_EDIT, UNIT_VIEW]

    def test_it_cannot_have_more_permissions_than_the_member(self, organization: Organization, member: User):
        with track_changes() as changes, pytest.raises(GrantTooWide) as refusal:
            create(member, organization, permissions=frozenset({LIST_PROJECTS, MANAGE_MEMBERS}))
        assert refusal.value.details == {"missing_permissions": [MANAGE_MEMBERS, UNIT_VIEW]}
        assert changes.nothing

    def test_a_key_cannot_create_a_key_with_more_permissions(self, organization: Organization, owner: User):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({LIST_PROJECTS}))
        with track_changes() as changes, pytest.raises(GrantTooWide):
            create(narrow, organization, permissions=frozenset({MANAGE_BILLING}))
        assert changes.nothing
        key, secret = create(narrow, organization)
        assert key.permissions == [LIST_PROJECTS]
        by = authenticate(secret)
        assert by is not None
        assert caller_permissions(by, organization).organization == {LIST_PROJECTS}

    def test_unknown_permissions_are_refused(self, organization: Organization, owner: User):
        with track_changes() as changes, pytest.raises(UnknownPermission) as refusal:
            create(owner, organization, permissions=frozenset({"organization:fly"}))
        assert refusal.value.fields == {"permissions": ["Unknown permission."]}
        assert changes.nothing

    def test_it_cannot_expire_in_the_past(self, organization: Organization, owner: User):
        with track_changes() as changes, pytest.raises(Invalid) as refusal:
            create(owner, organization, expires_at=timezone.now())
        assert refusal.value.fields == {"expires_at": ["Choose a time in the future."]}
        assert changes.nothing

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"description": "\x00"}, "description")],
    )
    def test_validation_errors_name_the_field(
        self, organization: Organization, owner: User, wrong: dict[str, str], named: str
    ):
        with track_changes() as changes, pytest.raises(ValidationError) as refusal:
            create(owner, organization, **wrong)
        assert list(refusal.value.message_dict) == [named]
        assert changes.nothing

    def test_a_non_member_cannot_create_one(self, organization: Organization, stranger: User):
        with track_changes() as changes, pytest.raises(OrganizationNotFound):
            create(stranger, organization)
        assert changes.nothing


class TestForOthers:
    def test_managers_of_members_create_them_for_system_users(
        self, organization: Organization, admin: User, system_user: User, by_staff: Principal
    ):
        membership = membership_of(system_user, organization)
        for by in (session_of(admin), by_staff):
            key, _ = create(by, organization, membership_id=membership.pk)
            assert key.membership_id == membership.pk

    def test_ones_own_membership_may_be_named(self, organization: Organization, member: User):
        membership = membership_of(member, organization)
        assert create(member, organization, membership_id=membership.pk)[0].membership_id == membership.pk

    def test_they_cannot_be_created_for_another_person(self, organization: Organization, owner: User, member: User):
        with track_changes() as changes, pytest.raises(NotYourKey):
            create(owner, organization, membership_id=membership_of(member, organization).pk)
        assert changes.nothing

    def test_other_members_cannot(self, organization: Organization, member: User, system_user: User):
        with track_changes() as changes, pytest.raises(NotYourKey):
            create(member, organization, membership_id=membership_of(system_user, organization).pk)
        assert changes.nothing

    def test_they_cannot_be_created_for_a_system_user_with_more_permissions(
        self, organization: Organization, member: User
    ):
        Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
        higher = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
        with track_changes() as changes, pytest.raises(GrantTooWide):
            create(member, organization, membership_id=membership_of(higher, organization).pk)
        assert changes.nothing

    def test_staff_and_the_service_must_name_a_system_user(self, organization: Organization, by_staff: Principal):
        for by in (by_staff, SERVICE):
            with track_changes() as changes, pytest.raises(NotYourKey):
                create(by, organization)
            assert changes.nothing

    def test_members_of_other_organizations_are_unknown(
        self, organization: Organization, other_organization: Organization, owner: User
    ):
        foreign = MembershipFactory.create(organization=other_organization, of_system_user=True)
        with track_changes() as changes, pytest.raises(MemberNotFound):
            create(owner, organization, membership_id=foreign.pk)
        assert changes.nothing


class TestSeeingUpdatingDeleting:
    def test_members_see_their_own_and_managers_those_of_system_users(
        self, organization: Organization, admin: User, member: User, system_user: User, by_staff: Principal
    ):
        of_member, _ = create(member, organization)
        of_system_user, _ = create(admin, organization, membership_id=membership_of(system_user, organization).pk)
        of_admin, _ = create(admin, organization)
        seen = {
            who: set(visible_keys(by, organization))
            for who, by in {
                "member": session_of(member),
                "admin": session_of(admin),
                "system_user": session_of(system_user),
                "staff": by_staff,
                "service": SERVICE,
            }.items()
        }
        assert seen == {
            "member": {of_member},
            "admin": {of_admin, of_system_user},
            "system_user": {of_system_user},
            "staff": {of_system_user},
            "service": {of_system_user},
        }

    def test_updating_only_changes_name_and_description(self, organization: Organization, member: User):
        key, secret = create(member, organization)
        with track_changes() as changes:
            update_api_key(
                by=session_of(member), organization_id=organization.pk, key_id=key.pk, name="Daily", description="New"
            )
        assert changes.tables == {"orgs.ApiKey": (0, 1, 0)}
        assert changes.events == [
            event("api_key.described", key, member, organization, changed=["description", "name"])
        ]
        key.refresh_from_db()
        assert (key.name, key.description) == ("Daily", "New")
        assert authenticate(secret) is not None

    @pytest.mark.parametrize("forbidden", ["permissions", "expires_at", "secret_hash", "membership"])
    def test_its_permissions_cannot_be_changed(self, organization: Organization, member: User, forbidden: str):
        key, _ = create(member, organization)
        with track_changes() as changes, pytest.raises(TypeError, match=forbidden):
            update_api_key(by=session_of(member), organization_id=organization.pk, key_id=key.pk, **{forbidden: "x"})
        assert changes.nothing

    def test_a_deleted_key_is_not_valid(self, organization: Organization, member: User):
        key, secret = create(member, organization)
        membership = membership_of(member, organization)
        with track_changes() as changes:
            delete_api_key(by=session_of(member), organization_id=organization.pk, key_id=key.pk)
        assert changes.tables == {"orgs.ApiKey": (0, 0, 1)}
        assert changes.events == [event("api_key.deleted", key, member, organization, membership_id=membership.pk)]
        assert authenticate(secret) is None

    @pytest.mark.parametrize("action", [update_api_key, delete_api_key])
    def test_keys_of_other_members_are_unknown(
        self,
        organization: Organization,
        other_organization: Organization,
        member: User,
        owner: User,
        stranger: User,
        action: Any,
    ):
        key, _ = create(member, organization)
        foreign, _ = create(stranger, other_organization)
        for by, wanted, refusal in (
            (owner, key, ApiKeyNotFound),
            (owner, foreign, ApiKeyNotFound),
            (stranger, key, OrganizationNotFound),
        ):
            with track_changes() as changes, pytest.raises(refusal):
                action(by=session_of(by), organization_id=organization.pk, key_id=wanted.pk)
            assert changes.nothing


class TestAuthenticating:
    def test_the_principal_is_the_member_limited_to_organization_and_permissions(
        self, organization: Organization, member: User
    ):
        key, secret = create(member, organization, permissions=frozenset({LIST_PROJECTS}))
        assert authenticate(secret) == Principal(
            user=member,
            method=Method.API_KEY,
            organization_id=organization.pk,
            permissions=frozenset({LIST_PROJECTS}),
            credential_id=key.pk,
            credential_by_id=member.pk,
        )
        _, whole = create(member, organization)
        by = authenticate(whole)
        assert by is not None
        assert by.permissions is None

    @pytest.mark.parametrize(
        "secret", ["", "pw_", "pw_unknown", "pw_\x00", "pw_\ud800", "x" * 100_000, " ", "pw_" + "A" * 43]
    )
    def test_unknown_secrets_are_not_valid(self, organization: Organization, member: User, secret: str):
        create(member, organization)
        assert authenticate(secret) is None

    def test_every_character_counts(self, organization: Organization, member: User):
        _, secret = create(member, organization)
        for altered in (secret[:-1], secret + "A", secret.swapcase(), " " + secret, secret + "\n"):
            assert authenticate(altered) is None
        assert authenticate(secret) is not None

    def test_an_expired_key_is_not_valid(self, organization: Organization, member: User):
        _, secret = create(member, organization, expires_at=timezone.now() + timedelta(days=1))
        assert authenticate(secret) is not None
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert authenticate(secret) is None

    def test_it_ends_with_the_membership_the_account_and_the_organization(
        self, organization: Organization, member: User
    ):
        _, secret = create(member, organization)
        User.objects.filter(pk=member.pk).update(is_active=False)
        assert authenticate(secret) is None
        User.objects.filter(pk=member.pk).update(is_active=True)
        Organization.objects.update(deleted_at=timezone.now())
        assert authenticate(secret) is None
        Organization.objects.update(deleted_at=None)
        assert authenticate(secret) is not None
        membership_of(member, organization).delete()
        assert authenticate(secret) is None

    def test_its_last_use_is_recorded_once_a_minute(self, organization: Organization, member: User):
        key, secret = create(member, organization)
        moments = []
        for used_before in (None, timedelta(seconds=30), timedelta(seconds=61)):
            before = timezone.now() - used_before if used_before else None
            ApiKey.objects.update(last_used_at=before)
            authenticate(secret)
            key.refresh_from_db()
            moments.append(key.last_used_at == before)
        assert moments == [False, True, False]
        assert key.last_used_at is not None
        assert abs(timezone.now() - key.last_used_at) < timedelta(seconds=30)

    def test_an_unknown_secret_writes_nothing(self, organization: Organization, member: User):
        create(member, organization)
        with track_changes() as changes:
            authenticate("pw_unknown")
        assert changes.nothing
