"""An import as a durable job: the file is kept with it, and it goes on behind the last page that was committed."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, ClassVar

from db.engine import Engine, Session
from db.operations.arrival.incoming_invoice import Chosen
from db.operations.arrival.invoices import IMPORT, begin_import
from db.operations.change import Change
from db.operations.entering import published_cadence_id
from db.operations.invoice_files import attach_file
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from db.queries.invoices import invoice_id_of
from db.queries.jobs import job_file
from intake.files.reading import InvoiceFile, Reading, no_collection
from intake.imports.source import ImportOrder, Placed, Source, placed, read
from intake.imports.writer import write_page
from intake.jobs.kind import Page, Row, Running
from intake.problems import Problem, problem_text
from phrase import phrase

# Long enough to be quick, short enough that no lock is held for more than about a second. A new invoice costs less
# than any other row; behind those that change something a page of invoices ends early.
PAGE_ROWS = 1_000
INVOICE_PAGE_ROWS = 2_500
# Files are read once for all of their pages, by each process that drives them; of so many at most.
READINGS_MAX = 2
_Key = tuple[Engine, int, datetime]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A reading in the order in which it is taken in."""

    reading: Reading
    rows: Sequence[Placed]
    files: Mapping[str, InvoiceFile]

    @classmethod
    def of(cls, reading: Reading) -> "Ordered":
        """Return the reading with its rows in order."""
        return cls(reading, placed(reading), {file.invoice_number: file for file in reading.files})

    def after(self, place: tuple[int, int] | None, most: int | None = None) -> list[Placed]:
        """Return the next rows of one kind: a page, or `most`; those of one customer stay together."""
        start = 0 if place is None else self._index_after(place)
        if start >= len(self.rows):
            return []
        kind = self.rows[start].kind
        if most is None:
            most = INVOICE_PAGE_ROWS if kind == "invoices" else PAGE_ROWS
        end = min(start + most, len(self.rows))
        while 0 < end < len(self.rows) and kind == "customers" and self._are_together(end - 1, end):
            end += 1
        return list(takewhile(lambda one: one.kind == kind, self.rows[start:end]))

    def _are_together(self, one: int, other: int) -> bool:
        return (
            self.rows[one].kind == self.rows[other].kind and self.rows[one].place[0] == self.rows[other].place[0]
        )

    def _index_after(self, place: tuple[int, int]) -> int:
        low, high = 0, len(self.rows)
        while low < high:
            middle = (low + high) // 2
            if self.rows[middle].place <= place:
                low = middle + 1
            else:
                high = middle
        return low


class Import:
    """Takes a file of customers, invoices, payments or credit notes in."""

    name: ClassVar[str] = "import"

    def __init__(self) -> None:
        self._readings: OrderedDict[_Key, Ordered] = OrderedDict()

    def remember(self, session: Session, job_id: int, started_at: datetime, reading: Reading) -> None:
        """Keep what was read of the job's file, so that this process need not read it again."""
        self._keep(_key(session, job_id, started_at), Ordered.of(reading))

    def total(self, session: Session, job: Running) -> int:
        """Count the rows of the file, good ones and others."""
        ordered = self._ordered(session, job)
        return len(ordered.rows) + len(refused_rows(ordered.reading.problems))

    def page(self, session: Session, job: Running) -> Page:
        """Take the next rows in. One that the ledger contradicts is refused, and holds up no other."""
        order = ImportOrder.model_validate(job.order)
        ordered = self._ordered(session, job)
        return self._page(session, job, order, len(ordered.rows) if order.is_strict else None)

    def single(self, session: Session, job: Running) -> Page:
        """Take the next row in alone."""
        return self._page(session, job, ImportOrder.model_validate(job.order), 1)

    def give_up(self, session: Session, job: Running, because: str) -> Page:
        """Pass the next row over, which cannot be taken in."""
        ordered = self._ordered(session, job)
        rows = ordered.after(_place(job.cursor), 1)
        said = [Row(one.row.line, _subject(one), "refused", because) for one in rows]
        return self._turned(session, job, ordered, rows, said)

    def _page(self, session: Session, job: Running, order: ImportOrder, most: int | None) -> Page:
        ordered = self._ordered(session, job)
        rows = ordered.after(_place(job.cursor), most)
        with no_collection():
            said = take_in(session, ordered, rows, order, change_of(session, job.id)) if rows else []
        if order.is_strict and (refused := [row for row in said if row.outcome == "refused"]):
            first = refused[0]
            raise Refused(
                "line {line}: {problem}; a strict import takes all rows or nothing",
                line=first.position,
                problem=phrase(first.said or ""),
            )
        return self._turned(session, job, ordered, rows[: len(said)], said)

    def _turned(
        self, session: Session, job: Running, ordered: Ordered, rows: Sequence[Placed], said: Sequence[Row]
    ) -> Page:
        """Return the page that takes these rows, and with the first one what could not be read."""
        reports = [*said, *refused_rows(ordered.reading.problems)] if not job.cursor else list(said)
        last = rows[-1].place if rows else (-1, -1)
        is_over = not rows or not ordered.after(last, 1)
        if is_over:
            self._readings.pop(_key(session, job.id, job.started_at), None)
        return Page(None if is_over else {"after": list(last)}, counted(reports), reports)

    def _ordered(self, session: Session, job: Running) -> Ordered:
        key = _key(session, job.id, job.started_at)
        if key not in self._readings:
            order = ImportOrder.model_validate(job.order)
            file = job_file(session, job.id)
            assert file is not None, "an import has a file"
            source = Source(*file, is_bundle=order.is_bundle)
            reading = read(session, source, kind=order.kind, profile=order.profile)
            self._keep(key, Ordered.of(reading))
        return self._readings[key]

    def _keep(self, key: _Key, ordered: Ordered) -> None:
        self._readings[key] = ordered
        while len(self._readings) > READINGS_MAX:
            self._readings.popitem(last=False)


