"""Text from people in emails: no email client may find a link in it.

People choose their own names and those of their organizations. Without this, ``Verify at evil.example`` as a name would
be a link in an email that this service sends.
"""

import re

_DOTS = ".\u2024\u3002\ufe52\uff0e\uff61"  # what IDNA and email clients read as a dot
_IGNORED = "[\ufe00-\ufe0f\u180b-\u180d\u180f]"  # variation selectors, which IDNA leaves out
_JOINT = re.compile(
    # before a word, but not in "Node.js" and "A.B. Smith"
    rf"[{_DOTS}](?<=\S.)(?={_IGNORED}*[^\W\d_])(?!js\b)(?!\w(?:[\s.,;)&]|$))"
    # after "www", whatever follows
    rf"|[{_DOTS}](?<=[wW]{{3}}.)(?=\S)"
    # in an IP address, but not in "2.0" or "5.1.1"
    rf"|[{_DOTS}](?<=\d.)(?=\d{{1,3}}[{_DOTS}]\d{{1,3}}[{_DOTS}]\d)"
    r"|(?<=[^\W\d_]):(?=\S)|:(?=//)|[@\ufe6b\uff20](?=\S)|\\(?=\S)"
)
# Seven digits or more, with what stands between the digits of a telephone number.
_BETWEEN_DIGITS = (
    r"[\s().\[\]+/~x\-\u2010-\u2015\u2053\u2212\u223c\u30fc\uff08\uff09\uff0d-\uff0f\uff3b\uff3d\uff5e]{0,3}"
)
_PHONE = re.compile(rf"(?<!\w)\+?\(?\d(?:{_BETWEEN_DIGITS}\d){{6,}}")
_GROUP = re.compile(r"\+?\d{1,4}")


def unlinked(text: str) -> str:
    """Return the text so that no email client turns a part of it into a link. It stays readable.

    Email clients link what looks like a URL, a domain, an email address, an IP address, a network path or a telephone
    number. A space after the punctuation inside it stops them: ``evil. example``. In a telephone number, dots between
    groups of digits do: ``0800·123·4567``. Characters without a width would not, because clients ignore them.
    """
    return _JOINT.sub(r"\g<0> ", _PHONE.sub(_grouped, text))


def _grouped(number: re.Match[str]) -> str:
    return "·".join(_GROUP.findall(number[0]))
