"""Puts a page of invoices under the cadences that rules chose for them, and hides or shows them.

Statement by statement what `rules_asked.carry_out` does for one invoice, for all of `rule_answers` that need no
closer look. The invoices are locked; what comes next for them is planned afterwards.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.queries.collections import NO_RECIPIENT

NEVER: Final = -1_000_000
# By the range of the page too (pk_invoices, uq_collections_open), else the server reads the whole book each time.
_SHOW = text("""
UPDATE invoices i SET is_hidden = a.is_hidden FROM rule_answers a
 WHERE a.flips AND NOT a.by_one AND i.id = a.invoice_id AND i.id BETWEEN :first_id AND :last_id
""")
_CLOSE = text("""
UPDATE collections c SET state = 'stopped', closed_at = :at FROM rule_answers a
 WHERE a.moves AND NOT a.by_one AND c.id = a.collection_id
   AND c.invoice_id BETWEEN :first_id AND :last_id AND c.state IN ('active', 'exhausted')
""")
_CANCEL = text("""
WITH canceled AS (
  UPDATE actions t
     SET state = 'canceled', ended_at = :at, ended_on = :on_date, ended_by = 'rule ' || a.cadence_rule
    FROM rule_answers a
   WHERE a.moves AND NOT a.by_one AND t.collection_id = a.collection_id AND t.state = 'open'
     AND (t.kind IN ('step', 'parked') OR t.step_id = '(message)')
  RETURNING t.collection_id, t.step_id, t.kind, a.invoice_id, a.cadence_rule
), pending AS (
  INSERT INTO step_statuses (collection_id, step_id, status, on_date, because)
  SELECT collection_id, step_id, 'pending', :on_date, 'reassigned' FROM canceled WHERE kind = 'step'
      ON CONFLICT (collection_id, step_id) DO UPDATE
     SET status = excluded.status, on_date = excluded.on_date, because = excluded.because
)
SELECT invoice_id, collection_id, step_id, cadence_rule FROM canceled WHERE kind <> 'parked'
 ORDER BY invoice_id, step_id
""")
# Said in the order of what happens to one invoice: hidden or shown, reassigned, its to-dos, its collection.
_NOTE = text("""
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data)
WITH reassigned AS MATERIALIZED (
  SELECT rule, cadence_id, jsonb_strip_nulls(jsonb_build_object('rule', rule, 'cadence', ca.name))
                           || CAST(:batch AS jsonb) AS data
    FROM (SELECT DISTINCT cadence_rule AS rule, cadence_id FROM rule_answers WHERE moves) r
    LEFT JOIN cadences ca ON ca.id = r.cadence_id
)
SELECT n.invoice_id, n.collection_id, :at, :on_date, n.kind, 'rule ' || n.rule, n.data
  FROM (SELECT a.invoice_id, NULL::bigint AS collection_id, 1 AS place, a.visibility_rule AS rule,
               CASE WHEN a.is_hidden THEN 'hidden' ELSE 'shown' END AS kind,
               jsonb_build_object('rule', a.visibility_rule) || CAST(:batch AS jsonb) AS data
          FROM rule_answers a WHERE a.flips AND NOT a.by_one
         UNION ALL
        SELECT a.invoice_id, NULL, 2, a.cadence_rule, 'reassigned', r.data
          FROM rule_answers a
          JOIN reassigned r ON r.rule = a.cadence_rule AND r.cadence_id IS NOT DISTINCT FROM a.cadence_id
         WHERE a.moves AND NOT a.by_one
         UNION ALL
        SELECT t.invoice_id, t.collection_id, 3, t.rule, 'to-do canceled',
               jsonb_build_object('step', t.step_id, 'because', 'reassigned') || CAST(:batch AS jsonb)
          FROM jsonb_to_recordset(CAST(:todos AS jsonb))
            AS t(invoice_id bigint, collection_id bigint, step_id text, rule text)
         UNION ALL
        SELECT a.invoice_id, a.collection_id, 4, a.cadence_rule, 'collection closed', CAST(:closed AS jsonb)
          FROM rule_answers a WHERE a.moves AND NOT a.by_one AND a.collection_id IS NOT NULL) n
 ORDER BY n.invoice_id, n.place
""")
# Coming back to a cadence resumes what was done under it, in the cycle it was last in.
_RETURN = text("""
UPDATE collections c
   SET state = 'active', closed_at = NULL, entered_on = :on_date, last_contact_on = l.contacted_on,
       assigned_by = 'rule ' || l.cadence_rule
  FROM (SELECT DISTINCT ON (a.invoice_id) p.id, a.contacted_on, a.cadence_rule
          FROM rule_answers a
          JOIN collections p ON p.invoice_id = a.invoice_id AND p.cadence_id = a.cadence_id
         WHERE a.returns AND NOT a.by_one
         ORDER BY a.invoice_id, p.cycle DESC) l
 WHERE c.id = l.id
