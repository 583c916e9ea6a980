"""Keeps the PDF of an invoice, which goes with every message about it."""

import hashlib

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.tables.invoices import InvoiceFile


def attach_file(session: Session, invoice_id: int, name: str, content: bytes, change: Change) -> bool:
    """Keep the PDF in place of an older one, and say whether it is another one."""
    digest = hashlib.sha256(content).hexdigest()
    values = {"name": name, "content": content, "digest": digest, "stored_at": func.now()}
    statement = insert(InvoiceFile).values(invoice_id=invoice_id, **values)
    stored = session.execute(
        statement.on_conflict_do_update(
            index_elements=["invoice_id"],
            set_=values,
            where=(InvoiceFile.digest != digest) | (InvoiceFile.name != name),
        ).returning(InvoiceFile.invoice_id)
    ).scalar()
    if stored is None:
        return False
    note(session, change, "file attached", invoice_id, file=name)
    return True


def detach_file(session: Session, invoice_id: int, change: Change) -> bool:
    """Forget the invoice's PDF, and say whether it had one."""
    gone = delete(InvoiceFile).where(InvoiceFile.invoice_id == invoice_id).returning(InvoiceFile.name)
    name = session.execute(gone).scalar()
    if name is None:
        return False
    note(session, change, "file removed", invoice_id, file=name)
    return True
