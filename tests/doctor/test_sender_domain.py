"""Test which records of the From domain the doctor misses. A name server on this machine answers."""

import socket

import pytest

from perfectworks.doctor.sender_domain import sender_domain
from tests.doctor.name_server import name_server, resolver_of

SPF, DMARC, KEY = "v=spf1 include:mail.example -all", "v=DMARC1; p=reject", "v=DKIM1; k=rsa; p=MIGf"
GOOD = {"news.example.com": ["other", SPF], "_dmarc.news.example.com": [DMARC], "s1._domainkey.news.example.com": [KEY]}


@pytest.fixture(autouse=True)
def sender(settings):
    settings.DEFAULT_FROM_EMAIL = "PerfectWorks <no-reply@news.example.com>"


def levels(records, *selectors):
    with name_server(records) as resolver:
        return [(found.level, found.text) for found in sender_domain(selectors, resolver)]


def test_a_domain_with_all_records():
    assert levels(GOOD, "s1") == [
        ("ok", f"SPF of news.example.com: {SPF}"),
        ("ok", f"DMARC of news.example.com: {DMARC}"),
        ("ok", "DKIM key s1._domainkey.news.example.com exists."),
    ]


def test_a_domain_without_records():
    assert levels({}, "s1") == [
        ("failure", "news.example.com has no SPF record."),
        ("failure", "news.example.com has no DMARC records, but needs one."),
        ("failure", "s1._domainkey.news.example.com has no DKIM key."),
    ]


@pytest.mark.parametrize("domain", ["127.0.0.1", "localhost", "[127.0.0.1]"])
def test_an_address_without_a_domain(settings, domain):
    settings.DEFAULT_FROM_EMAIL = f"no-reply@{domain}"

    assert levels(GOOD, "s1") == [
        ("failure", f"The From address no-reply@{domain} has no domain that others can look up.")
    ]


def test_the_policy_of_the_domain_above_counts():
    records = GOOD | {"_dmarc.news.example.com": [], "_dmarc.example.com": [DMARC]}

    assert levels(records, "s1")[1][0] == "ok"


def test_without_a_selector_nobody_knows_the_key():
    assert levels(GOOD)[2] == ("unknown", "DKIM of news.example.com was not looked up.")


@pytest.mark.parametrize(
    ("name", "texts", "level", "sentence"),
    [
        ("news.example.com", [SPF, "v=spf1 -all"], "failure", "has 2 SPF records, so none counts"),
        ("news.example.com", ["v=spf1 +all"], "failure", "permits every server"),
        ("news.example.com", ["v=spf10 -all"], "failure", "has no SPF record"),
        ("_dmarc.news.example.com", [DMARC, "v=DMARC1; p=none"], "failure", "has 2 DMARC records"),
        ("_dmarc.news.example.com", ["v=DMARC1; sp=reject"], "failure", "has no valid policy"),
        ("_dmarc.news.example.com", ["v=DMARC1;p=none"], "warning", "only observes"),
        ("_dmarc.news.example.com", ["V=DMARC1 ; p = Quarantine"], "ok", "DMARC of"),
        ("s1._domainkey.news.example.com", ["v=DKIM1; p="], "failure", "is revoked"),
    ],
)
def test_a_record_with_a_mistake(name, texts, level, sentence):
    found = levels(GOOD | {name: texts}, "s1")

    assert [one for one in found if one[0] == level and sentence in one[1]]
    assert sum(one[0] != "ok" for one in found) == (level != "ok")


def test_a_name_server_that_is_away_is_no_failure(settings, monkeypatch):
    monkeypatch.setattr("perfectworks.doctor.sender_domain.SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        [found] = sender_domain(["s1"], resolver_of(silent.getsockname()[1]))

    assert (found.level, found.text) == ("unknown", "DNS does not answer for news.example.com (LifetimeTimeout).")
