"""Who is signed in to the pages, and who changed what by them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, event, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref


class UserSession(Base):
    """A browser in which a user is signed in. Of its token only the SHA-256 is kept, in hexadecimal.

    It ends at `expires_at`, or earlier when nothing was asked for a while; one that has ended has no row.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        CheckConstraint("expires_at >= created_at", name="expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[Ref] = mapped_column(ForeignKey("users.id"))
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]


class AuditEntry(Base):
    """One thing that somebody did: who, what, about what, when and from where. Never changed or deleted.

    What happens to an invoice is on its timeline too; here is all that people did at the pages, and to accounts.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_actor", "actor", "id"),
        Index("ix_audit_log_verb", "verb", "id"),
        Index("ix_audit_log_actor_verb", "actor", "verb", "id"),
        Index("ix_audit_log_about", "about_kind", "about_name", "id"),
    )

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verb: Mapped[str]
    about_kind: Mapped[str]
    about_name: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    address: Mapped[str | None]


AUDIT_GUARD = (
    "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log "
    "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_log_is_not_truncated BEFORE TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)


@event.listens_for(AuditEntry.__table__, "after_create")
def _guard_audit_log(_target: object, connection: Connection, **_options: object) -> None:
    for statement in AUDIT_GUARD:
        connection.exec_driver_sql(statement)
