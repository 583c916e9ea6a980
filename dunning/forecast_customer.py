"""The year ahead of a customer whose collections heed each other (rules 2.14 and 2.15)."""

from collections.abc import Sequence
from datetime import date, datetime
from heapq import heapify, heappop, heappush

from dunning.calendar import ONE_DAY
from dunning.decision import Send, Wait
from dunning.facts import Facts
from dunning.forecast import Ahead, Life


def forecast_customer(
    collections: Sequence[Facts],
    now: datetime,
    until: date,
    todo_days: int | None = None,
    *,
    delays_customer: bool,
    merges_same_day: bool,
) -> list[Ahead]:
    """Return the forecast of each of one customer's collections, which are lived ahead together.

    What is due at the same moment happens in the order of the invoices' ids. The two settings are the
    organization's; with neither of them each result is that of `forecast`.
    """
    lives = [Life(facts, now, todo_days) for facts in collections]
    in_turn = [(now, life.facts.invoice.id, index) for index, life in enumerate(lives)]
    heapify(in_turn)
    while in_turn:
        moment, invoice_id, index = heappop(in_turn)
        life = lives[index]
        # One that joined another's message since it was put into the turn looks again at another moment.
        if life.looks_at == moment:
            others = [other for other in lives if other is not life]
            _look(life, moment, others, delays_customer, merges_same_day)
        if life.looks_at is not None and life.looks_at < life.facts.calendar.start_of(until + ONE_DAY):
            heappush(in_turn, (life.looks_at, invoice_id, index))
    return [life.ahead() for life in lives]


def _look(life: Life, moment: datetime, others: Sequence[Life], delays: bool, merges: bool) -> None:
    """Live through the moment, and let the customer's other collections know of it."""
    acted, contact_on = len(life.actions), life.facts.last_contact_on
    life.look(moment)
    if merges:
        for sent in [action for action in life.actions[acted:] if action.is_sent]:
            for other in others:
                _join(other, life, sent.step.id)
    if delays and life.facts.last_contact_on != contact_on:
        for other in others:
            other.hear_of_contact(life.day)


def _join(other: Life, carrier: Life, step_id: str) -> None:
    """Let the carrier's message speak of the other invoice, if that would say the same today (rule 2.15)."""
    if isinstance(other.rests, Wait) and other.rests.due_on != carrier.day:
        return
    if other.facts.cadence != carrier.facts.cadence:
        return
    sends_at = other.facts.calendar.sends_at(carrier.day, other.facts.invoice.id)
    would = other.would_decide(max(sends_at, carrier.moment))
    if isinstance(would, Send) and would.step.id == step_id:
        other.join(would, carrier.moment, carrier.facts.invoice.id)
