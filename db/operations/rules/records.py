"""What rules decided for invoices: read before they are asked, and written with what follows, a page at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in
from db.operations.change import Change
from db.queries.rule_standings import Standing, read_standings
from db.tables.rules import RuleLogEntry, RuleMatch, RuleRecord
from phrase import N_
from rules.index import Event, RuleIndex
from rules.outcomes import NOTHING_RECORDED, Became, Evaluation, Outcome, Recorded, SlotOutcome
from rules.rule import Notify, Slot

NOTIFIED: Final = N_("notified")
NOTIFICATION: Final = "notification"
_SLOTS: Final = tuple(Slot)
_LOG: Final = (
    "invoice_id", "at", "on_date", "event", "causation_id", "depth", "caused_by", "slot", "rule_id", "became",
    "shadowed",
)  # fmt: skip
_HELD: Final = (Became.LOCKED, Became.NOTHING_TO_COLLECT)
_WRITE_RECORDS = text("""
INSERT INTO rule_records (invoice_id, cadence_rule_id, visibility_rule_id)
SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:cadence AS bigint[]), CAST(:visibility AS bigint[]))
    ON CONFLICT (invoice_id) DO UPDATE
   SET cadence_rule_id = excluded.cadence_rule_id, visibility_rule_id = excluded.visibility_rule_id
