"""Who changes the ledger, when, and under which event id; and the timeline that keeps it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in
from db.statement import Statement
from db.tables.journal import TimelineEntry

SYSTEM = "duewell"
# The target is uq_timeline_event_id: any other conflict must raise, or an entry is lost unseen.
_NOTE = Statement("""
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data, event_id)
VALUES (:invoice_id, :collection_id, :at, :on_date, :kind, :actor, CAST(:data AS jsonb), :event_id)
    ON CONFLICT (event_id) WHERE event_id IS NOT NULL DO NOTHING
RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Change:
    """The circumstances of a change: the moment (UTC), the local day, who, and the id that makes it count once.

    `job_id` is the bulk job that it is a part of; all timeline entries that bear it are the job's audit batch.
    """

    at: datetime
    on: date
    by: str = SYSTEM
    event_id: str | None = None
    job_id: int | None = None


def note(
    session: Session, change: Change, kind: str, invoice_id: int, collection_id: int | None = None, **data: Any
) -> None:
    """Append an entry to the invoice's timeline. `data` is what a reader needs, as JSON; None is left out."""
    _note(session, change, kind, invoice_id, collection_id, data)


def note_once(
    session: Session, change: Change, kind: str, invoice_id: int, collection_id: int | None = None, **data: Any
) -> bool:
    """Append the entry that stands for the change itself, and say whether the change is new.

    A signal may arrive twice, and a command's signal follows a change that the ledger has already: both bear
    the event id of the first entry, and the second one must do nothing.
    """
    return _note(session, change, kind, invoice_id, collection_id, data, change.event_id)


Noted = tuple[int, int | None, str, dict[str, Any]]


def note_many(session: Session, change: Change, entries: Iterable[Noted]) -> None:
    """Append entries to the timelines of a page: of the invoice, its collection, the kind, and the data."""
    note_all(session, [(change, entries)])


def note_all(session: Session, noted: Iterable[tuple[Change, Iterable[Noted]]]) -> None:
    """Append the entries of several changes, at once and in their order."""
    columns = ("invoice_id", "collection_id", "at", "on_date", "kind", "actor", "data")
    rows: list[tuple[object, ...]] = []
    for change, entries in noted:
        # What many entries share is written once; the list keeps the ids of the data their own.
        listed, said = list(entries), dict[int, str]()
        for invoice_id, collection_id, kind, data in listed:
            told = said.get(id(data))
            if told is None:
                told = said[id(data)] = json.dumps(entry_data(change, data))
            rows.append((invoice_id, collection_id, change.at, change.on, kind, change.by, told))
    copy_in(session, TimelineEntry, columns, rows)


def is_known(session: Session, event_id: str | None) -> bool:
    """Say whether a change with this event id took effect already. Ask with the invoice locked."""
    if event_id is None:
        return False
    known = select(TimelineEntry.id).where(TimelineEntry.event_id == event_id)
    return session.scalar(known) is not None


def _note(
    session: Session,
    change: Change,
    kind: str,
    invoice_id: int,
    collection_id: int | None,
    data: dict[str, Any],
    event_id: str | None = None,
) -> bool:
    """Append the entry, unless there is one with this event id, and say whether it is new."""
    new_id = _NOTE.scalar(
        session,
        invoice_id=invoice_id,
        collection_id=collection_id,
        at=change.at,
        on_date=change.on,
        kind=kind,
        actor=change.by,
        data=json.dumps(entry_data(change, data)),
        event_id=event_id,
    )
    return new_id is not None


def entry_data(change: Change, data: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry of the timeline keeps."""
    return {key: value for key, value in (data | {"job": change.job_id}).items() if value is not None}
