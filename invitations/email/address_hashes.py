"""What is remembered of an address without the address: rows under a keyed hash of it.

A hash is HMAC-SHA256 of what it is about, under a key that is derived for its purpose from a key of ``ADDRESS_KEYS``:
the first makes new ones, all of them are looked for. Whoever has the database alone can neither read nor try out
addresses.
"""

import hashlib
import hmac
from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.ids import uuid7
from orgs.models import Organization


class HashPurpose(StrEnum):
    """What a hash is about; those of one purpose tell nothing to another."""

    RECIPIENT = "recipient"
    INVITER = "inviter"
    REFUSAL = "refusal"


def hashes(about: HashPurpose, *said: str) -> list[str]:
    """The hashes of this under every key, the one for new rows first."""
    return [_hash(key, about, "\0".join(said)) for key in settings.ADDRESS_KEYS]


def _hash(key: str, about: HashPurpose, said: str) -> str:
    purpose_key = hmac.digest(key.encode(), f"perfectworks.address.{about}".encode(), hashlib.sha256)
    return hmac.digest(purpose_key, said.encode(), hashlib.sha256).hex()


class SuppressionScope(StrEnum):
    """From whom somebody wants no mails: one organization, or any."""

    ORGANIZATION = "organization"
    ALL = "all"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Refusals are found by whoever knows the address, and by nobody else."""

    def by_address(self, address: str, organization: Organization | None) -> "SuppressionQuerySet":
        """What this address has refused of one organization, or (None) of any, under whichever key it was."""
        return self.filter(digest__in=suppression_digests(address, organization))

    def concerning(self, address: str, organization: Organization) -> "SuppressionQuerySet":
        """What stands between this organization and this address."""
        digests = suppression_digests(address, organization) + suppression_digests(address, None)
        return self.filter(digest__in=digests)


class Suppression(models.Model):
    """Somebody asked for no mails, from one organization or (null) from any; whose address it is, only a hash says.

    It outlives the account: who is erased is still not written to.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        """Refusing twice is refusing once."""

        constraints = (models.UniqueConstraint(fields=["digest"], name="suppression_once"),)

    def __str__(self) -> str:
        return f"{self.scope} since {self.created_at}"

    @property
    def scope(self) -> SuppressionScope:
        """From whom."""
        return SuppressionScope.ORGANIZATION if self.organization_id else SuppressionScope.ALL


def suppression_digests(address: str, organization: Organization | None) -> list[str]:
    """What a refusal of one organization's mails, or (None) of anybody's, is stored and looked for under."""
    whose = str(organization.pk) if organization else SuppressionScope.ALL
    return hashes(HashPurpose.REFUSAL, whose, address)


class SendingCounter(models.Model):
    """When mails were lately asked for, to one recipient or by one inviter, in seconds since 1970, oldest first."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64)
    moments = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """One row each; old ones are found by their age."""

        constraints = (models.UniqueConstraint(fields=["key"], name="sending_counter_key"),)
        indexes = (models.Index(fields=["updated_at"], name="sending_counter_age"),)

    def __str__(self) -> str:
        return f"{len(self.moments)} until {self.updated_at}"
