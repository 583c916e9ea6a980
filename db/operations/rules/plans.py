"""Plans what comes next for invoices that bulk work put under another cadence.

Collections that are new and held by nothing but a dispute are alike: what is decided depends on the cadence, the
days of the invoice and little else. So one of a kind is decided, and its plan is written for all of them; only the
minute at which each goes out is its own (rule 2.2). Whatever is not alike is settled by itself.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.arrival.alike import MINUTE, Moment, plan_of_all
from db.operations.change import Change
from db.operations.deciding import decided
from db.operations.settle import Settled, settle_locked
from db.queries.cadences import STEPS
from db.queries.collections import OpenCollection, open_collections
from db.queries.senders import BLOCKED_SENDERS
from db.queries.settings import SETTINGS, settings_from
from dunning.decision import Send, Wait
from dunning.projection import project

KINDS_MAX: Final = 50_000
_KIND: Final = "version_id, issued, due, contacted, is_hidden, is_disputed, obstacle"
_CONTEXT = text(f"SELECT {SETTINGS} AS settings, {BLOCKED_SENDERS} AS blocked_senders")  # constants
_KINDS = text(f"""
SELECT {_KIND}, min(invoice_id) AS invoice_id FROM planned_rows WHERE is_alike GROUP BY {_KIND}
""")  # noqa: S608  # constants
# Versions by what they say, and not by their ids: a ledger that was restored numbers others the same.
_VERSIONS = text(f"""
SELECT v.id, jsonb_build_array(ca.name, v.logic, v.contact_delay_days_min, {STEPS})::text AS says
  FROM cadence_versions v JOIN cadences ca ON ca.id = v.cadence_id WHERE v.id = ANY(:ids)
""")  # noqa: S608  # constants
_OF_KIND: Final = f"""
  FROM planned_rows r
  JOIN jsonb_to_recordset(CAST(:kinds AS jsonb))
    AS k(version_id bigint, issued integer, due integer, contacted integer, is_hidden boolean, is_disputed boolean,
         obstacle text, stage text, step_id text, channel text, execution text, next_on date,
         acts_at timestamptz, acts text, opens_at timestamptz, window_seconds integer,
         because jsonb, sentence text, expired jsonb)
 USING ({_KIND})
"""
# The minute is that of dunning.calendar.Calendar.sends_at.
_STORE = text(f"""
INSERT INTO next_actions
       (collection_id, stage, step_id, channel, execution, due_on, acts_at, because, sentence, decided_at)
SELECT collection_id, stage, step_id, channel, execution, next_on,
       CASE acts WHEN 'then' THEN sends_at WHEN 'now' THEN :at ELSE acts_at END, because,
       replace(sentence, :minute, COALESCE(to_char(sends_at AT TIME ZONE :time_zone, 'HH24:MI'), '')), :at
  FROM (SELECT r.collection_id, k.*,
               k.opens_at + make_interval(secs => floor((r.invoice_id * 2654435761 % 4294967296)::float8
                                                        / 4294967296::float8 * k.window_seconds)) AS sends_at
        {_OF_KIND} WHERE r.is_alike) p
""")  # noqa: S608  # constants
_EXPIRE = text(f"""
WITH expired AS (
  SELECT r.collection_id, r.invoice_id, e.step_id, e.because, e.place
  {_OF_KIND}, jsonb_to_recordset(k.expired) AS e(step_id text, because text, place integer) WHERE r.is_alike
), stated AS (
  INSERT INTO step_statuses (collection_id, step_id, status, on_date, because)
  SELECT collection_id, step_id, 'expired', :on_date, because FROM expired
)
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data)
SELECT invoice_id, collection_id, :at, :on_date, 'step expired', :by,
       jsonb_build_object('step', step_id, 'because', because) || CAST(:batch AS jsonb)
  FROM expired ORDER BY invoice_id, place
""")  # noqa: S608  # constants
# Of what is not alike, and of what was hidden or shown where it is.
_REST = text(f"""
SELECT invoice_id FROM planned_rows WHERE NOT is_alike
UNION
SELECT r.invoice_id FROM planned_rows r
  JOIN jsonb_to_recordset(CAST(:others AS jsonb))
    AS k(version_id bigint, issued integer, due integer, contacted integer, is_hidden boolean, is_disputed boolean,
         obstacle text)
 USING ({_KIND}) WHERE r.is_alike
