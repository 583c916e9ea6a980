"""What the active rules say of a page of invoices that are there already, worked out by the ledger in one go.

The answers stand in a table of the transaction's own. They are those of `rules.outcomes.evaluate` at the event
`applied`, where no chain follows; whatever else needs a closer look is marked `by_one`, for that very function.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    bindparam,
    column,
    insert,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
)
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.queries.rule_matches import asked_fields, matched_ids, matches
from db.queries.rule_rows import RuleRows, rule_rows
from rules.fields import Field
from rules.index import RuleIndex
from rules.rule import Assign, Rule, Show, Slot, slot_of

_TABLES: Final = (
    """
CREATE TEMP TABLE rule_matched (
  invoice_id bigint, is_collectable boolean, cadence bigint[], visibility bigint[], notified bigint[]
) ON COMMIT DROP""",
    """
CREATE TEMP TABLE rule_answers (
  invoice_id bigint NOT NULL, customer_id bigint NOT NULL, by_one boolean NOT NULL, moves boolean NOT NULL,
  returns boolean NOT NULL, flips boolean NOT NULL, is_hidden boolean NOT NULL, issued_on date NOT NULL,
  due_on date, contacted_on date, collection_id bigint, cadence_id bigint, cadence_rule text, cadence_became text,
  cadence_before bigint, cadence bigint[], visibility_rule text, visibility_became text, visibility_before bigint,
  visibility bigint[], began bigint[], ended bigint[]
) ON COMMIT DROP""",
)
_MATCHED = table(
    "rule_matched", *map(column, ("invoice_id", "is_collectable", "cadence", "visibility", "notified"))
)
# The page's own invoices are locked, so that nobody changes a fact of theirs meanwhile.
_LOCK = text("""
WITH locked AS (SELECT id FROM invoices
                 WHERE id > :after_id AND id <= :until_id ORDER BY id LIMIT :limit FOR UPDATE)
