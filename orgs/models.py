"""Organizations and everything that belongs to exactly one of them.

Only ``orgs.actions`` writes to these tables. Rules that must always be true are in ``Meta.constraints``.
"""

from typing import Any
from uuid import UUID

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.principals import Principal
from core.address_fields import AddressField, normalized_address_check
from core.ids import uuid7
from core.languages import validate_language
from core.text import validate_plain_multiline_text, validate_plain_text
from core.web_addresses import WebAddressField
from orgs.folded_names import FoldedNameField
from orgs.permissions import OWNER_ROLE, Level, effective
from orgs.slugs import MAX_LENGTH, validate_slug


class SlugField(models.CharField):
    """A name for use in URLs. ``orgs.slugs`` validates it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = MAX_LENGTH
        super().__init__(*args, **kwargs)
        self.validators.append(validate_slug)

    def deconstruct(self) -> Any:
        """Leave out the maximum length, because it is fixed."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Queries for organizations."""

    def live(self) -> "OrganizationQuerySet":
        """Return the organizations that are not archived."""
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, principal: Principal) -> "OrganizationQuerySet":
        """Return the organizations that the caller can see with this credential.

        Members see their organizations. Staff and the service itself see all. The result includes archived
        organizations. Add ``live()`` to exclude them.
        """
        if principal.is_staff or principal.is_service:
            return self
        if principal.user is None:
            return self.none()
        visible = self.of_member(principal.user)
        return visible.filter(pk=principal.organization_id) if principal.organization_id else visible

    def of_member(self, user: Any) -> "OrganizationQuerySet":
        """Return the organizations that the user belongs to, including archived ones."""
        return self.filter(models.Exists(Membership.objects.filter(organization=models.OuterRef("pk"), user=user)))

    def with_active_owner(self) -> "OrganizationQuerySet":
        """Annotate ``has_active_owner``: whether an owner of the organization can sign in."""
        return self.annotate(has_active_owner=models.Exists(_active_owners()))

    def without_active_owner(self) -> "OrganizationQuerySet":
        """Return the organizations whose owners have all been deactivated, and those that nobody has joined yet.

        Only an organization without members has no owner. The query for the others starts from the inactive accounts,
        which have an index.
        """
        inactive = RoleAssignment.objects.filter(role_id=OWNER_ROLE, membership__user__is_active=False)
        of_inactive = Q(pk__in=inactive.values("membership__organization")) & ~models.Exists(_active_owners())
        without_members = ~models.Exists(Membership.objects.filter(organization=models.OuterRef("pk")))
        return self.filter(of_inactive | without_members)

    def with_member_count(self) -> "OrganizationQuerySet":
        """Annotate ``member_count``. It is a subquery, so that other joins cannot change the count."""
        count = (
            Membership.objects.filter(organization=models.OuterRef("pk"))
            .order_by()
            .values("organization")
            .annotate(n=models.Count("pk"))
            .values("n")
        )
        return self.annotate(member_count=models.functions.Coalesce(models.Subquery(count), 0))


def _active_owners() -> "models.QuerySet[RoleAssignment]":
    """Return the roles of the active owners of the organization in the outer query."""
    return RoleAssignment.objects.filter(
        membership__organization=models.OuterRef("pk"), membership__user__is_active=True, role_id=OWNER_ROLE
    )


