"""A second, naive reading of the collection rules, to compare the real core with.

It plays one scenario (the JSON form of a scenario file) day by day: each day first its events, then the
run, which decides again until nothing more happens. Nothing is planned ahead: every day looks at the plain
state below and asks what holds today. It shares no code with the core, and is slow on purpose.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

Entry = dict[str, Any]

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ONE_DAY = timedelta(days=1)
LIVE = ("pending", "open")


@dataclass(frozen=True)
class Step:
    """One line of a cadence."""

    id: str
    anchor: str
    offset: timedelta
    channel: str
    is_manual: bool
    never_supersede: bool
    repeat_every: timedelta
    repeat_limit: int


@dataclass
class Cadence:
    """A named, ordered set of steps, and what it has done so far for the invoice."""

    name: str | None
    is_contextual: bool = False
    minimum_contact_delay: timedelta = timedelta(0)
    steps: list[Step] = field(default_factory=list)
    entered_on: date = date.min
    status: dict[str, str] = field(default_factory=dict)  # pending, open, done, ignored or expired
    cycle: int = 1
    # The repeating step, which is the last one: its present occurrence, and when the previous one ended.
    occurrence: int = 1
    repeated_from: date | None = None

    def make_pending(self) -> None:
        """Make every step pending, as if nothing had been done."""
        self.status = {step.id: "pending" for step in self.steps}
        self.occurrence = 1
        self.repeated_from = None

    def is_live(self) -> bool:
        """Tell whether a step is pending or open."""
        return any(status in LIVE for status in self.status.values())


def simulate(scenario: dict[str, Any]) -> dict[str, Any]:
    """Play the scenario to its end; return its name, outcome and log."""
    events: dict[date, list[Entry]] = defaultdict(list)
    for event in scenario.get("events") or []:
        events[date.fromisoformat(event["on"])].append(event)
    story = Story(scenario)
    story.today = date.fromisoformat(scenario["enters"])
    story.take_up(scenario["cadence"]["name"])
    while story.today <= date.fromisoformat(scenario["until"]):
        for event in events.get(story.today, []):
            story.apply(event)
        while story.decide():
            pass
        story.today += ONE_DAY
    return {"name": scenario.get("name"), "outcome": story.outcome(), "log": story.log}


def read_step(given: Entry) -> Step:
    """Read a step; its execution is automatic where the channel allows it."""
    usual = "manual" if given["channel"] in ("call", "task") else "automatic"
    repeat = given.get("repeat") or {"every": 0, "limit": 0}
    return Step(
        id=given["id"],
        anchor=given["anchor"],
        offset=timedelta(days=given["offset"]),
        channel=given["channel"],
        is_manual=(given.get("execution") or usual) == "manual",
        never_supersede=bool(given.get("never_supersede")),
        repeat_every=timedelta(days=repeat["every"]),
        repeat_limit=repeat["limit"],
    )


def read_cadence(given: Entry) -> Cadence:
    """Read a cadence; its minimum contact delay is 5 days unless it says otherwise."""
    delay = timedelta(days=given.get("minimum_contact_delay", 5))
    steps = [read_step(step) for step in given["steps"]]
    cadence = Cadence(given["name"], given.get("logic") == "contextual", delay, steps)
    cadence.make_pending()
    return cadence


class Story:
    """One invoice and all that is known of it on `today`."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        """Read the scenario; the invoice is under no cadence yet."""
        organization = scenario.get("organization") or {}
        self.business_days = {WEEKDAYS.index(day) for day in organization.get("business_days", WEEKDAYS[:5])}
        self.holidays = {date.fromisoformat(day) for day in organization.get("holidays") or []}
        self.tolerance = Decimal(organization.get("tolerance", "0"))
        self.promise_grace = timedelta(days=organization.get("promise_grace_days", 2))
        self.partial_payment_hold = timedelta(days=organization.get("partial_payment_hold_days", 3))
        self.reversal_grace = timedelta(days=organization.get("reversal_grace_days", 3))
        self.cadence = Cadence(None)  # the one in force; this one stands for none
        self.cadences: dict[str | None, Cadence] = {None: self.cadence}
        for given in [scenario["cadence"], *(scenario.get("cadences") or [])]:
            self.cadences[given["name"]] = read_cadence(given)
        invoice = scenario["invoice"]
        self.issued = date.fromisoformat(invoice["issued"])
        self.due = date.fromisoformat(invoice["due"]) if invoice.get("due") else None
        self.total = Decimal(invoice["total"])
        self.paid = Decimal(0)
        self.today = date.min
        self.last_contact_on: date | None = None
        self.holds: dict[str, date] = {}  # kind of hold -> first active day, date.max for open-ended
        self.log: list[Entry] = []

    # What holds today.

    def is_paid(self) -> bool:
        """What is left is no more than the tolerance."""
        return self.outstanding() <= self.tolerance

    def outstanding(self) -> Decimal:
        """Return what is still to be paid."""
        return self.total - self.paid

    def is_held_by(self, kind: str) -> bool:
        """Tell whether a hold of this kind stands today; its date is the first active day."""
        return kind in self.holds and self.holds[kind] > self.today

    def is_business_day(self, day: date) -> bool:
        """Tell whether automatic steps go out on the day."""
        return day.weekday() in self.business_days and day not in self.holidays

    def trigger(self, step: Step) -> date | None:
        """Return the step's raw trigger date, or none for a due-date step without a due date."""
        if self.cadence.repeated_from is not None and step is self.cadence.steps[-1]:
            return self.cadence.repeated_from + step.repeat_every
        anchor = self.due if step.anchor == "due_date" else self.issued
        return None if anchor is None else anchor + step.offset

    def triggers(self) -> list[tuple[date, Step]]:
        """Return the pending and open steps with their triggers, by trigger, then by position."""
        live = [step for step in self.cadence.steps if self.cadence.status[step.id] in LIVE]
        triggers = [(trigger, step) for step in live if (trigger := self.trigger(step)) is not None]
        return sorted(triggers, key=itemgetter(0))

    def due_on(self, step: Step, trigger: date) -> date | None:
        """Return the day, today or later, on which the candidate goes out or opens; none for never."""
        earliest = max(self.today, self.cadence.entered_on)
        if self.last_contact_on is not None:
            distance = max(self.cadence.minimum_contact_delay, ONE_DAY)
            earliest = max(earliest, self.last_contact_on + distance)
        wanted = max(trigger, earliest)
        if step.is_manual or self.is_business_day(wanted):
            return wanted
        forward = wanted
        while not self.is_business_day(forward):
            forward += ONE_DAY
        if self.due is None or trigger > self.due or forward <= self.due:
            return forward  # a post-due step, or one that stays pre-due
        back = wanted
        while not self.is_business_day(back):
            back -= ONE_DAY
        return back if back >= earliest else None

    def outcome(self) -> str:
        """Return what has become of the invoice."""
        if self.is_paid():
            return "paid"
        if self.cadence.name is None:
            return "stopped"
        return "running" if self.cadence.is_live() else "exhausted"

    # The run of the day.

    def decide(self) -> bool:
        """Do the next thing that today's run has to do; tell whether there was one."""
        if self.is_paid() or any(self.is_held_by(kind) for kind in self.holds):
            return False
        return self.expire_overdue() or self.expire_superseded() or self.act()

    def expire_overdue(self) -> bool:
        """Expire the pre-due steps once the invoice is overdue."""
        if self.due is None or self.today <= self.due:
            return False
        gone = [step for trigger, step in self.triggers() if trigger <= self.due]
        for step in gone:
            self.settle(step, "expired", reason="overdue")
        return bool(gone)

    def expire_superseded(self) -> bool:
        """Contextual: expire all reached steps but the last, save open ones that are never superseded."""
        if not self.cadence.is_contextual:
            return False
        reached = [step for trigger, step in self.triggers() if trigger <= self.today]
        gone = [s for s in reached[:-1] if not (s.never_supersede and self.cadence.status[s.id] == "open")]
        for step in gone:
            self.settle(step, "expired", reason="superseded")
        return bool(gone)

    def act(self) -> bool:
        """Send the candidate, or open its to-do, if its day is today; an open to-do holds everything."""
        ordered = self.triggers()
        if not ordered or "open" in self.cadence.status.values():
            return False
        trigger, step = ordered[0]
        reached = [each for each in ordered if each[0] <= self.today]
        if self.cadence.is_contextual and reached:
            trigger, step = reached[-1]
        if self.due_on(step, trigger) != self.today:
            return False
        if step.is_manual:
            self.cadence.status[step.id] = "open"
            self.note(step, "opened")
        else:
            self.last_contact_on = self.today
            self.settle(step, "done", logged_as="sent")
        return True

    # Changes of a step.

    def note(self, step: Step, event: str, **more: Any) -> None:
        """Log what happened to the step."""
        is_repetition = step is self.cadence.steps[-1] and self.cadence.occurrence >= 2
        occurrence = {"occurrence": self.cadence.occurrence} if is_repetition else {}
        self.log.append({"on": self.today.isoformat(), "step": step.id, "event": event, **more, **occurrence})

    def settle(self, step: Step, status: str, logged_as: str = "", **more: Any) -> None:
        """End the step as done, ignored or expired, and begin a repetition if that was the last."""
        self.cadence.status[step.id] = status
        self.note(step, logged_as or status, **more)
        last = self.cadence.steps[-1]
        if step is last:
            self.cadence.repeated_from = self.today
        may_repeat = self.cadence.status[last.id] != "expired" and self.cadence.occurrence <= last.repeat_limit
        if may_repeat and not self.cadence.is_live():
            self.cadence.occurrence += 1
            self.cadence.status[last.id] = "pending"

    def cancel_todos(self, reason: str) -> None:
        """Cancel what is open; it is pending again if its cadence is taken up again."""
        for step in self.cadence.steps:
            if self.cadence.status[step.id] == "open":
                self.cadence.status[step.id] = "pending"
                self.note(step, "canceled", reason=reason)

    def find(self, step_id: str, *statuses: str) -> Step | None:
        """Return the step of the cadence in force, if it has one of the statuses."""
        named = [step for step in self.cadence.steps if step.id == step_id]
        return named[0] if named and self.cadence.status[step_id] in statuses else None

    # Changes of the collection.

    def take_up(self, name: str | None) -> None:
        """Put the cadence, or none, in force from today, with what it has done before."""
        self.cadence = self.cadences[name]
        self.cadence.entered_on = self.today

    def begin_cycle(self) -> None:
        """Begin a new cycle of the cadence in force, if there is one."""
        if self.cadence.name is not None:
            self.cancel_todos("cycle")
            self.cadence.make_pending()
            self.cadence.entered_on = self.today
            self.cadence.cycle += 1
            self.log.append({"on": self.today.isoformat(), "event": "cycle", "cycle": self.cadence.cycle})

    # Events. What is refused changes nothing and is not logged.

    def apply(self, event: Entry) -> None:
        """Apply one event of today."""
        kind, given = next((key, value) for key, value in event.items() if key != "on")
        getattr(self, f"on_{kind}")(given)

    def on_complete(self, step_id: str) -> None:
        """Do the to-do; unless it is a task, that is a contact."""
        step = self.find(step_id, "open")
        if step is not None:
            self.settle(step, "done")
            if step.channel != "task":
                self.last_contact_on = self.today

    def on_ignore(self, step_id: str) -> None:
        """Ignore the to-do; that is no contact."""
        step = self.find(step_id, "open")
        if step is not None:
            self.settle(step, "ignored")

    def on_snooze(self, given: Entry) -> None:
        """Postpone the to-do: it stays open, so nothing changes for the collection."""

    def on_pause(self, given: Entry) -> None:
        """Pause until a first active day, or with no end."""
        first_active_day = date.fromisoformat(given["until"]) if given.get("until") else date.max
        if not self.is_held_by("pause") and first_active_day > self.today:
            self.holds["pause"] = first_active_day

    def on_resume(self, given: Entry) -> None:
        """End the pause."""
        if self.is_held_by("pause"):
            del self.holds["pause"]

    def on_pay(self, amount: str) -> None:
        """Take a payment: a full one cancels to-dos, a partial one holds for some days."""
        if not 0 < Decimal(amount) <= self.outstanding():
            return
        self.paid += Decimal(amount)
        if self.is_paid():
            self.cancel_todos("paid")
        else:
            self.holds["partial payment"] = self.today + self.partial_payment_hold

    def on_reverse(self, amount: str) -> None:
        """Take a payment back: a collection that was paid goes on, after a grace."""
        if not 0 < Decimal(amount) <= self.paid:
            return
        was_paid = self.is_paid()
        self.paid -= Decimal(amount)
        if was_paid and self.cadence.name is not None:
            self.holds["payment reversed"] = self.today + self.reversal_grace

    def on_dispute(self, given: Entry) -> None:
        """Hold until the dispute is resolved."""
        if not self.is_held_by("dispute") and not self.is_paid():
            self.holds["dispute"] = date.max

    def on_resolve_dispute(self, resolution: str) -> None:
        """End the dispute: go on, begin a new cycle or stop."""
        if not self.is_held_by("dispute"):
            return
        del self.holds["dispute"]
        if resolution == "restart":
            self.begin_cycle()
        elif resolution == "stop":
            self.cancel_todos("stopped")
            self.take_up(None)

    def on_promise(self, promised_for: str) -> None:
        """Hold until the promised day and its grace are over; a later promise replaces an earlier one."""
        if date.fromisoformat(promised_for) >= self.today and not self.is_paid():
            self.holds["promise"] = date.fromisoformat(promised_for) + self.promise_grace

    def on_due_date(self, given: str) -> None:
        """Move the due date; far enough into the future, that begins a new cycle."""
        old, new = self.due, date.fromisoformat(given)
        if new < self.issued or new == old:
            return
        self.due = new
        if old is None or self.is_paid():
            return
        far = max(self.cadence.minimum_contact_delay, timedelta(days=7))
        if new - old >= far and self.today <= new:
            self.begin_cycle()

    def on_reassign(self, name: str | None) -> None:
        """Put another cadence, or none, in force."""
        if name != self.cadence.name and not self.is_paid():
            self.cancel_todos("reassigned")
            self.take_up(name)

    def on_contact(self, given: str | Entry) -> None:
        """Send an ad hoc message, perhaps in the place of a step."""
        asked: Entry = {"channel": given} if isinstance(given, str) else given
        step_id = asked.get("as_step")
        step = None if step_id is None else self.find(step_id, "pending", "open")
        if self.is_paid() or (step_id is not None and step is None):
            return
        self.last_contact_on = self.today
        used_as = {} if step is None else {"step": step.id}
        self.log.append({"on": self.today.isoformat(), **used_as, "event": "contact", "channel": asked["channel"]})
        if step is not None:
            self.settle(step, "done")
