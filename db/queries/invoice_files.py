"""Reads the PDFs that invoices have."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.statement import Statement


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """A PDF of an invoice."""

    invoice_id: int
    name: str
    content: bytes


# By the primary key of the files; the organization is one row.
_FILES = Statement(
    """
SELECT o.attaches_invoice, f.invoice_id, f.name, f.content
  FROM organization o LEFT JOIN invoice_files f ON f.invoice_id = ANY(:invoice_ids)
 WHERE o.id = 1
 ORDER BY f.invoice_id
""",
    is_big=True,
)
_ATTACHES = text("""
SELECT o.attaches_invoice, EXISTS (SELECT FROM invoice_files f WHERE f.invoice_id = :invoice_id)
  FROM organization o WHERE o.id = 1
""")


def invoice_files(session: Session, invoice_ids: Sequence[int]) -> tuple[bool, list[InvoiceFile]]:
    """Return whether invoices without a PDF get one that is drawn, and the PDFs that these invoices have."""
    rows = _FILES.all(session, invoice_ids=list(invoice_ids))
    files = [InvoiceFile(row.invoice_id, row.name, row.content) for row in rows if row.invoice_id is not None]
    return rows[0].attaches_invoice, files


def attaches_and_has_file(session: Session, invoice_id: int) -> tuple[bool, bool]:
    """Say whether messages come with PDFs of their invoices, and whether the invoice has one."""
    attaches, has_file = session.execute(_ATTACHES, {"invoice_id": invoice_id}).one()
    return attaches, has_file
