"""Scenes of the emails about accounts. The emails about invitations are in `email_scenes.py`."""

from collections.abc import Callable

from playwright.sync_api import Response

from tests.accounts.emailing import ASK, NOBODYS, emailed
from tests.browser.email_scenes import show_message
from tests.browser.stage import SCENES, Stage

LONG = f"{'long-' * 11}name@{'long-' * 11}domain.example.com"


def email(kind: str, *, as_text: bool = False, address: str = NOBODYS) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        message = emailed(kind, stage.invitee, address=address, accept_language=stage.visitor.language)
        return show_message(stage, message, as_text=as_text)

    return play


SCENES |= {f"email-{kind}": (200, email(kind)) for kind in ASK}
SCENES["email-new-password-as-text"] = (200, email("new-password", as_text=True))
SCENES["email-further-address-with-a-long-one"] = (200, email("further-address", address=LONG))
