"""Lists that people saved: what they filter for, under a name."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref


class SavedView(Base):
    """A list of a page under a name: its user's own, or everybody's if it has no user. Names differ in letters.

    `address` is the list's path and what it filters for, as the page itself writes it.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        Index(
            "uq_saved_views_own",
            "user_id",
            "page",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        Index(
            "uq_saved_views_shared",
            "page",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("user_id IS NULL"),
        ),
        CheckConstraint("page IN ('invoices', 'actions')", name="page"),
        CheckConstraint("name <> '' AND name = trim(name) AND length(name) <= 60", name="name"),
        CheckConstraint("left(address, 1) = '/' AND length(address) <= 4000", name="address"),
    )

    id: Mapped[Id]
    page: Mapped[str]
    name: Mapped[str]
    address: Mapped[str]
    user_id: Mapped[Ref | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
