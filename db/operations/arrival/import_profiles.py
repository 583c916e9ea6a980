"""Keeps profiles: how files of one kind from one program are read."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.jobs import ImportProfile


def save_profile(session: Session, name: str, kind: str, profile: Mapping[str, Any], by: str) -> None:
    """Keep the profile under the name, in place of an older one of its kind."""
    values = {"profile": dict(profile), "saved_at": func.now(), "saved_by": by}
    statement = insert(ImportProfile).values(name=name, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["name", "kind"], set_=values))


def delete_profile(session: Session, name: str, kind: str | None) -> int:
    """Forget the profiles of this name, of one kind or of all; return how many there were."""
    of_name = delete(ImportProfile).where(ImportProfile.name == name)
    if kind is not None:
        of_name = of_name.where(ImportProfile.kind == kind)
    return len(session.scalars(of_name.returning(ImportProfile.id)).all())
