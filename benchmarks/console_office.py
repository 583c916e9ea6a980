"""The office around the book: who works there, what cadences and rules say, jobs, texts, replies, what was done.

And one invoice to which more has happened than to any other.
"""

from datetime import UTC, date, datetime

from sqlalchemy import text

from benchmarks.console_book import run_with
from benchmarks.rule_application import PLAN, RULES
from db.engine import Engine, transaction
from db.operations.access import set_password_hash, set_role
from db.operations.change import Change
from db.operations.people import add_group, add_user, set_members
from db.operations.rules.smart_rules import add_rule
from db.queries.access import Role, account_named
from intake.passwords import hash_of
from rules.catalogue import Catalogue
from rules.read_rule import read_rule
from rules.rule import Definition

USERS = 24
VISITOR, PASSWORD = "user7@duewell.example", "three small words"
GROUPS = ("Cash Collectors", "Disputes", "Key accounts")
# An open invoice, under a cadence that many are under, with a to-do of the visitor's group.
LONG_LIFE = 101
CADENCES_ASSIGNED = ("W-KEY", "W-EU", "W-US", "W-JP", "W-OLD", "W-SOON", "W-SMALL", "W-LEGAL")

_BEFORE_RULES = """
INSERT INTO custom_fields (entity, key, type, label, options)
  VALUES ('customer', 'plan', 'select', 'Plan', '["VIP", "basic"]'),
         ('invoice', 'project', 'text', 'Project', '[]');
INSERT INTO custom_values (field_id, entity, type, customer_id, text_value)
  SELECT f.id, 'customer', 'select', c.id, CASE WHEN c.id % 20 = 0 THEN 'VIP' ELSE 'basic' END
    FROM custom_fields f CROSS JOIN customers c WHERE f.key = 'plan';
INSERT INTO custom_values (field_id, entity, type, invoice_id, text_value)
  SELECT f.id, 'invoice', 'text', i.id, 'Project ' || i.id % 4000
    FROM custom_fields f CROSS JOIN invoices i WHERE f.key = 'project' AND i.id % 2 = 1;
INSERT INTO cadences (name) SELECT unnest(CAST(:assigned AS text[]));
INSERT INTO cadence_versions (cadence_id, number, logic, contact_delay_days_min, state)
  SELECT id, 1, 'standard', 5, 'published' FROM cadences WHERE name = ANY(:assigned);
DELETE FROM cadence_steps;
INSERT INTO cadence_steps
       (version_id, step_id, position, anchor, offset_days, channel, execution, template, responsible)
  SELECT v.id, s.id, s.position, 'due_date', s.days, s.channel, s.execution, s.template, '["Cash Collectors"]'
    FROM cadence_versions v
   CROSS JOIN (VALUES ('s1', 1, 3, 'email', 'automatic', 'reminder'),
                      ('s2', 2, 10, 'email', 'automatic', 'second-reminder'),
                      ('s3', 3, 18, 'call', 'manual', 'call'),
                      ('s4', 4, 25, 'email', 'automatic', 'third-reminder'),
                      ('s5', 5, 40, 'letter', 'automatic', 'final-notice'),
                      ('s6', 6, 60, 'task', 'manual', NULL))
         AS s (id, position, days, channel, execution, template);
INSERT INTO step_statuses (collection_id, step_id, status, on_date)
  SELECT c.id, 's' || n, 'done', c.entered_on + n
    FROM collections c CROSS JOIN generate_series(1, 2) n WHERE c.closed_at IS NULL
"""
_AFTER_RULES = """
UPDATE smart_rules SET is_active = true;
INSERT INTO rule_log (invoice_id, at, on_date, event, causation_id, slot, rule_id, became, shadowed)
  SELECT i.id, now(), i.issued_on, 'created', 'import', s.slot, 1 + i.id % 20, 'applied', '{3,4}'
    FROM invoices i CROSS JOIN (VALUES ('cadence'), ('visibility')) s (slot) ORDER BY i.id;
INSERT INTO rule_notifications (rule_id, invoice_id, causation_id, recipient, channel, text, state, sent_at)
  SELECT 19, id, 'import', 'Cash Collectors', 'email', 'Look at {{ invoice.number }}', 'sent', now()
    FROM invoices WHERE id % 20 = 3 ORDER BY id;
INSERT INTO audit_log (at, actor, user_id, verb, about_kind, about_name, details, address)
  SELECT now() - (300000 - n) * interval '1 minute', 'user' || 1 + n % 24 || '@duewell.example', NULL,
         (ARRAY['invoice paused', 'invoice resumed', 'invoice reassigned', 'promise noted', 'to-do ended',
                'signed in', 'dispute opened', 'to-do assigned'])[1 + n % 8],
         'invoice', 'INV-' || n, '{"reason": "Our client asks for a copy of the delivery note.", "step": "s3"}',
         '192.0.2.' || n % 250
    FROM generate_series(1, 300000) n;
INSERT INTO jobs (kind, state, "order", started_by, started_at, ended_at, total, counts, moved_at, rate)
  SELECT (ARRAY['import', 'apply rules', 'reconcile'])[1 + n % 3],
         CASE WHEN n > 498 THEN 'running' ELSE 'done' END,
         '{}', 'user7@duewell.example', now() - (501 - n) * interval '1 hour',
         CASE WHEN n <= 498 THEN now() - (500 - n) * interval '1 hour' END, 100000,
         '{"done": 100000, "changed": 90000, "unchanged": 8000, "failed": 2000}', now(), 800
    FROM generate_series(1, 500) n;
INSERT INTO job_files (job_id, name, content)
  SELECT id, 'book-' || id || '.csv', 'x' FROM jobs WHERE kind = 'import';
INSERT INTO job_rows (job_id, position, subject, outcome, said)
  SELECT 498, n, 'INV-' || n,
         CASE WHEN n % 50 = 0 THEN 'refused' WHEN n % 12 = 0 THEN 'unchanged' ELSE 'created' END,
         CASE WHEN n % 50 = 0 THEN 'column due_on: "31.02.2026" is no day' END
    FROM generate_series(1, 100000) n;
INSERT INTO templates (name, language, number, subject, body, is_current, saved_by)
  SELECT 'text-' || n, language, edition, 'Invoice {{ invoice.number }}',
         repeat('Hello {{ contact.first_name }}, {{ invoice.outstanding | money }} is open. ', 20), edition = 4,
         'ana'
    FROM generate_series(1, 40) n CROSS JOIN unnest(ARRAY['en', 'fr', 'de', 'es']) language
   CROSS JOIN generate_series(1, 4) edition;
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data)
  SELECT a.invoice_id, a.collection_id, now(), a.due_on, 'message sent', 'duewell',
         jsonb_build_object('step', a.step_id, 'action', a.id, 'subject', 'Your invoice')
    FROM actions a WHERE a.state = 'done' ORDER BY a.id;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, kind, step_id, occurrence, channel, execution, state,
        owner, due_on, ended_on)
  SELECT c.id, i.id, i.customer_id, c.cadence_id, 'message', '(message)', n, 'email', 'manual', 'done', 'ana',
         CAST(:today AS date) - n, CAST(:today AS date) - n
    FROM collections c JOIN invoices i ON i.id = c.invoice_id CROSS JOIN generate_series(1, 300) n
   WHERE i.id = :long_life;
INSERT INTO messages (action_id, message_id, sender, recipients, subject, mime, state, sent_at)
  SELECT a.id, '<l' || a.id || '@duewell.example>', 'ar@duewell.example', '["ana@c1.example"]',
         'Our call of today', 'x', 'sent', a.due_on + time '09:00' FROM actions a WHERE a.kind = 'message';
INSERT INTO incoming_messages (digest, received_at, kind, sender, subject, excerpt, content, answers, invoice_id)
  SELECT 'digest ' || n, now(), 'reply', 'ana@c1.example', 'Re: Your invoice',
         'We look into this and come back to you by the end of the week.', 'x', NULL,
         CASE WHEN n % 50 = 0 THEN :long_life ELSE 1 + 2 * n END
    FROM generate_series(1, 20000) n;
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data)
  SELECT c.invoice_id, c.id, now() - (3000 - n) * interval '1 hour', CAST(:today AS date) - (3000 - n) / 24,
         (ARRAY['message sent', 'reply received', 'paused', 'resumed', 'contacted', 'to-do opened'])[1 + n % 6],
         'ana',
         jsonb_build_object('reason', 'They ask for a copy of the delivery note.', 'step', 's3', 'inbox', n * 50,
                            'action', (SELECT max(id) FROM actions WHERE kind = 'message') - n % 300)
    FROM collections c CROSS JOIN generate_series(1, 3000) n
   WHERE c.invoice_id = :long_life AND c.closed_at IS NULL
"""


