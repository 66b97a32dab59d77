"""Security notices: which there are, who gets them, and which of them a person can turn off.

A notice goes to the person whose account or access has changed. Another app adds the owners of the organization.
"""

from dataclasses import dataclass

from accounts.email.models import AccountEmail

Purpose = AccountEmail.Purpose


@dataclass(frozen=True)
class Notice:
    """Who gets a notice besides the person, and whether people can turn it off."""

    tells_owners: bool = False
    is_optional: bool = False


NOTICES: dict[str, Notice] = {
    Purpose.PASSWORD_CHANGED: Notice(),
    Purpose.TWO_FACTOR_ADDED: Notice(),
    Purpose.TWO_FACTOR_ENDED: Notice(),
    Purpose.RECOVERY_CODES_RENEWED: Notice(),
    Purpose.IDENTITY_LINKED: Notice(),
    Purpose.ADDRESS_ADDED: Notice(),
    Purpose.MAIN_ADDRESS_CHANGED: Notice(),  # to the former address
    Purpose.ROLE_CHANGED: Notice(is_optional=True),
    Purpose.MEMBERSHIP_ENDED: Notice(is_optional=True),
    Purpose.OWNERSHIP_TRANSFERRED: Notice(tells_owners=True),
    Purpose.API_KEY_CREATED: Notice(tells_owners=True, is_optional=True),
    Purpose.OAUTH_APPLICATION_CREATED: Notice(tells_owners=True, is_optional=True),
    Purpose.WEBHOOK_DISABLED: Notice(tells_owners=True, is_optional=True),
}
OPTIONAL = [Purpose(purpose) for purpose, notice in NOTICES.items() if notice.is_optional]
