"""Lets a ledger witness what happens to it, and reads all of it as evidence."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Engine, transaction
from tests.exactly_once.commands_log import read_commands
from tests.exactly_once.evidence import (
    Action,
    Claim,
    Collection,
    Evidence,
    Hold,
    Invoice,
    Ledger,
    Message,
    Rules,
    Sender,
    Standing,
    Step,
)
from tests.exactly_once.journal import read_journal

# What changes an invoice and what claims it hold the invoice's lock: the order of these entries is the order in
# which things happened to it, which no column of the ledger says of attempts and of holds that waited for a lock.
_WITNESS = """
CREATE TABLE witness (
    id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), what text, seen jsonb
);
CREATE FUNCTION witness_messages() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, seen)
    VALUES ('message', jsonb_build_object('message_id', NEW.message_id, 'state', NEW.state)); RETURN NEW; END $$;
CREATE FUNCTION witness_invoices() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, seen)
    VALUES ('invoice', jsonb_build_object('id', NEW.id, 'state', NEW.state, 'is_hidden', NEW.is_hidden,
                                          'outstanding', (NEW.total - NEW.settled)::text)); RETURN NEW; END $$;
CREATE FUNCTION witness_holds() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, seen)
    VALUES ('hold', jsonb_build_object('id', NEW.id, 'is_over', NEW.ended_at IS NOT NULL)); RETURN NEW; END $$;
CREATE FUNCTION witness_actions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, seen)
    VALUES ('action', jsonb_build_object('id', NEW.id, 'state', NEW.state)); RETURN NEW; END $$;
CREATE TRIGGER witnessed AFTER INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION witness_messages();
CREATE TRIGGER witnessed AFTER INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION witness_invoices();
CREATE TRIGGER witnessed AFTER INSERT OR UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION witness_holds();
CREATE TRIGGER witnessed AFTER INSERT OR UPDATE ON actions FOR EACH ROW EXECUTE FUNCTION witness_actions();
"""

_STEPS = """
SELECT c.id, s.step_id, s.position, s.anchor, s.offset_days, s.channel, s.execution, s.sender
  FROM collections c JOIN cadence_steps s USING (version_id) ORDER BY c.id, s.position
"""
_COLLECTIONS = """
SELECT c.id, c.invoice_id, c.closed_at IS NULL, v.logic, v.contact_delay_days_min, c.entered_on, c.last_contact_on
  FROM collections c JOIN cadence_versions v ON v.id = c.version_id ORDER BY c.id
"""
_ACTIONS = """
SELECT a.id, a.collection_id, a.step_id, a.occurrence, a.execution, a.channel, a.state, a.merged_into,
       (SELECT min(w.at) FROM witness w WHERE w.what = 'action' AND w.seen->>'state' = 'open'
                                          AND (w.seen->>'id')::bigint = a.id),
       a.ended_on,
       (SELECT count(*) FROM timeline t WHERE t.kind = 'message sent' AND t.collection_id = a.collection_id
                                          AND (t.data->>'action')::bigint = a.id)
  FROM actions a ORDER BY a.id
"""
_STATUSES = "SELECT collection_id, step_id, status FROM step_statuses"
_MESSAGES = """
SELECT action_id, message_id, sender, recipients || copies, mime, state, unanswered FROM messages ORDER BY id
"""
_INVOICES = "SELECT id, number, customer_id, issued_on, due_on FROM invoices ORDER BY id"
_RULES = """
SELECT time_zone, send_time, send_until, business_days, holidays, jitter_minutes, tolerance, when_uncertain,
       contact_delay_scope = 'customer'
  FROM organization
"""
_SENDERS = """
SELECT email, minute_max, day_max, CASE WHEN day_max IS NOT NULL THEN day - (day_count < day_max)::int END
  FROM senders ORDER BY id
