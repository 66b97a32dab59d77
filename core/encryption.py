"""Encryption of secrets that the database stores and the service must read again (``settings.ENCRYPTION_KEYS``).

The first key encrypts, and all keys decrypt.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from core.errors import Unavailable

PURPOSE = b"perfectworks.encryption"


class SecretNotReadable(Unavailable):
    """No key in ``ENCRYPTION_KEYS`` decrypts the secret. An operator has removed a key that is still in use."""

    message = "A stored secret cannot be read at the moment. Try again later."


def encrypt(text: str) -> str:
    """Return the encrypted text, in ASCII."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the text. Raises SecretNotReadable."""
    try:
        return _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise SecretNotReadable from error


def with_first_key(encrypted: str) -> str:
    """Return the text encrypted with the first key, or the argument if it is already. Raises SecretNotReadable."""
    first, *_others = settings.ENCRYPTION_KEYS
    try:
        _fernet((first,)).decrypt(encrypted.encode())
    except InvalidToken:
        return encrypt(decrypt(encrypted))
    return encrypted


def decrypt_if_encrypted(stored: str) -> str:
    """Return the text. The version before stored it in clear, and may have done so during the upgrade.

    Raises SecretNotReadable.
    """
    return decrypt(stored) if is_encrypted(stored) else stored


def is_encrypted(text: str) -> bool:
    """Return whether ``encrypt`` has returned the text."""
    return text.startswith("gAAAA")  # the version of the format, and the first bytes of the time


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """Return a key for this purpose, because a key may also be SECRET_KEY."""
    derivation = HKDF(SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
