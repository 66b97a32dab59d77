"""The OAuth scopes that are about a person, with their labels for the consent page.

``invitations`` and ``profile`` allow operations on the person's own data. ``organizations`` allows everything that the
user may do in organizations. ``orgs.oauth.scopes`` adds one scope per permission.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PROFILE = "profile"
INVITATIONS = "invitations"
ORGANIZATIONS = "organizations"

PERSONAL_SCOPES: dict[str, Promise] = {
    PROFILE: _("See your name, email address and picture, and change your name and picture"),
    INVITATIONS: _("See the invitations sent to you, and accept or decline them"),
    ORGANIZATIONS: _("Act for you in your organizations, with all your permissions"),
}
