"""What happens in a scenario, as the events of the core."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from dunning.cadence import Cadence
from dunning.calendar import Calendar
from dunning.events import (
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    Promised,
    Reassigned,
    Resumed,
    Reversed,
    Snoozed,
)
from intake.complaints import listed
from intake.documents import Misplaced, Place
from intake.stated_scenario import StatedEvent

HAPPENS_AT = time(8, 0)
"""When the events of a day happen, local time; they come before the run, so an earlier send time is theirs too."""

_KINDS = tuple(key for key in StatedEvent.model_fields if key != "on")


@dataclass(frozen=True, slots=True)
class Cast:
    """What the events of a scenario may speak of."""

    calendar: Calendar
    cadences: Mapping[str, Cadence]
    enters: date

    def event(self, stated: StatedEvent, place: Place) -> Event:
        """Return the event; `place` is the path of keys to it. Raises Misplaced."""
        if stated.on < self.enters:
            raise Misplaced((*place, "on"), f"{stated.on} is before {self.enters}, when the invoice enters")
        kind = _kind(stated, place)
        moment = min(HAPPENS_AT, self.calendar.send_time)
        at = datetime.combine(stated.on, moment, self.calendar.time_zone)
        if kind == "reassign":
            return Reassigned(at, self._cadence(stated.reassign, (*place, kind)))
        event = _of_step(stated, at) or _of_accounts(stated, at) or _of_hold(stated, at)
        assert event is not None, f"an event has no meaning: {kind}"
        if isinstance(event, Contacted) and not event.channel.is_contact:
            raise Misplaced(
                (*place, kind), f"a {event.channel} is no contact; expected email, sms, letter or call"
            )
        self._expect_step(event, (*place, kind))
        return event

    def _cadence(self, name: str | None, place: Place) -> Cadence | None:
        if name is None:
            return None
        if name not in self.cadences:
            raise Misplaced(place, f"there is no cadence {name!r}; expected {listed([*self.cadences, 'null'])}")
        return self.cadences[name]

    def _expect_step(self, event: Event, place: Place) -> None:
        """Raise Misplaced if no cadence has the step; whether it is open by then shows in the story."""
        match event:
            case Completed(step_id=step_id) | Ignored(step_id=step_id):
                pass
            case Snoozed(step_id=step_id):
                place = (*place, "step")
            case Contacted(as_step=str(step_id)):
                place = (*place, "as_step")
            case _:
                return
        if all(cadence.step(step_id) is None for cadence in self.cadences.values()):
            known = {step.id: None for cadence in self.cadences.values() for step in cadence.steps}
            raise Misplaced(place, f"there is no step {step_id!r}; expected {listed(list(known))}")


def _kind(stated: StatedEvent, place: Place) -> str:
    """Return the one key that says what happens."""
    said = [key for key in _KINDS if key in stated.model_fields_set]
    if len(said) != 1:
        found = f"; there is {listed(said, 'and')}" if said else ""
        raise Misplaced(place, f"expected exactly one of {listed(list(_KINDS))}{found}")
    kind = said[0]
    if getattr(stated, kind) is None and kind != "reassign":
        raise Misplaced((*place, kind), "null is wrong; expected a value, or {} where there is nothing to say")
    return kind


def _of_step(stated: StatedEvent, at: datetime) -> Event | None:
    if stated.complete is not None:
        return Completed(at, stated.complete)
    if stated.ignore is not None:
        return Ignored(at, stated.ignore)
    if stated.snooze is not None:
        return Snoozed(at, stated.snooze.step, stated.snooze.until)
    if stated.contact is not None:
        return Contacted(at, stated.contact.channel, stated.contact.as_step)
    return None


def _of_accounts(stated: StatedEvent, at: datetime) -> Event | None:
    if stated.pay is not None:
        return Paid(at, stated.pay)
    if stated.reverse is not None:
        return Reversed(at, stated.reverse)
    if stated.due_date is not None:
        return DueDateChanged(at, stated.due_date)
    return None


def _of_hold(stated: StatedEvent, at: datetime) -> Event | None:
    if stated.pause is not None:
        return Paused(at, stated.pause.until)
    if stated.resume is not None:
        return Resumed(at)
    if stated.dispute is not None:
        return Disputed(at)
    if stated.resolve_dispute is not None:
        return DisputeResolved(at, stated.resolve_dispute)
    if stated.promise is not None:
        return Promised(at, stated.promise)
    return None
