"""Carries out signals in the ledger. One that came from the app was booked before, and does nothing here."""

from datetime import date
from typing import assert_never

from activities.interface import Event
from db.engine import Session
from db.operations.assignment import reassign
from db.operations.change import Change, note_once
from db.operations.holds import pause, resume
from db.operations.refusal import Refused
from db.operations.todos import Ending, complete_action
from phrase import phrase

# Written by people who mean "no cadence" in a signal or on the command line.
NO_CADENCE = ("", "none", "None", "null")


def take_in(session: Session, invoice_id: int, event: Event, change: Change) -> None:
    """Carry out the signal, or note on the timeline why it was refused; a repeat does nothing."""
    try:
        with session.begin_nested():
            _carry_out(session, invoice_id, event, change)
    except Refused as refusal:
        note_once(session, change, "signal refused", invoice_id, signal=event.signal, because=str(refusal))


def _carry_out(session: Session, invoice_id: int, event: Event, change: Change) -> None:
    if event.malformed is not None:
        raise Refused("the signal's payload is a {malformed}", malformed=phrase(event.malformed))
    match event.signal:
        case "pause":
            pause(session, invoice_id, _day(event, "until"), _text(event, "reason"), change)
        case "resume":
            resume(session, invoice_id, change)
        case "reassign":
            name = _text(event, "cadence")
            cadence = None if name is None or name in NO_CADENCE else name
            if not reassign(session, invoice_id, cadence, change):
                # Remembered all the same: a late repeat must not undo what somebody has chosen since.
                note_once(session, change, "reassignment changed nothing", invoice_id, cadence=cadence)
        case "complete_action":
            ending = Ending(
                _text(event, "outcome") or "done", _day(event, "promised_for"), text=_text(event, "note")
            )
            complete_action(session, invoice_id, _text(event, "step"), ending, change)
        case "invoice_changed":
            # The facts are in the ledger already; the signal only says "look again".
            pass
        case _:
            assert_never(event.signal)


def _text(event: Event, field: str) -> str | None:
    value = event.fields.get(field)
    return None if value is None else str(value)


def _day(event: Event, field: str) -> date | None:
    text = _text(event, field)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("{field} is a date such as 2026-06-30, not {text!r}", field=field, text=text) from None
