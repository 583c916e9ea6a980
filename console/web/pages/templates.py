"""Templates: which texts there are, and the editor of one, with what is found in it while one types."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Form, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.cadences import is_admin
from console.web.template_form import (
    FORM_BYTES_MAX,
    PATH,
    Body,
    Language,
    Name,
    Subject,
    in_force,
    tags,
    typed,
)
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.book import open_invoice_ids
from db.queries.catalogue import cadence_ids
from db.queries.invoices import numbers_of
from db.queries.templates import Use, custom_field_keys, saved_lines, uses_of, uses_of_all
from intake.template_orders import findings_in, save_text_in, sound_language, sound_name
from mailer.findings import Finding
from mailer.texts import Text, shipped_languages, shipped_text, template_names

SUGGESTED = 12
router = page_router()


@router.get(PATH, **needs(Role.MEMBER))
def list_templates(visit: Visiting) -> Response:
    """List the templates with their languages and who saved them."""
    with transaction(visit.web.engine) as session:
        saved = {(one.name, one.language): one for one in saved_lines(session)}
        names = sorted(template_names() | {name for name, _ in saved})
        uses, ids = uses_of_all(session, names), cadence_ids(session)
    lines = []
    for name in names:
        shipped = {one for one in shipped_languages() if shipped_text(name, one) is not None}
        languages = sorted(shipped | {language for of, language in saved if of == name})
        lines.append((name, [(language, saved.get((name, language))) for language in languages]))
    return visit.page(
        "templates/list.html",
        lines=lines,
        uses={name: _steps(found) for name, found in uses.items()},
        ids=ids,
        is_admin=is_admin(visit),
    )


@router.get(f"{PATH}/new", **needs(Role.ADMIN))
def ask_for_new(visit: Visiting, name: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Ask for name and language of a new text."""
    return visit.page("templates/new.html", name=name, language="en", problem=None)


@router.post(f"{PATH}/new", **needs(Role.ADMIN))
def begin_new(
    visit: Visiting,
    name: Annotated[str, Form(max_length=100)] = "",
    language: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Lead to the editor of a new text, or of the one that is there; nothing is saved yet."""
    try:
        path = f"{PATH}/{sound_name(name.strip())}/{sound_language(language.strip())}"
    except Refused as refusal:
        values = {"name": name, "language": language, "problem": refusal.said}
        return visit.page("templates/new.html", status=422, **values)
    return visit.go(path)


@router.get(f"{PATH}/{{name}}", **needs(Role.MEMBER))
def choose_language(visit: Visiting, name: Name) -> Response:
    """Lead to the text in the reader's language, else in English, else in any."""
    with transaction(visit.web.engine) as session:
        known = {one.language for one in saved_lines(session) if one.name == name}
    known |= {one for one in shipped_languages() if shipped_text(name, one) is not None}
    if not known:
        raise HTTPException(404)
    language = next((one for one in (visit.reader.language, "en") if one in known), min(known))
    return visit.go(f"{PATH}/{name}/{language}")


@router.get(f"{PATH}/{{name}}/{{language}}", **needs(Role.MEMBER))
def edit(visit: Visiting, name: Name, language: Language) -> Response:
    """Show a text; who may change it gets the editor."""
    sound_language(language)
    with transaction(visit.web.engine) as session:
        found = in_force(session, name, language)
        like = found or in_force(session, name, "en")
    if found is None and not is_admin(visit):
        raise HTTPException(404)
    text = like.text if like is not None else Text("", "", language)
    return show(visit, name, Text(text.subject, text.body, language), found.edition if found is not None else 0)


@router.post(f"{PATH}/{{name}}/{{language}}", **needs(Role.ADMIN, FORM_BYTES_MAX))
def save(
    visit: Visiting,
    name: Name,
    language: Language,
    subject: Subject = "",
    body: Body = "",
    edition: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Save the text as the one in force, unless something in it is wrong or somebody else was faster."""
    text = typed(subject, body, language)
    try:
        with visit.work() as work:
            saved = save_text_in(work.session, name, text, visit.user.email, edition)
            if saved.number is None:
                work.nothing_changed()
            else:
                work.note("template saved", "template", name, language=language, edition=saved.number)
    except Refused as refusal:
        return show(visit, name, text, edition, refusal.said, 409)
    if saved.errors:
        said = visit.text("It was not saved: mend the errors below first.")
        return show(visit, name, text, edition, said, 422)
    if saved.number is None:
        return visit.go(f"{PATH}/{name}/{language}", said=visit.text("Nothing changed, it is in force already."))
    said = visit.text("Saved as edition %(number)s: messages written from now on say so.", number=saved.number)
    return visit.go(f"{PATH}/{name}/{language}", said=said)


@router.post(f"{PATH}/{{name}}/{{language}}/check", **needs(Role.ADMIN, FORM_BYTES_MAX))
def check(visit: Visiting, name: Name, language: Language, subject: Subject = "", body: Body = "") -> Response:
    """Say what is found in the text as it stands in the form; nothing is saved."""
    with transaction(visit.web.engine) as session:
        findings = findings_in(session, name, typed(subject, body, language))
    return visit.page("templates/findings.html", part="templates/findings.html", findings=findings)


def show(
    visit: Visit,
    name: str,
    text: Text,
    edition: int,
    problem: str | None = None,
    status: int = 200,
    **more: Any,
) -> Response:
    """Show the editor with the text, whether it is in force or only typed."""
    with transaction(visit.web.engine) as session:
        findings: Sequence[Finding] = findings_in(session, name, text) if text.subject or text.body.strip() else ()
        suggested = sorted(numbers_of(session, list(open_invoice_ids(session, 0, SUGGESTED))).values())
        groups = tags(custom_field_keys(session))
        uses, ids = _steps(uses_of(session, name)), cadence_ids(session)
        known = {one.language for one in saved_lines(session) if one.name == name}
    known |= {one for one in shipped_languages() if shipped_text(name, one) is not None}
    values = {"number": suggested[0] if suggested else "", "to": visit.user.email, **more}
    return visit.page(
        "templates/edit.html",
        status=status,
        name=name,
        text=text,
        edition=edition,
        problem=problem,
        findings=findings,
        suggested=suggested,
        groups=groups,
        uses=uses,
        ids=ids,
        languages=sorted(known | {text.language}),
        is_there=text.language in known,
        is_admin=is_admin(visit),
        **values,
    )


def _steps(uses: Sequence[Use]) -> list[tuple[str, str]]:
    """Return cadences and steps, each once: most are in force and drafted."""
    return list(dict.fromkeys((use.cadence, use.step_id) for use in uses))
