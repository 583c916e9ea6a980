"""Keeps what was found out about the domains that messages go out from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.people import DomainCheck


def keep_domain_check(
    session: Session,
    domain: str,
    findings: Sequence[Mapping[str, Any]],
    selector: str | None,
    by: str,
    now: datetime,
) -> None:
    """Keep what was found out about the domain, in the place of what was known of it before."""
    values = {"selector": selector, "checked_at": now, "checked_by": by, "findings": list(findings)}
    statement = insert(DomainCheck).values(domain=domain, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["domain"], set_=values))
