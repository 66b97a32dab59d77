"""Why a text or file cannot be read."""

from core.errors import Invalid


class UnreadableUpload(Invalid):
    """The text or file cannot be read. The field is ``file``."""

    message = "The file cannot be read."

    def __init__(self, problem: str) -> None:
        super().__init__(fields={"file": [problem]})
