"""Show on a terminal what a command does. Without a terminal, write a line for each phase, for example in logs."""

from types import TracebackType
from typing import IO, Self, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

Result = TypeVar("Result")


class Phases:
    """The phases of a command, with a bar for each.

    A bar moves without a measure while its phase runs, because most phases are one statement. At the end it is full,
    and shows how much was done.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(bar_width=20))
        console = Console(file=stream)
        self.progress = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.stop()

    def begin(self, text: str) -> None:
        """Begin a phase."""
        if self.progress.disable:
            self.stream.write(f"{text} …\n")
        self.task = self.progress.add_task(text, total=None)

    def end(self, text: str) -> None:
        """End the phase that was begun last. ``text`` says how much was done."""
        if self.task is not None:
            self.progress.update(self.task, description=text, total=1, completed=1)


class Bar:
    """A bar for a command that does the same thing many times. Without a terminal, nothing is shown."""

    def __init__(self, stream: IO[str], *, total: int | None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(file=stream)
        self.progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.stop()

    def advance(self, result: Result, *, text: str, by: int = 1) -> Result:
        """Show that more is done, and what. Return the result."""
        self.progress.update(self.task, description=text, advance=by)
        return result
