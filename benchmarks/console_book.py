"""A book of 100,000 open invoices and a million actions, for what the pages of the console ask of it.

As many invoices again are paid: four in five of them in the last year. A fiftieth belongs to one customer. What is
skewed in real books is skewed here: currencies, stages, cadences, owners, ages and amounts.
"""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import text

from db.engine import Engine

TODAY = date(2026, 6, 15)
OPEN_INVOICES = 100_000
CADENCES = 20

# Invoices of an even id are paid. Cadence 1 has most, and one invoice in forty has none; the last days' invoices
# are hidden, disputed, paused or blocked here and there.
_FILL = """
INSERT INTO customers (external_id, name, payment_term_days)
  SELECT 'C-' || n,
         (ARRAY['Helios', 'Borealis', 'Marrow & Sons', 'Ostrava Steel', 'Lumen', 'Quay Logistics'])[1 + n % 6]
         || ' ' || md5(n::text), CASE WHEN n % 9 = 0 THEN 45 END
    FROM generate_series(1, :invoices / 20) n;
INSERT INTO contacts (customer_id, email, is_main, first_name, last_name)
  SELECT id, 'ana@c' || id || '.example', true, 'Ana', 'Lopez' FROM customers;
INSERT INTO cadences (name) SELECT 'Cadence ' || n FROM generate_series(2, 20) n;
INSERT INTO cadence_versions (cadence_id, number, logic, contact_delay_days_min, state)
  SELECT id, 1, 'standard', 5, 'published' FROM cadences WHERE name LIKE 'Cadence %';
INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total, settled, is_hidden)
  SELECT 'INV-' || n, 'INV-' || n, CASE WHEN n % 50 < 2 THEN 1 ELSE 1 + (n::bigint * 7919) % (:invoices / 20) END,
         d - 30, CASE WHEN n % 100 <> 7 THEN d END,
         CASE WHEN n % 500 = 3 THEN 'JPY' WHEN n % 10 < 7 THEN 'EUR' WHEN n % 10 < 9 THEN 'USD' ELSE 'GBP' END, t,
         CASE WHEN n % 2 = 0 THEN t WHEN n % 11 = 0 THEN t / 2 ELSE 0 END, n % 301 = 0
    FROM (SELECT n, (50 + (n::bigint * 104729) % 100000 * (1 + n % 7))::numeric / 4 AS t,
                 CAST(:today AS date)
                 - CASE WHEN n % 2 = 0 THEN (n::bigint * 31) % 450 ELSE (n::bigint * 37) % 190 - 50 END::int AS d
            FROM generate_series(1, :invoices) n) s;
INSERT INTO payments (customer_id, source, currency, amount, received_on)
  SELECT customer_id, 'import', currency, settled, LEAST(CAST(:today AS date), issued_on + 20 + (id % 60)::int)
    FROM invoices WHERE settled > 0 ORDER BY id;
INSERT INTO payment_allocations (payment_id, invoice_id, amount)
  SELECT row_number() OVER (ORDER BY id), id, settled FROM invoices WHERE settled > 0;
INSERT INTO collections
       (invoice_id, cadence_id, version_id, state, entered_on, last_contact_on, assigned_by, closed_at)
  SELECT i.id, v.cadence_id, v.id, CASE WHEN settled = total THEN 'paid' WHEN i.id % 199 = 0 THEN 'exhausted'
         ELSE 'active' END, issued_on, issued_on, 'import', CASE WHEN settled = total THEN now() END
    FROM invoices i
    JOIN cadence_versions v ON v.cadence_id = CASE WHEN i.id % 10 < 6 THEN 1 ELSE 2 + i.id % 18 END
   WHERE i.id % 40 <> 13 ORDER BY i.id;
INSERT INTO next_actions
       (collection_id, stage, step_id, channel, execution, due_on, acts_at, because, sentence, decided_at)
  SELECT id, stage, CASE WHEN has_step THEN 's' || 1 + id % 5 END,
         CASE WHEN has_step THEN (ARRAY['email', 'email', 'call', 'email', 'letter'])[1 + id % 5] END,
         CASE WHEN has_step THEN CASE WHEN id % 5 = 2 THEN 'manual' ELSE 'automatic' END END,
         CASE WHEN has_step THEN CAST(:today AS date) + (id % 60)::int END,
         CASE WHEN stage IN ('waiting', 'held')
              THEN (CAST(:today AS date) + time '08:30') AT TIME ZONE 'Europe/Paris'
                   + id % 60 * interval '1 day' + id % 3600 * interval '1 second' END,
         '[{"because": "trigger date", "day": "2026-06-15", "detail": null}]',
         's goes out Mon 2026-06-15 08:30: trigger date Mon 2026-06-15', now()
    FROM (SELECT id, CASE WHEN closed_at IS NOT NULL THEN 'closed' WHEN state = 'exhausted' THEN 'exhausted'
                          WHEN id % 1009 = 0 THEN 'blocked' WHEN id % 23 = 0 THEN 'held'
                          WHEN id % 17 = 0 THEN 'todo' WHEN id % 61 = 0 THEN 'due' ELSE 'waiting' END AS stage
            FROM collections) c
   CROSS JOIN LATERAL (SELECT stage IN ('waiting', 'held', 'todo') AS has_step) s;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, kind, step_id, channel, execution, state, owner,
        due_on, ended_on)
  SELECT c.id, i.id, i.customer_id, c.cadence_id,
         CASE WHEN c.id % 97 = 0 AND n = 4 THEN 'reply' WHEN c.id % 9973 = 0 AND n = 5 THEN 'parked'
              ELSE 'step' END,
         's' || n,
         CASE WHEN n = 3 THEN 'call' WHEN n = 4 AND c.cadence_id = 7 THEN 'letter'
              WHEN n = 2 AND c.id < :invoices / 20 THEN 'sms' WHEN n = 5 THEN 'task' ELSE 'email' END,
         CASE WHEN n IN (3, 5) THEN 'manual' ELSE 'automatic' END,
         CASE WHEN c.closed_at IS NULL AND c.id % 17 = 0 AND n = 3 THEN 'open'
              WHEN c.id % 31 = 0 THEN 'ignored' WHEN c.id % 37 = 0 THEN 'expired'
              WHEN c.id % 41 = 0 THEN 'canceled' ELSE 'done' END,
         CASE WHEN c.id % 2 = 0 THEN 'Cash Collectors' ELSE 'user' || c.id % 25 || '@duewell.example' END,
         i.issued_on + 20 + n * 7,
         CASE WHEN c.closed_at IS NULL AND c.id % 17 = 0 AND n = 3 THEN NULL ELSE i.issued_on + 20 + n * 7 END
    FROM collections c JOIN invoices i ON i.id = c.invoice_id
   CROSS JOIN generate_series(1, CASE WHEN c.id % 40 < 6 THEN 6 ELSE 5 END) n
   ORDER BY c.id, n;
INSERT INTO messages (action_id, message_id, sender, recipients, subject, mime, state, sent_at)
  SELECT id, '<' || id || '@duewell.example>', 'ar@duewell.example', '["ana@c1.example"]', 'Your invoice', 'x',
         'sent', due_on + time '09:00'
    FROM actions WHERE state = 'done' AND channel = 'email' AND kind = 'step' ORDER BY id;
INSERT INTO holds (invoice_id, kind, started_at, started_by)
  SELECT id, 'dispute', now(), 'ana' FROM invoices WHERE settled < total AND id % 53 = 3;
INSERT INTO promises (invoice_id, promised_for, amount, outstanding_before, made_at, made_by, outcome, decided_at)
  SELECT id, CAST(:today AS date) - 3 + (id % 20)::int, CASE WHEN id % 3 = 0 THEN outstanding / 2 END, outstanding,
         now(), 'ana', CASE WHEN id % 4 < 3 THEN 'open' ELSE 'broken' END, CASE WHEN id % 4 = 3 THEN now() END
    FROM invoices WHERE settled < total AND id % 47 = 5;
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor)
  SELECT id, NULL, now(), issued_on, 'invoice created', 'import' FROM invoices
"""


def fill(engine: Engine, open_invoices: int = OPEN_INVOICES, today: date = TODAY) -> None:
    """Lay the book down as of the day: twice as many invoices, and five actions and more for each."""
    run_with(engine, _FILL, {"invoices": 2 * open_invoices, "today": today})


def run_with(engine: Engine, script: str, values: Mapping[str, object]) -> None:
    """Run the statements, each with those of the values that it names."""
    with engine.begin() as connection:
        # Without foreign keys being looked up one by one, which here only costs time.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in script.split(";\n"):
            connection.execute(
                text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
