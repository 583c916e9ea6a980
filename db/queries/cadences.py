"""Reads versions of cadences."""

import json
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step

# The steps of version `v` as one JSON text, which the cache below takes as its key.
STEPS = """
(SELECT jsonb_agg(jsonb_build_array(s.step_id, s.anchor, s.offset_days, s.channel, s.execution, s.template,
                                    s.never_supersede, s.repeat_every_days, s.repeat_limit,
                                    s.name, s.responsible, s.sender, s.recipients, s.cc, s.bcc)
                  ORDER BY s.position)::text
   FROM cadence_steps s WHERE s.version_id = v.id)
"""
_VERSION = text(f"""
SELECT c.name, v.logic, v.contact_delay_days_min, {STEPS} AS steps
  FROM cadence_versions v JOIN cadences c ON c.id = v.cadence_id
 WHERE v.id = :version_id
""")  # noqa: S608  # STEPS is a constant


def cadence_names(session: Session, limit: int = 500) -> list[str]:
    """Return the names of the cadences, in force or not (uq_cadences_name)."""
    return list(session.scalars(text("SELECT name FROM cadences ORDER BY name LIMIT :limit"), {"limit": limit}))


def cadence_of_version(session: Session, version_id: int) -> Cadence:
    """Return the cadence as this version has it."""
    row = session.execute(_VERSION, {"version_id": version_id}).one()
    return cadence_from(row.name, row.logic, row.contact_delay_days_min, row.steps)


# Keyed by every value that goes in, so that an edit is never answered from the past.
@lru_cache(maxsize=1024)
def cadence_from(name: str, logic: str, contact_delay_days_min: int, steps: str) -> Cadence:
    """Return the cadence of these values; `steps` is what the expression STEPS gives."""
    return Cadence(
        name=name,
        steps=tuple(_step(*values) for values in json.loads(steps)),
        logic=Logic(logic),
        contact_delay_days_min=contact_delay_days_min,
    )


def _step(
    step_id: str,
    anchor: str,
    offset_days: int,
    channel: str,
    execution: str,
    template: str | None,
    never_supersede: bool,
    repeat_every_days: int | None,
    repeat_limit: int | None,
    name: str | None,
    responsible: list[str],
    sender: str | None,
    recipients: list[str],
    cc: list[str],
    bcc: list[str],
) -> Step:
    repeat = None
    if repeat_every_days is not None and repeat_limit is not None:
        repeat = Repeat(repeat_every_days, repeat_limit)
    kind = Channel(channel), Execution(execution)
    return Step(
        step_id,
        Anchor(anchor),
        offset_days,
        *kind,
        template,
        never_supersede,
        repeat,
        name,
        tuple(responsible),
        sender,
        tuple(recipients),
        tuple(cc),
        tuple(bcc),
    )
