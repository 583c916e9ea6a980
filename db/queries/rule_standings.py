"""Reads what rules decided for invoices: what is recorded, how each rule stands to one, and the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.rule_facts import invoice_facts
from db.queries.smart_rules import rule_lines, rule_names
from db.tables.invoices import Invoice
from rules.facts import InvoiceFacts
from rules.index import Event
from rules.outcomes import Recorded, standings
from rules.outcomes import Standing as RuleStanding
from rules.rule import Slot

# By primary keys, pk_rule_records and ix_rule_matches_invoice_id; bounded by the ids.
_READ = text("""
SELECT i.id, i.cadence_locked_at IS NOT NULL AS is_locked, r.cadence_rule_id, r.visibility_rule_id,
       ARRAY(SELECT m.rule_id FROM rule_matches m WHERE m.invoice_id = i.id) AS notified
  FROM invoices i LEFT JOIN rule_records r ON r.invoice_id = i.id AND r.invoice_id = ANY(:ids)
 WHERE i.id = ANY(:ids)
""")
_LOG = """
SELECT l.id, i.number, l.at, l.on_date, l.event, l.causation_id, l.depth, l.caused_by, l.slot, l.rule_id, l.became,
       l.shadowed
  FROM rule_log l JOIN invoices i ON i.id = l.invoice_id
"""
# By ix_rule_log_invoice_id, or by the primary key.
_LOG_OF_INVOICE = text(
    f"{_LOG} WHERE l.invoice_id = :invoice_id AND l.id < :before"
    " ORDER BY l.invoice_id DESC, l.id DESC LIMIT :limit"
)
_WHOLE_LOG = text(f"{_LOG} WHERE l.id < :before ORDER BY l.id DESC LIMIT :limit")
_ALL_BEFORE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What is recorded of an invoice, and whether a user assigned its cadence."""

    recorded: Recorded
    is_locked: bool


def read_standings(session: Session, invoice_ids: Sequence[int]) -> dict[int, Standing]:
    """Return what is recorded of the invoices. The caller holds their locks."""
    found = {}
    for row in session.execute(_READ, {"ids": list(invoice_ids)}):
        stored = {Slot.CADENCE: row.cadence_rule_id, Slot.VISIBILITY: row.visibility_rule_id}
        winners = {slot: rule_id for slot, rule_id in stored.items() if rule_id is not None}
        found[row.id] = Standing(Recorded(winners, frozenset(row.notified)), row.is_locked)
    return found


@dataclass(frozen=True, slots=True)
class Explained:
    """How all rules stand to an invoice today; `winners` are the recorded ones, by name.

    `locked_by` is who chose its cadence, since `locked_at`, so that rules leave it alone; None if nobody did.
    """

    number: str
    facts: InvoiceFacts
    winners: Mapping[Slot, str]
    locked_at: datetime | None
    locked_by: str | None
    standings: tuple[RuleStanding, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that rules decided for an invoice, with the rules by name; deleted ones are named too."""

    id: int
    invoice: str
    at: datetime
    on: date
    event: str
    causation_id: str
    depth: int
    caused_by: tuple[str, ...]
    slot: str
    rule: str | None
    became: str
    shadowed: tuple[str, ...]


def explained(session: Session, invoice_id: int, today: date) -> Explained:
    """Return how the rules stand to the invoice on the local day."""
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    (standing,) = read_standings(session, [invoice_id]).values()
    facts = invoice_facts(session, [invoice_id], today)[invoice_id]
    rules = [line.rule for line in rule_lines(session)]
    names = rule_names(session, standing.recorded.winners.values())
    winners = {slot: names[rule_id] for slot, rule_id in standing.recorded.winners.items()}
    stands = standings(rules, facts, standing.recorded, Event.UPDATED)
    return Explained(invoice.number, facts, winners, invoice.cadence_locked_at, invoice.cadence_locked_by, stands)


def rule_log(session: Session, invoice_id: int | None, limit: int, before_id: int | None = None) -> list[LogLine]:
    """Return what rules decided last before that entry, of one invoice or of all, the newest first."""
    statement = _WHOLE_LOG if invoice_id is None else _LOG_OF_INVOICE
    before = _ALL_BEFORE if before_id is None else before_id
    about = {"limit": limit, "before": before} | ({} if invoice_id is None else {"invoice_id": invoice_id})
    rows = session.execute(statement, about).all()
    ids = {id_ for row in rows for id_ in (*row.caused_by, *row.shadowed, row.rule_id) if id_ is not None}
    names = rule_names(session, ids)
    return [
        LogLine(
            row.id,
            row.number,
            row.at,
            row.on_date,
            row.event,
            row.causation_id,
            row.depth,
            tuple(names[id_] for id_ in row.caused_by),
            row.slot,
            None if row.rule_id is None else names[row.rule_id],
            row.became,
            tuple(names[id_] for id_ in row.shadowed),
        )
        for row in rows
    ]
