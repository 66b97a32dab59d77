"""A fast hash for generated secrets. It must not be used for passwords."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare


class GeneratedSecretHasher(BasePasswordHasher):
    """SHA-256 for generated secrets.

    A slow hash would add 200 ms to every token request, and a secret of 256 random bits cannot be guessed anyway.
    """

    algorithm = "sha256_generated"

    def salt(self) -> str:
        """Return an empty salt. Generated secrets are unique, so they need no salt."""
        return ""

    def encode(self, password: str, salt: str) -> str:
        """Return the algorithm and the digest, separated by ``$``."""
        return f"{self.algorithm}${hashlib.sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict[str, str]:
        """Return the parts of an encoded secret."""
        algorithm, digest = encoded.split("$", 1)
        return {"algorithm": algorithm, "hash": digest, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the secret matches."""
        return constant_time_compare(encoded, self.encode(password, ""))

    def safe_summary(self, encoded: str) -> Any:
        """Return only the algorithm, because the admin may display the summary."""
        return {"algorithm": self.algorithm}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing, because the work factor is fixed."""
