"""What bulk work over to-dos would do, worked out beforehand: nothing is locked or written."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from db.engine import Engine, Session, transaction
from db.operations.open_todos import OpenTodo, open_todos
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from db.queries.collections import case_of, open_collections
from db.queries.under import hold_still
from dunning.apply import apply
from dunning.events import Event
from dunning.facts import Facts
from dunning.objections import objection
from intake.impact import Impact, compare
from intake.jobs.over_todos import OverTodos, TodoWork
from phrase import N_, Phrase

PAGE = 500
NOT_OPEN = N_("it is not open any more")


@dataclass(slots=True)
class TodosForetold:
    """What the work would do to the to-dos, and what is another then (intake.impact).

    `refused` counts those that would be left as they are, by the reason. `contacts` of those that would be done
    have a channel by which customers are contacted.
    """

    matching: int
    done: int = 0
    unchanged: int = 0
    contacts: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    impact: Impact = field(default_factory=Impact)

    @property
    def worked_out(self) -> int:
        """Return of how many to-dos it is known what would become of them."""
        return self.done + self.unchanged + self.refused.total()


def foretell_todos(
    engine: Engine,
    work: TodoWork[Any],
    order: OverTodos,
    ids: Sequence[int],
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    at_most: int | None = None,
) -> TodosForetold:
    """Return what the work would do at `now`, to all of the to-dos or to the first `at_most`.

    Raises Refused for an order that makes no sense.
    """
    said = TodosForetold(len(ids))
    with transaction(engine) as session:
        hold_still(session)
        work.check(session, order, local_date(session, now))
        looked_at = ids[:at_most]
        for start in range(0, len(looked_at), PAGE):
            _add_page(said, session, work, order, looked_at[start : start + PAGE], now)
            progress(said.worked_out, len(looked_at))
    return said


def _add_page(
    said: TodosForetold, session: Session, work: TodoWork[Any], order: OverTodos, ids: Sequence[int], now: datetime
) -> None:
    found = open_todos(session, ids)
    said.refused[NOT_OPEN] += len(ids) - len(found)
    said.refused = +said.refused
    invoice_ids = list({todo.invoice_id for todo in found.values()})
    known = {one.invoice_id: one.facts for one in open_collections(session, invoice_ids)}
    for todo in found.values():
        facts = known.get(todo.invoice_id) or case_of(session, todo.invoice_id).facts
        _add(said, work, order, todo, facts, now)


def _add(
    said: TodosForetold, work: TodoWork[Any], order: OverTodos, todo: OpenTodo, facts: Facts, now: datetime
) -> None:
    if work.is_so_already(order, todo):
        said.unchanged += 1
        return
    event = work.event(order, todo, now)
    refusal = _refusal(work, order, todo, facts, event, facts.calendar.local_date(now))
    if refusal is not None:
        said.refused[_for_any(refusal, todo)] += 1
        return
    said.done += 1
    said.contacts += todo.is_step and todo.channel.is_contact
    if event is None:
        return
    said.impact.collections += 1
    try:
        compare(facts, apply(facts, event), now, said.impact)
    except (ValueError, AssertionError):
        # What cannot be planned must not hide all the others.
        said.impact.undecidable += 1


def _refusal(
    work: TodoWork[Any], order: OverTodos, todo: OpenTodo, facts: Facts, event: Event | None, on: date
) -> Phrase | None:
    try:
        work.require(order, todo, facts, on)
    except Refused as refusal:
        return refusal.said
    return None if event is None else objection(facts, event)


def _for_any(because: Phrase, todo: OpenTodo) -> Phrase:
    """Return the reason without the to-do's number, so that those that have it in common are told together."""
    values = {name: "…" if value == todo.id else value for name, value in because.values.items()}
    return Phrase(because.template, **values)
