"""Factories of organizations, units, roles, members and API keys."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from factory import (
    LazyAttribute,
    LazyFunction,
    SelfAttribute,
    Sequence,
    SubFactory,
    Transformer,
    post_generation,
)

from accounts.models import User
from orgs.models import ApiKey, FormerSlug, Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import OWNER_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories.accounts import UserFactory
from tests.factories.base import ModelFactory, Trait


class OrganizationFactory(ModelFactory[Organization]):
    """An organization with these `owners`. By default, it has no members. The name is derived from the slug."""

    class Meta:
        model = Organization
        skip_postgeneration_save = True

    class Params:
        archived = Trait(deleted_at=LazyFunction(timezone.now))

    slug = Sequence("some-organization-{}".format)
    name = LazyAttribute(lambda organization: organization.slug.capitalize())

    @post_generation
    def owners(organization: Organization, create: bool, owners: Iterable[User] | None, **_: Any) -> None:  # noqa: N805
        for owner in owners or ():
            MembershipFactory.create(organization=organization, user=owner, role_id=OWNER_ROLE)


class FormerSlugFactory(ModelFactory[FormerSlug]):
    """A slug that the organization had before."""

    class Meta:
        model = FormerSlug

    slug = Sequence("former-slug-{}".format)
    organization = SubFactory(OrganizationFactory)


class UnitFactory(ModelFactory[Unit]):
    """A workspace. With `kind="application"`, it is an application."""

    class Meta:
        model = Unit

    organization = SubFactory(OrganizationFactory)
    kind = Unit.Kind.WORKSPACE
    slug = Sequence("some-unit-{}".format)
    name = LazyAttribute(lambda unit: unit.slug.capitalize())


class RoleFactory(ModelFactory[Role]):
    """A custom role of the organization. With `level="unit"`, it is a role in units."""

    class Meta:
        model = Role

    class Params:
        built_in = Trait(organization=None)

    organization = SubFactory(OrganizationFactory)
    name = Sequence("Role {}".format)
    permissions = Transformer([], transform=sorted)


class MembershipFactory(ModelFactory[Membership]):
    """A member with `role_id`, which defaults to the viewer role. `unit_roles={unit: role_id}` adds roles in units."""

    class Meta:
        model = Membership
        skip_postgeneration_save = True

    class Params:
        of_system_user = Trait(user=SubFactory(UserFactory, system=True))

    organization = SubFactory(OrganizationFactory)
    user = SubFactory(UserFactory)
    permissions = Transformer([], transform=sorted)

    @post_generation
    def role_id(membership: Membership, create: bool, role_id: UUID | None, **_: Any) -> None:  # noqa: N805
        RoleAssignmentFactory.create(membership=membership, unit=None, role_id=role_id or VIEWER_ROLE)

    @post_generation
    def unit_roles(membership: Membership, create: bool, roles: dict[Unit, UUID] | None, **_: Any) -> None:  # noqa: N805
        for unit, role_id in (roles or {}).items():
            RoleAssignmentFactory.create(membership=membership, unit=unit, role_id=role_id)


class RoleAssignmentFactory(ModelFactory[RoleAssignment]):
    """A role assignment in a unit; the default is the viewer role. `MembershipFactory` assigns organization roles."""

    class Meta:
        model = RoleAssignment

    membership = SubFactory(MembershipFactory)
    unit = SubFactory(UnitFactory, organization=SelfAttribute("..membership.organization"))
    role_id = UNIT_VIEWER_ROLE


class ApiKeyFactory(ModelFactory[ApiKey]):
    """An API key with a known `secret`."""

    class Meta:
        model = ApiKey

    class Params:
        secret = Sequence("pw_secret-{}".format)
        expired = Trait(expires_at=LazyFunction(lambda: timezone.now() - timedelta(days=1)))

    membership = SubFactory(MembershipFactory)
    name = Sequence("Key {}".format)
    prefix = LazyAttribute(lambda key: key.secret[:10])
    secret_hash = LazyAttribute(lambda key: hashlib.sha256(key.secret.encode()).hexdigest())
