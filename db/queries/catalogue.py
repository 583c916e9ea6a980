"""Reads the cadences there are, with their versions, as people choose and edit them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from db.queries.cadences import STEPS, cadence_from
from db.queries.lists.plans import by_indexes
from dunning.cadence import Cadence

State = Literal["draft", "published", "retired"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a cadence: its number, what became of it, and what it says."""

    id: int
    cadence_id: int
    number: int
    state: str
    published_at: datetime | None
    published_by: str | None
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class CadenceLine:
    """A cadence as lists show it; `published` and `draft` are numbers of versions, `collections` the open ones."""

    name: str
    is_default: bool
    published: int | None
    draft: int | None
    published_at: datetime | None
    published_by: str | None
    logic: str | None
    contact_delay_days_min: int | None
    steps: int
    collections: int


_ANY_VERSION = f"""
SELECT v.id, v.cadence_id, v.number, v.state, v.published_at, v.published_by,
       c.name, v.logic, v.contact_delay_days_min, {STEPS} AS steps
  FROM cadences c JOIN cadence_versions v ON v.cadence_id = c.id
"""  # noqa: S608  # STEPS is a constant
_VERSIONS = f"{_ANY_VERSION} WHERE c.name = :name"
_BY_NUMBER = text(f"{_VERSIONS} AND v.number = :number")
_IN_STATE = text(f"{_VERSIONS} AND v.state = :state")
_NEWEST = text(f"{_VERSIONS} ORDER BY v.number DESC LIMIT 1")
_IN_FORCE = text(f"{_ANY_VERSION} WHERE v.state = 'published' ORDER BY c.is_default DESC, c.name")

# The collections are counted in ix_collections_version_id alone.
_LINES = """
SELECT c.name, c.is_default, p.number AS published, d.number AS draft, p.published_at, p.published_by,
       COALESCE(p.logic, d.logic) AS logic,
       COALESCE(p.contact_delay_days_min, d.contact_delay_days_min) AS contact_delay_days_min,
       (SELECT count(*) FROM cadence_steps s WHERE s.version_id = COALESCE(p.id, d.id)) AS steps,
       COALESCE(o.collections, 0) AS collections
  FROM cadences c
  LEFT JOIN cadence_versions p ON p.cadence_id = c.id AND p.state = 'published'
  LEFT JOIN cadence_versions d ON d.cadence_id = c.id AND d.state = 'draft'
  LEFT JOIN (SELECT cadence_id, count(*) AS collections FROM collections
              WHERE state IN ('active', 'exhausted') AND {counted} GROUP BY cadence_id) o ON o.cadence_id = c.id
 WHERE {listed} ORDER BY c.name
"""
_ALL = text(_LINES.format(counted="true", listed="true"))
_ONE = text(_LINES.format(counted="cadence_id = :cadence_id", listed="c.id = :cadence_id"))
_PUBLISHED = text("""
SELECT c.name FROM cadences c JOIN cadence_versions p ON p.cadence_id = c.id AND p.state = 'published'
 ORDER BY c.name
""")


# By the primary key and by uq_cadence_versions_cadence_id_number.
_NAME = text("SELECT name FROM cadences WHERE id = :cadence_id")
_NAMES = text("SELECT id, name FROM cadences ORDER BY name")
_IDS = text("SELECT name, id FROM cadences ORDER BY name LIMIT 1000")
_HISTORY = text(f"""
{_ANY_VERSION}
 WHERE c.id = :cadence_id AND v.number < :before
 ORDER BY v.number DESC LIMIT :limit
""")
# Numbers of versions are integers.
NUMBER_MAX = 2**31 - 1


def cadence_name(session: Session, cadence_id: int) -> str | None:
    """Return the name of the cadence with this id."""
    name: str | None = session.scalar(_NAME, {"cadence_id": cadence_id})
    return name


def cadence_ids(session: Session) -> dict[str, int]:
    """Return the ids of cadences by name; there are few."""
    return {row.name: row.id for row in session.execute(_IDS)}


def history_of(session: Session, cadence_id: int, limit: int, before: int = NUMBER_MAX) -> list[Version]:
    """Return versions of the cadence, the newest first, a draft included."""
    found = session.execute(_HISTORY, {"cadence_id": cadence_id, "limit": limit, "before": before})
    return [_version_from(row) for row in found]


def version_of(session: Session, name: str, state: State) -> Version | None:
    """Return the version of the cadence that is in force, or its draft."""
    return _version(session, _IN_STATE, name=name, state=state)


def versions_in_force(session: Session) -> list[Version]:
    """Return the version of each cadence that is in force, that of the default cadence first."""
    return [_version_from(row) for row in session.execute(_IN_FORCE)]


def numbered_version(session: Session, name: str, number: int) -> Version | None:
    """Return the version of the cadence with this number."""
    return _version(session, _BY_NUMBER, name=name, number=number)


def newest_version(session: Session, name: str) -> Version | None:
    """Return the version of the cadence with the highest number, a draft included."""
    return _version(session, _NEWEST, name=name)


def cadence_lines(session: Session) -> list[CadenceLine]:
    """Return all cadences, retired ones included, by name. All open collections are counted for it."""
    by_indexes(session)
    return [CadenceLine(**row._mapping) for row in session.execute(_ALL)]


def cadence_line(session: Session, cadence_id: int) -> CadenceLine:
    """Return the cadence. Raises sqlalchemy.exc.NoResultFound if there is none of that id."""
    return CadenceLine(**session.execute(_ONE, {"cadence_id": cadence_id}).one()._mapping)


def published_names(session: Session) -> list[str]:
    """Return the names of the cadences that invoices can be put under (uq_cadence_versions_published)."""
    return list(session.scalars(_PUBLISHED))


def _version(session: Session, statement: TextClause, **parameters: str | int) -> Version | None:
    row = session.execute(statement, parameters).one_or_none()
    return None if row is None else _version_from(row)


def _version_from(row: Row[Any]) -> Version:
    cadence = cadence_from(row.name, row.logic, row.contact_delay_days_min, row.steps)
    stated = row.id, row.cadence_id, row.number, row.state, row.published_at, row.published_by
    return Version(*stated, cadence)


def cadence_names(session: Session) -> dict[int, str]:
    """Return the names of all cadences by their ids, in their order."""
    return {row.id: row.name for row in session.execute(_NAMES)}
