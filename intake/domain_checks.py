"""Finds out, when somebody asks, what the domains of senders have published, and keeps it with the moment."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from db.engine import Engine, Session, transaction
from db.operations.audit import Acting, note
from db.operations.messages.domain_checks import keep_domain_check
from db.operations.refusal import Refused
from db.queries.domain_checks import DomainLine, sender_domains
from mailer.domain_check import Finding, WayOut, check_domain
from mailer.domain_names import Names

SELECTOR_CHARACTERS_MAX = 63
_SELECTOR = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_FINDINGS = TypeAdapter(tuple[Finding, ...])


@dataclass(frozen=True, slots=True)
class DomainReport:
    """A domain that messages go out from, and what it had published when somebody asked last; None before that."""

    domain: str
    selector: str | None
    checked_at: datetime | None
    checked_by: str | None
    findings: Sequence[Finding] | None


def domain_reports(session: Session) -> list[DomainReport]:
    """Return all domains that messages go out from."""
    return [_report(line) for line in sender_domains(session)]


def look_at_domain(
    engine: Engine, names: Names, way: WayOut, domain: str, selector: str | None, acting: Acting, now: datetime
) -> DomainReport:
    """Ask what the domain has published, and keep it. Takes some seconds.

    Without a selector, that of the last time is asked for. Raises Refused for a domain of no sender, and
    LedgerUnavailable.
    """
    with transaction(engine) as session:
        line = _line(session, domain)
    chosen = _selector(selector) or line.selector
    # No transaction is open while others take their time.
    findings = check_domain(names, line.domain, way, line.email, chosen)
    with transaction(engine) as session:
        keep_domain_check(
            session, line.domain, _FINDINGS.dump_python(findings, mode="json"), chosen, acting.by, now
        )
        said = {finding.subject: finding.state for finding in findings}
        note(session, acting, "domain checked", "domain", line.domain, **said)
    return DomainReport(line.domain, chosen, now, acting.by, findings)


def _line(session: Session, domain: str) -> DomainLine:
    for line in sender_domains(session):
        if line.domain == domain.strip().lower():
            return line
    raise Refused(f"nothing goes out from {domain}")


def _selector(said: str | None) -> str | None:
    plain = (said or "").strip().lower()
    if not plain:
        return None
    if len(plain) > SELECTOR_CHARACTERS_MAX or not _SELECTOR.fullmatch(plain):
        raise Refused(
            f"{plain!r} is no selector; it is what stands before ._domainkey in your mail provider's help"
        )
    return plain


def _report(line: DomainLine) -> DomainReport:
    findings = None
    if line.findings is not None:
        # What another release wrote is as if nobody had asked.
        with suppress(ValidationError):
            findings = _FINDINGS.validate_python(line.findings)
    is_known = findings is not None
    return DomainReport(
        line.domain,
        line.selector,
        line.checked_at if is_known else None,
        line.checked_by if is_known else None,
        findings,
    )
