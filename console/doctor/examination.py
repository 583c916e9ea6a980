"""Doctor: everything at once, and how it is printed."""

import asyncio

from rich.console import Console
from rich.text import Text

from console.doctor import inbox_checks, local_checks, mail_checks, postgres_checks, temporal_checks
from console.doctor.check import Check, State
from console.terminal.printing import printable, say
from settings import Settings

_STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "missing": "red", "optional": "dim"}


async def examine_all(chosen: Settings) -> list[Check]:
    """Look at all servers at once: one that is away does not keep the others waiting."""
    ledger, temporal, mail, inbox = await asyncio.gather(
        asyncio.to_thread(postgres_checks.examine, chosen),
        temporal_checks.examine(chosen),
        mail_checks.examine(chosen),
        inbox_checks.examine(chosen),
    )
    checks = [*local_checks.examine_packages(), *ledger.checks, *temporal.checks, *mail, *inbox]
    if ledger.open_collections is not None and temporal.processes is not None:
        checks.append(temporal_checks.compare(ledger.open_collections, temporal.processes))
    return [*checks, *local_checks.examine_tools()]


def print_checks(console: Console, checks: list[Check]) -> None:
    """Print a line for each check, and a last one that sums up."""
    for check in checks:
        _print(console, check)
    _print_sum(console, checks)


def _print(console: Console, check: Check) -> None:
    line = Text(f"{check.state:<9}", style=_STYLES[check.state])
    line.append(f"{check.what:<18} {printable(check.found)}", style="")
    console.print(line, soft_wrap=True)
    if check.mend is not None:
        console.print(Text(f"{'':<28}mend: {check.mend}", style="bold"), soft_wrap=True)


def _print_sum(console: Console, checks: list[Check]) -> None:
    missing = sum(check.state == "missing" for check in checks)
    warned = sum(check.state == "warn" for check in checks)
    if missing:
        say(console, f"{missing} missing, {warned} to look at.", "bold red")
    elif warned:
        say(console, f"Everything needed is there; {warned} to look at.", "bold yellow")
    else:
        say(console, "Everything is there.", "bold green")