def change_of(session: Session, job_id: int | None) -> Change:
    """Return the circumstances of what an import changes now."""
    now = datetime.now(UTC)
    return Change(now, local_date(session, now), by=IMPORT, job_id=job_id)


def take_in(
    session: Session, ordered: Ordered, rows: Sequence[Placed], order: ImportOrder, change: Change
) -> list[Row]:
    """Take rows of one kind in, with the files of invoices, and return what became of those that were taken."""
    begin_import(session)
    said = write_page(
        session, rows[0].kind, [one.row for one in rows], change, chosen_by(session, order), order.is_strict
    )
    if not ordered.files or rows[0].kind != "invoices":
        return said
    return [_with_file(session, ordered.files.get(row.subject), row, change) for row in said]


def chosen_by(session: Session, order: ImportOrder) -> Chosen | None:
    """Return the cadence that was chosen for new invoices, if one was. Raises Refused if it is not published."""
    if order.assign is None:
        return None
    return Chosen(None if order.assign == "none" else published_cadence_id(session, order.assign))


def refused_rows(problems: Sequence[Problem]) -> list[Row]:
    """Return a row for each line that could not be read, with all that is wrong with it."""
    lines: dict[int, list[Problem]] = {}
    for problem in problems:
        lines.setdefault(problem.line, []).append(problem)
    return [
        Row(line, of_line[0].subject or of_line[0].value, "refused", "; ".join(map(problem_text, of_line)))
        for line, of_line in lines.items()
    ]


def counted(rows: Sequence[Row]) -> dict[str, int]:
    """Return the counts of a page."""
    outcomes = [row.outcome for row in rows]
    created, changed = outcomes.count("created"), outcomes.count("changed")
    return {
        "done": len(rows),
        "created": created,
        "changed": created + changed,
        "unchanged": outcomes.count("unchanged"),
        "failed": outcomes.count("refused"),
    }


def _with_file(session: Session, file: InvoiceFile | None, row: Row, change: Change) -> Row:
    if file is None or row.outcome == "refused":
        return row
    invoice_id = invoice_id_of(session, row.subject)
    assert invoice_id is not None, "it was just taken in"
    if not attach_file(session, invoice_id, file.name, file.content, change) or row.outcome == "created":
        return row
    return Row(row.position, row.subject, "changed", "; ".join(filter(None, (row.said, "file attached"))))


def _key(session: Session, job_id: int, started_at: datetime) -> _Key:
    # A ledger that was restored may count again what it counted before.
    return session.get_bind().engine, job_id, started_at


def _place(cursor: Mapping[str, Any]) -> tuple[int, int] | None:
    after = cursor.get("after")
    return None if after is None else (int(after[0]), int(after[1]))


def _subject(one: Placed) -> str:
    row = one.row
    return str(
        getattr(row, "invoice_number", None) or getattr(row, "external_id", None) or row.customer.customer_id
    )


IMPORTS = Import()
