"""What will happen if nothing else does: the contacts and to-dos ahead, each with the reasons for its date."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import dropwhile

from dunning.apply import after, step_done
from dunning.cadence import Step
from dunning.calendar import ONE_DAY
from dunning.decide import decide
from dunning.decision import HOLDS, Close, Decision, Exhaust, Expired, OpenTodo, Reason, Send, Wait
from dunning.facts import Facts, StepStatus

# More looks than this at one collection would mean that it never comes to rest.
LOOKS_MAX = 5000


@dataclass(frozen=True, slots=True)
class Foretold:
    """One action ahead: `step` is sent, or opens as a to-do, on the local day `on` at the moment `at` (UTC).

    `expired` are the steps that end before it, since the action before. `merged_into` is the id of the invoice
    whose message speaks of this one too (rule 2.15).
    """

    on: date
    at: datetime
    step: Step
    occurrence: int
    is_sent: bool
    because: tuple[Reason, ...]
    expired: tuple[Expired, ...] = ()
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A forecast: the actions in order, the steps that expire after the last one, and the decision it rests at."""

    actions: tuple[Foretold, ...]
    expired: tuple[Expired, ...]
    rests: Wait | Exhaust | Close


def forecast(facts: Facts, now: datetime, until: date, todo_days: int | None = None) -> Ahead:
    """Return what happens from `now` to the end of the day `until`, if nobody intervenes (rule 2.12).

    `todo_days` says how many days after it opened a to-do gets done at the send time; one that is open already
    counts from `now`. None: nobody does any.
    """
    ends_at = facts.calendar.start_of(until + ONE_DAY)
    life = Life(facts, now, todo_days)
    life.look(now)
    while life.looks_at is not None and life.looks_at < ends_at:
        life.look(life.looks_at)
    return life.ahead()


@dataclass(slots=True)
class Life:
    """A collection that is lived ahead, from one moment at which something may happen to the next.

    `looks_at` is when to `look` next, at first the moment it begins at; None when time alone changes nothing any
    more. What it rests at is None until the first look.
    """

    facts: Facts
    moment: datetime
    todo_days: int | None
    looks_at: datetime | None = field(init=False)
    rests: Wait | Exhaust | Close | None = None
    actions: list[Foretold] = field(default_factory=list)
    expired: tuple[Expired, ...] = ()
    day: date = field(init=False)
    _todos_count_from: date | None = None
    _done_at: datetime | None = None
    _heard_of: date | None = None
    _held: Wait | None = None
    _looks: int = 0

    def __post_init__(self) -> None:
        self.looks_at, self.day = self.moment, self.facts.calendar.local_date(self.moment)

    def look(self, moment: datetime) -> None:
        """Live through what happens at the moment."""
        self._go_to(moment)
        was = self.facts
        self._take_in()
        # What the last decision announced still holds if nothing came between: that saves deciding it once more.
        announced = self._announced() if self.facts is was else None
        self._carry_out(announced or decide(self.facts, moment))

    def join(self, send: Send, moment: datetime, invoice_id: int) -> None:
        """Let the message of another invoice speak of this one too, in place of the sending (rule 2.15)."""
        self._go_to(moment)
        self._carry_out(send, invoice_id)

    def hear_of_contact(self, on: date) -> None:
        """Learn that the customer was contacted about another invoice (rule 2.14).

        That only puts things off, so that it is soon enough to decide again at the next look.
        """
        self._heard_of = on

    def would_decide(self, moment: datetime) -> Decision:
        """Return what it would decide at the moment, as things stand."""
        return decide(self._informed(), moment)

    def ahead(self) -> Ahead:
        """Return what was lived through, and what it rests at."""
        rests = self.rests if self._heard_of is None else self.would_decide(self.moment)
        assert isinstance(rests, Wait | Exhaust | Close), "a contact about another invoice makes nothing due"
        return Ahead(tuple(self.actions), self.expired, rests)

    def _go_to(self, moment: datetime) -> None:
        self._looks += 1
        assert self._looks < LOOKS_MAX, f"the forecast of {self.facts.invoice.number} never comes to rest"
        if moment > self.moment:
            self.moment, self.day = moment, self.facts.calendar.local_date(moment)

    def _take_in(self) -> None:
        """Bring the facts up to what happened since the last look: contacts elsewhere, and to-dos done."""
        self.facts, self._heard_of = self._informed(), None
        if self._done_at is not None and self._done_at <= self.moment and self.facts.cadence is not None:
            for step in self.facts.cadence.steps:
                if self.facts.status(step) is StepStatus.OPEN:
                    self.facts = step_done(self.facts, step, self.day)

    def _informed(self) -> Facts:
        return self.facts if self._heard_of is None else replace(self.facts, customer_contact_on=self._heard_of)

    def _todos_done_at(self) -> datetime | None:
        """Return when the open to-do gets done; None if none is open, or nobody does any."""
        if self.todo_days is None or self._todos_count_from is None:
            return None
        if StepStatus.OPEN not in self.facts.statuses.values():
            return None
        return self.facts.calendar.opens_at(self._todos_count_from + timedelta(days=self.todo_days))

    def _announced(self) -> Send | OpenTodo | None:
        """Return the action that was announced for this moment (rule 2.12)."""
        wait, facts, today = self.rests, self.facts, self.day
        if not isinstance(wait, Wait) or wait.step is None or wait.due_on != today or wait.until != self.moment:
            return None
        if self.moment == facts.calendar.start_of(today):
            # As a day begins steps expire and holds end, so that what was announced is not all that happens.
            return None
        step = wait.step
        obstacle, occurrence = facts.obstacle(step), facts.occurrence(step)
        if step.is_automatic and obstacle is None:
            return Send(step, today, wait.because, occurrence=occurrence)
        return OpenTodo(step, today, wait.because, obstacle, occurrence=occurrence)

    def _carry_out(self, decision: Decision, merged_into: int | None = None) -> None:
        """Carry out the decision, and those that follow from it at the same moment."""
        while isinstance(decision, Send | OpenTodo):
            self._act(decision, merged_into)
            decision, merged_into = decide(self.facts, self.moment), None
        self.rests = decision
        if not isinstance(decision, Close) and decision.expired:
            self.facts, self.expired = after(self.facts, decision, self.day), self.expired + decision.expired
        if self._todos_count_from is None:
            self._todos_count_from = self.day
        self.looks_at = self._looks_again_at(decision)

    def _act(self, action: Send | OpenTodo, merged_into: int | None) -> None:
        today, is_sent, because = self.day, isinstance(action, Send), self._because(action)
        expired, self.expired = self.expired + action.expired, ()
        self.actions.append(
            Foretold(today, self.moment, action.step, action.occurrence, is_sent, because, expired, merged_into)
        )
        self.facts = after(self.facts, action, today)
        if not is_sent:
            self._todos_count_from = today
            self._done_at = self._todos_done_at()
            self._take_in()

    def _because(self, action: Send | OpenTodo) -> tuple[Reason, ...]:
        """Return why the action is today, the holds that set its day among the reasons though they are over."""
        held = self._held
        if held is None or held.step != action.step or held.due_on != self.day:
            return action.because
        return tuple(dropwhile(lambda reason: reason.because in HOLDS, held.because))

    def _looks_again_at(self, decision: Wait | Exhaust | Close) -> datetime | None:
        if not isinstance(decision, Wait):
            return None
        if self.facts.holds and any(reason.because in HOLDS for reason in decision.because):
            self._held = decision
        done_at = self._done_at = self._todos_done_at()
        if done_at is None or (decision.until is not None and decision.until < done_at):
            return decision.until
        return max(done_at, self.moment)
