"""Fixtures of the tests of emails about accounts."""

from tests.outbox.fixtures import *  # noqa: F403
