"""Orders about bulk work: what is to be done to many invoices or to-dos, and that a job be canceled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from db.engine import Session
from db.operations.jobs import open_job
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from db.queries.job_ids import FILE_NAME, written_ids
from db.queries.smart_rules import catalogue_of
from intake.clerk_orders import Clerk
from intake.jobs.cancel import cancel_job
from intake.jobs.invoice_kinds import INVOICE_KINDS
from intake.jobs.over_invoices import InvoiceWork, OverInvoices
from intake.jobs.over_todos import OverTodos, TodoWork
from intake.jobs.todo_kinds import TODO_KINDS
from phrase import phrase
from rules.conditions import Condition
from rules.read_rule import read_conditions
from rules.reading import Misread
from rules.rule import CONDITIONS_MAX
from rules.written import written_conditions

_CONDITIONS: TypeAdapter[tuple[Condition, ...]] = TypeAdapter(tuple[Condition, ...])


class JobOrders(Clerk):
    """What a person may order about bulk work."""

    __slots__ = ()

    def open_bulk(self, kind: str, order: OverInvoices) -> int:
        """Order bulk work of one of the kinds of `INVOICE_KINDS`, and return the id of its job. Raises Refused."""
        with self._transaction() as session:
            work_of(kind).check(session, order)
            return open_job(session, kind, self.by, order.model_dump(mode="json"))

    def open_over_todos(self, kind: str, order: OverTodos, ids: Sequence[int]) -> int:
        """Order work of one of the kinds of `TODO_KINDS` on these to-dos; return the job's id. Raises Refused."""
        with self._transaction() as session:
            todo_work_of(kind).check(session, order, local_date(session, datetime.now(UTC)))
            file = (FILE_NAME, written_ids(ids))
            stated = order.about(ids).model_dump(mode="json")
            return open_job(session, kind, self.by, stated, file, total=len(ids))

    def cancel_job(self, job_id: int) -> bool:
        """Let a job end after the page under way; say whether that is new. Raises Refused."""
        with self._transaction() as session:
            return cancel_job(session, job_id, self.by)


def work_of(kind: str) -> InvoiceWork[Any]:
    """Return the bulk work of that name, one of `INVOICE_KINDS`."""
    return next(one for one in INVOICE_KINDS if one.name == kind)


def todo_work_of(kind: str) -> TodoWork[Any]:
    """Return the bulk work of that name, one of `TODO_KINDS`."""
    return next(one for one in TODO_KINDS if one.name == kind)


def conditions_written(session: Session, where: str) -> tuple[Condition, ...]:
    """Return the conditions that a text in the manner of rules has. Raises Refused."""
    read = read_conditions(where, catalogue_of(session))
    if isinstance(read, Misread):
        raise Refused("the conditions cannot be read, {read}", read=phrase(str(read)))
    return read


def conditions_stated(session: Session, stated: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Return the conditions that were stated as rules keep them; none are met by all. Raises Refused."""
    if len(stated) > CONDITIONS_MAX:
        raise Refused("there are more than {most} conditions", most=CONDITIONS_MAX)
    try:
        conditions = _CONDITIONS.validate_python(stated)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = phrase(first["msg"].removeprefix("Value error, "))
        raise Refused("conditions.{place}: {problem}", place=place, problem=problem) from error
    # What a text may not name, a condition may not either.
    return conditions_written(session, written_conditions(conditions)) if conditions else ()
