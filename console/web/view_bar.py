"""The bar of views above a list: those that everybody has, and those that people saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.web.visit import Visit
from db.engine import Session
from db.queries.access import Role
from db.queries.saved_views import Page, SavedViewLine, saved_views


@dataclass(frozen=True, slots=True)
class ViewBar:
    """The saved views of a page, where the present list is, and what may be done about it.

    `here` is the saved view that lists just this, `is_new` says that no view does; `may_share` that the visitor
    keeps views for everybody.
    """

    page: Page
    address: str
    saved: Sequence[SavedViewLine]
    here: SavedViewLine | None
    is_new: bool
    may_share: bool

    @property
    def may_change(self) -> bool:
        """Say whether the visitor may rename or delete the view that they are at."""
        return self.here is not None and (self.may_share or not self.here.is_shared)


def view_bar(session: Session, visit: Visit, page: Page, address: str, fixed: Sequence[str]) -> ViewBar:
    """Return the bar above the list at the address; `fixed` are the addresses of the views that everybody has."""
    saved = saved_views(session, page, visit.user.user_id)
    # Of two that list the same, one's own comes first: that one can be changed by everybody.
    here = min((one for one in saved if one.address == address), key=lambda one: one.is_shared, default=None)
    is_new = here is None and address not in fixed
    return ViewBar(page, address, saved, here, is_new, visit.user.role.may_act_as(Role.ADMIN))