class Organization(models.Model):
    """A tenant. Members, roles, units and invitations belong to exactly one organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = SlugField()
    name = models.CharField(max_length=256, validators=[validate_plain_text])
    description = models.CharField(max_length=2000, blank=True, validators=[validate_plain_multiline_text])
    logo_url = WebAddressField()
    website = WebAddressField()
    language = models.CharField(max_length=16, blank=True, validators=[validate_language])
    continue_url = WebAddressField()
    reply_to = AddressField(null=True, blank=True)
    email_footer = models.CharField(
        max_length=500, blank=True, db_default="", validators=[validate_plain_multiline_text]
    )
    replies_go_to_inviter = models.BooleanField(default=True, db_default=True)
    second_factor_required = models.BooleanField(default=False, db_default=False)
    # Whether an enabled endpoint of ``webhooks`` follows the events. The actions of that app keep it true.
    has_webhooks = models.BooleanField(default=False, db_default=False, editable=False)
    # While a legal hold is set, nothing of the organization is deleted because of its age, and it cannot be purged.
    legal_hold = models.BooleanField(default=False, db_default=False, editable=False)
    default_role = models.ForeignKey("Role", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seat_limit = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    open_invitation_limit = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    daily_email_limit = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = OrganizationQuerySet.as_manager()

    has_active_owner: bool  # annotated by ``with_active_owner``
    # The id and the permissions of the member who reads, if ``orgs.access`` has found the organization.
    permissions_of_reader: tuple[UUID | None, Any] = (None, None)

    class Meta:
        """Slugs are unique. The seat limit is at least 1, because the owner needs a seat."""

        verbose_name, verbose_name_plural = _("organization"), _("organizations")
        constraints = (
            models.UniqueConstraint(fields=["slug"], name="organization_slug"),
            normalized_address_check("reply_to", "organization_reply_to_normalized"),
            models.CheckConstraint(
                condition=Q(seat_limit__isnull=True) | Q(seat_limit__gte=1), name="seat_limit_positive"
            ),
            models.CheckConstraint(
                condition=Q(open_invitation_limit__isnull=True) | Q(open_invitation_limit__gte=1),
                name="open_invitation_limit_positive",
            ),
            models.CheckConstraint(
                condition=Q(daily_email_limit__isnull=True) | Q(daily_email_limit__gte=1),
                name="daily_email_limit_positive",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        """Whether the organization is archived (soft-deleted)."""
        return self.deleted_at is not None


class FormerSlug(models.Model):
    """A slug that an organization had. Its pages lead to the current slug, unless another organization has it now."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = SlugField()
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="former_slugs")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """A slug leads to the organization that had it last."""

        verbose_name, verbose_name_plural = _("former slug"), _("former slugs")
        constraints = (models.UniqueConstraint(fields=["slug"], name="former_slug"),)

    def __str__(self) -> str:
        return self.slug


class Unit(models.Model):
    """A workspace or an application. It is a part of an organization, and members can have an additional role in it."""

    class Kind(models.TextChoices):
        """The kind of a unit. Some dialects have only one kind."""

        WORKSPACE = "workspace"
        APPLICATION = "application"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="units", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    slug = SlugField()
    name = models.CharField(max_length=256, validators=[validate_plain_text])
    picture_url = WebAddressField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """Slugs are unique per organization and kind."""

        verbose_name, verbose_name_plural = _("workspace or application"), _("workspaces and applications")
        constraints = (
            models.UniqueConstraint(fields=["organization", "kind", "slug"], name="unit_slug"),
            models.CheckConstraint(condition=Q(kind__in=["workspace", "application"]), name="unit_kind_known"),
        )

    def __str__(self) -> str:
        return self.name


class RoleQuerySet(models.QuerySet["Role"]):
    """Queries for roles."""

    def usable_in(self, organization_id: UUID) -> "RoleQuerySet":
        """Return the built-in roles and the organization's custom roles."""
        return self.filter(Q(organization_id=organization_id) | Q(organization__isnull=True))


class Role(models.Model):
    """A named set of permissions. A built-in role belongs to no organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, blank=True, related_name="roles", db_index=False
    )
    level = models.CharField(max_length=16, choices=Level.choices, default=Level.ORGANIZATION)
    name = models.CharField(max_length=64, validators=[validate_plain_text])
    folded_name = FoldedNameField()
    permissions = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        """Names are unique per organization and level, regardless of letter case."""

        verbose_name, verbose_name_plural = _("role"), _("roles")
        constraints = (
            models.UniqueConstraint(fields=["organization", "level", "folded_name"], name="role_folded_name"),
            models.UniqueConstraint(
                fields=["level", "name"], condition=Q(organization__isnull=True), name="role_built_in_name"
            ),
            models.CheckConstraint(condition=Q(level__in=["organization", "unit"]), name="role_level_known"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_built_in(self) -> bool:
        """Whether the role is one of the fixed roles that every organization has."""
        return self.organization_id is None


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Queries for memberships."""

    def of_organization(self, organization_id: UUID) -> "MembershipQuerySet":
        """Return the memberships of one organization, oldest first."""
        return self.filter(organization_id=organization_id).order_by("created_at", "id")

    def with_people_and_roles(self, shown: Q = Q()) -> "MembershipQuerySet":  # noqa: B008 - nothing changes this Q
        """Load users and roles in two queries.

        ``shown`` filters the role assignments to load. It must not exclude the organization role.
        """
        assignments = RoleAssignment.objects.filter(shown).select_related("role", "unit").order_by("unit_id")
        return self.select_related("user").prefetch_related(models.Prefetch("assignments", assignments))

    def with_shown_email(self, only_of: User | None = None) -> "MembershipQuerySet":
        """Annotate ``shown_email``: the address of the user. With ``only_of``, it is null for everyone else."""
        if only_of is None:
            return self.annotate(shown_email=F("user__email"))
        own = models.When(user=only_of, then=F("user__email"))
        return self.annotate(shown_email=models.Case(own, default=None, output_field=models.CharField()))

    def by_activation(self) -> "MembershipQuerySet":
        """Sort by the time when the user last switched to the organization, latest first.

        Memberships that the user never switched to come last, oldest first.
        """
        return self.order_by(F("activated_at").desc(nulls_last=True), "created_at", "id")


