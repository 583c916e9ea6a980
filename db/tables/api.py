"""What the REST API keeps: who may ask, and what was answered to requests that may be repeated."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref


class ApiKey(Base):
    """A key of the API. Only its SHA-256 is kept, in hexadecimal, and its beginning, to know it by."""

    __tablename__ = "api_keys"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotentRequest(Base):
    """A request that bore an Idempotency-Key, and its answer: a repeat gets the same one, and does nothing.

    `request_digest` is the SHA-256 of method, path and body: the same key with another request is refused. Without
    a status code the request is still being answered.
    """

    __tablename__ = "idempotent_requests"
    __table_args__ = (
        CheckConstraint("(status_code IS NULL) = (body IS NULL)", name="answered"),
        Index("ix_idempotent_requests_created_at", "created_at"),
    )

    api_key_id: Mapped[Ref] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(server_default="{}")
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
