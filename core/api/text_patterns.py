r"""Patterns for the texts in the OpenAPI documents. They tell clients what the server's own validation refuses.

Each pattern has the same meaning in ECMA-262, with and without the flag `u`, and in Python. The server accepts nothing
that its pattern refuses. It refuses more than a short pattern can say, such as invisible characters.
"""

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_SPACE = r"\s\u0085\u200b\u2060\ufeff"  # also without a width; ECMA-262 does not count U+0085 as a space
_AROUND = f"[{_SPACE}]*"
_END = f"[^{_SPACE}{_CONTROLS}]"
_VISIBLE = f"{_END}(?:[^{_CONTROLS}]*{_END})?{_AROUND}"
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,64}"
_DOMAIN = f"[^{_SPACE}{_CONTROLS}@<>]{{1,253}}"

# Any text that a database can store.
STORABLE_TEXT = r"^[^\u0000]*$"
# One line of visible text, with space around it, which the server removes.
VISIBLE_LINE = f"^{_AROUND}{_VISIBLE}$"
VISIBLE_LINE_OR_BLANK = f"^{_AROUND}(?:{_VISIBLE})?$"
# Lines of visible text. They may contain tabs.
VISIBLE_LINES = r"^(?:[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\r\n)*$"
# An http or https URL, or no URL.
URL_OR_BLANK = rf"^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\s{_CONTROLS}]+)?$"
# An http or https URL without a fragment, such as a redirect URI.
WITHOUT_FRAGMENT = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s#]+$"
# An email address, or a name with an email address: `Ann Lee <ann@example.com>`.
EMAIL_ADDRESS = f"^(?:[^<>]*<)?{_AROUND}{_LOCAL}@{_DOMAIN}{_AROUND}(?:>{_AROUND})?$"
