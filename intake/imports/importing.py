"""Imports what was read, as a job that is driven here to its end; if this ends first, any worker goes on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from db.engine import Engine, Session, transaction
from db.operations.arrival.invoices import IMPORT
from db.operations.jobs import open_job
from db.operations.refusal import Refused
from db.queries.jobs import JobRowView, JobView, job_rows, job_view
from intake.files.columns import FileKind
from intake.files.reading import Reading
from intake.imports.job import IMPORTS, Ordered, chosen_by
from intake.imports.rehearsal import rehearse
from intake.imports.source import ImportOrder, Source
from intake.jobs.driver import drive
from intake.jobs.kind import Row
from intake.problems import AGREES_WITH_LEDGER, Problem
from phrase import phrase

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `is_applied` is False when a strict one met a problem and took nothing in.

    `kind` is what the file was read as, None where nothing could be read.
    """

    kind: FileKind | None
    created: int
    changed: int
    unchanged: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    is_applied: bool = True
    job_id: int | None = None
    cadences: Mapping[str | None, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Say whether every row was good."""
        return not self.problems


def import_reading(
    engine: Engine,
    source: Source,
    reading: Reading,
    *,
    is_strict: bool = False,
    assign: str | None = None,
    by: str = IMPORT,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take in what the source says; `assign` is the cadence of new invoices, `none` for none.

    With `is_strict`, one problem anywhere leaves the ledger untouched. Raises Refused for a cadence that is not
    there, and LedgerUnavailable.
    """
    if reading.profile is None and not reading.rows:
        # Nothing could be read, and a job would find out no more.
        return Imported(reading.kind, 0, 0, 0, reading.problems, reading.notes, is_applied=not is_strict)
    order = ordered_as(reading, source, is_strict=is_strict, assign=assign)
    if is_strict and reading.problems:
        return _not_applied(reading.problems, reading)
    if is_strict and (refused := rehearse(engine, Ordered.of(reading), order).refused):
        return _not_applied([_contradiction(row) for row in refused], reading)
    with transaction(engine) as session:
        job_id = _open(session, source, order, by)
        view = job_view(session, job_id)
        assert view is not None, "it was just opened"
        IMPORTS.remember(session, job_id, view.started_at, reading)
    ended = drive(engine, job_id, lambda job: _show(job, progress))
    if ended.state != "done":
        if ended.failed_because:
            raise Refused(phrase(ended.failed_because))
        raise Refused("the import was {state} by {by}", state=phrase(ended.state), by=ended.canceled_by)
    read_badly = {problem.line for problem in reading.problems}
    problems = list(reading.problems)
    for row in refused_in(engine, job_id):
        if row.position not in read_badly:
            problems.append(_contradiction(row))
    problems.sort(key=lambda problem: problem.line)
    created, changed = ended.counts.get("created", 0), ended.changed
    found = created, changed - created, ended.unchanged
    return Imported(reading.kind, *found, tuple(problems), reading.notes, job_id=ended.id)


def order_import(
    session: Session, source: Source, reading: Reading, *, is_strict: bool, assign: str | None, by: str
) -> int:
    """Order that a worker takes in what the source says, in the way that it was read; return the id of the job.

    Raises Refused where nothing could be read, for a cadence that is not there, and for a strict import of a file
    with problems.
    """
    if reading.profile is None and not reading.rows:
        raise Refused("nothing of this file could be read")
    if is_strict and reading.problems:
        raise Refused(
            "the file has {count:,} problems, and a strict import takes all or nothing",
            count=len(reading.problems),
        )
    order = ordered_as(reading, source, is_strict=is_strict, assign=assign)
    chosen_by(session, order)
    return _open(session, source, order, by)


def _open(session: Session, source: Source, order: ImportOrder, by: str) -> int:
    file = source.name, source.content
    return open_job(session, IMPORTS.name, by, order.model_dump(mode="json"), file)


def ordered_as(reading: Reading, source: Source, *, is_strict: bool, assign: str | None) -> ImportOrder:
    """Return the order to import what was read, in the way that it was read."""
    return ImportOrder(
        kind=reading.kind,
        profile=reading.profile,
        assign=assign,
        is_strict=is_strict,
        is_bundle=source.is_bundle,
    )


def refused_in(engine: Engine, job_id: int) -> Iterator[JobRowView]:
    """Yield the refused rows of a job, page by page."""
    yield from _rows(engine, job_id, only_refused=True)


def rows_of(engine: Engine, job_id: int) -> Iterator[JobRowView]:
    """Yield all rows of a job, page by page."""
    yield from _rows(engine, job_id, only_refused=False)


def _rows(engine: Engine, job_id: int, *, only_refused: bool) -> Iterator[JobRowView]:
    after = -1
    while True:
        with transaction(engine) as session:
            page = job_rows(session, job_id, _ROWS_AT_ONCE, after, only_refused=only_refused)
        if not page:
            return
        yield from page
        after = page[-1].position


def _not_applied(problems: list[Problem] | tuple[Problem, ...], reading: Reading) -> Imported:
    return Imported(reading.kind, 0, 0, 0, tuple(problems), reading.notes, is_applied=False)


def _contradiction(row: Row | JobRowView) -> Problem:
    return Problem(row.position, None, row.subject, row.said or "", AGREES_WITH_LEDGER)


def _show(job: JobView, progress: Callable[[int, int], None] | None) -> None:
    if progress is not None and job.total is not None:
        progress(job.done, job.total)
