"""Saves texts: each as a new edition, so that what was sent can always be explained."""

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.templates import Template


def one_saver_at_a_time(session: Session, name: str, language: str) -> None:
    """Let two who save the same text at once queue; whoever is second has the newer edition."""
    key = f"template {name} {language}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def save_template(session: Session, name: str, language: str, subject: str, body: str, by: str) -> int | None:
    """Save a text as the edition in force and return its number, None if it is the one in force already."""
    one_saver_at_a_time(session, name, language)
    mine = (Template.name == name) & (Template.language == language)
    current = session.execute(
        select(Template.subject, Template.body).where(mine, Template.is_current)
    ).one_or_none()
    if current is not None and (current.subject, current.body) == (subject, body):
        return None
    number = (session.scalar(select(func.max(Template.number)).where(mine)) or 0) + 1
    session.execute(update(Template).where(mine, Template.is_current).values(is_current=False))
    values = {"name": name, "language": language, "number": number, "subject": subject, "body": body}
    session.execute(insert(Template).values(**values, saved_by=by))
    return int(number)
