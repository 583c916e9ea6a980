"""What comes next for collections that are alike: decided for one of them, and written for all.

Of collections that are new and that nothing holds, what is decided depends on the cadence, the days of the invoice
and little else; only the minute at which each message goes out is the invoice's own (rule 2.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from db.operations.change import Change
from db.operations.settle import Settled, next_action
from dunning.calendar import Calendar
from dunning.decision import Send, Wait

# Stands in a sentence for the minute; texts have no control characters.
MINUTE: Final = "\x01"


@dataclass(frozen=True, slots=True)
class Moment:
    """When collections are decided, as far as that makes a difference to them."""

    today: date
    has_opened: bool
    all_have_gone: bool
    has_closed: bool

    @classmethod
    def of(cls, calendar: Calendar, change: Change) -> "Moment":
        """Return the moment of the change."""
        opens, window = hours(calendar, change.on)
        all_have_gone = change.at >= opens + timedelta(seconds=window)
        return cls(change.on, change.at >= opens, all_have_gone, change.at >= calendar.closes_at(change.on))


def hours(calendar: Calendar, day: date) -> tuple[datetime, int]:
    """Return when messages begin to go out on the day, and over how many seconds they are spread."""
    opens, closes = calendar.opens_at(day), calendar.closes_at(day)
    return opens, min(calendar.jitter_minutes * 60, int((closes - opens).total_seconds()) - 1)


def plan_of_all(settled: Settled, moment: Moment) -> dict[str, Any] | None:
    """Return the plan of all collections that are like this one; None if it differs by more than the minute.

    It is the row of `next_actions`, with `acts` saying when it acts: `now`, `then` (at the minute of each invoice
    between `opens_at` and `window_seconds` later), or at the `fixed` moment. MINUTE stands in the sentence for it.
    """
    facts, decision, projection = settled.collection.facts, settled.decision, settled.projection
    if not isinstance(decision, Wait | Send):
        return None
    step, day = projection.step, projection.due_on
    has_minute = step is not None and step.is_automatic and day is not None
    if (
        has_minute
        and day == moment.today
        and not (moment.all_have_gone if isinstance(decision, Send) else not moment.has_opened)
    ):
        return None
    row = next_action(settled)
    row["next_on"] = row.pop("due_on")
    row |= {"acts": "now" if isinstance(decision, Send) else "fixed", "opens_at": None, "window_seconds": None}
    if has_minute and isinstance(decision, Wait):
        assert step is not None
        assert day is not None
        runs_at = facts.runs_at(step, day)
        opens, row["window_seconds"] = hours(facts.calendar, day)
        row["opens_at"] = opens.isoformat()
        if projection.acts_at == runs_at:
            if runs_at == facts.calendar.start_of(day):
                # It may as well wait for the day to begin, as where a step expires that night.
                return None
            row["acts"] = "then"
        local = f"{runs_at.astimezone(facts.calendar.time_zone):%a %Y-%m-%d %H:%M}"
        row["sentence"] = row["sentence"].replace(local, local[:-5] + MINUTE)
    return row


def minute_of(
    plan: Mapping[str, Any], calendar: Calendar, invoice_id: int, now: datetime
) -> tuple[datetime | str | None, str]:
    """Return when an invoice of that plan acts, and its sentence, both with the minute of the invoice."""
    acts_at: datetime | str | None = now if plan["acts"] == "now" else plan["acts_at"]
    if plan["opens_at"] is None:
        return acts_at, plan["sentence"]
    at = calendar.sends_at(date.fromisoformat(plan["next_on"]), invoice_id)
    local = at.astimezone(calendar.time_zone)
    return at if plan["acts"] == "then" else acts_at, plan["sentence"].replace(MINUTE, f"{local:%H:%M}")
