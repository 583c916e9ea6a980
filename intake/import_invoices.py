"""Imports an invoice file: what is good is taken in, what is not is reported line by line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from db.engine import Engine, Session, transaction
from db.operations.change import Change
from db.operations.invoices import IMPORT, IncomingInvoice, Outcome, begin_import, take_invoice
from db.operations.jobs import record_job
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from dunning.facts import InvoiceState
from intake.files.reading import read_file
from intake.files.rows import InvoiceRow, StatedContact
from intake.problems import Problem, problems_as_dicts

# Long enough to be quick, short enough that no lock is held for more than about a second.
ROWS_PER_TRANSACTION = 200
# A job keeps the beginning of a long report; the whole of it went to whoever started the import.
REPORTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `is_applied` is False when a strict one met a problem and took nothing in."""

    created: int
    changed: int
    unchanged: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    is_applied: bool = True

    @property
    def is_clean(self) -> bool:
        """Say whether every row was good."""
        return not self.problems


def import_invoices(
    engine: Engine,
    source: Path | bytes,
    *,
    encoding: str | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import a CSV file of invoices (see docs/import.md), idempotent by invoice number.

    With `strict`, one problem anywhere leaves the ledger untouched. `progress` is told rows done and rows in
    all. Raises OSError, LedgerUnavailable, and ValueError for an unknown encoding.
    """
    started_at = datetime.now(UTC)
    reading = read_file(source, kind="invoices", encoding=encoding)
    notes = (*reading.notes, *_left_out(reading.invoices))
    problems = list(reading.problems)
    if strict and problems:
        return Imported(0, 0, 0, tuple(problems), notes, is_applied=False)
    counts = dict.fromkeys(Outcome, 0)
    done = 0
    size = max(len(reading.invoices), 1) if strict else ROWS_PER_TRANSACTION
    try:
        for page in _pages(reading.invoices, size):
            with transaction(engine) as session:
                refused = _take_page(session, page, started_at, counts)
                if strict and refused:
                    raise _Undone(refused)
            problems += refused
            done += len(page)
            if progress is not None:
                progress(done, len(reading.invoices))
    except _Undone as undone:
        return Imported(0, 0, 0, tuple(undone.problems), notes, is_applied=False)
    with transaction(engine) as session:
        told = {outcome.value: count for outcome, count in counts.items()} | {"refused": len(problems)}
        report = problems_as_dicts(problems[:REPORTED_MAX])
        record_job(session, "import invoices", IMPORT, started_at, datetime.now(UTC), told, report)
    problems.sort(key=lambda problem: problem.line)
    return Imported(
        counts[Outcome.CREATED],
        counts[Outcome.CHANGED],
        counts[Outcome.UNCHANGED],
        tuple(problems),
        notes,
    )


def _left_out(rows: tuple[InvoiceRow, ...]) -> Iterator[str]:
    """Say what the rows state and the ledger has no place for yet, so that nobody misses it later."""
    if any(row.custom or row.customer.custom for row in rows):
        yield "custom fields are read, and left out"
    if any(row.external_id != row.invoice_number for row in rows):
        yield "the column external_id is left out; invoices are known by their numbers"


class _Undone(Exception):
    """Undoes the transaction of a strict import, with the reasons."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _pages(rows: tuple[InvoiceRow, ...], size: int) -> Iterator[list[InvoiceRow]]:
    remaining = iter(rows)
    while page := list(islice(remaining, size)):
        yield page


def _take_page(
    session: Session, page: list[InvoiceRow], at: datetime, counts: dict[Outcome, int]
) -> list[Problem]:
    """Take the rows in, count what became of them, and return those that the ledger contradicts."""
    begin_import(session)
    change = Change(at, local_date(session, at), by=IMPORT)
    refused = []
    for row in page:
        try:
            with session.begin_nested():
                counts[take_invoice(session, _incoming(row), change)] += 1
        except Refused as refusal:
            expected = "what agrees with the ledger"
            refused.append(Problem(row.line, "invoice_number", row.invoice_number, str(refusal), expected))
    return refused


def _incoming(row: InvoiceRow) -> IncomingInvoice:
    stays_open = row.state in ("open", "paid", "disputed")
    contact = row.contact or StatedContact("main")
    return IncomingInvoice(
        external_id=row.invoice_number,
        customer_id=row.customer.customer_id,
        customer_name=row.customer.name,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        total=row.total,
        paid=row.paid,
        state=InvoiceState.OPEN if stays_open else InvoiceState(row.state),
        is_disputed=row.state == "disputed",
        po_number=row.po_number,
        email=contact.email,
        contact_first_name=contact.first_name,
        contact_last_name=contact.last_name,
        contact_role=contact.role,
        locale=row.customer.locale,
        payment_term_days=row.customer.payment_term_days,
    )
