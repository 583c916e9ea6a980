"""Builders with defaults, and a driver that lives through the days of a collection.

The defaults are one fixture: organization in Paris, 08:30 without jitter, Monday to Friday, minimum contact
delay of 5 days, an invoice issued Sat 2026-05-02 and due Mon 2026-06-01.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dunning.apply import after, step_done
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Step
from dunning.calendar import BUSINESS_DAYS_DEFAULT, Calendar
from dunning.decide import decide
from dunning.decision import Because, Close, Decision, Exhaust, OpenTodo, Send, Wait
from dunning.facts import Facts, Hold, HoldKind, Invoice, InvoiceState, StepStatus

PARIS = ZoneInfo("Europe/Paris")
BOTH_LOGICS = (Logic.STANDARD, Logic.CONTEXTUAL)

Change = Callable[[Facts, datetime], Facts]


def on(text: str) -> date:
    """Return the day written as `2026-06-01`."""
    return date.fromisoformat(text)


def at(text: str, zone: ZoneInfo = PARIS) -> datetime:
    """Return the moment written as `2026-06-01 08:30`, local time of the zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def a_calendar(
    *,
    zone: str = "Europe/Paris",
    send_time: str = "08:30",
    send_until: str = "18:00",
    business_days: Iterable[int] = BUSINESS_DAYS_DEFAULT,
    holidays: Iterable[str] = (),
    jitter_minutes: int = 0,
) -> Calendar:
    """Return a calendar; without jitter, so that expected moments can be read."""
    return Calendar(
        ZoneInfo(zone),
        time.fromisoformat(send_time),
        time.fromisoformat(send_until),
        frozenset(business_days),
        frozenset(on(holiday) for holiday in holidays),
        jitter_minutes,
    )


def a_step(
    step_id: str,
    offset_days: int,
    channel: Channel = Channel.EMAIL,
    *,
    anchor: Anchor = Anchor.DUE_DATE,
    manual: bool | None = None,
    never_supersede: bool = False,
) -> Step:
    """Return a step that is automatic wherever its channel can be."""
    is_manual = not channel.may_be_automatic if manual is None else manual
    execution = Execution.MANUAL if is_manual else Execution.AUTOMATIC
    return Step(step_id, anchor, offset_days, channel, execution, never_supersede=never_supersede)


def a_cadence(
    steps: Iterable[Step], logic: Logic = Logic.STANDARD, *, contact_delay_days_min: int = 5, name: str = "A"
) -> Cadence:
    """Return a cadence of the steps."""
    return Cadence(name, tuple(steps), logic, contact_delay_days_min)


def reminders(
    *offsets_days: int, logic: Logic = Logic.STANDARD, contact_delay_days_min: int = 5, name: str = "A"
) -> Cadence:
    """Return a cadence of automatic emails S0, S1, … at the offsets from the due date."""
    steps = [a_step(f"S{index}", offset) for index, offset in enumerate(offsets_days)]
    return a_cadence(steps, logic, contact_delay_days_min=contact_delay_days_min, name=name)


def the_cadence_w(logic: Logic = Logic.STANDARD) -> Cadence:
    """Return cadence W of the worked examples: four emails, a call by a person, a letter."""
    emails = [a_step("S0", -5), a_step("S1", 3), a_step("S2", 8), a_step("S3", 14)]
    return a_cadence([*emails, a_step("S4", 21, Channel.CALL), a_step("S5", 30, Channel.LETTER)], logic, name="W")


def a_hold(kind: HoldKind = HoldKind.PAUSE, until: str | None = None, *, of_customer: bool = False) -> Hold:
    """Return a hold; `until` is its first active day, None holds until it is ended."""
    return Hold(kind, None if until is None else on(until), of_customer)


