"""Settings: when messages go out, and what happens around payments and promises."""

from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_fields import CALENDAR, MONEY, SENDING
from console.web.settings_saving import Sent, save_form, show_forms
from console.web.visit import Visiting
from db.queries.access import Role

PATH = "/settings/calendar"
FORMS = (CALENDAR, SENDING, MONEY)
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def calendar(visit: Visiting) -> Response:
    """Show calendar and sending."""
    return show_forms(visit, "calendar", FORMS)


@router.post(f"{PATH}/{{form}}", **needs(Role.ADMIN))
def save(visit: Visiting, form: str, sent: Sent) -> Response:
    """Save one of the forms."""
    return save_form(visit, PATH, "calendar", FORMS, form, sent)
