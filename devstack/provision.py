"""Everything that demo and tests run on: found, fetched or built, and said in one line each."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from devstack.long_build import spoken
from devstack.postgres_binaries import disguise, find_postgres
from devstack.temporal_cli import find_temporal
from devstack.time_skipping import NoTimeSkipping, find_time_skipping
from devstack.tool import Report, Tool, ToolMissing


def provision(console: Console) -> bool:
    """Have every server ready, and return whether the needed ones are; time skipping may be missing."""
    started = time.monotonic()
    report = progress(console)
    finders: tuple[Callable[[Report], Tool | NoTimeSkipping], ...] = (
        _find_postgres,
        find_temporal,
        find_time_skipping,
    )
    complete = True
    # One after the other and in this thread, so that Ctrl-C ends a long build at once.
    for find in finders:
        try:
            console.print(_line(find(report)))
        except ToolMissing as missing:
            console.print(f"[bold red]missing[/]  {escape(str(missing))}", highlight=False)
            complete = False
    if complete:
        console.print(f"[dim]ready in {spoken(time.monotonic() - started)}[/]", highlight=False)
    return complete


def progress(console: Console) -> Report:
    """Return a report that prints each line of progress, dimmed, as it comes."""

    def report(line: str) -> None:
        console.print(f"[dim]duewell: {escape(line)}[/]", highlight=False)

    return report


def _find_postgres(report: Report) -> Tool:
    disguise()
    return find_postgres()


def _line(found: Tool | NoTimeSkipping) -> str:
    if isinstance(found, NoTimeSkipping):
        return f"[yellow]no time skipping[/]: its tests will be skipped ({escape(found.reason)})"
    return f"[green]{found.name:<14}[/] {found.version:<22} {found.origin:<15} [dim]{found.path}[/]"
