"""Orders about bulk work: what is to be done to all invoices that meet conditions, and that a job be canceled."""

from db.operations.jobs import open_job
from intake.clerk_orders import Clerk
from intake.jobs.cancel import cancel_job
from intake.jobs.invoice_kinds import INVOICE_KINDS
from intake.jobs.over_invoices import OverInvoices


class JobOrders(Clerk):
    """What a person may order about bulk work."""

    __slots__ = ()

    def open_bulk(self, kind: str, order: OverInvoices) -> int:
        """Order bulk work of one of the kinds of `INVOICE_KINDS`, and return the id of its job. Raises Refused."""
        work = next(one for one in INVOICE_KINDS if one.name == kind)
        with self._transaction() as session:
            work.check(session, order)
            return open_job(session, kind, self.by, order.model_dump(mode="json"))

    def cancel_job(self, job_id: int) -> bool:
        """Let a job end after the page under way; say whether that is new. Raises Refused."""
        with self._transaction() as session:
            return cancel_job(session, job_id, self.by)
