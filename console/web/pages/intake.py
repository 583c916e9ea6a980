"""Intake: files are uploaded, mapped, tried out and imported; and the profiles that files are read by."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, UploadFile
from starlette.responses import Response

from console.web import import_address
from console.web.dry_runs import dry_run
from console.web.guard import needs, page_router
from console.web.import_address import how_in, how_written, places_of
from console.web.uploads import Gone, find, gone, keep, source_of
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import transaction
from db.operations.arrival.import_profiles import delete_profile
from db.operations.refusal import Refused
from db.operations.uploads import lock_upload, set_job
from db.queries.access import Role
from db.queries.catalogue import published_names
from db.queries.import_profiles import saved_profiles
from db.queries.jobs import job_file_names, job_page
from db.queries.uploads import UploadLine
from intake.imports.choosing import HowToRead, columns_for, headers_seen, read_as
from intake.imports.importing import order_import
from intake.imports.profiles import keep_profile
from intake.imports.source import Source

PATH = "/intake"
UPLOAD_BYTES_MAX = 50 * 1024 * 1024
# What a form has beside its file.
_AROUND = 64 * 1024
IMPORTS_SHOWN = 10
PROBLEMS_SHOWN = 100
Said = Annotated[str, Form(max_length=60_000)]
Line = Annotated[str, Form(max_length=300)]
router = page_router()

NOTED = (
    N_("import ordered"),
    N_("profile saved"),
    N_("profile deleted"),
    N_("profile"),
    N_("file"),
)


@router.get(PATH, **needs(Role.ADMIN))
def intake(visit: Visiting) -> Response:
    """Show where files are uploaded, the last imports, and the profiles."""
    return _start(visit)


@router.post(f"{PATH}/files", **needs(Role.ADMIN, UPLOAD_BYTES_MAX + _AROUND))
def upload(visit: Visiting, file: UploadFile, kind: Line = "", profile: Line = "", how: Said = "") -> Response:
    """Keep an uploaded file, and show how it is read."""
    if not file.filename or not file.size:
        return _start(visit, problem=visit.text("Choose a file that is not empty."), kind=kind, profile=profile)
    token = keep(visit, file.filename, file.file.read())
    chosen = [(key, value) for key, value in (("kind", kind), ("profile", profile)) if value]
    query = import_address.written(how_written(how)) if how else urlencode(chosen)
    return visit.go(f"{PATH}/files/{token}" + (f"?{query}" if query else ""))


@router.get(f"{PATH}/files/{{token}}", **needs(Role.ADMIN))
def show_file(visit: Visiting, token: str) -> Response:
    """Show how a file is read, and what is wrong in it."""
    return _show(visit, find(visit, token), how_in(visit.request.query_params.multi_items()))


@router.post(f"{PATH}/files/{{token}}/order", **needs(Role.ADMIN))
def order(
    visit: Visiting,
    token: str,
    how: Said = "",
    assign: Line = "",
    strict: Annotated[bool, Form()] = False,
    then: Line = "dry run",
) -> Response:
    """Try the import out, or order it."""
    kept = find(visit, token)
    chosen = how_written(how)
    if then != "import":
        source = source_of(visit, kept)
        try:
            dry_run(visit, kept, source, chosen, assign or None, is_strict=strict)
        except Refused as refusal:
            return _show(visit, kept, chosen, problem=refusal.said, assign=assign, strict=strict)
        return visit.go(f"{PATH}/files/{token}/report")
    try:
        job_id, is_new = _order(visit, kept, chosen, assign or None, is_strict=strict)
    except Gone:
        raise
    except Refused as refusal:
        return _show(visit, kept, chosen, problem=refusal.said, assign=assign, strict=strict)
    said = (
        visit.text("The import is ordered.")
        if is_new
        else visit.text("This file was ordered to be imported before.")
    )
    return visit.go(f"/jobs/{job_id}", said=said)


@router.post(f"{PATH}/files/{{token}}/profile", **needs(Role.ADMIN))
def save_profile(
    visit: Visiting, token: str, name: Line, how: Said = "", replace: Annotated[bool, Form()] = False
) -> Response:
    """Save how the file is read, for the next one from the same program."""
    kept = find(visit, token)
    chosen = how_written(how)
    source = source_of(visit, kept)
    try:
        with visit.work() as work:
            reading = read_as(work.session, source, chosen)
            if reading.profile is None:
                raise Refused("There is nothing to save: the file could not be read.")
            known = {one.kind for one in saved_profiles(work.session, name.strip())}
            if reading.profile.kind in known and not replace:
                raise Refused("There is a profile {name} already. Say that it is to be replaced.", name=name)
            keep_profile(work.session, name, reading.profile, work.acting.by)
            work.note("profile saved", "profile", name.strip(), kind=reading.profile.kind)
    except Refused as refusal:
        return _show(visit, kept, chosen, profile_problem=refusal.said, profile_name=name)
    return visit.go(_address(kept, chosen), said=visit.text("The profile is saved."))


@router.post(f"{PATH}/profiles/delete", **needs(Role.ADMIN))
def forget_profile(visit: Visiting, name: Line, kind: Line) -> Response:
    """Forget a profile."""
    with visit.work() as work:
        if not delete_profile(work.session, name, kind):
            raise Refused("There is no such profile any more.")
        work.note("profile deleted", "profile", name, kind=kind)
    return visit.go(PATH, said=visit.text("The profile is deleted."))


def _start(visit: Visit, *, problem: str | None = None, kind: str = "", profile: str = "") -> Response:
    with transaction(visit.web.engine) as session:
        imports = job_page(session, IMPORTS_SHOWN, kind="import")
        files = job_file_names(session, [job.id for job in imports])
        profiles = saved_profiles(session)
    return visit.page(
        "intake/start.html",
        status=422 if problem else 200,
        problem=problem,
        kinds=import_address.KINDS,
        kind=kind,
        profile=profile,
        imports=imports,
        files=files,
        profiles=profiles,
        megabytes_max=UPLOAD_BYTES_MAX // 1024 // 1024,
    )


def _show(visit: Visit, kept: UploadLine, how: HowToRead, **said: Any) -> Response:
    source = source_of(visit, kept)
    problem = said.get("problem")
    with transaction(visit.web.engine) as session:
        try:
            reading, headers = read_as(session, source, how), headers_seen(source, how)
        except Refused as refusal:
            # What was said of the file makes no sense: it is read as it is, beside the complaint.
            how, problem = HowToRead(), problem or refusal.said
            reading, headers = read_as(session, source, how), headers_seen(source, how)
        columns = columns_for(session, reading.kind) if reading.kind is not None and headers else ()
        profiles = saved_profiles(session)
        cadences = published_names(session)
    sure = {one.subject: one.confidence for one in reading.guesses}
    values = {
        "problem": problem,
        "profile_problem": None,
        "profile_name": "",
        "assign": "",
        "strict": False,
        **{key: value for key, value in said.items() if key != "problem"},
    }
    return visit.page(
        "intake/file.html",
        status=422 if problem or values["profile_problem"] else 200,
        upload=kept,
        how=how,
        query=import_address.written(how),
        reading=reading,
        headers=headers,
        columns=columns,
        places=places_of(columns, reading, how),
        sure=sure,
        kinds=import_address.KINDS,
        dates=import_address.DATES,
        numbers=import_address.NUMBERS,
        encodings=import_address.ENCODINGS,
        profiles=profiles,
        cadences=cadences,
        problems_shown=PROBLEMS_SHOWN,
        **values,
    )


def _order(
    visit: Visit, kept: UploadLine, how: HowToRead, assign: str | None, *, is_strict: bool
) -> tuple[int, bool]:
    """Order the import of the file; return its job, and whether it is new: a form that is sent twice makes one.

    Raises Gone and Refused.
    """
    with visit.work() as work:
        # Another process may be ordering the same upload: the second one waits here, and finds the job.
        held = lock_upload(work.session, kept.id)
        if held is None:
            raise gone(visit)
        content, before = held
        if before is not None:
            work.nothing_changed()
            return before, False
        source = Source(kept.name, content)
        reading = read_as(work.session, source, how)
        job_id = order_import(work.session, source, reading, is_strict=is_strict, assign=assign, by=work.acting.by)
        set_job(work.session, kept.id, job_id)
        work.note("import ordered", "job", str(job_id), file=kept.name)
    return job_id, True


def _address(kept: UploadLine, how: HowToRead) -> str:
    query = import_address.written(how)
    return f"{PATH}/files/{kept.token}" + (f"?{query}" if query else "")
