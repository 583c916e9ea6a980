"""What rules did: how they stand to an invoice, the log of what they decided, and whom they told."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from console.web.addresses import address_of
from console.web.guard import needs, page_router
from console.web.pages.rules import PATH
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.invoices import invoice_id_of
from db.queries.rule_notifications import notification_lines
from db.queries.rule_standings import explained, rule_log
from rules.written import written

PAGE_LINES = 50
Number = Annotated[str, Query(max_length=200)]
Cursor = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
router = page_router()

PLACES = (
    N_("wins"),
    N_("shadowed"),
    N_("notifies"),
    N_("does not match"),
    N_("is asked when invoices are created"),
    N_("is not active"),
)
BECAME = (
    N_("applied"),
    N_("unchanged"),
    N_("no match"),
    N_("locked"),
    N_("nothing to collect"),
    N_("acted before in the chain"),
    N_("too deep in the chain"),
)
SLOTS_AND_EVENTS = (N_("cadence"), N_("visibility"), N_("created"), N_("updated"), N_("applied"))
SENDING = (N_("owed"), N_("sent"), N_("failed"), N_("email"), N_("webhook"))


@router.get(f"{PATH}/explain", **needs(Role.MEMBER))
def explain(visit: Visiting, invoice: Number = "") -> Response:
    """Say for an invoice which rules match it and which win, condition by condition."""
    number, found = invoice.strip(), None
    with transaction(visit.web.engine) as session:
        invoice_id = _invoice_id(session, number)
        if invoice_id is not None:
            found = explained(session, invoice_id, local_date(session, visit.now))
    names = {} if found is None else {one.rule.id: one.rule.name for one in found.standings}
    return visit.page(
        "rules/explain.html",
        invoice=number,
        found=found,
        names=names,
        written=written,
        is_unknown=_is_unknown(number, invoice_id),
    )


@router.get(f"{PATH}/log", **needs(Role.MEMBER))
def show_log(visit: Visiting, invoice: Number = "", before: Cursor = None) -> Response:
    """Show what rules decided, the newest first."""
    number = invoice.strip()
    with transaction(visit.web.engine) as session:
        invoice_id = _invoice_id(session, number)
        is_unknown = _is_unknown(number, invoice_id)
        found = [] if is_unknown else rule_log(session, invoice_id, PAGE_LINES + 1, before)
    return _log(visit, "rules/log.html", f"{PATH}/log", number, before, is_unknown, found)


@router.get(f"{PATH}/notifications", **needs(Role.MEMBER))
def show_notifications(visit: Visiting, invoice: Number = "", before: Cursor = None) -> Response:
    """Show whom rules told of what, the newest first."""
    number = invoice.strip()
    with transaction(visit.web.engine) as session:
        invoice_id = _invoice_id(session, number)
        is_unknown = _is_unknown(number, invoice_id)
        found = [] if is_unknown else notification_lines(session, invoice_id, PAGE_LINES + 1, before)
    return _log(visit, "rules/notifications.html", f"{PATH}/notifications", number, before, is_unknown, found)


def _log(
    visit: Visit, template: str, path: str, number: str, before: int | None, is_unknown: bool, found: list[Any]
) -> Response:
    lines = found[:PAGE_LINES]
    chosen = {"invoice": number} if number else {}
    return visit.page(
        template,
        lines=lines,
        invoice=number,
        is_unknown=is_unknown,
        newest=address_of(path, chosen) if before is not None else None,
        older=address_of(path, {**chosen, "before": lines[-1].id}) if len(found) > PAGE_LINES else None,
    )


def _invoice_id(session: Session, number: str) -> int | None:
    # PostgreSQL takes no text with a zero character.
    return invoice_id_of(session, number) if number and "\0" not in number else None


def _is_unknown(number: str, invoice_id: int | None) -> bool:
    return bool(number) and invoice_id is None