UNION
SELECT invoice_id FROM rule_answers WHERE flips AND NOT moves AND NOT by_one
 ORDER BY 1
""")  # noqa: S608  # constants
_NOT_ALIKE = text("UPDATE planned_rows SET is_alike = false")

Kind = tuple[int, int, int, int, bool, bool, str]


@dataclass(frozen=True, slots=True)
class _Moment:
    """When collections are planned, as far as that makes a difference to them, and by which settings."""

    settings: str
    blocked_senders: str | None
    when: Moment


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan of a kind, as JSON; None if those of the kind are not alike after all."""

    json: str | None
    expires: bool = False


_known: OrderedDict[tuple[_Moment, str, Kind], _Plan] = OrderedDict()


def plan_page(session: Session, settling: Sequence[int], change: Change) -> None:
    """Plan the collections of `planned_rows`, and settle what else changed: it is locked, `settling` too."""
    context = session.execute(_CONTEXT).one()
    settings = settings_from(context.settings)
    if settings.delays_customer:
        # What is decided about one invoice depends on the others of its customer then.
        session.execute(_NOT_ALIKE)
    when = Moment.of(settings.calendar, change)
    moment = _Moment(context.settings, context.blocked_senders, when)
    plans = _plans(session, moment, change)
    stated = [plan.json for plan in plans.values() if plan.json is not None]
    kinds = {"kinds": f"[{','.join(stated)}]"}
    if any(plan.expires for plan in plans.values()):
        batch = json.dumps({} if change.job_id is None else {"job": change.job_id})
        about = {"at": change.at, "on_date": change.on, "by": change.by, "batch": batch}
        session.execute(_EXPIRE, about | kinds)
    if stated:
        about = {"at": change.at, "time_zone": str(settings.calendar.time_zone), "minute": MINUTE}
        session.execute(_STORE, about | kinds)
    others = [_named(kind) for kind, plan in plans.items() if plan.json is None]
    rest = session.scalars(_REST, {"others": json.dumps(others)}).all()
    if rest or settling:
        settle_locked(session, open_collections(session, [*rest, *settling]), change)


def _plans(session: Session, moment: _Moment, change: Change) -> dict[Kind, _Plan]:
    """Return the plans of the kinds of collections that there are in the page."""
    found: dict[Kind, int] = {tuple(row)[:7]: row.invoice_id for row in session.execute(_KINDS)}
    ids = list({kind[0] for kind in found})
    says: dict[int, str] = {row.id: row.says for row in session.execute(_VERSIONS, {"ids": ids})} if ids else {}
    keys = {kind: (moment, says[kind[0]], kind) for kind in found}
    missing = {invoice_id: kind for kind, invoice_id in found.items() if keys[kind] not in _known}
    for collection in open_collections(session, list(missing)):
        kind = missing[collection.invoice_id]
        row = _plan(collection, moment.when, change.at)
        _known[keys[kind]] = (
            _Plan(None) if row is None else _Plan(json.dumps(row | _named(kind)), bool(row["expired"]))
        )
    plans = {kind: _known[keys[kind]] for kind in found}
    while len(_known) > KINDS_MAX:
        _known.popitem(last=False)
    return plans


def _named(kind: Kind) -> dict[str, Any]:
    return dict(zip(_KIND.split(", "), kind, strict=True))


def _plan(collection: OpenCollection, moment: Moment, now: datetime) -> dict[str, Any] | None:
    """Return the plan of all collections of the kind of this one; None if it differs by more than the minute."""
    decision = decided(collection, now)
    if not isinstance(decision, Wait | Send):
        return None
    row = plan_of_all(Settled(collection, decision, project(collection.facts, decision, now)), moment)
    if row is None:
        return None
    expired = enumerate(decision.expired)
    row["expired"] = [
        {"step_id": one.step.id, "because": one.reason.value, "place": place} for place, one in expired
    ]
    return row
