"""The tables of the service, as a plain project would describe them."""

import uuid

from django.db import models
from django.utils import timezone


class Table(models.Model):
    """A row of a table that the service creates."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """The table belongs to the service."""

        abstract = True
        managed = False


class User(Table):
    """A person."""

    email = models.CharField(max_length=254, null=True)
    first_name = models.CharField(max_length=128)
    is_authenticated = True

    class Meta(Table.Meta):
        db_table = "accounts_user"


class Organization(Table):
    """An organization."""

    name = models.CharField(max_length=256)
    slug = models.CharField(max_length=64)

    class Meta(Table.Meta):
        db_table = "orgs_organization"


class Role(Table):
    """A role."""

    name = models.CharField(max_length=64)

    class Meta(Table.Meta):
        db_table = "orgs_role"


class Unit(Table):
    """A workspace or an application."""

    name = models.CharField(max_length=256)

    class Meta(Table.Meta):
        db_table = "orgs_unit"


class Membership(Table):
    """A member."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    permissions = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(Table.Meta):
        db_table = "orgs_membership"


class Assignment(Table):
    """The role of a member."""

    membership = models.ForeignKey(Membership, models.CASCADE)
    role = models.ForeignKey(Role, models.CASCADE)

    class Meta(Table.Meta):
        db_table = "orgs_roleassignment"


class Key(Table):
    """An API key."""

    membership = models.ForeignKey(Membership, models.CASCADE)
    secret_hash = models.CharField(max_length=64)

    class Meta(Table.Meta):
        db_table = "orgs_apikey"


class Invitation(Table):
    """An invitation."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    email = models.CharField(max_length=254)
    role = models.ForeignKey(Role, models.CASCADE)
    permissions = models.JSONField(default=list)
    unit = models.ForeignKey(Unit, models.SET_NULL, null=True)
    language = models.CharField(max_length=16, default="")
    status = models.CharField(max_length=16, default="pending")
    generation = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=500, default="")
    inviter = models.ForeignKey(User, models.SET_NULL, null=True)
    inviter_name = models.CharField(max_length=257, default="")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(Table.Meta):
        db_table = "invitations_invitation"