RETURNING c.invoice_id
""")
_PLANNED: Final = """
CREATE TEMP TABLE planned_rows (
  collection_id bigint, invoice_id bigint, version_id bigint, issued integer, due integer, contacted integer,
  is_hidden boolean, is_disputed boolean, obstacle text, is_alike boolean
) ON COMMIT DROP"""
# With what a decision about the new collections depends on; days are numbers, and one stands for none. A dispute
# holds all in the same way, which no other hold does. The offset keeps the server from reading everybody's
# contacts for each page instead of looking up the page's customers (uq_contacts_email).
_ENTER = text("""
WITH entered AS (
  INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, last_contact_on, assigned_by)
  SELECT a.invoice_id, a.cadence_id, v.id, :on_date, a.contacted_on, 'rule ' || a.cadence_rule
    FROM rule_answers a JOIN cadence_versions v ON v.cadence_id = a.cadence_id AND v.state = 'published'
   WHERE a.moves AND NOT a.returns AND NOT a.by_one
   ORDER BY a.invoice_id
  RETURNING id, invoice_id, version_id, last_contact_on
), held AS (
  SELECT invoice_id, bool_and(kind = 'dispute' AND until_on IS NULL AND ended_at IS NULL) AS is_disputed FROM holds
   WHERE invoice_id BETWEEN :first_id AND :last_id AND (ended_at IS NULL OR ended_by <> 'duewell')
   GROUP BY invoice_id
)
INSERT INTO planned_rows
SELECT e.id, e.invoice_id, e.version_id, a.issued_on - date '2000-01-01',
       COALESCE(COALESCE(a.due_on, a.issued_on + COALESCE((SELECT cu.payment_term_days FROM customers cu
                                                            WHERE cu.id = a.customer_id), o.payment_term_days))
                - date '2000-01-01', :never),
       COALESCE(e.last_contact_on - date '2000-01-01', :never), a.is_hidden, COALESCE(h.is_disputed, false),
       CASE WHEN EXISTS (SELECT FROM contacts k WHERE k.customer_id = a.customer_id AND k.email IS NOT NULL
                            AND k.unreachable_because IS NULL OFFSET 0) THEN ''
            ELSE (SELECT COALESCE(max(k.unreachable_because) FILTER (WHERE k.email IS NOT NULL), :no_recipient)
                    FROM contacts k WHERE k.customer_id = a.customer_id) END,
       COALESCE(h.is_disputed, true)
       AND NOT EXISTS (SELECT FROM holds c WHERE c.customer_id = a.customer_id AND c.customer_id IS NOT NULL
                          AND (c.ended_at IS NULL OR c.ended_by <> 'duewell'))
  FROM entered e
  JOIN rule_answers a ON a.invoice_id = e.invoice_id
  LEFT JOIN held h ON h.invoice_id = e.invoice_id
 JOIN organization o ON o.id = 1
""")
# Nobody deletes a cadence while invoices are put under it.
_KEEP = text("""
SELECT id FROM cadence_versions
 WHERE state = 'published'
   AND cadence_id IN (SELECT cadence_id FROM rule_answers WHERE moves AND NOT by_one AND cadence_id IS NOT NULL)
 ORDER BY id FOR KEY SHARE
""")
_CHANGED = text("SELECT count(*) FROM rule_answers WHERE (moves OR flips) AND NOT by_one")


@dataclass(frozen=True, slots=True)
class Moved:
    """How many invoices a page changed; `returned` came back to a cadence that they were under before."""

    changed: int
    returned: Sequence[int]


def move_page(session: Session, first_id: int, last_id: int, change: Change) -> Moved:
    """Do what the answers of the page say. New collections stand in `planned_rows`, to be planned."""
    session.execute(text(_PLANNED))
    changed = session.scalar(_CHANGED) or 0
    if not changed:
        return Moved(0, ())
    about = {"at": change.at, "on_date": change.on}
    page = {"first_id": first_id, "last_id": last_id}
    session.execute(_SHOW, page)
    session.execute(_KEEP)
    session.execute(_CLOSE, page | {"at": change.at})
    todos = [
        {"invoice_id": row.invoice_id, "collection_id": row.collection_id, "step_id": row.step_id,
         "rule": row.cadence_rule}
        for row in session.execute(_CANCEL, about)
    ]  # fmt: skip
    batch = {} if change.job_id is None else {"job": change.job_id}
    closed = {"because": "reassigned"} | batch
    said = {"todos": json.dumps(todos), "batch": json.dumps(batch), "closed": json.dumps(closed)}
    session.execute(_NOTE, about | said)
    returned = session.scalars(_RETURN, about).all()
    session.execute(_ENTER, about | page | {"no_recipient": NO_RECIPIENT, "never": NEVER})
    return Moved(changed, returned)
