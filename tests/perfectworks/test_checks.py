"""Test the system checks of this project."""

import pytest
from django.core import checks
from django.db import connection, transaction

from perfectworks.checks import (
    RENAMED_VARIABLES,
    cache_is_shared,
    isolation_errors,
    no_variable_has_its_old_name,
    webhooks_stay_outside,
)


@pytest.mark.django_db
def test_the_test_database_is_read_committed():
    assert isolation_errors("default") == []


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_server_with_another_default_isolation_level_is_refused(level):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('default_transaction_isolation', %s, true)", [level])

    assert isolation_errors("default") == [
        checks.Error(
            f"The database's default isolation level is {level!r}; PerfectWorks needs READ COMMITTED.",
            id="perfectworks.E001",
        )
    ]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_read_committed_whatever_the_default_is():
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_isolation = 'serializable'")
        try:
            with transaction.atomic():
                cursor.execute("SHOW transaction_isolation")

                assert cursor.fetchone() == ("read committed",)
        finally:
            cursor.execute("RESET default_transaction_isolation")


def test_one_web_process_needs_no_shared_cache(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "1")

    assert cache_is_shared() == []


def test_several_web_processes_without_a_shared_cache_are_warned_of(monkeypatch, settings):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")

    assert cache_is_shared() == [
        checks.Warning(
            "4 web processes share no cache, so each counts its own rate limits. Set CACHE_URL.", id="perfectworks.W001"
        )
    ]

    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    assert cache_is_shared() == []


def test_variables_with_their_old_names_are_reported(monkeypatch):
    assert no_variable_has_its_old_name() == []

    monkeypatch.setenv("MAIL_WEBHOOK", "postmark")

    assert no_variable_has_its_old_name() == [
        checks.Error("MAIL_WEBHOOK is now EMAIL_WEBHOOK. Rename it in the environment.", id="perfectworks.E002")
    ]


@pytest.mark.parametrize("name", RENAMED_VARIABLES.values())
def test_the_new_names_are_settings(name, settings):
    assert hasattr(settings, name)


@pytest.mark.parametrize("is_allowed", [False, True])
def test_webhooks_to_the_own_network_are_warned_of(settings, is_allowed: bool):
    settings.WEBHOOK_ALLOW_PRIVATE = is_allowed
    assert [warning.id for warning in webhooks_stay_outside()] == ["perfectworks.W002"] * is_allowed
