"""Keeps lists under names: a user's own, and those of everybody."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.queries.saved_views import VIEWS_MAX, Page
from db.tables.views import SavedView

NAME_CHARACTERS_MAX = 60


def save_view(session: Session, page: Page, name: str, address: str, user_id: int | None, by: str) -> int:
    """Keep a list under a name, for the user or, without one, for everybody; return its id.

    Raises Refused for a name that is taken or cannot be one, and for one view too many.
    """
    of_whom = SavedView.user_id.is_(None) if user_id is None else SavedView.user_id == user_id
    count = session.scalar(select(func.count()).select_from(SavedView).where(of_whom, SavedView.page == page))
    if count is not None and count >= VIEWS_MAX:
        raise Refused("there are {most} views already; delete one that nobody needs", most=VIEWS_MAX)
    statement = insert(SavedView).values(
        page=page, name=_name(name), address=address, user_id=user_id, created_by=by
    )
    try:
        with session.begin_nested():
            return session.scalars(statement.returning(SavedView.id)).one()
    except IntegrityError as error:
        raise _taken(name) from error


def rename_view(session: Session, view_id: int, name: str) -> bool:
    """Give the view another name, and say whether it is another one. Raises Refused."""
    statement = update(SavedView).where(SavedView.id == view_id, SavedView.name != _name(name))
    try:
        with session.begin_nested():
            return bool(session.scalars(statement.values(name=_name(name)).returning(SavedView.id)).all())
    except IntegrityError as error:
        raise _taken(name) from error


def delete_view(session: Session, view_id: int) -> bool:
    """Forget the view, and say whether there was one."""
    return bool(session.scalars(delete(SavedView).where(SavedView.id == view_id).returning(SavedView.id)).all())


def _name(name: str) -> str:
    plain = name.strip()
    if not plain or not plain.isprintable() or len(plain) > NAME_CHARACTERS_MAX:
        raise Refused("a view has a name of up to {most} characters", most=NAME_CHARACTERS_MAX)
    return plain


def _taken(name: str) -> Refused:
    return Refused(
        "there is a view {name!r} already; choose another name, or delete that one first", name=name.strip()
    )
