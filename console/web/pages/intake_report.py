"""What the dry run of an import said, row by row."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from console.views.row_report import report_lines
from console.web.addresses import address_of
from console.web.guard import needs, page_router
from console.web.pages.intake import PATH
from console.web.uploads import dry_run_of, find
from console.web.visit import Visiting
from db.queries.access import Role
from intake.jobs.kind import Row

OUTCOMES = ("created", "changed", "unchanged", "refused")
PAGE_ROWS = 100
Choice = Annotated[str, Query(max_length=20)]
Place = Annotated[int, Query(ge=0, le=10_000_000)]
router = page_router()


@router.get(f"{PATH}/files/{{token}}/report", **needs(Role.ADMIN))
def show_report(visit: Visiting, token: str, only: Choice = "", start: Place = 0) -> Response:
    """Show what the last dry run of the file said."""
    upload = find(visit, token)
    report = dry_run_of(visit, upload)
    is_chosen = only in OUTCOMES
    # What changes nothing is only counted, unless it is asked for.
    outcomes = (only,) if is_chosen else ("created", "changed", "refused")
    rows = [row for row in report["rows"] if row[2] in outcomes]
    path = f"{PATH}/files/{token}/report"
    chosen = {"only": only} if is_chosen else {}
    is_more = len(rows) > start + PAGE_ROWS
    return visit.page(
        "intake/report.html",
        part="intake/report_rows.html",
        upload=upload,
        report=report,
        created=report["counts"]["created"],
        changed=report["counts"]["changed"] - report["counts"]["created"],
        rows=rows[start : start + PAGE_ROWS],
        only=only if is_chosen else "",
        first=address_of(path, chosen) if start else None,
        further=address_of(path, {**chosen, "start": start + PAGE_ROWS}) if is_more else None,
    )


@router.get(f"{PATH}/files/{{token}}/report.csv", **needs(Role.ADMIN))
def download_report(visit: Visiting, token: str) -> Response:
    """Answer with what the last dry run said, as a file."""
    report = dry_run_of(visit, find(visit, token))
    rows = (Row(position, subject, outcome, said) for position, subject, outcome, said, _ in report["rows"])
    headers = {"Content-Disposition": 'attachment; filename="dry-run.csv"'}
    return Response("".join(report_lines(rows)), media_type="text/csv; charset=utf-8", headers=headers)