class Membership(models.Model):
    """A user's membership of an organization, with direct permissions. Roles are in ``assignments``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    permissions = models.JSONField(default=list, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MembershipQuerySet.as_manager()

    shown_email: str | None  # annotated by ``with_shown_email``

    class Meta:
        """A user is a member of an organization at most once."""

        verbose_name, verbose_name_plural = _("membership"), _("memberships")
        constraints = (models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),)
        indexes = (models.Index(fields=["organization", "created_at", "id"], name="membership_by_creation"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    @property
    def shown_name(self) -> str:
        """The name of the user. It contains no address if ``shown_email`` is hidden."""
        return self.user.display_name if self.shown_email else self.user.name_without_address

    @property
    def organization_role(self) -> Role:
        """The role in the organization. Uses the prefetched assignments."""
        return next(assignment.role for assignment in self.assignments.all() if assignment.unit_id is None)

    @property
    def unit_assignments(self) -> list["RoleAssignment"]:
        """The roles in workspaces and applications. Uses the prefetched assignments."""
        return [assignment for assignment in self.assignments.all() if assignment.unit_id is not None]

    def role_id_in(self, unit_id: UUID) -> UUID | None:
        """Return the id of the role in this workspace or application, or None. Uses the prefetched assignments."""
        return next((held.role_id for held in self.unit_assignments if held.unit_id == unit_id), None)

    def assignment_in(self, unit_id: UUID) -> "RoleAssignment":
        """Return the assignment in this workspace or application. Raises StopIteration if there is none."""
        return next(assignment for assignment in self.unit_assignments if assignment.unit_id == unit_id)

    @property
    def effective_permissions(self) -> frozenset[str]:
        """The permissions of the organization role, the direct permissions, and all that these imply."""
        return effective([*self.organization_role.permissions, *self.permissions])


class RoleAssignment(models.Model):
    """A role of a member. A member has exactly one role in the organization and at most one in each unit."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, null=True, blank=True, related_name="assignments", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """A member has at most one role in the organization and at most one in each unit."""

        verbose_name, verbose_name_plural = _("role of a member"), _("roles of members")
        constraints = (
            models.UniqueConstraint(
                fields=["membership"], condition=Q(unit__isnull=True), name="assignment_one_in_organization"
            ),
            models.UniqueConstraint(
                fields=["membership", "unit"], condition=Q(unit__isnull=False), name="assignment_one_per_unit"
            ),
        )
        indexes = (
            models.Index(
                fields=["unit", "created_at", "id"], condition=Q(unit__isnull=False), name="assignment_in_unit"
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} of {self.membership_id}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """API keys."""

    def unexpired(self) -> "ApiKeyQuerySet":
        """Return the keys without an end, or with an end in the future."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


class ApiKey(models.Model):
    """An API key. It acts as one member, with all or some of the member's permissions. Only a hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=128, validators=[validate_plain_text])
    description = models.CharField(max_length=1000, blank=True, validators=[validate_plain_multiline_text])
    responsible = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    prefix = models.CharField(max_length=16, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    permissions = models.JSONField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    secret: str  # not a column: only set on a key that was just created

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        """Newest first. Secrets are unique."""

        verbose_name, verbose_name_plural = _("API key"), _("API keys")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["secret_hash"], name="api_key_secret"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
