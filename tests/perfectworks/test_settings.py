"""Test the settings that prevent the service from starting, and the settings that others follow from."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from perfectworks.environment import listening_address
from tests.support.project_settings import PRODUCTION, SECRET, load

NO_HOST = "which is not a host name or an IP address."


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set. Set it or SECRET_KEY_FILE, or DEBUG=1 to try things."),
        (
            {"SECRET_KEY": "django-insecure-only-for-development-and-refused-elsewhere"},
            "SECRET_KEY is a development key or has less than 50 characters. Make one.",
        ),
        (
            {"SECRET_KEY": "short"},
            "SECRET_KEY is a development key or has less than 50 characters. Make one.",
        ),
        (
            {"SECRET_KEY": "", "SECRET_KEY_FILE": "/nonexistent"},
            "SECRET_KEY_FILE cannot be read: No such file or directory.",
        ),
        ({"INVITATION_RETENTION_DAYS": "59"}, "INVITATION_RETENTION_DAYS must be 60 or more, or 0."),
        ({"EVENT_RETENTION_DAYS": "-1"}, "EVENT_RETENTION_DAYS must be 60 or more, or 0."),
        ({"DELIVERY_RETENTION_DAYS": "6"}, "DELIVERY_RETENTION_DAYS must be 7 or more."),
        (
            {"INVITATION_TOKEN_KEYS": f"{SECRET},short"},
            "INVITATION_TOKEN_KEYS needs 50 characters or more per key.",
        ),
        (
            {"ADDRESS_KEYS": f"{SECRET},short"},
            "ADDRESS_KEYS needs 50 characters or more per key.",
        ),
        *(
            (
                {"REQUEST_LIMIT_PER_CREDENTIAL": limit, "CACHE_URL": "redis://cache:6379/0"},
                "REQUEST_LIMIT_PER_CREDENTIAL must be a number per second, minute, hour or day, such as 600/minute.",
            )
            for limit in (
                "600",
                "0/minute",
                "-1/hour",
                "600/m",
                "600 / minute",
                "1.5/day",
                "\u0663/day",
                "1/week",
                "01/day",
            )
        ),
        (
            {"REQUEST_LIMIT_PER_CREDENTIAL": "600/minute"},
            "REQUEST_LIMIT_PER_CREDENTIAL needs a Redis to count in. Set CACHE_URL=redis://..., or unset the limit.",
        ),
        ({"WEB_STATEMENT_SECONDS": "-1"}, "WEB_STATEMENT_SECONDS must be 0 or more."),
        ({"RECIPIENT_EMAILS_PER_HOUR": "0"}, "RECIPIENT_EMAILS_PER_HOUR must be 1 or more."),
        (
            {"ORGANIZATION_EMAILS_PER_DAY": "many"},
            "ORGANIZATION_EMAILS_PER_DAY has a value of the wrong type.",
        ),
        (
            {"PUBLIC_BASE_URL": ""},
            "PUBLIC_BASE_URL is not set. Links in emails start with it: https://your.host.",
        ),
        (
            {"PUBLIC_BASE_URL": "perfectworks.test"},
            "PUBLIC_BASE_URL must be http(s)://host[:port] without a path.",
        ),
        (
            {"PUBLIC_BASE_URL": "https://perfectworks.test/path"},
            "PUBLIC_BASE_URL must be http(s)://host[:port] without a path.",
        ),
        (
            {"PUBLIC_BASE_URL": "https://user@perfectworks.test"},
            "PUBLIC_BASE_URL must be http(s)://host[:port] without a path.",
        ),
        *(
            ({"PUBLIC_BASE_URL": url}, "PUBLIC_BASE_URL must be http(s)://host[:port] without a path.")
            for url in (
                "https://[::1",
                "https://host:0",
                "https://host:99999",
                "https://host:web",
                "https://a/?b",
                "//a",
            )
        ),
        *(
            ({"PUBLIC_BASE_URL": f"https://{host}"}, f"PUBLIC_BASE_URL contains {host!r}, {NO_HOST}")
            for host in ("under_score.test", "two..dots", "dot.test.", "-a.test", "1.2.3", "a b.test", "a%41.test")
        ),
        ({"PUBLIC_BASE_URL": "https://[fe80::1%25eth0]"}, f"PUBLIC_BASE_URL contains 'fe80::1%25eth0', {NO_HOST}"),
        ({"ALLOWED_HOSTS": "a.test,https://b.test"}, f"ALLOWED_HOSTS contains 'https://b.test', {NO_HOST}"),
        ({"CSRF_TRUSTED_ORIGINS": "a.test"}, "CSRF_TRUSTED_ORIGINS must be http(s)://host[:port] without a path."),
        ({"CORS_ALLOWED_ORIGINS": "https://a_b.test"}, f"CORS_ALLOWED_ORIGINS contains 'a_b.test', {NO_HOST}"),
        ({"SCRIPT_NAME": "/below"}, "SCRIPT_NAME is set, but the service needs a host of its own. Unset it."),
        (
            {"DATABASE_URL": "postgres://db/perfectworks?isolation_level=serializable"},
            "DATABASE_URL sets the isolation level 'serializable'; PerfectWorks needs READ COMMITTED.",
        ),
        (
            {
                "DATABASE_URL": r"postgres://db/perfectworks"
                r"?options=-c%20default_transaction_isolation%3Drepeatable\%20read"
            },
            "DATABASE_URL sets the isolation level 'repeatable read'; PerfectWorks needs READ COMMITTED.",
        ),
        (
            {"DATABASE_URL": "mysql://db/perfectworks"},
            "DATABASE_URL must begin with postgres:// or sqlite:///.",
        ),
        ({"PORT": "http"}, "PORT has a value of the wrong type."),
        ({"JWT_ISSUERS": "["}, "JWT_ISSUERS has a value of the wrong type."),
        ({"JWT_ISSUERS": "[1]"}, 'JWT_ISSUERS must be a JSON list of {"issuer", "audience", "jwks_url"}.'),
        (
            {
                "JWT_ISSUERS": '[{"issuer": "https://issuer.test", "audience": null, "jwks_url": "https://issuer.test/k"}]'
            },
            'JWT_ISSUERS must be a JSON list of {"issuer", "audience", "jwks_url"}.',
        ),
        (
            {
                "JWT_ISSUERS": '[{"issuer": "https://issuer.test", "audience": "us", "jwks_url": "https://issuer.test/k",'
                ' "addresses": "true"}]'
            },
            "addresses in JWT_ISSUERS must be one of verified, verified_text, all, none.",
        ),
        (
            {"JWT_ISSUERS": '[{"issuer": "https://issuer.test", "audience": "us", "jwks_url": "file:///etc/keys"}]'},
            "Each jwks_url in JWT_ISSUERS must start with https:// (or http:// in development).",
        ),
        (
            {"EMAIL_WEBHOOK": "pigeon"},
            "EMAIL_WEBHOOK must be one of amazon_ses, brevo, mailersend, mailgun, mailjet, mailtrap, mandrill, postal,"
            " postmark, resend, sendgrid, sparkpost, unisender_go.",
        ),
        (
            {"EMAIL_WEBHOOK": "mailgun", "ANYMAIL": '{"MAILGUN_API_KEY": "key", "WEBHOOK_SECRET": "a:b"}'},
            "EMAIL_WEBHOOK=mailgun needs MAILGUN_WEBHOOK_SIGNING_KEY in ANYMAIL to authenticate reports.",
        ),
        *(
            (
                {"EMAIL_WEBHOOK": "postmark", "ANYMAIL": anymail},
                "EMAIL_WEBHOOK=postmark needs WEBHOOK_SECRET in ANYMAIL to authenticate reports.",
            )
            for anymail in (
                "",
                "{}",
                '{"WEBHOOK_SECRET": "no-colon"}',
                '{"WEBHOOK_SECRET": []}',
                '{"WEBHOOK_SECRET": 1}',
            )
        ),
        (
            {"EMAIL_WEBHOOK": "amazon_ses", "ANYMAIL": '{"WEBHOOK_SECRET": "reporter:secret"}'},
            "EMAIL_WEBHOOK=amazon_ses needs the Python package boto3.",
        ),
        (
            {"JWT_ISSUERS": '[{"issuer": "https://issuer.test"}]'},
            'JWT_ISSUERS must be a JSON list of {"issuer", "audience", "jwks_url"}.',
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_message(environment, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(**PRODUCTION | environment)

    assert str(refusal.value) == sentence


def test_a_command_tells_the_sentence_and_nothing_else():
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (started.returncode, started.stdout, started.stderr) == (
        1,
        "",
        "PerfectWorks does not start: SECRET_KEY is not set. Set it or SECRET_KEY_FILE, or DEBUG=1 to try things.\n",
    )


def test_a_command_tells_in_a_sentence_that_the_database_failed(tmp_path):
    url = f"sqlite:///{tmp_path}/empty.sqlite3"

    ended = subprocess.run(
        [sys.executable, "manage.py", "explain", "ann@example.com"],
        env={"PATH": os.environ["PATH"], "DEBUG": "1", "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("The database failed: no such table: ")
    assert ended.stderr.endswith(". Run manage.py doctor. With --traceback, you see where it failed.\n")


def test_production_settings_are_strict():
    settings = load(**PRODUCTION, ALLAUTH_TRUSTED_PROXY_COUNT="1")

    strict = {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["perfectworks.test"],
        "CSRF_TRUSTED_ORIGINS": ["https://perfectworks.test"],
        "SESSION_COOKIE_NAME": "__Host-session_id",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SECURE_SSL_REDIRECT": True,
    }
    assert {name: settings[name] for name in strict} == strict
    assert settings["SECURE_HSTS_SECONDS"] > 0


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("https://Bücher.Example/", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://[0::1]:8000", "http://[::1]:8000", "[::1]"),
        ("HTTPS://PerfectWorks.Test:443", "https://perfectworks.test", "perfectworks.test"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1"),
    ],
)
def test_the_public_address_is_the_one_that_browsers_send(url: str, origin: str, host: str):
    settings = load(**PRODUCTION | {"PUBLIC_BASE_URL": url})

    names = ("PUBLIC_BASE_URL", "CSRF_TRUSTED_ORIGINS", "ALLOWED_HOSTS")
    assert [settings[name] for name in names] == [origin, [origin], [host]]


def test_other_hosts_and_origins_too():
    settings = load(
        **PRODUCTION,
        ALLOWED_HOSTS="Bücher.test,.bücher.test,::1,[FD00::7],10.0.0.7,*",
        CSRF_TRUSTED_ORIGINS="https://*.Bücher.test,http://bücher.test:80",
        CORS_ALLOWED_ORIGINS="https://bücher.test,chrome-extension://abcdef",
    )

    hosts = ["xn--bcher-kva.test", ".xn--bcher-kva.test", "[::1]", "[fd00::7]", "10.0.0.7", "*"]
    assert settings["ALLOWED_HOSTS"][1:] == hosts
    assert settings["CSRF_TRUSTED_ORIGINS"][1:] == ["https://*.xn--bcher-kva.test", "http://xn--bcher-kva.test"]
    assert settings["CORS_ALLOWED_ORIGINS"] == ["https://xn--bcher-kva.test", "chrome-extension://abcdef"]


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1:8000"), ("::1", "[::1]:8000"), ("localhost", "localhost:8000")]
)
def test_the_web_server_listens_on_any_host(host: str, address: str):
    assert listening_address(host, 8000) == address


def test_emails_from_an_ipv6_address_have_its_form_of_a_domain():
    settings = load(**PRODUCTION | {"PUBLIC_BASE_URL": "http://[::1]"})

    assert settings["DEFAULT_FROM_EMAIL"] == "PerfectWorks <no-reply@[IPv6:::1]>"


@pytest.mark.parametrize(
    ("url", "prefix"), [("https://perfectworks.test", "__Host-"), ("http://perfectworks.test", "")]
)
def test_with_https_every_cookie_is_bound_to_this_host(url, prefix):
    settings = load(**PRODUCTION | {"PUBLIC_BASE_URL": url})

    assert settings["SESSION_COOKIE_NAME"] == f"{prefix}session_id"
    assert settings["CSRF_COOKIE_NAME"] == f"{prefix}csrftoken"
    assert settings["LANGUAGE_COOKIE_NAME"] == f"{prefix}language"
    assert settings["KNOWN_DEVICE_COOKIE_NAME"] == f"{prefix}known_device"


def test_the_limits_of_inviting_have_defaults_and_can_be_set():
    defaults = {
        "ORGANIZATION_EMAILS_PER_DAY": 500,
        "YOUNG_ORGANIZATION_EMAILS_PER_DAY": 50,
        "INVITER_EMAILS_PER_DAY": 500,
        "RECIPIENT_EMAILS_PER_HOUR": 5,
        "OPEN_INVITATIONS_PER_ORGANIZATION": 200,
        "SCHEDULED_EMAILS_PER_ORGANIZATION": 10_000,
    }
    by_default = load(**PRODUCTION)
    given = load(**PRODUCTION, **dict.fromkeys(defaults, "7"))

    assert {name: by_default[name] for name in defaults} == defaults
    assert {name: given[name] for name in defaults} == dict.fromkeys(defaults, 7)


def test_debug_needs_nothing_else():
    assert load(DEBUG="1", PORT="8123")["PUBLIC_BASE_URL"] == "http://127.0.0.1:8123"


def test_secrets_are_read_from_files_without_their_final_newline(tmp_path):
    secret_file = tmp_path / "secret"
    secret_file.write_text(f"{SECRET}\n")
    environment = PRODUCTION | {"SECRET_KEY": "", "SECRET_KEY_FILE": str(secret_file)}

    assert load(**environment)["SECRET_KEY"] == SECRET


def test_a_secret_that_begins_with_a_dollar_is_taken_as_it_is():
    assert load(**PRODUCTION | {"SECRET_KEY": f"${SECRET}"})["SECRET_KEY"] == f"${SECRET}"


def test_the_first_of_several_token_keys_comes_first():
    settings = load(**PRODUCTION, INVITATION_TOKEN_KEYS=f"new{SECRET},{SECRET}")

    assert settings["INVITATION_TOKEN_KEYS"] == [f"new{SECRET}", SECRET]


def test_a_provider_that_can_prove_itself_may_report():
    anymail = '{"WEBHOOK_SECRET": ["reporter:old", "reporter:new"]}'

    assert load(**PRODUCTION, EMAIL_WEBHOOK="postmark", ANYMAIL=anymail)["EMAIL_WEBHOOK"] == "postmark"


def test_postgresql_is_pooled_and_read_committed():
    url = "postgres://db/perfectworks?isolation_level=read%20committed"
    options = load(**PRODUCTION, DATABASE_URL=url, DATABASE_POOL_SIZE="7")["DATABASES"]["default"]["OPTIONS"]

    assert options["isolation_level"] == 2
    assert options["pool"] == {"min_size": 1, "max_size": 7, "timeout": 10, "reconnect_timeout": 0.2}


def test_statements_are_prepared_unless_a_pooler_cannot():
    prepared, not_prepared = (
        load(**PRODUCTION, DATABASE_URL="postgres://db/perfectworks", DATABASE_PREPARED_STATEMENTS=switch)
        for switch in ("", "0")
    )

    assert prepared["DATABASES"]["default"]["OPTIONS"]["server_side_binding"] is True
    assert prepared["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] == 2
    assert not_prepared["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] is None


def test_a_connection_to_postgresql_that_is_lost_is_noticed():
    url = "postgres://db/perfectworks?connect_timeout=9"
    options = load(**PRODUCTION, DATABASE_URL=url)["DATABASES"]["default"]["OPTIONS"]

    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (9, 10_000)


def test_redis_gets_half_a_second_and_no_second_attempt():
    options = load(**PRODUCTION, CACHE_URL="redis://cache:6379/0")["CACHES"]["default"]["OPTIONS"]

    assert (options["socket_connect_timeout"], options["socket_timeout"]) == (0.5, 0.5)
    assert options["retry"].get_retries() == 0
