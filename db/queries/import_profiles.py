"""Reads the profiles that files are read by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.jobs import ImportProfile

PROFILES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """A profile as it was saved."""

    name: str
    kind: str
    profile: Mapping[str, Any]
    saved_at: datetime
    saved_by: str


def saved_profiles(session: Session, name: str | None = None) -> list[SavedProfile]:
    """Return the profiles, of one name or all, by name and kind (uq_import_profiles_name_kind)."""
    statement = select(ImportProfile).order_by(ImportProfile.name, ImportProfile.kind).limit(PROFILES_MAX)
    if name is not None:
        statement = statement.where(ImportProfile.name == name)
    return [
        SavedProfile(row.name, row.kind, row.profile, row.saved_at, row.saved_by)
        for row in session.scalars(statement)
    ]
