"""Drafts, publishes and retires cadences, one editor at a time."""

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.operations.change import SYSTEM
from db.operations.refusal import Refused
from db.queries.catalogue import Version, newest_version, version_of
from db.queries.smart_rules import rules_that_assign
from db.tables.cadences import Cadence as CadenceRow
from db.tables.cadences import CadenceStep, CadenceVersion
from db.tables.collections import OPEN_STATES, Collection
from dunning.cadence import Cadence
from phrase import Phrase, phrase

# Editing is rare and takes milliseconds; two at once would have to agree on numbers, drafts and the default.
_ONE_EDITOR_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4207849302)")


@dataclass(frozen=True, slots=True)
class Basis:
    """What somebody looked at before publishing: the versions in force and in draft, by id; None for none."""

    published_id: int | None
    draft_id: int | None = None


def one_editor_at_a_time(session: Session) -> None:
    """Wait until nobody else edits cadences or what names them; until the transaction ends, nobody will."""
    session.execute(_ONE_EDITOR_AT_A_TIME)


def publish(
    session: Session, cadence: Cadence, make_default: bool = False, *, basis: Basis | None = None, by: str = SYSTEM
) -> int:
    """Publish the cadence as the next version of its name, and return the version's number.

    A draft that says the same becomes that version; another draft stays, and comes after it. With a `basis` it
    raises Refused if somebody else published, or changed the draft that is meant, since that was looked at.
    """
    one_editor_at_a_time(session)
    in_force = version_of(session, cadence.name, "published")
    draft = version_of(session, cadence.name, "draft")
    if basis is not None:
        _require(basis, in_force, draft, cadence.name)
    cadence_id = _named(session, cadence.name)
    if draft is not None and draft.cadence == cadence:
        version_id, number = draft.id, draft.number
    else:
        number = _make_room(session, cadence.name, draft)
        version_id = _write(session, cadence_id, number, cadence)
    if in_force is not None:
        session.execute(update(CadenceVersion).where(CadenceVersion.id == in_force.id).values(state="retired"))
    published = {"state": "published", "published_at": func.now(), "published_by": by}
    session.execute(update(CadenceVersion).where(CadenceVersion.id == version_id).values(published))
    if make_default:
        _make_default(session, cadence_id)
    return number


def draft(session: Session, cadence: Cadence, *, basis: Basis | None = None) -> int:
    """Keep the cadence as the draft of its next version, in place of an older draft; return its number.

    With a `basis` it raises Refused if somebody else published or drafted it since that was looked at.
    """
    one_editor_at_a_time(session)
    older = version_of(session, cadence.name, "draft")
    if basis is not None:
        _require_looked_at(session, cadence.name, older, basis)
    if older is not None:
        if older.cadence == cadence:
            return older.number
        _drop(session, older.id)
    newest = newest_version(session, cadence.name)
    number = 1 if newest is None else newest.number + 1
    _write(session, _named(session, cadence.name), number, cadence)
    return number


def discard_draft(session: Session, name: str, basis: Basis) -> bool:
    """Throw the draft away, and say whether there was one; what is published stays. Raises Refused."""
    one_editor_at_a_time(session)
    older = version_of(session, name, "draft")
    _require_looked_at(session, name, older, basis)
    if older is None:
        return False
    if older.number == 1:
        raise Refused("{name} is nothing but this draft; delete the cadence instead", name=name)
    _drop(session, older.id)
    return True


def set_default(session: Session, name: str | None) -> bool:
    """Put new invoices under the cadence, or under none, and say whether that is new. Raises Refused."""
    one_editor_at_a_time(session)
    cadence_id = None
    if name is not None:
        cadence_id = require_cadence(session, name)
        if version_of(session, name, "published") is None:
            raise Refused("{name} is not published", name=name)
    if session.scalar(select(CadenceRow.id).where(CadenceRow.is_default)) == cadence_id:
        return False
    _make_default(session, cadence_id)
    return True


