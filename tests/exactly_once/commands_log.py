"""The log of the commands that people gave while the machines were failing."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class Order(StrEnum):
    """What was ordered."""

    PAUSE = "pause"
    RESUME = "resume"
    DISPUTE = "dispute"
    RESOLVE = "resolve"
    PAY = "pay"
    HIDE = "hide"
    SHOW = "show"
    WRITE_OFF = "write off"


class Outcome(StrEnum):
    """What the program answered. Nobody knows what became of an order when the ledger was away."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """An order about an invoice, when it was given and when it was answered."""

    number: str
    order: Order
    ordered_at: datetime
    answered_at: datetime
    outcome: Outcome


def write_command(path: Path, command: Command) -> None:
    """Add a line to the log."""
    line = {
        "number": command.number,
        "order": command.order.value,
        "ordered_at": command.ordered_at.isoformat(),
        "answered_at": command.answered_at.isoformat(),
        "outcome": command.outcome.value,
    }
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read_commands(path: Path) -> tuple[Command, ...]:
    """Read the log back; none if nobody gave any."""
    if not path.exists():
        return ()
    return tuple(_command(json.loads(line)) for line in path.read_text().splitlines())


def _command(line: dict[str, str]) -> Command:
    return Command(
        line["number"],
        Order(line["order"]),
        datetime.fromisoformat(line["ordered_at"]),
        datetime.fromisoformat(line["answered_at"]),
        Outcome(line["outcome"]),
    )
