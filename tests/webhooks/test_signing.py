"""Test the signatures with values that the published packages `standardwebhooks` and `svix` compute too."""

import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from webhooks.signing import new_secret, sign, signed_headers

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
MESSAGE: dict[str, Any] = {
    "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": b'{"test": 2432232314}',
}
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_as_other_implementations_compute_it():
    assert sign(SECRET, **MESSAGE) == SIGNATURE


@pytest.mark.parametrize("changed", [{"message_id": "msg_p5"}, {"timestamp": 1614265331}, {"body": b'{"test": 1}'}])
def test_the_id_the_time_and_the_body_are_signed(changed: dict[str, Any]):
    assert sign(SECRET, **(MESSAGE | changed)) != SIGNATURE


def test_during_a_rotation_there_is_a_signature_for_each_secret():
    assert signed_headers([OTHER, SECRET], **MESSAGE) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"{sign(OTHER, **MESSAGE)} {SIGNATURE}",
    }


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_the_published_library_verifies_either_signature(secret: str):
    headers = signed_headers([OTHER, SECRET], **MESSAGE | {"timestamp": int(time.time())})

    assert Webhook(secret).verify(MESSAGE["body"], headers) == {"test": 2432232314}


def test_secrets_have_the_prefix_and_256_random_bits():
    assert new_secret() != new_secret()
    assert len(new_secret()) == len("whsec_") + 44
