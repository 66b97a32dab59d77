"""Examination of the domain of the From address: whether mailbox providers can see that it sends our emails.

They ask for SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).
"""

from collections.abc import Iterator, Sequence
from email.utils import parseaddr

from django.conf import settings
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from perfectworks.doctor.findings import Diagnosis, failure, ok, unknown, warning

SECONDS = 5.0
EVERYBODY = "+all"


def sender_domain(selectors: Sequence[str], resolver: Resolver | None = None) -> Iterator[Diagnosis]:
    """Look up the records of the domain. DKIM needs the selectors, which only the mail provider knows."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    if "." not in domain.strip("[]0123456789."):
        text = f"The From address {settings.DEFAULT_FROM_EMAIL} has no domain that others can look up."
        yield failure(text, "Set DEFAULT_FROM_EMAIL to an address of your domain.")
        return
    asked = resolver or Resolver()
    try:
        yield spf(domain, _texts(asked, domain))
        yield dmarc(domain, _policies(asked, domain))
        for selector in selectors:
            name = f"{selector}._domainkey.{domain}"
            yield dkim(name, _texts(asked, name))
    except DNSException as error:
        text = f"DNS does not answer for {domain} ({type(error).__name__})."
        yield unknown(text, "Run this on a machine that can look up names.")
        return
    if not selectors:
        yield unknown(
            f"DKIM of {domain} was not looked up.", "Name the selector of your mail provider: --dkim-selector NAME."
        )


def _texts(resolver: Resolver, name: str) -> list[str]:
    """Return the TXT records. Raises DNSException if no server answers."""
    try:
        answer = resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (NXDOMAIN, NoAnswer):
        return []
    return [b"".join(record.strings).decode(errors="replace") for record in answer]


def _policies(resolver: Resolver, domain: str) -> list[str]:
    """Return the DMARC records of the domain, or else those of the nearest domain above that has some."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        if found := _texts(resolver, ".".join(["_dmarc", *labels[start:]])):
            return found
    return []


def spf(domain: str, texts: list[str]) -> Diagnosis:
    """Say whether the domain names the servers that send for it."""
    found = [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) > 1:
        return failure(f"{domain} has {len(found)} SPF records, so none counts.", "Merge them into one TXT record.")
    if not found:
        return failure(
            f"{domain} has no SPF record.", f"Add a TXT record for {domain}, as your mail provider describes: v=spf1 …"
        )
    if EVERYBODY in found[0].lower().split():
        return failure(f"The SPF record of {domain} permits every server: {found[0]}", "Replace +all by ~all or -all.")
    return ok(f"SPF of {domain}: {found[0]}")


def dmarc(domain: str, texts: list[str]) -> Diagnosis:
    """Say whether the domain has a policy for emails that pass neither SPF nor DKIM."""
    found = [text for text in texts if text.replace(" ", "").upper().startswith("V=DMARC1")]
    if len(found) != 1:
        advice = f"Add one TXT record for _dmarc.{domain}, at first: v=DMARC1; p=none; rua=mailto:…"
        return failure(f"{domain} has {len(found) or 'no'} DMARC records, but needs one.", advice)
    tags = [tag.replace(" ", "").lower() for tag in found[0].split(";")]
    if not any(tag in {"p=none", "p=quarantine", "p=reject"} for tag in tags):
        return failure(
            f"The DMARC record of {domain} has no valid policy: {found[0]}", "Add p=none, or a stricter one."
        )
    if "p=none" in tags:
        text = f"DMARC of {domain} only observes: {found[0]}"
        return warning(text, "When the reports show no failures of your own emails, set p=quarantine or p=reject.")
    return ok(f"DMARC of {domain}: {found[0]}")


def dkim(name: str, texts: list[str]) -> Diagnosis:
    """Say whether the key exists with which mailbox providers check the signature."""
    keys = [tag.replace(" ", "")[2:] for text in texts for tag in text.split(";") if tag.replace(" ", "")[:2] == "p="]
    if not keys:
        return failure(f"{name} has no DKIM key.", "Add the TXT or CNAME record that your mail provider gives you.")
    if not any(keys):
        return failure(
            f"The DKIM key {name} is revoked (p= is empty).", "Publish the current key, or use its selector."
        )
    return ok(f"DKIM key {name} exists.")
