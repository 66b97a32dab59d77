"""The JSON Schema of the export of a person's data (``core.personal_data``)."""

from core.api.query import Schema
from core.personal_data import SCHEMA_VERSION

VERSION = "It changes when a field is renamed or removed, or changes its meaning. New fields do not change it."
OBJECTS = {
    "account": "Your names, primary address, picture, times, staff groups and permissions.",
    "signInMethods": "Whether you have a password, your methods of two-factor authentication, and your identities.",
}
ROWS = {
    "emailAddresses": "All addresses of the account.",
    "emailsAboutYourAccount": "The emails about your account, such as those to choose a new password.",
    "sessions": "The browsers in which you are signed in.",
    "applicationAccesses": "The OAuth applications that act for you.",
    "oauthApplications": "The OAuth applications that you registered.",
    "serviceAccounts": "The system users that you registered.",
    "eventsByYou": "What you did.",
    "eventsAboutYourAccount": "What others did to your account, and failed sign-ins.",
    "memberships": "Your organizations, with your roles and permissions.",
    "apiKeys": "Your API keys, without their secrets.",
    "eventsAboutYourMemberships": "What others did to your memberships and to the keys that act as you.",
    "invitationsToYou": "The invitations to your verified addresses, and those that you answered.",
    "invitationsByYou": "The invitations that you sent. They name the invitee only if you can see the invitation now.",
    "emailsToYou": "The emails about invitations to your verified addresses.",
    "suppressions": "From whom your verified addresses get no emails.",
}
PERSONAL_DATA: Schema = {
    "type": "object",
    "properties": {
        "schemaVersion": {"type": "integer", "const": SCHEMA_VERSION, "description": VERSION},
        "service": {"type": "string", "description": "The address of this service."},
        "exportedAt": {"type": "string", "format": "date-time", "description": "When the export began."},
        **{name: {"type": "object", "description": text} for name, text in OBJECTS.items()},
        **{name: {"type": "array", "items": {"type": "object"}, "description": text} for name, text in ROWS.items()},
    },
    "required": ["schemaVersion", "service", "exportedAt", *OBJECTS, *ROWS],
}
