"""What was ordered of a job, in words for the page that shows it."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from console.web.visit import Visit
from db.engine import Session
from db.queries.jobs import JobView, job_file_names
from db.queries.smart_rules import rule_names
from intake.imports.source import ImportOrder
from intake.jobs.apply_rules import ApplyRulesOrder
from intake.jobs.over_invoices import OverInvoices
from intake.jobs.over_todos import OverTodos
from intake.jobs.todo_kinds import TODO_KINDS
from rules.written import written_conditions

Fact = tuple[str, str]
_OVER_TODOS = frozenset(kind.name for kind in TODO_KINDS)


def facts_of(session: Session, job: JobView, visit: Visit) -> Sequence[Fact]:
    """Return what was ordered, each with its label; nothing of an order that a newer release wrote."""
    try:
        if job.kind == "import":
            return tuple(_of_import(session, job, visit))
        if job.kind == "apply rules":
            return tuple(_of_rules(session, job, visit))
        if job.kind.startswith("bulk "):
            return tuple(_of_bulk(job, visit))
        if job.kind in _OVER_TODOS:
            return tuple(_of_todos(job, visit))
    except ValidationError:
        pass
    return ()


def _of_import(session: Session, job: JobView, visit: Visit) -> Iterator[Fact]:
    order = ImportOrder.model_validate(job.order)
    name = job_file_names(session, [job.id]).get(job.id)
    if name is not None:
        yield visit.text("File"), name
    if order.kind is not None:
        yield visit.text("What it has"), visit.text(order.kind)
    if order.assign is not None:
        yield visit.text("Cadence of new invoices"), visit.text("none") if order.assign == "none" else order.assign
    if order.is_strict:
        yield visit.text("Strict"), visit.text("all rows or nothing")


def _of_rules(session: Session, job: JobView, visit: Visit) -> Iterator[Fact]:
    order = ApplyRulesOrder.model_validate(job.order)
    if order.rule_ids is None:
        yield visit.text("Rules"), visit.text("all that are active")
    else:
        yield visit.text("Rules"), ", ".join(rule_names(session, order.rule_ids).values())
    yield visit.text("Notifications"), visit.text("go out") if order.notify else visit.text("do not go out")


def _of_bulk(job: JobView, visit: Visit) -> Iterator[Fact]:
    order = OverInvoices.model_validate(job.order)
    yield visit.text("Invoices"), written_conditions(order.conditions) or visit.text("all invoices")
    if job.kind == "bulk assign":
        yield visit.text("Cadence"), str(job.order.get("cadence") or visit.text("none"))
    if job.order.get("until"):
        yield visit.text("Until"), str(job.order["until"])
    if job.order.get("reason"):
        yield visit.text("Reason"), str(job.order["reason"])


def _of_todos(job: JobView, visit: Visit) -> Iterator[Fact]:
    order = OverTodos.model_validate(job.order)
    yield visit.text("To-dos"), order.where or visit.text("those that were ticked")
    if job.order.get("until"):
        yield visit.text("Until"), str(job.order["until"])
    if job.order.get("owner"):
        yield visit.text("New owner"), str(job.order["owner"])
