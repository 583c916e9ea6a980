"""What people order about whether an invoice is owed, and when: each order with its reason, by one form."""

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.invoices.orders import ONE, Day, Text, Version, ordered
from console.web.pages.invoices.page import Id
from console.web.pages.invoices.reading import DECIDES
from console.web.visit import Visiting
from console.web.words import N_
from console.web.work import VisitorsDesk
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.collections import case_of
from dunning.cycles import begins_cycle
from intake.clerk_orders import Told

BEGINS_ANEW = N_(
    "That is so much later that the cadence begins anew: all its steps come once more, and the old date does not"
    " take that back. Say that this is meant, and order it again."
)
router = page_router()


@router.post(f"{ONE}/due-date", **needs(Role.MEMBER))
def due_date(
    visit: Visiting,
    invoice_id: Id,
    version: Version,
    due_on: Day,
    reason: Text = "",
    anew: Annotated[bool, Form()] = False,
) -> Response:
    """Let the invoice fall due on another day; `anew` says that its cadence may begin anew by that."""
    why = reason.strip() or None

    def order(desk: VisitorsDesk, number: str) -> Told:
        facts = case_of(desk.session, invoice_id).facts
        if not anew and begins_cycle(facts, due_on, facts.calendar.local_date(visit.now)):
            raise Refused(BEGINS_ANEW)
        return desk.change_due_date(number, due_on, why)

    return ordered(
        visit,
        invoice_id,
        version,
        "due-date",
        N_("due date changed"),
        order,
        N_("The due date is changed; what has not run moves with it."),
        None,
        **{"due on": due_on.isoformat()},
        reason=why,
    )


@router.post(f"{ONE}/write-off", **needs(DECIDES))
def write_off(visit: Visiting, invoice_id: Id, version: Version, reason: Text = "") -> Response:
    """Write the invoice off."""
    why = reason.strip() or None
    return ordered(
        visit,
        invoice_id,
        version,
        "write-off",
        N_("invoice written off"),
        lambda desk, number: desk.write_off(number, why),
        N_("The invoice is written off; nothing is collected any more."),
        reason=why,
    )


@router.post(f"{ONE}/void", **needs(DECIDES))
def void(visit: Visiting, invoice_id: Id, version: Version, reason: Text = "") -> Response:
    """Make the invoice void."""
    why = reason.strip() or None
    return ordered(
        visit,
        invoice_id,
        version,
        "void",
        N_("invoice voided"),
        lambda desk, number: desk.void(number, why),
        N_("The invoice is void; nothing is collected any more."),
        reason=why,
    )


@router.post(f"{ONE}/reinstate", **needs(DECIDES))
def reinstate(visit: Visiting, invoice_id: Id, version: Version, reason: Text = "") -> Response:
    """Take back that the invoice is written off or void."""
    why = reason.strip() or None
    return ordered(
        visit,
        invoice_id,
        version,
        "reinstate",
        N_("invoice reinstated"),
        lambda desk, number: desk.reinstate(number, why),
        N_("The invoice is owed again, and its cadence goes on where it was."),
        reason=why,
    )
