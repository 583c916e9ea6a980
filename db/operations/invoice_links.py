"""Keeps the links of an invoice: where its customer sees and pays it."""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.outbox import owe
from db.tables.invoices import Invoice


def put_links(session: Session, invoice_id: int, links: Mapping[str, str | None], change: Change) -> bool:
    """Bring the links that are named, `pay_link` and `view_link`, to what is stated; say whether one differs.

    A message that waits because its text needs one may go out then. The caller holds the invoice's lock.
    """
    if not links:
        return False
    row = session.execute(select(Invoice.pay_link, Invoice.view_link).where(Invoice.id == invoice_id)).one()
    before = {"pay_link": row.pay_link, "view_link": row.view_link}
    differing = {name: link for name, link in links.items() if before[name] != link}
    if not differing:
        return False
    changed = {name: [before[name], link] for name, link in differing.items()}
    note(session, change, "links changed", invoice_id, changed=changed)
    statement = update(Invoice).where(Invoice.id == invoice_id).values(differing)
    session.execute(statement.execution_options(synchronize_session=False))
    owe(session, invoice_id, "invoice_changed", {"by": change.by})
    return True
