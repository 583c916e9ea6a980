"""Reads the lists that people saved under names."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.tables.views import SavedView

Page = Literal["invoices", "actions"]
# Of each user, and of all together, for each page: a list of names is to be looked over.
VIEWS_MAX = 40


@dataclass(frozen=True, slots=True)
class SavedViewLine:
    """A list under its name; `is_shared` says that everybody sees it."""

    id: int
    page: str
    name: str
    address: str
    user_id: int | None

    @property
    def is_shared(self) -> bool:
        """Say whether it is everybody's."""
        return self.user_id is None


def saved_views(session: Session, page: Page, user_id: int) -> list[SavedViewLine]:
    """Return the user's views of the page and everybody's, by name (uq_saved_views_own, uq_saved_views_shared)."""
    statement = (
        select(SavedView)
        .where(SavedView.page == page, or_(SavedView.user_id == user_id, SavedView.user_id.is_(None)))
        .order_by(func.lower(SavedView.name), SavedView.id)
        .limit(2 * VIEWS_MAX)
    )
    return [_line(view) for view in session.scalars(statement)]


def saved_view(session: Session, view_id: int, user_id: int) -> SavedViewLine | None:
    """Return the view, None if there is none or it is another user's own."""
    view = session.get(SavedView, view_id)
    return None if view is None or view.user_id not in (None, user_id) else _line(view)


def _line(view: SavedView) -> SavedViewLine:
    return SavedViewLine(view.id, view.page, view.name, view.address, view.user_id)
