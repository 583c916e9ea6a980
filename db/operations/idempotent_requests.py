"""Remembers what was answered to requests that bear a key, in the transaction of their effect."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.tables.api import IdempotentRequest

KEPT = timedelta(hours=24)
FORGOTTEN_AT_ONCE_MAX = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the same request gets it again."""

    request_digest: str
    status_code: int
    headers: dict[str, str]
    body: bytes


class InProgress(Refused):
    """The request with this key is being carried out right now."""


def earlier_answer(session: Session, api_key_id: int, key: str) -> Answer | None:
    """Return what was answered to the request with this key in the last day, None if it is a new one.

    A new one is alone with its key until the transaction ends. Raises InProgress if another one is.
    """
    # A lock and no row: a server that is killed leaves neither, and the repeat is carried out.
    name = func.hashtextextended(f"{api_key_id} {key}", 0)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(name))):
        raise InProgress("a request with this Idempotency-Key is being carried out; try again in a moment")
    row = session.get(IdempotentRequest, (api_key_id, key))
    if row is None or row.status_code is None or row.body is None:
        return None
    if session.scalar(select(row.created_at <= func.now() - KEPT)):
        session.delete(row)
        session.flush()
        return None
    return Answer(row.request_digest, row.status_code, row.headers, row.body)


def remember_answer(session: Session, api_key_id: int, key: str, answer: Answer) -> None:
    """Keep the answer for a day, and forget some that are older (ix_idempotent_requests_created_at)."""
    session.execute(
        insert(IdempotentRequest).values(
            api_key_id=api_key_id,
            key=key,
            request_digest=answer.request_digest,
            status_code=answer.status_code,
            headers=answer.headers,
            body=answer.body,
        )
    )
    primary_key = IdempotentRequest.api_key_id, IdempotentRequest.key
    old = (
        select(*primary_key)
        .where(IdempotentRequest.created_at < func.now() - KEPT)
        .order_by(IdempotentRequest.created_at)
        .limit(FORGOTTEN_AT_ONCE_MAX)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(IdempotentRequest).where(tuple_(*primary_key).in_(old)))