SELECT min(id) AS first_id, max(id) AS last_id FROM locked
""")
# By the keys of the invoices: pk_invoices, pk_rule_records, uq_collections_open and ix_rule_matches_invoice_id.
# Each says by itself which page it is about: else the server reads the whole book, or looks up invoice by invoice.
# What needs a closer look is few in all, and found at once by uq_promises_open and ix_actions_sending. The offset
# keeps the server from reading all collections instead of those of one invoice.
_ANSWER = text("""
INSERT INTO rule_answers
WITH known AS MATERIALIZED (
  SELECT r.rule_id, r.rule, r.assigns, r.hides, ca.id AS cadence_id, v.id IS NOT NULL AS is_published
    FROM jsonb_to_recordset(CAST(:rules AS jsonb))
      AS r(rule_id bigint, rule text, assigns boolean, cadence text, hides boolean)
    LEFT JOIN cadences ca ON ca.name = r.cadence
    LEFT JOIN cadence_versions v ON v.cadence_id = ca.id AND v.state = 'published'
), answered AS (
  SELECT m.invoice_id, m.cadence, m.visibility, m.notified,
         i.customer_id, i.issued_on, i.due_on, i.contacted_on, i.is_hidden,
         r.cadence_rule_id, r.visibility_rule_id, c.id AS collection_id, c.last_contact_on, c.version_id,
         c.cadence_id AS from_id, kc.cadence_id, kc.rule AS cadence_rule, kc.is_published, kc.assigns,
         kv.rule AS visibility_rule,
         CASE WHEN i.cadence_locked_at IS NOT NULL OR NOT m.is_collectable THEN
                CASE WHEN m.cadence[1] IS DISTINCT FROM r.cadence_rule_id AND m.cadence[1] IS NOT NULL THEN
                  CASE WHEN i.cadence_locked_at IS NOT NULL THEN 'locked' ELSE 'nothing to collect' END END
              WHEN m.cadence[1] IS NULL THEN CASE WHEN r.cadence_rule_id IS NOT NULL THEN 'no match' END
              WHEN m.cadence[1] IS DISTINCT FROM r.cadence_rule_id OR kc.cadence_id IS DISTINCT FROM c.cadence_id
              THEN 'applied' END AS cadence_became,
         CASE WHEN m.visibility[1] IS NULL THEN CASE WHEN r.visibility_rule_id IS NOT NULL THEN 'no match' END
              WHEN m.visibility[1] IS DISTINCT FROM r.visibility_rule_id OR kv.hides <> i.is_hidden
              THEN 'applied' END AS visibility_became,
         kv.hides <> i.is_hidden AS flips,
         COALESCE(n.rule_ids, '{}') AS known
    FROM rule_matched m
    JOIN (SELECT * FROM invoices WHERE id BETWEEN :first_id AND :last_id OFFSET 0) i ON i.id = m.invoice_id
    LEFT JOIN (SELECT * FROM rule_records WHERE invoice_id BETWEEN :first_id AND :last_id OFFSET 0) r
      ON r.invoice_id = m.invoice_id
    LEFT JOIN (SELECT * FROM collections WHERE invoice_id BETWEEN :first_id AND :last_id
                  AND state IN ('active', 'exhausted') OFFSET 0) c ON c.invoice_id = m.invoice_id
    LEFT JOIN known kc ON kc.rule_id = m.cadence[1]
    LEFT JOIN known kv ON kv.rule_id = m.visibility[1]
    LEFT JOIN (SELECT invoice_id, array_agg(rule_id) AS rule_ids FROM rule_matches
                WHERE invoice_id BETWEEN :first_id AND :last_id AND rule_id = ANY(CAST(:notifying AS bigint[]))
                GROUP BY invoice_id) n ON n.invoice_id = m.invoice_id
), compared AS (
  SELECT *, COALESCE(cadence_became = 'applied' AND cadence_id IS DISTINCT FROM from_id, false) AS moves,
         COALESCE(visibility_became = 'applied' AND flips, false) AS shows,
         CASE WHEN notified = '{}' OR known = '{}' THEN notified
              ELSE ARRAY(SELECT n FROM unnest(notified) AS n WHERE n <> ALL(known)) END AS began,
         CASE WHEN notified = '{}' OR known = '{}' THEN known
              ELSE ARRAY(SELECT n FROM unnest(known) AS n WHERE n <> ALL(notified)) END AS ended
    FROM answered
)
SELECT invoice_id, customer_id,
       COALESCE(
         (moves AND CAST(:asks_cadence AS boolean)) OR (shows AND CAST(:asks_visibility AS boolean))
         OR (cadence_became = 'applied' AND assigns AND NOT is_published)
         OR ((moves OR shows) AND (
           invoice_id IN (SELECT p.invoice_id FROM promises p WHERE p.outcome = 'open')
           OR invoice_id IN (SELECT s.invoice_id FROM actions s WHERE s.state = 'sending')
           OR (version_id IS NOT NULL
               AND version_id NOT IN (SELECT v.id FROM cadence_versions v WHERE v.state = 'published'))))
         OR (cadence_became = 'applied' AND collection_id IS NULL
             AND EXISTS (SELECT FROM collections p WHERE p.invoice_id = a.invoice_id
                            AND p.state NOT IN ('stopped', 'restarted') OFFSET 0)),
         false),
       moves,
       COALESCE(moves AND (invoice_id, cadence_id) IN (SELECT p.invoice_id, p.cadence_id FROM collections p
                                                        WHERE p.invoice_id BETWEEN :first_id AND :last_id), false),
       shows, is_hidden <> shows, issued_on, due_on,
       CASE WHEN moves THEN
         GREATEST(contacted_on, CASE WHEN collection_id IS NOT NULL THEN last_contact_on
                                     ELSE (SELECT max(p.last_contact_on) FROM collections p
                                            WHERE p.invoice_id = a.invoice_id) END) END,
       collection_id, cadence_id, cadence_rule, cadence_became, cadence_rule_id, cadence,
       visibility_rule, visibility_became, visibility_rule_id, visibility, began, ended
  FROM compared a
 WHERE cadence_became IS NOT NULL OR visibility_became IS NOT NULL OR began <> '{}' OR ended <> '{}'
