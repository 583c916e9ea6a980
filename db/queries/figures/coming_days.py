"""The days ahead, from the stored projections: messages that go out and to-dos, by day and channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice
from db.queries.todos import ActionFilter

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class ComingDay:
    """A day ahead, by channel: `messages` that go out by themselves, to-dos that are `open` for it or `open_then`.

    `open` are there already and are listed on the day; `open_then` are steps that will become to-dos.
    """

    definition: ClassVar[Figure] = Figure.COMING_DAYS
    on: date
    messages: Mapping[str, int]
    open: Mapping[str, int]
    open_then: Mapping[str, int]

    @property
    def todos(self) -> int:
        """How many to-dos the day has in all."""
        return sum(self.open.values()) + sum(self.open_then.values())

    def messages_listed(self, channel: str) -> InvoiceChoice:
        """Return the list of the invoices whose next step goes out then."""
        return InvoiceChoice(
            stages=_PLANNED,
            next_from=self.on,
            next_to=self.on,
            channels=(channel,),
            execution="automatic",
        )

    def open_then_listed(self, channel: str) -> InvoiceChoice:
        """Return the list of the invoices whose next step becomes a to-do then."""
        return InvoiceChoice(
            stages=_PLANNED,
            next_from=self.on,
            next_to=self.on,
            channels=(channel,),
            execution="manual",
        )

    def open_listed(self, channel: str) -> ActionFilter:
        """Return the list of the to-dos that are open and listed on the day."""
        return ActionFilter(channels=(channel,), states=("open",), listed_from=self.on, listed_to=self.on)


@dataclass(frozen=True, slots=True)
class ComingDays:
    """All days from `first` to `last`; open to-dos of days gone by, and steps that should have run by now."""

    definition: ClassVar[Figure] = Figure.COMING_DAYS
    first: date
    last: date
    days: tuple[ComingDay, ...]
    todos_late: int
    steps_late: int

    @property
    def todos_late_listed(self) -> ActionFilter:
        """Return the list of the to-dos of days gone by."""
        return ActionFilter(states=("open",), listed_to=self.first - timedelta(days=1))

    @property
    def steps_late_listed(self) -> InvoiceChoice:
        """Return the list of the invoices whose step should have run."""
        return InvoiceChoice(next_to=self.first - timedelta(days=1), stages=_PLANNED)


# A to-do that is open is counted where it is, among the actions. By ix_next_actions_due_on; the projection of a
# closed collection has no day.
_PLANNED: Final = ("waiting", "held", "due")
_STEPS = text("""
SELECT GREATEST(n.due_on, CAST(:before AS date)) AS on, n.channel, n.execution, count(*) AS steps
  FROM next_actions n
 WHERE n.due_on IS NOT NULL AND n.due_on <= :last AND n.stage = ANY(:stages)
 GROUP BY 1, 2, 3
""")
# By ix_actions_list.
_TODOS = text("""
SELECT GREATEST(a.listed_on, CAST(:before AS date)) AS on, a.channel, count(*) AS todos
  FROM actions a WHERE a.state = 'open' AND a.listed_on <= :last GROUP BY 1, 2
""")


def coming_days(session: Session, today: date, days: int = DAYS) -> ComingDays:
    """Return the `days` days from today on: what is planned next of every open collection, and the open to-dos.

    Each collection is counted with its next step alone, on the day that is planned for it; what follows after that
    is in `duewell forecast`. Steps that are held count where they have a day.
    """
    last, before = today + timedelta(days=days - 1), today - timedelta(days=1)
    values = {"last": last, "before": before}
    kinds: dict[str, dict[date, dict[str, int]]] = {"messages": {}, "open": {}, "open_then": {}}
    for row in session.execute(_STEPS, {**values, "stages": list(_PLANNED)}):
        kind = "messages" if row.execution == "automatic" else "open_then"
        kinds[kind].setdefault(row.on, {})[row.channel] = row.steps
    for row in session.execute(_TODOS, values):
        kinds["open"].setdefault(row.on, {})[row.channel] = row.todos
    late = {kind: sum(by_day.get(before, {}).values()) for kind, by_day in kinds.items()}
    listed = tuple(
        ComingDay(on, kinds["messages"].get(on, {}), kinds["open"].get(on, {}), kinds["open_then"].get(on, {}))
        for on in (today + timedelta(days=number) for number in range(days))
    )
    return ComingDays(today, last, listed, late["open"], late["messages"] + late["open_then"])
