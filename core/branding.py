"""The name, logo and operator of this installation, from the settings.

Templates load them with ``{% load branding %}{% get_branding as brand %}``. A tag also works in templates that are
rendered without a request, such as emails and error pages.
"""

import re
from dataclasses import dataclass

from django import template
from django.conf import settings

register = template.Library()

DEFAULT_LOGO = "perfectworks.svg"
_WORD_BREAK = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Branding:
    """What people see of the service and of its operator. Each text may be empty, except ``name``."""

    name: str
    logo_url: str
    operator: str
    support_email: str
    imprint_url: str
    privacy_url: str

    @property
    def initials(self) -> str:
        """The first letters of the first two words of the name."""
        words = [word for word in _WORD_BREAK.split(self.name) if word]
        return "".join(word[0] for word in words[:2]).upper() or self.name[0]

    @property
    def has_footer(self) -> bool:
        """Whether there is anything to show below pages and emails."""
        return any((self.operator, self.support_email, self.imprint_url, self.privacy_url))


@register.simple_tag
def get_branding() -> Branding:
    """Return the branding from the settings.

    The default logo has its plain file name: an error page must not fail because the manifest is missing.
    """
    return Branding(
        name=settings.SERVICE_NAME,
        logo_url=settings.SERVICE_LOGO_URL or f"{settings.STATIC_URL}{DEFAULT_LOGO}",
        operator=settings.OPERATOR_NAME,
        support_email=settings.SUPPORT_EMAIL,
        imprint_url=settings.IMPRINT_URL,
        privacy_url=settings.PRIVACY_URL,
    )
