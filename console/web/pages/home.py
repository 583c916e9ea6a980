"""The way home: the first page that a role has."""

from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.navigation import first_page
from console.web.visit import Visiting
from db.queries.access import Role

router = page_router()


@router.get("/", **needs(Role.MEMBER))
def home(visit: Visiting) -> Response:
    """Lead to where the visitor's work is."""
    return visit.go(first_page(visit.user.role))
