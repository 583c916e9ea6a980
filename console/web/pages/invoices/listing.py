"""The list of invoices: what is owed since when, where it stands, and what comes next and why."""

from starlette.responses import Response

from console.web.beside import WAIT_SECONDS
from console.web.guard import needs, page_router
from console.web.pages.invoices import words
from console.web.pages.invoices.axis import kept_reasons
from console.web.pages.invoices.filters import PATH, Asked, path_of_list, read
from console.web.view_bar import view_bar
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import transaction
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.catalogue import cadence_names, published_names
from db.queries.customer_records import customer_record_of
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.invoices import invoice_count, invoice_page
from db.queries.lists.orders import Order
from rules.fields import Aging

PAGE_LINES = 50
router = page_router()
# Lists that everybody comes back to; what else somebody comes back to is saved (`pages/views.py`).
VIEWS = (
    (N_("All unpaid"), InvoiceChoice()),
    (N_("Overdue"), InvoiceChoice(aging=(Aging.TO_30, Aging.TO_60, Aging.TO_90, Aging.ABOVE_90))),
    (N_("More than 60 days"), InvoiceChoice(aging=(Aging.TO_90, Aging.ABOVE_90))),
    (N_("A person's turn"), InvoiceChoice(stages=("todo", "blocked", "exhausted"))),
    (N_("On hold"), InvoiceChoice(stages=("held",))),
    (N_("Disputed"), InvoiceChoice(risks=(Risk.DISPUTED,))),
    (N_("Promise broken"), InvoiceChoice(risks=(Risk.BROKEN_PROMISE,))),
    (N_("Without a cadence"), InvoiceChoice(has_cadence=False)),
    (N_("Hidden"), InvoiceChoice(is_hidden=True)),
    (N_("Paid"), InvoiceChoice(state="paid")),
)
STATES = {
    "unsettled": N_("unpaid"),
    "paid": N_("paid"),
    "draft": N_("draft"),
    "written_off": N_("written off"),
    "void": N_("void"),
    "any": N_("any"),
}
ORDERS = {
    Order.OUTSTANDING: N_("highest amount"),
    Order.DUE: N_("longest due"),
    Order.CUSTOMER: N_("customer"),
    Order.NEXT_ACTION: N_("next action"),
    Order.NEWEST: N_("newest"),
}
AGES = {
    Aging.NOT_DUE: N_("not due"),
    Aging.TO_30: N_("1 to 30 days"),
    Aging.TO_60: N_("31 to 60 days"),
    Aging.TO_90: N_("61 to 90 days"),
    Aging.ABOVE_90: N_("more than 90 days"),
}
RISKS = {
    Risk.OLD: N_("more than 60 days overdue"),
    Risk.DISPUTED: N_("disputed"),
    Risk.BROKEN_PROMISE: N_("promise broken"),
    Risk.BLOCKED: N_("blocked"),
}


@router.get(PATH, **needs(Role.MEMBER))
def list_page(visit: Visiting) -> Response:
    """Show the list that the address asks for."""
    return show_list(visit, read(visit.request.query_params))


@router.get(f"{PATH}/count", **needs(Role.MEMBER))
def count(visit: Visiting) -> Response:
    """Say how many invoices there are in the list that the address asks for."""
    choice, engine, now = read(visit.request.query_params).choice, visit.web.engine, visit.now

    def counted() -> tuple[int, bool]:
        with transaction(engine) as session:
            return invoice_count(session, choice, local_date(session, now))

    wait_seconds = WAIT_SECONDS if "hx-request" in visit.request.headers else None
    found = visit.web.beside.ask(("invoices", choice), counted, wait_seconds)
    if found is None:
        return Response(status_code=204)
    return visit.page("invoices/count.html", count=found[0], at_least=found[1], counted=None)


def show_list(visit: Visit, asked: Asked, *, problem: str | None = None, status: int = 200) -> Response:
    """Show a list of invoices."""
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        names = cadence_names(session)
        published = published_names(session)
        customer = (
            None if asked.choice.customer_id is None else customer_record_of(session, asked.choice.customer_id)
        )
        page = invoice_page(session, asked.choice, today, PAGE_LINES, asked.order, asked.after)
        views = [(name, path_of_list(choice)) for name, choice in VIEWS]
        bar = view_bar(session, visit, "invoices", asked.address(), [path for _, path in views])
    first = None if asked.after is None else asked.address()
    return visit.page(
        "invoices/list.html",
        part="invoices/lines.html",
        status=status,
        asked=asked,
        choice=asked.choice,
        page=page,
        count=page.count,
        at_least=page.at_least,
        # To look at so many takes longer than a page may: they are counted once the page is there.
        counted=asked.address().replace(PATH, f"{PATH}/count", 1) if page.at_least else None,
        reasons={line.id: kept_reasons(visit.reader, line.because) for line in page.lines},
        today=today,
        cadences=names,
        published=published,
        customer=customer,
        views=views,
        bar=bar,
        query=asked.address().partition("?")[2],
        first=first,
        further=asked.address(after=page.ends_at) if page.ends_at is not None else None,
        states=STATES,
        orders=ORDERS,
        ages=AGES,
        risks={risk.name.lower(): word for risk, word in RISKS.items()},
        chosen_risks=[risk.name.lower() for risk in asked.choice.risks],
        problem=problem,
        words=words,
    )