""")
_BY_ONE = text("SELECT invoice_id FROM rule_answers WHERE by_one ORDER BY invoice_id")
_SHORTEN = text("DELETE FROM rule_answers WHERE invoice_id > :last_id")
_COUNT = text("SELECT count(*) FROM rule_matched WHERE invoice_id <= :last_id")


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """The next invoices, by id: so many at most, behind one and up to another.

    It ends early behind `by_one_max` of those that need a closer look, which take a hundred times as long.
    """

    after_id: int
    until_id: int
    limit: int
    by_one_max: int = 200


@dataclass(frozen=True, slots=True)
class Answered:
    """A page whose answers are there: its bounds, how many invoices were asked, and which need a closer look."""

    first_id: int
    last_id: int
    asked: int
    by_one: Sequence[int]


def answer_page(
    session: Session, index: RuleIndex, rule_ids: Sequence[int] | None, invoices: InvoicePage, change: Change
) -> Answered | None:
    """Lock the next invoices, and write down what the rules say of them; None if there are none left.

    With `rule_ids` only invoices are asked about that match one of these rules.
    """
    page = session.execute(_LOCK, asdict(invoices)).one()
    if page.last_id is None:
        return None
    for statement in _TABLES:
        session.execute(text(statement))
    bounds = {"first_id": page.first_id, "last_id": page.last_id}
    session.execute(_matching(index, None if rule_ids is None else frozenset(rule_ids), change.on), bounds)
    rules = [_known(rule) for rule in index.rules]
    notifying = [rule.id for rule in index.rules if slot_of(rule.definition.action) is None]
    asks = {"asks_cadence": Field.CADENCE in index.fields, "asks_visibility": Field.VISIBILITY in index.fields}
    session.execute(_ANSWER, bounds | asks | {"rules": json.dumps(rules), "notifying": notifying})
    last_id, by_one = page.last_id, session.scalars(_BY_ONE).all()
    if len(by_one) > invoices.by_one_max:
        last_id, by_one = by_one[invoices.by_one_max] - 1, by_one[: invoices.by_one_max]
        session.execute(_SHORTEN, {"last_id": last_id})
    asked = session.scalar(_COUNT, {"last_id": last_id}) or 0
    session.execute(text("DROP TABLE rule_matched"))
    return Answered(page.first_id, last_id, asked, by_one)


# Made once for all pages: to put it together takes longer than to run it.
@lru_cache(maxsize=8)
def _matching(index: RuleIndex, rule_ids: frozenset[int] | None, today: date) -> Insert:
    """Return the statement that writes down which rules the invoices of a page match."""
    page = bindparam("first_id", type_=BigInteger), bindparam("last_id", type_=BigInteger)
    rules = index.rules
    rows = rule_rows(asked_fields(rule.definition for rule in rules), today, within=page)
    matched = [
        _matched([rule for rule in rules if slot_of(rule.definition.action) is slot], rows)
        for slot in (*Slot, None)
    ]
    statement = select(rows.id, rows.is_collectable, *matched)
    if rule_ids is not None:
        chosen = [matches(rule.definition, rows) for rule in rules if rule.id in rule_ids]
        statement = statement.where(or_(*chosen) if chosen else ~true())
    return insert(_MATCHED).from_select([one.name for one in _MATCHED.columns], statement)


def _matched(rules: Sequence[Rule], rows: RuleRows) -> ColumnElement[Any]:
    return matched_ids(rules, rows) if rules else literal_column("'{}'::bigint[]")


def _known(rule: Rule) -> dict[str, object]:
    action = rule.definition.action
    return {
        "rule_id": rule.id,
        "rule": rule.name,
        "assigns": isinstance(action, Assign) and action.cadence is not None,
        "cadence": action.cadence if isinstance(action, Assign) else None,
        "hides": not action.visible if isinstance(action, Show) else None,
    }
