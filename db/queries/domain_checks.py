"""Reads the domains that messages go out from, and what was found out about each last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# Each sender was verified by a person; a page of them has few domains.
DOMAINS_MAX = 100


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain with an address of it that messages go out from, and what was found out; None before that."""

    domain: str
    email: str
    selector: str | None
    checked_at: datetime | None
    checked_by: str | None
    findings: Sequence[dict[str, Any]] | None


# Senders are few; domain_checks by its primary key.
_DOMAINS = text("""
SELECT used.domain, used.email, k.selector, k.checked_at, k.checked_by, k.findings
  FROM (SELECT lower(split_part(email, '@', 2)) AS domain, min(email) AS email
          FROM (SELECT email FROM senders UNION ALL SELECT email FROM organization) every
         GROUP BY 1) used
  LEFT JOIN domain_checks k ON k.domain = used.domain
 WHERE used.domain <> '' ORDER BY used.domain LIMIT :limit
""")


def sender_domains(session: Session) -> list[DomainLine]:
    """Return the domains of all senders and of the organization's own address, by name."""
    return [DomainLine(**row._mapping) for row in session.execute(_DOMAINS, {"limit": DOMAINS_MAX})]
