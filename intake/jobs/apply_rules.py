"""The bulk work "apply to all existing": the active rules are asked about invoices that are there already."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from db.engine import Session
from db.operations.change import Change
from db.operations.refusal import Refused
from db.operations.rules.application import InvoicePage, apply_page
from db.queries.calendar import local_date
from db.queries.invoice_filter import newest_invoice_id, next_invoice
from db.queries.rule_counts import count_asked
from db.queries.smart_rules import active_rules
from intake.jobs.kind import JobKind, Page, Row, Running

# About a second of work, during which these invoices are locked.
PAGE = 10_000


class ApplyRulesOrder(BaseModel):
    """Which rules' invoices are asked about: those that match any of these, or all; and whether people are told.

    All active rules are asked about each of them, so that the first that matches wins, as ever.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule_ids: tuple[int, ...] | None = None
    notify: bool = False


class ApplyRules:
    """Applies the active rules to invoices up to the newest that there was when the job began."""

    name: ClassVar[str] = "apply rules"

    def total(self, session: Session, job: Running) -> int:
        """Count the invoices that are asked about."""
        order = ApplyRulesOrder.model_validate(job.order)
        now = datetime.now(UTC)
        return count_asked(session, order.rule_ids, local_date(session, now), newest_invoice_id(session))

    def page(self, session: Session, job: Running) -> Page:
        """Apply the rules to the next invoices. Raises Refused if a rule that the job is about is not active."""
        return self._page(session, job, PAGE)

    def single(self, session: Session, job: Running) -> Page:
        """Apply the rules to the next invoice alone."""
        return self._page(session, job, 1)

    def give_up(self, session: Session, job: Running, because: str) -> Page:
        """Pass the next invoice over, which cannot be decided."""
        until = self._until(session, job)
        found = next_invoice(session, int(job.cursor.get("after", 0)), until)
        if found is None:
            return Page(None, {})
        invoice_id, number = found
        row = Row(invoice_id, number, "refused", because)
        counts = {"done": 1, "changed": 0, "unchanged": 0, "failed": 1}
        return Page({"after": invoice_id, "until": until}, counts, [row])

    def _until(self, session: Session, job: Running) -> int:
        return int(job.cursor.get("until") or newest_invoice_id(session))

    def _page(self, session: Session, job: Running, limit: int) -> Page:
        order = ApplyRulesOrder.model_validate(job.order)
        _require_active(session, order.rule_ids)
        now = datetime.now(UTC)
        change = Change(now, local_date(session, now), job.by, job_id=job.id)
        until = self._until(session, job)
        after = int(job.cursor.get("after", 0))
        page = InvoicePage(after, until, limit)
        done = apply_page(session, order.rule_ids, page, change, f"job/{job.id}", notifies=order.notify)
        if done is None:
            return Page(None, {})
        counts = {
            "done": done.asked,
            "changed": done.changed,
            "unchanged": done.asked - done.changed,
            "failed": 0,
        }
        return Page({"after": done.last_id, "until": until}, counts)


def _require_active(session: Session, rule_ids: Sequence[int] | None) -> None:
    missing = sorted(set(rule_ids or ()) - set(active_rules(session).rule))
    if missing:
        raise Refused("rule {rule} is not active any more", rule=missing[0])


APPLY_RULES: JobKind = ApplyRules()