def a_collection(
    *,
    due: str | None = "2026-06-01",
    issued: str = "2026-05-02",
    entered: str | None = None,
    cadence: Cadence | None = None,
    logic: Logic = Logic.STANDARD,
    done: Iterable[str] = (),
    opened: Iterable[str] = (),
    handed_over: Iterable[str] = (),
    last_contact: str | None = None,
    holds: Iterable[Hold] = (),
    released: str | None = None,
    obstacle: str | None = None,
    outstanding: str = "10000",
    tolerance: str = "0",
    state: InvoiceState = InvoiceState.OPEN,
    hidden: bool = False,
    sends_automatically: bool = True,
    calendar: Calendar | None = None,
    invoice_id: int = 1,
) -> Facts:
    """Return the facts of a collection under cadence W, entered on its issue date unless said otherwise."""
    due_on = None if due is None else on(due)
    amount = Decimal(outstanding)
    invoice = Invoice(invoice_id, f"INV-{invoice_id}", on(issued), due_on, amount, "EUR", state, hidden)
    statuses = dict.fromkeys(done, StepStatus.DONE) | dict.fromkeys([*opened, *handed_over], StepStatus.OPEN)
    return Facts(
        invoice=invoice,
        cadence=the_cadence_w(logic) if cadence is None else cadence,
        calendar=a_calendar() if calendar is None else calendar,
        entered_on=on(issued if entered is None else entered),
        last_contact_on=None if last_contact is None else on(last_contact),
        statuses=statuses,
        handed_over=frozenset(handed_over),
        holds=tuple(holds),
        released_at=None if released is None else at(released),
        obstacles=_everywhere(obstacle),
        sends_automatically=sends_automatically,
        tolerance=Decimal(tolerance),
    )


def step_of(facts: Facts, step_id: str) -> Step:
    """Return a step of the collection's cadence by its id."""
    assert facts.cadence is not None
    return next(step for step in facts.cadence.steps if step.id == step_id)


def causes(decision: Decision) -> list[Because]:
    """Return why the decision waits or acts, in the order shown to people."""
    assert isinstance(decision, Wait | Send | OpenTodo)
    return [reason.because for reason in decision.because]


# What happens to a collection from outside, as changes of its facts.


def done(step_id: str) -> Change:
    """Complete a to-do: a contact of that day, unless it is a task."""
    return lambda facts, now: step_done(facts, step_of(facts, step_id), facts.calendar.local_date(now))


def ignored(step_id: str) -> Change:
    """Ignore a to-do: no contact."""
    ending = {step_id: StepStatus.IGNORED}
    return lambda facts, now: replace(facts, statuses={**facts.statuses, **ending})


def held(kind: HoldKind = HoldKind.PAUSE, until: str | None = None) -> Change:
    """Put a hold on the collection."""
    return lambda facts, now: replace(facts, holds=(*facts.holds, a_hold(kind, until)))


def released(kind: HoldKind = HoldKind.PAUSE) -> Change:
    """End the holds of the kind by hand."""

    def change(facts: Facts, now: datetime) -> Facts:
        kept = tuple(hold for hold in facts.holds if hold.kind is not kind)
        return replace(facts, holds=kept, released_at=now)

    return change


def paid(amount: str) -> Change:
    """Take a payment; holds are put by whoever books it."""

    def change(facts: Facts, now: datetime) -> Facts:
        left = facts.invoice.outstanding - Decimal(amount)
        return replace(facts, invoice=replace(facts.invoice, outstanding=left))

    return change


def contacted(facts: Facts, now: datetime) -> Facts:
    """Write to the customer outside the cadence: an ad hoc message."""
    return replace(facts, last_contact_on=facts.calendar.local_date(now))


def falling_due(due: str) -> Change:
    """Change the due date within the same cycle."""
    return lambda facts, now: replace(facts, invoice=replace(facts.invoice, due_on=on(due)))


def _everywhere(obstacle: str | None) -> dict[Channel, str]:
    """Return the obstacle for every channel that may be automatic."""
    return {} if obstacle is None else {channel: obstacle for channel in Channel if channel.may_be_automatic}


def obstructed(obstacle: str | None) -> Change:
    """Lose, or mend (None), what automatic messages need."""
    return lambda facts, now: replace(facts, obstacles=_everywhere(obstacle))


def both(*changes: Change) -> Change:
    """Change several things at one moment."""

    def change(facts: Facts, now: datetime) -> Facts:
        for each in changes:
            facts = each(facts, now)
        return facts

    return change


# The driver.

LOOKS_MAX = 50
PEOPLE_FINISH_AT = time(23, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """What happened at a moment of the simulated life."""

    moment: datetime
    on: date
    what: str
    step: str | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.on:%a %m-%d}", self.step, self.what)))


def story(log: Iterable[Line], *, without: Sequence[str] = ()) -> list[str]:
    """Return the log as sentences such as `Mon 06-15 S3 sent`."""
    return [str(line) for line in log if line.what not in without]


