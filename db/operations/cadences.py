"""Publishes cadences."""

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.tables.cadences import Cadence as CadenceRow
from db.tables.cadences import CadenceStep, CadenceVersion
from dunning.cadence import Cadence


def publish(session: Session, cadence: Cadence, make_default: bool = False) -> int:
    """Publish the cadence as the next version of its name, and return the version's number."""
    named = upsert(CadenceRow).values(name=cadence.name)
    named = named.on_conflict_do_update(index_elements=["name"], set_={"name": cadence.name})
    cadence_id = session.execute(named.returning(CadenceRow.id)).scalar_one()
    session.execute(select(CadenceRow.id).where(CadenceRow.id == cadence_id).with_for_update())
    latest = session.scalar(
        select(CadenceVersion.number)
        .where(CadenceVersion.cadence_id == cadence_id)
        .order_by(CadenceVersion.number.desc())
        .limit(1)
    )
    number = (latest or 0) + 1
    session.execute(
        update(CadenceVersion)
        .where(CadenceVersion.cadence_id == cadence_id, CadenceVersion.state == "published")
        .values(state="retired")
    )
    version = insert(CadenceVersion).values(
        cadence_id=cadence_id,
        number=number,
        logic=cadence.logic.value,
        contact_delay_days_min=cadence.contact_delay_days_min,
        state="published",
    )
    version_id = session.execute(version.returning(CadenceVersion.id)).scalar_one()
    steps = [
        {
            "version_id": version_id,
            "step_id": step.id,
            "position": position,
            "anchor": step.anchor.value,
            "offset_days": step.offset_days,
            "channel": step.channel.value,
            "execution": step.execution.value,
            "template": step.template,
            "never_supersede": step.never_supersede,
            "repeat_every_days": step.repeat.every_days if step.repeat else None,
            "repeat_limit": step.repeat.limit if step.repeat else None,
        }
        for position, step in enumerate(cadence.steps, start=1)
    ]
    session.execute(insert(CadenceStep), steps)
    if make_default:
        session.execute(update(CadenceRow).where(CadenceRow.is_default).values(is_default=False))
        session.execute(update(CadenceRow).where(CadenceRow.id == cadence_id).values(is_default=True))
    return number


def has_cadence(session: Session) -> bool:
    """Say whether the organization has any cadence."""
    return session.scalar(select(CadenceRow.id).limit(1)) is not None
