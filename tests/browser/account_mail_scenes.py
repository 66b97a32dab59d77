"""Every mail about accounts, like the others in ``mail_scenes``."""

from collections.abc import Callable

from playwright.sync_api import Response

from tests.accounts.mailing import ASK, NOBODYS, mailed
from tests.browser.mail_scenes import show_message
from tests.browser.scenes import SCENES, Stage

LONG = f"{'long-' * 11}name@{'long-' * 11}domain.example.com"


def mail(kind: str, *, as_text: bool = False, address: str = NOBODYS) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        message = mailed(kind, stage.invitee, address=address, accept_language=stage.visitor.language)
        return show_message(stage, message, as_text=as_text)

    return play


SCENES |= {f"mail-{kind}": (200, mail(kind)) for kind in ASK}
SCENES["mail-new-password-as-text"] = (200, mail("new-password", as_text=True))
SCENES["mail-further-address-with-a-long-one"] = (200, mail("further-address", address=LONG))
