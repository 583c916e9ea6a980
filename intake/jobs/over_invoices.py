"""Bulk work over all invoices that meet conditions: the same for each of them, by the operations of one invoice.

A job goes over the invoices by their ids, up to the newest one that there was when it began, and does what it is
there for to those that meet its conditions when their page comes (docs/decisions/0021).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Generic, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict

from db.engine import LedgerUnavailable, Session, part
from db.operations.change import Change
from db.operations.outbox import owe_many
from db.operations.refusal import Refused
from db.operations.settle import lock_invoices
from db.queries.calendar import local_date
from db.queries.collections import case_of, open_collections
from db.queries.invoice_filter import count_matches, newest_invoice_id, next_matches, those_that_match
from db.queries.next_actions import waiting
from dunning.events import Event
from dunning.facts import Facts
from intake.jobs.kind import Page, Row, Running
from rules.conditions import Condition

# So few that a person who acts on one of them hardly waits: all are locked until the page ends.
PAGE = 25
log = structlog.get_logger()


class OverInvoices(BaseModel):
    """What is ordered of all invoices that meet the conditions; kept with the job, so that it only grows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    conditions: tuple[Condition, ...]


Order = TypeVar("Order", bound=OverInvoices)


class InvoiceWork(ABC, Generic[Order]):
    """A kind of bulk work that does one thing to each invoice."""

    name: ClassVar[str]

    def __init__(self, model: type[Order]) -> None:
        self._model = model

    def read(self, order: Mapping[str, Any]) -> Order:
        """Return the order as the job keeps it."""
        return self._model.model_validate(order)

    @abstractmethod
    def is_so_already(self, order: Order, facts: Facts, at: datetime) -> bool:
        """Say whether the invoice is as it is to be."""

    @abstractmethod
    def events(
        self, session: Session, order: Order, invoice_ids: Sequence[int], at: datetime
    ) -> Mapping[int, Event | None]:
        """Return what would happen to each invoice at the moment, to foretell what that changes.

        One that is left out is so already; None is a change that leaves the invoice's plan alone.
        """

    @abstractmethod
    def do(self, session: Session, invoice_id: int, order: Order, change: Change) -> bool:
        """Do it to the invoice, which is locked, and say whether that changed anything. Raises Refused."""

    def check(self, session: Session, order: Order) -> None:
        """Raise Refused for an order that makes no sense, whatever the invoices are."""

    def total(self, session: Session, job: Running) -> int:
        """Count the invoices that meet the conditions as the job begins."""
        order = self.read(job.order)
        return count_matches(session, order.conditions, _today(session), newest_invoice_id(session))

    def page(self, session: Session, job: Running) -> Page:
        """Do it to the next invoices. One that cannot be done is refused by itself, and holds up no other."""
        order = self.read(job.order)
        self.check(session, order)
        now = datetime.now(UTC)
        change = Change(now, local_date(session, now), job.by, job_id=job.id)
        until_id = int(job.cursor.get("until") or newest_invoice_id(session))
        after_id = int(job.cursor.get("after") or 0)
        found = next_matches(session, order.conditions, change.on, after_id, until_id, PAGE)
        rows = self._over(session, order, found.invoice_ids, change)
        changed = [row for row in rows if row.outcome == "changed"]
        refused = [row for row in rows if row.outcome == "refused"]
        counts = {
            "done": len(rows),
            "changed": len(changed),
            "unchanged": len(rows) - len(changed) - len(refused),
            "failed": len(refused),
        }
        cursor = None if found.reached_id is None else {"after": found.reached_id, "until": until_id}
        # What did not change is only counted: nobody looks for a million lines that say so.
        return Page(cursor, counts, sorted((*changed, *refused), key=lambda row: row.position))

    def _over(self, session: Session, order: Order, invoice_ids: Sequence[int], change: Change) -> list[Row]:
        locked = lock_invoices(session, invoice_ids)
        # Once more under the locks: another hand may have changed some since they were found.
        numbers = those_that_match(session, order.conditions, change.on, locked)
        before = waiting(session, list(numbers))
        facts = {one.invoice_id: one.facts for one in open_collections(session, list(numbers))}
        rows = [
            self._one(session, order, invoice_id, number, facts.get(invoice_id), change)
            for invoice_id, number in numbers.items()
        ]
        after = waiting(session, list(numbers))
        told = [invoice_id for invoice_id in numbers if before.get(invoice_id) != after.get(invoice_id)]
        owe_many(session, told, "invoice_changed", {"by": change.by}, is_bulk=True)
        return rows

    def _one(
        self, session: Session, order: Order, invoice_id: int, number: str, facts: Facts | None, change: Change
    ) -> Row:
        try:
            with part(session):
                facts = facts or case_of(session, invoice_id).facts
                is_so = self.is_so_already(order, facts, change.at)
                is_changed = not is_so and self.do(session, invoice_id, order, change)
                return Row(invoice_id, number, "changed" if is_changed else "unchanged")
        except LedgerUnavailable:
            raise
        except Refused as refusal:
            return Row(invoice_id, number, "refused", refusal.said)
        except Exception as error:
            log.exception("an invoice of a job is given up", job_id=change.job_id, invoice_id=invoice_id)
            return Row(invoice_id, number, "refused", f"{type(error).__name__}: {error}")


class SameForAll(InvoiceWork[Order]):
    """A kind whose event is the same for all invoices."""

    @abstractmethod
    def event(self, session: Session, order: Order, at: datetime) -> Event:
        """Return what would happen to an invoice at the moment."""

    def events(
        self, session: Session, order: Order, invoice_ids: Sequence[int], at: datetime
    ) -> Mapping[int, Event | None]:
        """Return the same for each."""
        return dict.fromkeys(invoice_ids, self.event(session, order, at))


def _today(session: Session) -> date:
    return local_date(session, datetime.now(UTC))