"""
_HOLDS = """
SELECT h.invoice_id, h.customer_id, h.kind,
       (SELECT min(w.at) FROM witness w WHERE w.what = 'hold' AND (w.seen->>'id')::bigint = h.id),
       (SELECT min(w.at) FROM witness w WHERE w.what = 'hold' AND (w.seen->>'id')::bigint = h.id
                                          AND (w.seen->>'is_over')::boolean),
       h.until_on
  FROM holds h ORDER BY h.id
"""


def let_witness(engine: Engine) -> None:
    """Let the ledger note in a table of the test's own when what happened; nothing of the product reads it."""
    with transaction(engine) as session:
        # A page of statements: the driver takes several at once where there are no parameters.
        session.connection().exec_driver_sql(_WITNESS)
        session.execute(text("CREATE INDEX ON witness (what, ((seen->>'id')::bigint))"))


def read_evidence(engine: Engine, journal: Path, commands: Path, *, is_idempotent: bool = False) -> Evidence:
    """Read the three logs of a run that is over."""
    with transaction(engine) as session:
        ledger = _ledger(session)
    return Evidence(read_journal(journal), ledger, read_commands(commands), datetime.now(UTC), is_idempotent)


def _ledger(session: Session) -> Ledger:
    steps: dict[int, list[Step]] = {}
    for collection_id, *step in _rows(session, _STEPS):
        steps.setdefault(collection_id, []).append(Step(*step))
    statuses: dict[int, dict[str, str]] = {}
    for collection_id, step_id, status in _rows(session, _STATUSES):
        statuses.setdefault(collection_id, {})[step_id] = status
    addresses: dict[int, set[str]] = {}
    for customer_id, email in _rows(session, "SELECT customer_id, email FROM contacts WHERE email IS NOT NULL"):
        addresses.setdefault(customer_id, set()).add(email)
    seen = "SELECT seen, at FROM witness WHERE what = '{}' ORDER BY id"
    of_messages = [(row["message_id"], row["state"], at) for row, at in _rows(session, seen.format("message"))]
    return Ledger(
        rules=_rules(session),
        invoices=tuple(Invoice(*row) for row in _rows(session, _INVOICES)),
        standings=tuple(
            Standing(row["id"], at, row["state"], Decimal(row["outstanding"]), row["is_hidden"])
            for row, at in _rows(session, seen.format("invoice"))
        ),
        holds=tuple(Hold(*row) for row in _rows(session, _HOLDS)),
        collections=tuple(Collection(*_with_steps(row, steps, statuses)) for row in _rows(session, _COLLECTIONS)),
        actions=tuple(Action(*row) for row in _rows(session, _ACTIONS)),
        messages=tuple(
            Message(action, identity, sender, tuple(recipients), bytes(mime), state, unanswered)
            for action, identity, sender, recipients, mime, state, unanswered in _rows(session, _MESSAGES)
        ),
        claims=tuple(Claim(identity, at) for identity, state, at in of_messages if state == "sending"),
        # The first record counts: what comes later is a bounce or a reply.
        recorded={identity: at for identity, state, at in reversed(of_messages) if state == "sent"},
        senders=tuple(Sender(*row) for row in _rows(session, _SENDERS)),
        addresses={customer_id: frozenset(emails) for customer_id, emails in addresses.items()},
    )


def _with_steps(
    row: tuple[Any, ...], steps: Mapping[int, list[Step]], statuses: Mapping[int, Mapping[str, str]]
) -> tuple[Any, ...]:
    return (*row, tuple(steps.get(row[0], ())), statuses.get(row[0], {}))


def _rules(session: Session) -> Rules:
    ((zone, opens, closes, days, holidays, *others),) = _rows(session, _RULES)
    return Rules(ZoneInfo(zone), opens, closes, frozenset(days), frozenset(holidays), *others)


def _rows(session: Session, statement: str) -> Iterator[tuple[Any, ...]]:
    for row in session.execute(text(statement)):
        yield tuple(row)
