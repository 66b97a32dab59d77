"""Fixtures of the tests of emails about invitations."""

from tests.outbox.fixtures import *  # noqa: F403
