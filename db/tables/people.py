"""Who works here: users, the groups that share work, and the senders that messages go out from."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of

ROLES = ("owner", "admin", "member")


class User(Base):
    """A member of the team. One who left is kept, inactive, because the timeline names them.

    Without a password hash (argon2id) nobody signs in by password; without a locale the browser's is taken.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", func.lower(text("email")), unique=True),
        one_of("role", ROLES),
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    phone: Mapped[str | None]
    signature: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    role: Mapped[str] = mapped_column(server_default="member")
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]


class Group(Base):
    """People who share their to-dos, such as Cash Collectors: whoever is first does one."""

    __tablename__ = "groups"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class GroupMember(Base):
    """A user in a group."""

    __tablename__ = "group_members"
    __table_args__ = (Index("ix_group_members_user_id", "user_id"),)

    group_id: Mapped[Ref] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[Ref] = mapped_column(ForeignKey("users.id"), primary_key=True)


class DomainCheck(Base):
    """What a domain that messages go out from had published when somebody asked last.

    `selector` is that of its DKIM key, as somebody said; `findings` are as `mailer/domain_check.py` has them.
    """

    __tablename__ = "domain_checks"
    __table_args__ = (CheckConstraint("domain <> '' AND domain = lower(domain)", name="domain"),)

    domain: Mapped[str] = mapped_column(primary_key=True)
    selector: Mapped[str | None]
    checked_at: Mapped[datetime]
    checked_by: Mapped[str]
    findings: Mapped[list[dict[str, Any]]]


class Sender(Base):
    """An address that messages go out from: a member's or an alias. Nothing goes out from an unverified one.

    `minute_max` and `day_max` bound its messages over all workers; None does not. `next_at` is the moment of the
    next free slot, `day` and `day_count` how many slots were taken on the day.
    """

    __tablename__ = "senders"
    __table_args__ = (
        Index("uq_senders_email", func.lower(text("email")), unique=True),
        Index("uq_senders_default", "is_default", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("minute_max > 0 AND day_max > 0", name="throttle"),
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    phone: Mapped[str | None]
    signature: Mapped[str | None]
    # Where replies go, if not to the sender; the token of the message is put behind its local part.
    reply_to: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    # What was sent to the address to verify it, as SHA-256, and when.
    code_digest: Mapped[str | None]
    code_sent_at: Mapped[datetime | None]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    minute_max: Mapped[int | None]
    day_max: Mapped[int | None]
    next_at: Mapped[datetime | None]
    day: Mapped[date | None]
    day_count: Mapped[int] = mapped_column(server_default="0")
