"""Cadences with their versions and steps."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of
from dunning.cadence import (
    CONTACT_DELAY_DAYS_MAX,
    REPEAT_EVERY_DAYS_MAX,
    REPEAT_LIMIT_MAX,
    Anchor,
    Channel,
    Execution,
    Logic,
)


class Cadence(Base):
    """A named cadence; what it consists of stands in its versions."""

    __tablename__ = "cadences"
    __table_args__ = (
        Index("uq_cadences_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))


class CadenceVersion(Base):
    """One edition of a cadence. At most one is published: that one governs every running collection.

    A cadence without one is a draft that was never published, or retired: nothing can be put under it.
    """

    __tablename__ = "cadence_versions"
    __table_args__ = (
        UniqueConstraint("cadence_id", "number"),
        one_of("logic", Logic),
        one_of("state", ("draft", "published", "retired")),
        CheckConstraint(
            f"contact_delay_days_min BETWEEN 0 AND {CONTACT_DELAY_DAYS_MAX}", name="contact_delay_days_min"
        ),
        Index(
            "uq_cadence_versions_published",
            "cadence_id",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
    )

    id: Mapped[Id]
    cadence_id: Mapped[Ref] = mapped_column(ForeignKey("cadences.id"))
    number: Mapped[int]
    logic: Mapped[str]
    contact_delay_days_min: Mapped[int]
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]


class CadenceStep(Base):
    """A step of one version. `step_id` is stable across versions, so that edits find what was done."""

    __tablename__ = "cadence_steps"
    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        one_of("anchor", Anchor),
        one_of("channel", Channel),
        one_of("execution", Execution),
        CheckConstraint("offset_days >= 0 OR anchor = 'due_date'", name="offset_days"),
        CheckConstraint("execution = 'manual' OR channel NOT IN ('call', 'task')", name="manual_only"),
        CheckConstraint(
            "num_nulls(repeat_every_days, repeat_limit) IN (0, 2)"
            f" AND repeat_every_days BETWEEN 1 AND {REPEAT_EVERY_DAYS_MAX}"
            f" AND repeat_limit BETWEEN 1 AND {REPEAT_LIMIT_MAX}",
            name="repeat",
        ),
    )

    version_id: Mapped[Ref] = mapped_column(ForeignKey("cadence_versions.id"), primary_key=True)
    step_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    anchor: Mapped[str]
    offset_days: Mapped[int]
    channel: Mapped[str]
    execution: Mapped[str]
    template: Mapped[str | None]
    never_supersede: Mapped[bool] = mapped_column(server_default=text("false"))
    repeat_every_days: Mapped[int | None]
    repeat_limit: Mapped[int | None]
    name: Mapped[str | None]
    # Who does its to-dos: users by e-mail address and groups by name; the first of them that there is.
    responsible: Mapped[list[str]] = mapped_column(server_default="[]")
    # The address of a sender; None is the default one.
    sender: Mapped[str | None]
    # Roles of contacts; without any, or without such a contact, it is the main contact.
    recipients: Mapped[list[str]] = mapped_column(server_default="[]")
    cc: Mapped[list[str]] = mapped_column(server_default="[]")
    bcc: Mapped[list[str]] = mapped_column(server_default="[]")
