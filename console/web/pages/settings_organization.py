"""Settings: who the organization is, and how its messages look."""

from typing import Annotated

from fastapi import File, Form, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_fields import LOOK, WHO
from console.web.settings_frame import refused, require_version
from console.web.settings_saving import Sent, save_form, show_forms
from console.web.visit import Visiting
from db.engine import transaction
from db.operations.organization import lock_organization
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.organization import organization_logo
from intake.logo import LOGO_BYTES_MAX, sound_logo

PATH = "/settings/organization"
FORMS = (WHO, LOOK)
Version = Annotated[str, Form(max_length=100)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def organization(visit: Visiting) -> Response:
    """Show the organization."""
    return show_forms(visit, "organization", FORMS)


@router.get(f"{PATH}/logo", **needs(Role.ADMIN))
def logo(visit: Visiting) -> Response:
    """Return the logo, as messages have it."""
    with transaction(visit.web.engine) as session:
        found = organization_logo(session)
    if found is None:
        return visit.go(PATH)
    return Response(found[0], media_type=found[1])


@router.post(f"{PATH}/logo", **needs(Role.ADMIN, body_bytes_max=LOGO_BYTES_MAX + 64 * 1024))
def change_logo(
    visit: Visiting, version: Version, image: Annotated[UploadFile, File()], removes: Annotated[str, Form()] = ""
) -> Response:
    """Take another logo, or none."""
    if not isinstance(image.filename, str):
        raise HTTPException(422)
    with refused() as why, visit.work() as work:
        require_version(visit, version, lock_organization(work.session)["logo"])
        try:
            new = None if removes else sound_logo(image.file.read(LOGO_BYTES_MAX + 1), image.filename)
        except ValueError as wrong:
            raise Refused(
                "This is no logo. Take a PNG, JPEG or GIF image of at most {size} KB.", size=200
            ) from wrong
        if not work.desk.change_logo(new):
            work.nothing_changed()
    if why:
        return show_forms(visit, "organization", FORMS, problem=why[0])
    return visit.go(PATH, said=visit.text("The logo is saved."))


@router.post(f"{PATH}/{{form}}", **needs(Role.ADMIN))
def save(visit: Visiting, form: str, sent: Sent) -> Response:
    """Save one of the forms."""
    return save_form(visit, PATH, "organization", FORMS, form, sent)
