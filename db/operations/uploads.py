"""Keeps files that users uploaded until they are imported, or for some hours: any process may go on with them."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db.queries.uploads import KEPT_FOR
from db.tables.jobs import Upload

# Of all users together; the oldest go for one more.
FILES_MAX: Final = 20
BYTES_MAX: Final = 400 * 1024 * 1024


def keep_upload(session: Session, token: str, name: str, content: bytes, user_id: int, now: datetime) -> None:
    """Keep a file of the user, and forget those that are old or too many (ix_uploads_kept_at)."""
    size = len(content)
    newer_bytes = func.sum(Upload.size).over(order_by=Upload.kept_at.desc())
    place = func.row_number().over(order_by=Upload.kept_at.desc())
    ranked = select(Upload.id, place.label("place"), newer_bytes.label("bytes")).subquery()
    too_many = select(ranked.c.id).where((ranked.c.place >= FILES_MAX) | (ranked.c.bytes + size > BYTES_MAX))
    session.execute(delete(Upload).where((Upload.kept_at <= now - KEPT_FOR) | Upload.id.in_(too_many)))
    session.execute(
        insert(Upload).values(token=token, name=name, content=content, size=size, user_id=user_id, kept_at=now)
    )


def keep_report(session: Session, upload_id: int, report: bytes) -> None:
    """Keep what a dry run of the file said."""
    session.execute(update(Upload).where(Upload.id == upload_id).values(report=report))


def lock_upload(session: Session, upload_id: int) -> tuple[bytes, int | None] | None:
    """Return the content and the job that imports it, None if it is gone; nobody else orders it meanwhile."""
    statement = select(Upload.content, Upload.job_id).where(Upload.id == upload_id).with_for_update()
    row = session.execute(statement).one_or_none()
    return None if row is None else (row.content, row.job_id)


def set_job(session: Session, upload_id: int, job_id: int) -> None:
    """Keep which job imports the file."""
    session.execute(update(Upload).where(Upload.id == upload_id).values(job_id=job_id))
