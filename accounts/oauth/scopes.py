"""The OAuth scopes about a person, with what the consent page says of each.

``invitations`` and ``profile`` admit to the operations about the person, ``organizations`` to all that the user may do
in organizations. The scopes named after a permission are added to these in ``orgs.oauth.scopes``.
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