def fill_office(engine: Engine, today: date) -> None:
    """Lay the office down around a book of `console_book`."""
    values = {"today": today, "long_life": LONG_LIFE, "assigned": list(CADENCES_ASSIGNED)}
    _hire(engine)
    run_with(engine, _BEFORE_RULES, values)
    change = Change(datetime.now(UTC), today, "ana")
    with transaction(engine) as session:
        for place, said in enumerate(RULES):
            definition = read_rule(said, Catalogue((PLAN,)))
            assert isinstance(definition, Definition), definition
            # Without the look at the whole book that activation takes.
            add_rule(session, f"rule {place}", definition, change, is_active=False)
    run_with(engine, _AFTER_RULES, values)


def _hire(engine: Engine) -> None:
    with transaction(engine) as session:
        for number in range(1, USERS + 1):
            add_user(session, f"user{number}@duewell.example", f"Colleague {number}")
        for group in GROUPS:
            add_group(session, group)
            members = [f"user{number}@duewell.example" for number in range(1, USERS + 1, 2)]
            set_members(session, group, members, [])
        set_role(session, VISITOR, Role.OWNER)
        visitor = account_named(session, VISITOR)
        assert visitor is not None
        set_password_hash(session, visitor.id, hash_of(PASSWORD))
        # The address that everything goes out from is nobody's to verify here.
        session.execute(text("UPDATE senders SET verified_at = now()"))
