"""Looks up, for a person at a terminal, what the domains of senders have published."""

from dataclasses import asdict
from datetime import UTC, datetime

from console.failure import Failure
from console.orders.clerk import clerk
from console.orders.desk import open_desk
from console.terminal.printing import out, say, say_json
from console.views.domain_words import sentence_of
from db.engine import transaction
from db.operations.audit import Acting
from intake.domain_checks import DomainReport, domain_reports, look_at_domain
from mailer.choice import way_out_of
from mailer.domain_names import DnsNames, Unanswered
from settings import Settings

_STYLES = {"ok": "green", "unseen": "yellow", "unanswered": "yellow", "wrong": "red", "missing": "red"}


def look_at_domains(chosen: Settings, domain: str | None, selector: str | None, *, as_json: bool) -> int:
    """Look up one domain or all, keep what is found, and print it; return 1 if something is to be published.

    Raises Failure.
    """
    way = way_out_of(chosen.smtp_url, chosen.resend_api_key, chosen.bounces_to)
    with open_desk() as (_, ledger):
        with transaction(ledger.engine) as session:
            named = [domain] if domain else [report.domain for report in domain_reports(session)]
        reports = []
        for one in named:
            try:
                names = DnsNames()
            except Unanswered as error:
                raise Failure(str(error)) from error
            now = datetime.now(UTC)
            reports.append(look_at_domain(ledger.engine, names, way, one, selector, Acting(clerk()), now))
    if as_json:
        say_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _print(report)
    found = [finding.state for report in reports for finding in report.findings or ()]
    return 1 if "missing" in found or "wrong" in found else 0


def _print(report: DomainReport) -> None:
    say(out(), report.domain, "bold")
    for finding in report.findings or ():
        say(out(), f"  {finding.subject:<6} {finding.state:<10} {sentence_of(finding)}", _STYLES[finding.state])
        if finding.record is not None:
            say(out(), f"  {'':<17} published: {finding.record}")
        if finding.publish is not None:
            say(out(), f"  {'':<17} publish as TXT at {finding.publish_at}: {finding.publish}")
        elif finding.publish_at is not None:
            say(out(), f"  {'':<17} it stands at {finding.publish_at}")
