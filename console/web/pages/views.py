"""Views: lists that people keep under a name, for themselves or, if they are admins, for everybody."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, Path
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import NotAllowed, needs, page_router
from console.web.local_paths import local_path
from console.web.pages import actions
from console.web.pages.action_filter import ALL, TODOS
from console.web.pages.action_filter import Asked as AskedActions
from console.web.pages.invoices import filters as invoice_filters
from console.web.pages.invoices.listing import show_list
from console.web.visit import Visit, Visiting
from console.web.words import N_
from console.web.work import Work
from db.operations.refusal import Refused
from db.operations.saved_views import delete_view, rename_view, save_view
from db.queries.access import Role
from db.queries.saved_views import Page, SavedViewLine, saved_view

NOTED = (
    N_("view saved"),
    N_("view renamed"),
    N_("view deleted"),
    N_("view"),
    N_("address"),
    N_("shared"),
)
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Line = Annotated[str, Form(max_length=300)]
Address = Annotated[str, Form(max_length=4000)]
router = page_router()


@router.post("/views", **needs(Role.MEMBER))
def save(visit: Visiting, address: Address, name: Line = "", shared: Annotated[bool, Form()] = False) -> Response:
    """Keep the list at the address under a name."""
    page, plain = _list_at(address)
    if shared:
        _require_admin(visit)
    try:
        with visit.work() as work:
            user_id = None if shared else visit.user.user_id
            save_view(work.session, page, name, plain, user_id, work.acting.by)
            _note(work, "view saved", name.strip(), plain, shared)
    except Refused as refusal:
        return _show(visit, page, plain, refusal)
    return visit.go(plain, said=visit.text("The view is saved."))


@router.post("/views/{view_id}/rename", **needs(Role.MEMBER))
def rename(visit: Visiting, view_id: Id, name: Line = "") -> Response:
    """Give a view another name."""
    address, page = "/", None
    try:
        with visit.work() as work:
            view = _view(visit, work, view_id)
            address, page = view.address, _list_at(view.address)[0]
            if rename_view(work.session, view_id, name):
                work.note("view renamed", "view", name.strip(), was=view.name)
            else:
                work.nothing_changed()
    except Refused as refusal:
        assert page is not None, "the view was read before"
        return _show(visit, page, address, refusal)
    return visit.go(address, said=visit.text("The view is renamed."))


@router.post("/views/{view_id}/delete", **needs(Role.MEMBER))
def delete(visit: Visiting, view_id: Id) -> Response:
    """Forget a view."""
    with visit.work() as work:
        view = _view(visit, work, view_id)
        delete_view(work.session, view_id)
        _note(work, "view deleted", view.name, view.address, view.is_shared)
    return visit.go(view.address, said=visit.text("The view is deleted; the list is as it was."))


def _note(work: Work, verb: str, name: str, address: str, is_shared: bool) -> None:
    work.note(verb, "view", name, address=address, shared=is_shared or None)


def _view(visit: Visit, work: Work, view_id: int) -> SavedViewLine:
    """Return a view that the visitor may change. Raises HTTPException and NotAllowed."""
    view = saved_view(work.session, view_id, visit.user.user_id)
    if view is None:
        raise HTTPException(404)
    if view.is_shared:
        _require_admin(visit)
    return view


def _require_admin(visit: Visit) -> None:
    if not visit.user.role.may_act_as(Role.ADMIN):
        raise NotAllowed(Role.ADMIN)


def _list_at(address: str) -> tuple[Page, str]:
    """Return which list is at the address, and the address as the list itself writes it. Raises HTTPException."""
    parts = urlsplit(local_path(address))
    if parts.path == invoice_filters.PATH:
        return "invoices", invoice_filters.read(QueryParams(parts.query)).address()
    if parts.path in (TODOS, ALL):
        return "actions", AskedActions.of_path(address).list_path
    raise HTTPException(422)


def _show(visit: Visit, page: Page, address: str, refusal: Refused) -> Response:
    """Show the list again, with why nothing was done."""
    problem = refusal.said
    if page == "actions":
        return actions.show(visit, AskedActions.of_path(address), problem=problem)
    asked = invoice_filters.read(QueryParams(urlsplit(address).query))
    return show_list(visit, asked, problem=problem, status=409)
