"""The list of customers: who owes what, and since when."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.visit import Visiting
from db.engine import transaction
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.customers import customer_id_of
from db.queries.lists.customers import CustomerChoice, CustomerPlace, customer_page
from db.queries.timelines import BIGINT_MAX

PATH = "/customers"
PAGE_LINES = 50
Words = Annotated[str, Query(max_length=400)]
router = page_router()


@router.get("/customer", **needs(Role.MEMBER))
def customer_numbered(visit: Visiting, number: Annotated[str, Query(max_length=200)]) -> Response:
    """Lead to the customer with a number."""
    with transaction(visit.web.engine) as session:
        customer_id = None if "\0" in number else customer_id_of(session, number)
    if customer_id is None:
        raise HTTPException(404)
    return visit.go(f"{PATH}/{customer_id}")


@router.get(PATH, **needs(Role.MEMBER))
def customers_page(
    visit: Visiting,
    words: Words = "",
    owing: Annotated[str, Query(max_length=10)] = "",
    after_name: Words = "",
    after_id: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """List the customers by name."""
    said = "".join(one for one in words if one >= " ").strip()[:100]
    chosen = CustomerChoice(said or None, owing == "yes")
    after = None if after_id is None else CustomerPlace(after_name.replace("\0", ""), after_id)
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        page = customer_page(session, chosen, today, PAGE_LINES, after)
    asked = {key: value for key, value in (("words", said), ("owing", "yes" if chosen.is_owing else "")) if value}
    further = None
    if page.ends_at is not None:
        place = {"after_name": page.ends_at.name, "after_id": str(page.ends_at.customer_id)}
        further = f"{PATH}?{urlencode({**asked, **place})}"
    return visit.page(
        "customers/list.html",
        part="customers/lines.html",
        page=page,
        chosen=chosen,
        today=today,
        first=None if after is None else f"{PATH}?{urlencode(asked)}",
        further=further,
    )
