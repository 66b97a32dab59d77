"""A fast hash for the secrets that we generate, which no dictionary holds. Never for passwords."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare


class GeneratedSecretHasher(BasePasswordHasher):
    """SHA-256: a slow hash would cost 200 ms with every token request and protect 256 random bits from nothing."""

    algorithm = "sha256_generated"

    def salt(self) -> str:
        """None is needed: no two generated secrets are alike."""
        return ""

    def encode(self, password: str, salt: str) -> str:
        """The algorithm and the digest."""
        return f"{self.algorithm}${hashlib.sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict[str, str]:
        """The parts of an encoded secret."""
        algorithm, digest = encoded.split("$", 1)
        return {"algorithm": algorithm, "hash": digest, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether this is the secret."""
        return constant_time_compare(encoded, self.encode(password, ""))

    def safe_summary(self, encoded: str) -> Any:
        """What may be shown of it: how it was hashed."""
        return {"algorithm": self.algorithm}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to even out: it takes no time."""
