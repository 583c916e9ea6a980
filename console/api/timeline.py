"""What happened to an invoice: `/v1/invoices/{external_id}/timeline`."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from console.api.calls import ReadList
from console.api.documented import listing
from console.api.fields import Shown
from console.api.guard import GuardedRoute
from console.api.parameters import LIMIT_DEFAULT, Cursor, InvoiceInPath, Limit, page_of, place_of
from console.api.problems import Problem
from db.engine import Session
from db.queries.invoice_records import invoice_id_named
from db.queries.timelines import TimelineEntryLine, timeline_page

router = APIRouter(prefix="/v1/invoices/{external_id}", tags=["invoices"], route_class=GuardedRoute)


class TimelineEntry(Shown):
    """One thing that happened, at a moment and on a day of the organization. `data` depends on the kind."""

    id: int
    at: datetime
    on: date
    kind: str = Field(examples=["paid"])
    by: str = Field(examples=["api: the books"])
    data: dict[str, Any]


class Timeline(Shown):
    """A page of what happened to an invoice, the newest first."""

    items: list[TimelineEntry]
    next_cursor: str | None


def shown(line: TimelineEntryLine) -> TimelineEntry:
    """Return an entry as it is answered."""
    return TimelineEntry(id=line.id, at=line.at, on=line.on_date, kind=line.kind, by=line.actor, data=line.data)


@router.get("/timeline", **listing("invoices:read", Timeline, "listTimeline", "not-found"))
async def list_timeline(
    external_id: InvoiceInPath, call: ReadList, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """List what happened to an invoice, the newest first; nothing of it is ever changed or deleted."""

    def page(session: Session) -> Timeline:
        invoice_id = invoice_id_named(session, external_id)
        if invoice_id is None:
            raise Problem("not-found", f"there is no invoice {external_id!r}")
        lines = timeline_page(session, invoice_id, limit + 1, None if cursor is None else place_of(cursor))
        listed, more = page_of(lines, limit)
        return Timeline(items=[shown(line) for line in listed], next_cursor=more)

    return await call.page(page)
