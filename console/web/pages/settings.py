"""The way into the settings: their first page."""

from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_frame import SECTIONS, SETTINGS_PATH
from console.web.visit import Visiting
from db.queries.access import Role

router = page_router()


@router.get(SETTINGS_PATH, **needs(Role.ADMIN))
def settings_page(visit: Visiting) -> Response:
    """Lead to the first subject."""
    return visit.go(SECTIONS[0].path)