""")
_WRITE_MATCHES = text("""
INSERT INTO rule_matches (rule_id, invoice_id)
SELECT * FROM unnest(CAST(:rules AS bigint[]), CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING
""")
_DELETE_MATCHES = text("""
DELETE FROM rule_matches m USING unnest(CAST(:rules AS bigint[]), CAST(:ids AS bigint[])) AS n(rule_id, invoice_id)
 WHERE m.rule_id = n.rule_id AND m.invoice_id = n.invoice_id
""")
# What is held back is said again only when something else was said since (ix_rule_log_invoice_id).
_WRITE_LOG = text("""
INSERT INTO rule_log
       (invoice_id, at, on_date, event, causation_id, depth, caused_by, slot, rule_id, became, shadowed)
SELECT n.invoice_id, :at, :on_date, n.event, n.causation_id, n.depth, n.caused_by, n.slot, n.rule_id, n.became,
       n.shadowed
  FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS n(place integer, invoice_id bigint, event text, causation_id text, depth smallint, caused_by bigint[],
         slot text, rule_id bigint, became text, shadowed bigint[], is_held boolean)
  LEFT JOIN LATERAL (SELECT l.rule_id, l.became FROM rule_log l
                      WHERE n.is_held AND l.invoice_id = n.invoice_id AND l.slot = n.slot
                      ORDER BY l.id DESC LIMIT 1) before ON true
 WHERE NOT n.is_held OR (before.rule_id, before.became) IS DISTINCT FROM (n.rule_id, n.became)
 ORDER BY n.place
""")
_WRITE_NOTIFICATIONS = text("""
INSERT INTO rule_notifications
       (rule_id, invoice_id, causation_id, depth, recipient, channel, text, created_at, due_at)
SELECT rule_id, invoice_id, causation_id, depth, recipient, channel, text, :at, :at
  FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS n(rule_id bigint, invoice_id bigint, causation_id text, depth smallint, recipient text, channel text,
         text text)
    ON CONFLICT DO NOTHING
""")


def write_outcomes(
    session: Session,
    index: RuleIndex,
    before: Mapping[int, Standing],
    outcomes: Mapping[int, Outcome],
    event: Event,
    change: Change,
) -> None:
    """Record who won and whom rules told of the invoices, and log what is to be said of it."""
    _write_records(session, before, outcomes)
    _write_matches(session, before, outcomes)
    log = [
        {"invoice_id": id_, **entry}
        for id_, outcome in outcomes.items()
        for entry in _entries(outcome, before[id_].recorded, event)
    ]
    if log:
        rows = json.dumps([{"place": place, **entry} for place, entry in enumerate(log)])
        session.execute(_WRITE_LOG, {"rows": rows, "at": change.at, "on_date": change.on})
    _owe(session, index, outcomes, change)


def write_first_outcomes(
    session: Session, index: RuleIndex, outcomes: Mapping[int, Outcome], change: Change
) -> None:
    """Write the same for invoices that are being created, of which nothing was recorded or said before."""
    records, matches, log = [], [], []
    for id_, outcome in outcomes.items():
        recorded = outcome.recorded
        if recorded.winners:
            records.append((id_, *[recorded.winners.get(slot) for slot in _SLOTS]))
        matches += [(rule_id, id_) for rule_id in recorded.notified]
        log += [
            (
                id_, change.at, change.on, entry["event"], entry["causation_id"], entry["depth"],
                _array(entry["caused_by"]), entry["slot"], entry["rule_id"], entry["became"],
                _array(entry["shadowed"]),
            )
            for entry in _entries(outcome, NOTHING_RECORDED, Event.CREATED)
        ]  # fmt: skip
    copy_in(session, RuleRecord, ("invoice_id", *[f"{slot.value}_rule_id" for slot in _SLOTS]), records)
    copy_in(session, RuleMatch, ("rule_id", "invoice_id"), matches)
    copy_in(session, RuleLogEntry, _LOG, log)
    _owe(session, index, outcomes, change)


def _array(ids: Sequence[int]) -> str:
    return f"{{{','.join(map(str, ids))}}}"


def _owe(session: Session, index: RuleIndex, outcomes: Mapping[int, Outcome], change: Change) -> None:
    owed = [one for id_, outcome in outcomes.items() for one in _notifications(index, id_, outcome)]
    if owed:
        session.execute(_WRITE_NOTIFICATIONS, {"rows": json.dumps(owed), "at": change.at})


def _write_records(session: Session, before: Mapping[int, Standing], outcomes: Mapping[int, Outcome]) -> None:
    changed = {
        id_: outcome.recorded.winners
        for id_, outcome in outcomes.items()
        if outcome.recorded.winners != before[id_].recorded.winners
    }
    if changed:
        columns = {slot.value: [winners.get(slot) for winners in changed.values()] for slot in Slot}
        session.execute(_WRITE_RECORDS, {"ids": list(changed), **columns})


def _write_matches(session: Session, before: Mapping[int, Standing], outcomes: Mapping[int, Outcome]) -> None:
    began, ended = [], []
    for id_, outcome in outcomes.items():
        earlier, now = before[id_].recorded.notified, outcome.recorded.notified
        began += [(rule_id, id_) for rule_id in now - earlier]
        ended += [(rule_id, id_) for rule_id in earlier - now]
    for statement, pairs in ((_DELETE_MATCHES, ended), (_WRITE_MATCHES, began)):
        if pairs:
            rules, ids = zip(*pairs, strict=True)
            session.execute(statement, {"rules": list(rules), "ids": list(ids)})


def _entries(outcome: Outcome, before: Recorded, event: Event) -> Iterator[dict[str, Any]]:
    """Yield what the log says of the outcome; that all is as it was is not said."""
    for evaluation in outcome.evaluations:
        common = {
            "event": (event if evaluation.depth == 0 else Event.UPDATED).value,
            "causation_id": evaluation.causation_id,
            "depth": evaluation.depth,
            "caused_by": evaluation.caused_by,
        }
        for one in _said(evaluation, before):
            yield {
                **common,
                "slot": one.slot.value,
                "rule_id": one.winner,
                "became": one.became.value,
                "shadowed": one.shadowed,
                "is_held": one.became in _HELD,
            }
        for rule_id in evaluation.notifies:
            yield {
                **common,
                "slot": NOTIFICATION,
                "rule_id": rule_id,
                "became": NOTIFIED,
                "shadowed": (),
                "is_held": False,
            }


def _said(evaluation: Evaluation, before: Recorded) -> Iterator[SlotOutcome]:
    for one in evaluation.slots:
        if one.became in _HELD:
            # What waits is the one that would take over; whoever won before keeps the slot.
            if one.winner is not None and one.winner != before.winners.get(one.slot):
                yield one
        elif one.became is not Became.UNCHANGED:
            yield one


def _notifications(index: RuleIndex, invoice_id: int, outcome: Outcome) -> Iterator[dict[str, Any]]:
    for evaluation in outcome.evaluations:
        for rule_id in evaluation.notifies:
            action = index.rule[rule_id].definition.action
            assert isinstance(action, Notify), "no other rule notifies"
            yield {
                "rule_id": rule_id,
                "invoice_id": invoice_id,
                "causation_id": evaluation.causation_id,
                "depth": evaluation.depth,
                "recipient": action.recipient,
                "channel": action.channel,
                "text": action.text,
            }


__all__ = ["Standing", "read_standings", "write_first_outcomes", "write_outcomes"]