def delete_cadence(session: Session, name: str) -> bool:
    """Delete the cadence with its drafts, and say whether it is gone for good: with a history it is retired.

    Raises Refused while a collection is under it, new invoices would be, or an active rule assigns it.
    """
    one_editor_at_a_time(session)
    cadence_id = require_cadence(session, name)
    if session.scalar(select(CadenceRow.is_default).where(CadenceRow.id == cadence_id)):
        raise Refused("{name} is the default for new invoices; make another one the default, or none", name=name)
    assigning = rules_that_assign(session, name)
    if assigning:
        raise Refused(
            "the rule {rule} assigns {name}; edit, deactivate or delete it first", rule=assigning[0], name=name
        )
    # Whoever puts an invoice under it keeps a version from being locked so, until that is there to be counted.
    session.execute(select(CadenceVersion.id).where(CadenceVersion.cadence_id == cadence_id).with_for_update())
    in_use = select(func.count()).where(Collection.cadence_id == cadence_id, Collection.state.in_(OPEN_STATES))
    count = session.scalar(in_use) or 0
    if count:
        collections = "1 open collection is" if count == 1 else f"{count} open collections are"
        raise Refused(
            "{collections} under {name}; a cadence in use is not deleted until they are reassigned",
            collections=collections,
            name=name,
        )
    versions = CadenceVersion.cadence_id == cadence_id
    has_history = session.scalar(select(exists().where(Collection.cadence_id == cadence_id)))
    if has_history:
        for version_id in session.scalars(
            select(CadenceVersion.id).where(versions, CadenceVersion.state == "draft")
        ):
            _drop(session, version_id)
        session.execute(update(CadenceVersion).where(versions).values(state="retired"))
        return False
    ids = select(CadenceVersion.id).where(versions)
    session.execute(delete(CadenceStep).where(CadenceStep.version_id.in_(ids)))
    session.execute(delete(CadenceVersion).where(versions))
    session.execute(delete(CadenceRow).where(CadenceRow.id == cadence_id))
    return True


def has_cadence(session: Session) -> bool:
    """Say whether the organization has any cadence."""
    return session.scalar(select(CadenceRow.id).limit(1)) is not None


def _require_looked_at(session: Session, name: str, draft: Version | None, basis: Basis) -> None:
    in_force = version_of(session, name, "published")
    if (None if in_force is None else in_force.id) != basis.published_id:
        raise Refused(
            "{name} was published or deleted meanwhile; nothing was overwritten, look at it again", name=name
        )
    if (None if draft is None else draft.id) != basis.draft_id:
        raise Refused(
            "the draft of {name} was changed meanwhile; nothing was overwritten, look at it again", name=name
        )


def _require(basis: Basis, in_force: Version | None, draft: Version | None, name: str) -> None:
    if (None if in_force is None else in_force.id) != basis.published_id:
        if in_force is None:
            raise Refused("{name} was deleted meanwhile; nothing was published", name=name)
        raise Refused(
            "version {number} of {name} was published{by} meanwhile; nothing was overwritten, look at "
            "what it changed and publish again",
            number=in_force.number,
            name=name,
            by=Phrase(" by {who}", who=in_force.published_by) if in_force.published_by else "",
        )
    if basis.draft_id is not None and (draft is None or draft.id != basis.draft_id):
        raise Refused(
            "the draft of {name} was changed meanwhile; nothing was published, look at it again", name=name
        )


def _named(session: Session, name: str) -> int:
    """Return the id of the cadence, new or not."""
    session.execute(upsert(CadenceRow).values(name=name).on_conflict_do_nothing())
    return session.scalars(select(CadenceRow.id).where(CadenceRow.name == name)).one()


def require_cadence(session: Session, name: str) -> int:
    """Return the id of the cadence with this name, published or not. Raises Refused, naming those there are."""
    cadence_id = session.scalar(select(CadenceRow.id).where(CadenceRow.name == name))
    if cadence_id is None:
        known = session.scalars(select(CadenceRow.name).order_by(CadenceRow.name)).all()
        raise Refused(
            "there is no cadence {name!r}; there is {known}", name=name, known=", ".join(known) or phrase("none")
        )
    return cadence_id


def _make_room(session: Session, name: str, draft: Version | None) -> int:
    """Return the next version's number; a draft moves up by one, so that numbers follow the publishing."""
    if draft is not None:
        move = update(CadenceVersion).where(CadenceVersion.id == draft.id)
        session.execute(move.values(number=CadenceVersion.number + 1))
        return draft.number
    newest = newest_version(session, name)
    return 1 if newest is None else newest.number + 1


def _write(session: Session, cadence_id: int, number: int, cadence: Cadence) -> int:
    """Write a draft version, and return its id."""
    version = insert(CadenceVersion).values(
        cadence_id=cadence_id,
        number=number,
        logic=cadence.logic.value,
        contact_delay_days_min=cadence.contact_delay_days_min,
        state="draft",
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
            "name": step.name,
            "responsible": list(step.responsible),
            "sender": step.sender,
            "recipients": list(step.recipients),
            "cc": list(step.cc),
            "bcc": list(step.bcc),
        }
        for position, step in enumerate(cadence.steps, start=1)
    ]
    session.execute(insert(CadenceStep), steps)
    return version_id


def _drop(session: Session, version_id: int) -> None:
    session.execute(delete(CadenceStep).where(CadenceStep.version_id == version_id))
    session.execute(delete(CadenceVersion).where(CadenceVersion.id == version_id))


def _make_default(session: Session, cadence_id: int | None) -> None:
    session.execute(update(CadenceRow).where(CadenceRow.is_default).values(is_default=False))
    if cadence_id is not None:
        session.execute(update(CadenceRow).where(CadenceRow.id == cadence_id).values(is_default=True))
