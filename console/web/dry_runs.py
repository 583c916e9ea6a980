"""Dry runs of imports: what each row would become, kept with the upload and shown page by page."""

from typing import Any

from console.web import import_address
from console.web.uploads import keep_dry_run
from console.web.visit import Visit
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.uploads import UploadLine
from intake.imports.choosing import HowToRead, read_as
from intake.imports.importing import ordered_as
from intake.imports.job import Ordered
from intake.imports.rehearsal import rehearse
from intake.imports.source import Source

# About ten seconds of work, which somebody waits for.
REHEARSED_MAX = 20_000
PROBLEMS_MAX = 20_000


def dry_run(
    visit: Visit, upload: UploadLine, source: Source, how: HowToRead, assign: str | None, *, is_strict: bool
) -> None:
    """Do all of the work and undo it, of as many rows as one may wait for, and keep what came of it.

    Raises Refused where nothing can be read, and for a cadence that is not there.
    """
    with transaction(visit.web.engine) as session:
        reading = read_as(session, source, how)
    if reading.profile is None and not reading.rows:
        raise Refused("Nothing of this file could be read; what is wrong stands below.")
    whole = Ordered.of(reading)
    tried = Ordered(reading, whole.rows[:REHEARSED_MAX], whole.files)
    order = ordered_as(reading, source, is_strict=is_strict, assign=assign)
    rehearsed = rehearse(visit.web.engine, tried, order)
    cells: dict[int, list[dict[str, Any]]] = {}
    for one in reading.problems[:PROBLEMS_MAX]:
        cells.setdefault(one.line, []).append(
            {"column": one.column, "value": one.value, "wrong": one.wrong, "expected": one.expected}
        )
    keep_dry_run(
        visit,
        upload,
        {
            "how": import_address.written(how),
            "assign": assign,
            "strict": is_strict,
            "kind": reading.kind,
            "counts": dict(rehearsed.counts),
            "cadences": [[name, count] for name, count in rehearsed.cadences.items()],
            "rows_tried": len(tried.rows),
            "rows_in_file": len(whole.rows),
            "rows": [
                [row.position, row.subject, row.outcome, row.said, cells.get(row.position, [])]
                for row in rehearsed.rows
            ],
        },
    )
