"""Opens bulk jobs for tests, and looks at them."""

from db.engine import Engine, transaction
from db.operations.jobs import open_job
from db.queries.jobs import JobView, job_view
from intake.jobs.over_invoices import OverInvoices
from rules.conditions import ChoiceCondition, ChoiceOperator
from rules.fields import Field

UNPAID = ChoiceCondition(
    field=Field.STATUS, operator=ChoiceOperator.IS_ANY_OF, values=("not due", "due", "overdue", "disputed")
)
ALL_UNPAID = OverInvoices(conditions=(UNPAID,))


def open_over(engine: Engine, kind: str, order: OverInvoices = ALL_UNPAID) -> int:
    """Open a job of ana's over invoices, and return its id."""
    with transaction(engine) as session:
        return open_job(session, kind, "ana", order.model_dump(mode="json"))


def job_of(engine: Engine, job_id: int) -> JobView:
    """Return the job as it stands."""
    with transaction(engine) as session:
        view = job_view(session, job_id)
    assert view is not None
    return view
