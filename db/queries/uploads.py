"""Reads the files that users uploaded and have not imported yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.jobs import Upload

KEPT_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class UploadLine:
    """An upload without its content; `job_id` is the job that imports it."""

    id: int
    token: str
    name: str
    job_id: int | None


def upload_with(session: Session, token: str, user_id: int, now: datetime) -> UploadLine | None:
    """Return the user's upload, None if it is gone, too old, or somebody else's (uq_uploads_token)."""
    statement = select(Upload.id, Upload.token, Upload.name, Upload.job_id).where(
        Upload.token == token, Upload.user_id == user_id, Upload.kept_at > now - KEPT_FOR
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else UploadLine(*row)


def upload_content(session: Session, upload_id: int) -> bytes | None:
    """Return what is in the file, None if it is gone."""
    return session.scalar(select(Upload.content).where(Upload.id == upload_id))


def upload_report(session: Session, upload_id: int) -> bytes | None:
    """Return what the last dry run said, None if there was none."""
    return session.scalar(select(Upload.report).where(Upload.id == upload_id))