def contacts(log: Iterable[Line]) -> list[str]:
    """Return the log without what merely expired."""
    return story(log, without=("overdue", "superseded", "exhausted"))


def apply(facts: Facts, decision: Decision, now: datetime) -> tuple[Facts, list[Line]]:
    """Return the facts after the decision was carried out, and what there is to tell of it."""
    today = facts.calendar.local_date(now)
    lines: list[Line] = []
    if not isinstance(decision, Close):
        lines = [Line(now, today, expired.reason.value, expired.step.id) for expired in decision.expired]
    match decision:
        case Send(step=step):
            lines.append(Line(now, today, "sent", step.id))
        case OpenTodo(step=step):
            lines.append(Line(now, today, "to-do", step.id))
        case Exhaust():
            lines.append(Line(now, today, "exhausted"))
        case Close(reason=reason):
            lines.append(Line(now, today, reason.value))
        case Wait():
            pass
    return after(facts, decision, today), lines


class _Life:
    """The facts as they become, the log, and what people and the outside will still do."""

    def __init__(self, facts: Facts, events: Mapping[str, Change], todo_days: int | None) -> None:
        self.facts = facts
        self.log: list[Line] = []
        self.todo_days = todo_days
        zone = facts.calendar.time_zone
        self.events = sorted(((at(moment, zone), change) for moment, change in events.items()), key=_moment)
        self.is_over = False

    def look(self, now: datetime) -> datetime | None:
        """Decide and act until there is nothing left to do now; return when to look again."""
        for _ in range(LOOKS_MAX):
            decision = decide(self.facts, now)
            self.facts, lines = apply(self.facts, decision, now)
            self.log += lines
            match decision:
                case Wait(until=until):
                    return until
                case Exhaust() | Close():
                    self.is_over = True
                    return None
                case OpenTodo(step=step) if self.todo_days is not None:
                    self._finish_later(step, now)
        raise AssertionError(f"no rest after {LOOKS_MAX} looks at {now}: {self.log[-5:]}")

    def happen(self) -> datetime:
        """Let the next event happen and return its moment."""
        moment, change = self.events.pop(0)
        self.facts = change(self.facts, moment)
        return moment

    def _finish_later(self, step: Step, now: datetime) -> None:
        calendar = self.facts.calendar
        assert self.todo_days is not None
        day = calendar.local_date(now) + timedelta(days=self.todo_days)

        def finish(facts: Facts, moment: datetime) -> Facts:
            if facts.status(step) is not StepStatus.OPEN:
                return facts
            self.log.append(Line(moment, calendar.local_date(moment), "done", step.id))
            return done(step.id)(facts, moment)

        self.events.append((datetime.combine(day, PEOPLE_FINISH_AT, calendar.time_zone), finish))
        self.events.sort(key=_moment)


def _moment(event: tuple[datetime, Change]) -> datetime:
    return event[0]


def live(
    facts: Facts,
    start: str,
    days: int,
    events: Mapping[str, Change] | None = None,
    *,
    todo_days: int | None = None,
) -> list[Line]:
    """Live day by day: look at midnight, at the send time, and after every event, like `2026-06-05 07:00`.

    `todo_days` is after how many days people finish each to-do; None leaves that to the events.
    """
    life = _Life(facts, events or {}, todo_days)
    for ahead in range(days):
        day = on(start) + timedelta(days=ahead)
        calendar = facts.calendar
        for look_at in (calendar.start_of(day), calendar.sends_at(day, facts.invoice.id)):
            while life.events and life.events[0][0] <= look_at and not life.is_over:
                life.look(life.happen())
            if not life.is_over:
                life.look(look_at)
    return life.log


def live_by_waits(
    facts: Facts,
    start: str,
    days: int,
    events: Mapping[str, Change] | None = None,
    *,
    todo_days: int | None = None,
) -> list[Line]:
    """Live like the durable process: sleep as long as each decision says, unless an event wakes it."""
    life = _Life(facts, events or {}, todo_days)
    now = facts.calendar.start_of(on(start))
    end = facts.calendar.start_of(on(start) + timedelta(days=days))
    while True:
        until = life.look(now)
        if life.is_over:
            return life.log
        event_at = life.events[0][0] if life.events else None
        if event_at is not None and (until is None or event_at <= until):
            if event_at >= end:
                return life.log
            now = life.happen()
        elif until is None or until >= end:
            return life.log
        else:
            assert until > now
            now = until
