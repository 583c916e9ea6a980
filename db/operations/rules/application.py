"""Applies the active rules to invoices that are there already, a page at a time (section 7).

What follows for an invoice is what `rules_asked` would do at the event `applied`, row by row and log alike; but a
page is written by a few statements. Invoices that need a closer look go that very way: those about which rules ask
what rules change, and those with a message on its way or a promise.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.operations.outbox import LOOK_AGAIN, owe_many
from db.operations.rules.answers import InvoicePage as InvoicePage
from db.operations.rules.answers import answer_page
from db.operations.rules.asked import carry_out
from db.operations.rules.moves import move_page
from db.operations.rules.plans import plan_page
from db.operations.rules.records import read_standings, write_outcomes
from db.queries.next_actions import waiting
from db.queries.rule_facts import invoice_facts
from db.queries.smart_rules import active_rules
from rules.index import Event, RuleIndex
from rules.outcomes import Outcome, evaluate


@dataclass(frozen=True, slots=True)
class AppliedPage:
    """The last invoice of the page, how many were asked about, and how many were moved, hidden or shown."""

    last_id: int
    asked: int
    changed: int


# The record of a slot is left alone where its winner is held back, and not written where it stays. Whoever writes
# one has locked the invoice: none appears meanwhile, and what is missing is inserted without a second look.
_RECORD = text("""
MERGE INTO rule_records r
USING (SELECT invoice_id, cadence_before, visibility_before,
              CASE cadence_became WHEN 'applied' THEN cadence[1] WHEN 'no match' THEN NULL
                   ELSE cadence_before END AS cadence_now,
              CASE visibility_became WHEN 'applied' THEN visibility[1] WHEN 'no match' THEN NULL
                   ELSE visibility_before END AS visibility_now
         FROM rule_answers WHERE NOT by_one ORDER BY invoice_id) a
   ON r.invoice_id = a.invoice_id AND r.invoice_id BETWEEN :first_id AND :last_id
 WHEN MATCHED AND (cadence_now, visibility_now) IS DISTINCT FROM (cadence_before, visibility_before) THEN
      UPDATE SET cadence_rule_id = cadence_now, visibility_rule_id = visibility_now
 WHEN NOT MATCHED AND (cadence_now, visibility_now) IS DISTINCT FROM (cadence_before, visibility_before) THEN
      INSERT (invoice_id, cadence_rule_id, visibility_rule_id) VALUES (a.invoice_id, cadence_now, visibility_now)
""")
# What is held back is said again only when something else was said since (ix_rule_log_invoice_id).
_LOG = text("""
INSERT INTO rule_log
       (invoice_id, at, on_date, event, causation_id, depth, caused_by, slot, rule_id, became, shadowed)
SELECT n.invoice_id, :at, :on_date, 'applied', :causation_id, 0, '{}', n.slot, n.rule_id, n.became, n.shadowed
  FROM (SELECT a.invoice_id, 1::bigint AS place, 'cadence' AS slot, a.cadence[1] AS rule_id,
               a.cadence_became AS became, a.cadence[2:] AS shadowed
          FROM rule_answers a
         WHERE NOT a.by_one AND a.cadence_became IS NOT NULL
           AND (a.cadence_became NOT IN ('locked', 'nothing to collect')
                OR NOT EXISTS (SELECT FROM (SELECT l.rule_id, l.became FROM rule_log l
                                             WHERE l.invoice_id = a.invoice_id AND l.slot = 'cadence'
                                             ORDER BY l.id DESC LIMIT 1) earlier
                                WHERE (earlier.rule_id, earlier.became) = (a.cadence[1], a.cadence_became)))
         UNION ALL
        SELECT a.invoice_id, 2, 'visibility', a.visibility[1], a.visibility_became, a.visibility[2:]
          FROM rule_answers a WHERE NOT a.by_one AND a.visibility_became IS NOT NULL
         UNION ALL
        SELECT a.invoice_id, 2 + f.place, 'notification', f.rule_id, 'notified', '{}'
          FROM rule_answers a, unnest(a.began) WITH ORDINALITY AS f(rule_id, place)
         WHERE NOT a.by_one AND CAST(:notifies AS boolean)) n
 ORDER BY n.invoice_id, n.place
""")
_MATCH = text("""
INSERT INTO rule_matches (rule_id, invoice_id)
SELECT b, invoice_id FROM rule_answers, unnest(began) AS b WHERE NOT by_one ORDER BY invoice_id, b
    ON CONFLICT DO NOTHING
