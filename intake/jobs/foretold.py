"""What bulk work over invoices would change, worked out beforehand: nothing is locked or written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.engine import Engine, transaction
from db.queries.calendar import local_date
from db.queries.collections import case_of, open_collections
from db.queries.invoice_filter import count_matches, newest_invoice_id, next_matches
from db.queries.under import hold_still
from dunning.apply import apply
from dunning.events import Event
from dunning.facts import Facts
from dunning.objections import objection
from intake.impact import Impact, compare
from intake.jobs.over_invoices import InvoiceWork, OverInvoices

PAGE = 500


@dataclass(slots=True)
class Foretold:
    """What the work would do to the invoices that match now, and what is another then (intake.impact)."""

    matching: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    impact: Impact = field(default_factory=Impact)

    @property
    def worked_out(self) -> int:
        """Return of how many invoices it is known what would become of them."""
        return self.changed + self.unchanged + self.refused


def foretell(
    engine: Engine,
    work: InvoiceWork[Any],
    order: OverInvoices,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    at_most: int | None = None,
) -> Foretold:
    """Return what the work would change at `now`, of all invoices or of the first `at_most` that match.

    Raises Refused for an order that makes no sense.
    """
    said = Foretold()
    with transaction(engine) as session:
        hold_still(session)
        work.check(session, order)
        today, until_id = local_date(session, now), newest_invoice_id(session)
        said.matching = count_matches(session, order.conditions, today, until_id)
        left = said.matching if at_most is None else min(said.matching, at_most)
        after_id: int | None = 0
        while after_id is not None and said.worked_out < left:
            page = min(PAGE, left - said.worked_out)
            found = next_matches(session, order.conditions, today, after_id, until_id, page)
            known = {one.invoice_id: one.facts for one in open_collections(session, found.invoice_ids)}
            events = work.events(session, order, found.invoice_ids, now)
            for invoice_id in found.invoice_ids:
                facts = known.get(invoice_id) or case_of(session, invoice_id).facts
                is_so = invoice_id not in events or work.is_so_already(order, facts, now)
                _add(said, is_so, facts, events.get(invoice_id), now)
            after_id = found.reached_id
            progress(said.worked_out, left)
    return said


def count(engine: Engine, work: InvoiceWork[Any], order: OverInvoices, now: datetime) -> int:
    """Return how many invoices match now. Raises Refused for an order that makes no sense."""
    with transaction(engine) as session:
        work.check(session, order)
        return count_matches(session, order.conditions, local_date(session, now), newest_invoice_id(session))


def _add(said: Foretold, is_so: bool, facts: Facts, event: Event | None, now: datetime) -> None:
    if is_so:
        said.unchanged += 1
        return
    if event is None:
        said.changed += 1
        return
    if objection(facts, event) is not None:
        said.refused += 1
        return
    then = apply(facts, event)
    if then == facts:
        said.unchanged += 1
        return
    said.changed += 1
    said.impact.collections += 1
    try:
        compare(facts, then, now, said.impact)
    except (ValueError, AssertionError):
        # What cannot be planned must not hide all the others.
        said.impact.undecidable += 1
