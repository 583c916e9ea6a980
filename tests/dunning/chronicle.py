"""A life with everything in it, written down page by page: what happened, and the facts before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunning.apply import after, apply
from dunning.cadence import Channel
from dunning.calendar import ONE_DAY
from dunning.decide import decide
from dunning.decision import Close, Decision, Exhaust, OpenTodo, Send, Wait
from dunning.events import Event
from dunning.facts import Facts
from dunning.objections import objection

LOOKS_MAX = 100


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the organization and of the customer's other invoices, as of a moment."""

    at: datetime
    obstacles: Mapping[Channel, str]
    sends_automatically: bool
    customer_contact_on: date | None

    def around(self, facts: Facts) -> Facts:
        """Return the facts in these surroundings."""
        return replace(
            facts,
            obstacles=self.obstacles,
            sends_automatically=self.sends_automatically,
            customer_contact_on=self.customer_contact_on,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One thing that happened: an event, a decision that was carried out, or other surroundings."""

    at: datetime
    what: Event | Decision | Surroundings
    before: Facts
    after: Facts

    @property
    def on(self) -> date:
        """The local day."""
        return self.before.calendar.local_date(self.at)


class Chronicle:
    """A collection, the moment it has come to, and all that happened so far."""

    def __init__(self, facts: Facts, now: datetime, *, daily: bool = False) -> None:
        """Begin at `now`. `daily` lives day by day, else it sleeps until each wait ends, as the process does."""
        self.facts = facts
        self.now = now
        self.daily = daily
        self.pages: list[Page] = []
        self.wakes_at = self._look(now)

    def __repr__(self) -> str:
        """Tell what happened, for the one who has to understand a failure."""
        began = self.pages[0].before
        return "\n".join(
            ["a chronicle that began with", f"{began}", *(f"{page.at}: {page.what}" for page in self.pages)]
        )

    def happen(self, event: Event) -> bool:
        """Let the event happen now, and look; say whether it could."""
        if objection(self.facts, event) is not None:
            return False
        self._write(event, apply(self.facts, event))
        self.wakes_at = self._look(self.now)
        return True

    def surround(self, surroundings: Surroundings) -> None:
        """Change the surroundings, and look."""
        self._write(surroundings, surroundings.around(self.facts))
        self.wakes_at = self._look(self.now)

    def live_until(self, moment: datetime) -> None:
        """Let time pass."""
        while (wakes_at := self._next_look(self.now)) is not None and wakes_at <= moment:
            self.now = wakes_at
            self.wakes_at = self._look(wakes_at)
        self.now = max(self.now, moment)
        self.wakes_at = self._look(self.now)

    def _next_look(self, now: datetime) -> datetime | None:
        if not self.daily:
            return self.wakes_at
        calendar, invoice_id = self.facts.calendar, self.facts.invoice.id
        today = calendar.local_date(now)
        return min(
            look
            for day in (today, today + ONE_DAY)
            for look in (calendar.start_of(day), calendar.opens_at(day), calendar.sends_at(day, invoice_id))
            if look > now
        )

    def _look(self, now: datetime) -> datetime | None:
        """Decide and carry out until there is nothing left to do now; return when to look again."""
        for _ in range(LOOKS_MAX):
            decision = decide(self.facts, now)
            self._write(decision, after(self.facts, decision, self.facts.calendar.local_date(now)))
            match decision:
                case Wait(until=until):
                    return until
                case Exhaust() | Close():
                    return None
                case Send() | OpenTodo():
                    pass
        raise AssertionError(f"no rest after {LOOKS_MAX} looks at {now}")

    def _write(self, what: Event | Decision | Surroundings, facts: Facts) -> None:
        self.pages.append(Page(self.now, what, self.facts, facts))
        self.facts = facts


def recomputed(facts: Facts, timeline: Iterable[tuple[datetime, Event | Decision | Surroundings]]) -> Facts:
    """Return what becomes of the facts by what happened, without deciding anything anew."""
    for moment, what in timeline:
        match what:
            case Surroundings():
                facts = what.around(facts)
            case Wait() | Send() | OpenTodo() | Exhaust() | Close():
                facts = after(facts, what, facts.calendar.local_date(moment))
            case _:
                facts = apply(facts, what)
    return facts