""")
_CEASE = text("""
DELETE FROM rule_matches m USING rule_answers a
 WHERE NOT a.by_one AND a.ended <> '{}' AND m.invoice_id = a.invoice_id AND m.rule_id = ANY(a.ended)
""")
_NOTIFY = text("""
INSERT INTO rule_notifications
       (rule_id, invoice_id, causation_id, depth, recipient, channel, text, created_at, due_at)
SELECT r.id, a.invoice_id, :causation_id, 0, r.definition #>> '{action,recipient}',
       r.definition #>> '{action,channel}', r.definition #>> '{action,text}', :at, :at
  FROM rule_answers a, unnest(a.began) WITH ORDINALITY AS b(rule_id, place)
  JOIN smart_rules r ON r.id = b.rule_id
 WHERE NOT a.by_one ORDER BY a.invoice_id, b.place
    ON CONFLICT DO NOTHING
""")
# What was hidden or shown may wait for the same as before; its plan was not written again then.
_OWE = text("""
INSERT INTO outbox (invoice_id, signal, payload, is_bulk)
SELECT a.invoice_id, CAST(:signal AS text), CAST(:payload AS jsonb), true
  FROM rule_answers a
 WHERE NOT a.by_one
   AND (a.moves OR a.flips AND :at = (
         SELECT n.decided_at FROM collections c JOIN next_actions n ON n.collection_id = c.id
          WHERE c.invoice_id = a.invoice_id AND c.state IN ('active', 'exhausted')))
 ORDER BY a.invoice_id
""")


def apply_page(
    session: Session,
    rule_ids: Sequence[int] | None,
    invoices: InvoicePage,
    change: Change,
    causation_id: str,
    *,
    notifies: bool,
) -> AppliedPage | None:
    """Apply the active rules to the next invoices by id; None if there are none left.

    With `rule_ids` only to those that match one of these rules. Without `notifies` nobody is told: what matches is
    recorded. The processes whose plan changed are owed a signal.
    """
    index = active_rules(session)
    answered = answer_page(session, index, rule_ids, invoices, change)
    if answered is None:
        return None
    about = {"at": change.at, "on_date": change.on, "causation_id": causation_id, "notifies": notifies}
    session.execute(_RECORD, {"first_id": answered.first_id, "last_id": answered.last_id})
    session.execute(_LOG, about)
    if any(index.in_slot[None] & bit for bit in index.bit_of.values()):
        session.execute(_CEASE)
        session.execute(_MATCH)
        if notifies:
            session.execute(_NOTIFY, about)
    moved = move_page(session, answered.first_id, answered.last_id, change)
    before = waiting(session, answered.by_one)
    one_by_one = apply_by_one(session, index, answered.by_one, change, causation_id, notifies)
    plan_page(session, [*moved.returned, *one_by_one], change)
    payload = {"by": change.by}
    session.execute(_OWE, {"at": change.at, "signal": LOOK_AGAIN, "payload": json.dumps(payload)})
    after = waiting(session, answered.by_one)
    told = [id_ for id_ in answered.by_one if before.get(id_) != after.get(id_)]
    owe_many(session, told, LOOK_AGAIN, payload, is_bulk=True)
    session.execute(text("DROP TABLE rule_answers, planned_rows"))
    return AppliedPage(answered.last_id, answered.asked, moved.changed + len(one_by_one))


def apply_by_one(
    session: Session,
    index: RuleIndex,
    invoice_ids: Sequence[int],
    change: Change,
    causation_id: str,
    notifies: bool,
) -> list[int]:
    """Do the same for invoices that need a closer look, and return those that changed. The caller plans."""
    if not invoice_ids:
        return []
    before = read_standings(session, invoice_ids)
    outcomes: dict[int, Outcome] = {}
    for id_, facts in sorted(invoice_facts(session, invoice_ids, change.on).items()):
        standing = before[id_]
        outcome = evaluate(
            index, facts, standing.recorded, Event.APPLIED, causation_id, is_locked=standing.is_locked
        )
        outcomes[id_] = outcome if notifies else _quiet(outcome)
    write_outcomes(session, index, before, outcomes, Event.APPLIED, change)
    return [id_ for id_, outcome in outcomes.items() if carry_out(session, id_, outcome, change)]


def _quiet(outcome: Outcome) -> Outcome:
    """Return the outcome with nobody told; what matches is recorded all the same."""
    evaluations = tuple(replace(each, notifies=()) for each in outcome.evaluations)
    return replace(outcome, evaluations=evaluations, notifies=())
