"""Shows forms of the organization's settings, and saves one of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from console.web.settings_fields import FieldForm, read, typed, weekdays, written
from console.web.settings_frame import refused, require_version, show, version_of
from console.web.visit import Visit
from db.engine import transaction
from db.operations.organization import lock_organization
from db.operations.refusal import Refused
from db.queries.organization import organization_settings
from db.queries.people import group_lines, user_lines
from intake.organization_orders import look_again
from intake.organization_settings import WrongSetting


async def _sent(request: Request) -> FormData:
    return await request.form()


Sent = Annotated[FormData, Depends(_sent)]


def show_forms(
    visit: Visit,
    template: str,
    forms: Sequence[FieldForm],
    *,
    problem: Refused | None = None,
    kept: Mapping[str, str] | None = None,
    expected: Mapping[str, str] | None = None,
    wrong_form: str | None = None,
) -> Response:
    """Show the forms; `kept` is what was typed into the one that is wrong, and `expected` what should be."""
    with transaction(visit.web.engine) as session:
        settings = organization_settings(session)
        owners = [(line.name, line.name) for line in group_lines(session)]
        owners += [(line.email, f"{line.name} ({line.email})") for line in user_lines(session) if line.is_active]
    shown = {form.name: written(form, settings) for form in forms}
    versions = {name: version_of(values) for name, values in shown.items()}
    if kept is not None and wrong_form is not None:
        shown[wrong_form] = dict(kept)
    return show(
        visit,
        template,
        problem=problem,
        forms=forms,
        shown=shown,
        versions=versions,
        expected=dict(expected or {}),
        wrong_form=wrong_form,
        owners=owners,
        zones=sorted(available_timezones()),
        weekdays=weekdays(),
        logo_size=None if settings["logo"] is None else len(settings["logo"]),
        logo_version=version_of(settings["logo"]),
    )


def save_form(
    visit: Visit, path: str, template: str, forms: Sequence[FieldForm], name: str, sent: FormData
) -> Response:
    """Save one of the forms, and let open collections look again if it says when somebody is contacted."""
    form = next((one for one in forms if one.name == name), None)
    if form is None:
        raise Refused("There is no such form.")
    values = typed(form, sent)
    sound, expected = read(form, values)
    if expected:
        problem = Refused("Nothing was saved. Mend what is marked below.")
        return show_forms(
            visit, template, forms, problem=problem, kept=values, expected=expected, wrong_form=form.name
        )
    version = sent.get("version")
    is_about_when = False
    with refused() as why, visit.work() as work:
        before = written(form, lock_organization(work.session))
        require_version(visit, version if isinstance(version, str) else "", before)
        try:
            changed, is_about_when = work.desk.change_settings(sound)
        except WrongSetting as wrong:
            raise Refused(str(wrong)) from wrong
        if not changed:
            work.nothing_changed()
    if why:
        # Who was late sees what is saved; who contradicts what is saved mends what they typed.
        is_late = why[0].__class__ is not Refused
        return show_forms(
            visit, template, forms, problem=why[0], kept=None if is_late else values, wrong_form=form.name
        )
    if is_about_when:
        look_again(visit.web.engine, visit.user.email)
        return visit.go(path, said=visit.text("The settings are saved; open collections look again."))
    return visit.go(path, said=visit.text("The settings are saved."))
