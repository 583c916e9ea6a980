"""What is said: the texts that users saved over those that are shipped."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id


class Template(Base):
    """One edition of a text in one language. The newest is in force; the others are its history."""

    __tablename__ = "templates"
    __table_args__ = (
        UniqueConstraint("name", "language", "number"),
        Index("uq_templates_current", "name", "language", unique=True, postgresql_where=text("is_current")),
    )

    id: Mapped[Id]
    name: Mapped[str]
    language: Mapped[str]
    number: Mapped[int]
    subject: Mapped[str]
    body: Mapped[str]
    is_current: Mapped[bool] = mapped_column(server_default=text("true"))
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    saved_by: Mapped[str]
