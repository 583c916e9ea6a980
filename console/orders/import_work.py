"""Carries an import out, or rehearses it, with a progress bar and a report of every row."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from console.connections.environment import environment
from console.connections.ledger import Ledger
from console.failure import ASKED_WRONGLY, Failure
from console.orders.clerk import clerk
from console.orders.delivering import deliver_all
from console.terminal.printing import err
from console.terminal.progress import Bar
from console.views.delivery import Delivery
from console.views.row_report import report_lines
from db.engine import Engine, transaction
from db.queries.jobs import JobRowView
from intake.files.reading import Reading
from intake.imports.importing import Imported, import_reading, ordered_as, rows_of
from intake.imports.job import Ordered, refused_rows
from intake.imports.profiles import keep_profile
from intake.imports.rehearsal import Rehearsed, rehearse
from intake.imports.source import Source
from intake.jobs.kind import Row


def carry_out(
    ledger: Ledger, source: Source, reading: Reading, assign: str | None, strict: bool, report: Path | None
) -> tuple[Imported, Delivery | None]:
    """Import, and tell the processes. Raises Failure, and Refused for a cadence that is not there."""
    with Bar(err(), "importing") as bar:
        imported = import_reading(
            ledger.engine, source, reading, is_strict=strict, assign=assign, by=clerk(), progress=bar.show
        )
    if report is not None:
        said: Iterable[Row | JobRowView] = refused_rows(imported.problems)
        write_report(report, said if imported.job_id is None else rows_of(ledger.engine, imported.job_id))
    if not imported.is_applied:
        return imported, None
    return imported, asyncio.run(deliver_all(ledger, environment(), err()))


def rehearsed(
    engine: Engine, source: Source, reading: Reading, assign: str | None, strict: bool, report: Path | None
) -> Rehearsed:
    """Rehearse the import. Raises Refused for a cadence that is not there."""
    order = ordered_as(reading, source, is_strict=strict, assign=assign)
    with Bar(err(), "rehearsing") as bar:
        rehearsal = rehearse(engine, Ordered.of(reading), order, bar.show)
    if report is not None:
        write_report(report, rehearsal.rows)
    return rehearsal


def keep(engine: Engine, name: str | None, reading: Reading) -> None:
    """Save how the file was read under the name, if one was given. Raises Failure if it was not read."""
    if name is None:
        return
    if reading.profile is None:
        raise Failure("there is no profile to save: the file could not be read", ASKED_WRONGLY)
    with transaction(engine) as session:
        keep_profile(session, name, reading.profile, clerk())


def write_report(path: Path, rows: Iterable[Row | JobRowView]) -> None:
    """Write a line for each row: where it is, what it is about, what became of it, and why. Raises Failure."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(report_lines(rows))
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}", ASKED_WRONGLY) from error
