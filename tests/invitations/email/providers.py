"""Reports of email providers: recorded payloads (in ``payloads/``) with the signature scheme of each provider."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.test import Client
from pytest_django import Settings

from outbox.models import EmailDelivery
from perfectworks.environment import require_signed_webhook

PAYLOADS = Path(__file__).parent / "payloads"
RECORDED = sorted(path.stem for path in PAYLOADS.glob("*.json"))

SECRET = "reporter:correct-horse-battery-staple"
SIGNING_KEY = "a-signing-key-of-the-provider"
SENDGRID_KEY = ec.derive_private_key(20260501, ec.SECP256R1())
SENDGRID_PUBLIC = SENDGRID_KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
POSTAL_KEY, ANOTHER_POSTAL_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
POSTAL_PUBLIC = POSTAL_KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)

ANYMAIL = {
    "mailersend": {"MAILERSEND_SIGNING_SECRET": SIGNING_KEY},
    "mailgun": {"MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY},
    "mailtrap": {"MAILTRAP_TRACKING_SECRET": SIGNING_KEY},
    "mandrill": {"MANDRILL_WEBHOOK_KEY": SIGNING_KEY},
    "postal": {"POSTAL_WEBHOOK_KEY": base64.b64encode(POSTAL_PUBLIC).decode()},
    "sendgrid": {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": base64.b64encode(SENDGRID_PUBLIC).decode()},
    "unisender_go": {"UNISENDER_GO_API_KEY": SIGNING_KEY},
}
BASIC_AUTH = {"WEBHOOK_SECRET": SECRET}


def configure(settings: Settings, provider: str) -> None:
    """Configure the service for this provider's reports, as the environment variables for the provider would."""
    settings.ANYMAIL = ANYMAIL.get(provider, BASIC_AUTH)
    settings.EMAIL_WEBHOOK = require_signed_webhook(provider, settings.ANYMAIL)


def recorded(name: str, email: EmailDelivery) -> Any:
    """Return a recorded payload, changed to refer to this email."""
    text = (PAYLOADS / f"{name}.json").read_text()
    text = text.replace("BARE_MESSAGE_ID", email.message_id.strip("<>")).replace("MESSAGE_ID", email.message_id)
    return json.loads(text.replace("MAIL_ID", email.pk.hex))


def report(
    name: str, email: EmailDelivery, *, signed: bool = True, client: Client | None = None, **changes: Any
) -> Any:
    """Post a recorded report and return the response. ``changes`` replaces values in the payload."""
    payload = recorded(name, email)
    if changes:
        payload |= changes
    return post(name.partition("-")[0], payload, signed=signed, client=client)


def post(provider: str, payload: Any, *, signed: bool = True, client: Client | None = None) -> Any:
    """Post a payload with a valid or an invalid signature. Return the response."""
    sign = SIGNERS.get(provider, sign_by_password)
    body, headers = sign(payload, SIGNING_KEY if signed else "another key")
    return send(provider, body, headers, client)


def send(provider: str, body: bytes, headers: dict[str, str], client: Client | None = None) -> Any:
    client = client or Client(enforce_csrf_checks=True, raise_request_exception=True)
    address, headers = f"/webhooks/mail/{provider}", {"Content-Type": "application/json"} | headers
    return client.post(address, body, content_type=headers["Content-Type"], headers=headers)


def sign_by_password(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    secret = SECRET if key == SIGNING_KEY else "reporter:guessed"
    credentials = base64.b64encode(secret.encode()).decode()
    return json.dumps(payload).encode(), {"Authorization": f"Basic {credentials}"}


def sign_as_amazon(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    """Wrap the payload in an SNS notification. SNS sends the password that is part of the webhook URL."""
    notification = {
        "Type": "Notification",
        "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:mails",
        "Message": json.dumps(payload),
        "Timestamp": "2026-05-01T10:00:03.000Z",
    }
    body, headers = sign_by_password(notification, key)
    names = {"Type": "X-Amz-Sns-Message-Type", "MessageId": "X-Amz-Sns-Message-Id"}
    headers |= {header: notification[name] for name, header in names.items()}
    return body, headers | {"Content-Type": "text/plain; charset=UTF-8"}


def sign_as_mandrill(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    events = json.dumps(payload)
    signed = f"http://testserver/webhooks/mail/mandrillmandrill_events{events}"
    mac = base64.b64encode(hmac.digest(key.encode(), signed.encode(), hashlib.sha1)).decode()
    form = {"X-Mandrill-Signature": mac, "Content-Type": "application/x-www-form-urlencoded"}
    return urlencode({"mandrill_events": events}).encode(), form


def sign_as_mailersend(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(payload).encode()
    return body, {"Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}


def sign_as_mailgun(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    token, timestamp = "a" * 50, "1777629600"
    mac = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"token": token, "timestamp": timestamp, "signature": mac}
    return json.dumps({"signature": signature, **payload}).encode(), {}


def sign_as_mailtrap(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(payload).encode()
    return body, {"Mailtrap-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}


def sign_as_postal(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    body, private = json.dumps(payload).encode(), POSTAL_KEY if key == SIGNING_KEY else ANOTHER_POSTAL_KEY
    signature = private.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return body, {"X-Postal-Signature": base64.b64encode(signature).decode()}


def sign_as_sendgrid(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    body, timestamp = json.dumps(payload).encode(), "1777629600"
    private = SENDGRID_KEY if key == SIGNING_KEY else ec.derive_private_key(1, ec.SECP256R1())
    signature = private.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    name = "X-Twilio-Email-Event-Webhook"
    return body, {f"{name}-Signature": base64.b64encode(signature).decode(), f"{name}-Timestamp": timestamp}


def sign_as_unisender(payload: Any, key: str) -> tuple[bytes, dict[str, str]]:
    """Sign the payload in its `auth` field.

    The signature is the digest of the body while the field contains the key. The digest then replaces the key.
    """
    unsigned = json.dumps({"auth": "DIGEST", **payload})
    digest = hashlib.md5(unsigned.replace("DIGEST", key).encode()).hexdigest()
    return unsigned.replace("DIGEST", digest).encode(), {}


SIGNERS: dict[str, Callable[[Any, str], tuple[bytes, dict[str, str]]]] = {
    "amazon_ses": sign_as_amazon,
    "mailersend": sign_as_mailersend,
    "mailgun": sign_as_mailgun,
    "mailtrap": sign_as_mailtrap,
    "mandrill": sign_as_mandrill,
    "postal": sign_as_postal,
    "sendgrid": sign_as_sendgrid,
    "unisender_go": sign_as_unisender,
}
