"""Reads the texts that users saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.statement import Statement
from db.tables.templates import Template
from dunning.cadence import Anchor, Channel


@dataclass(frozen=True, slots=True)
class SavedText:
    """An edition of a text, as it was saved."""

    name: str
    language: str
    number: int
    subject: str
    body: str
    saved_at: datetime
    saved_by: str


_COLUMNS = (
    Template.name,
    Template.language,
    Template.number,
    Template.subject,
    Template.body,
    Template.saved_at,
    Template.saved_by,
)
# A text lists at most this many; more than an organization can ever write.
TEXTS_MAX = 5_000

_IN_FORCE = Statement("""
SELECT name, language, number, subject, body, saved_at, saved_by FROM templates
 WHERE name = :name AND is_current
""")


def saved_texts(session: Session, name: str) -> dict[str, SavedText]:
    """Return the editions of the template that are in force, by language (uq_templates_current)."""
    return {row.language: SavedText(*row) for row in _IN_FORCE.all(session, name=name)}


def saved_lines(session: Session) -> list[SavedText]:
    """Return all editions in force, by name and language (uq_templates_current)."""
    statement = select(*_COLUMNS).where(Template.is_current).order_by(Template.name, Template.language)
    return [SavedText(**row._mapping) for row in session.execute(statement.limit(TEXTS_MAX))]


def saved_names(session: Session) -> frozenset[str]:
    """Return the names of all saved texts (uq_templates_current)."""
    return frozenset(session.scalars(select(Template.name).where(Template.is_current).distinct()))


_OFFSETS = text("""
SELECT DISTINCT s.template, s.anchor, s.offset_days, s.channel, c.name, s.step_id
  FROM cadence_steps s
  JOIN cadence_versions v ON v.id = s.version_id AND v.state IN ('draft', 'published')
  JOIN cadences c ON c.id = v.cadence_id
 WHERE s.template = ANY(:names)
 ORDER BY c.name, s.step_id
 LIMIT :limit
""")
# So many steps use one text at most.
USES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """A step that uses a template, of a cadence in force or drafted."""

    anchor: Anchor
    offset_days: int
    channel: Channel
    cadence: str
    step_id: str


def uses_of(session: Session, name: str) -> list[Use]:
    """Return the steps that use the template."""
    return uses_of_all(session, [name])[name]


def uses_of_all(session: Session, names: Sequence[str]) -> dict[str, list[Use]]:
    """Return the steps that use each template; cadences are few, so that their steps are read one by one."""
    found: dict[str, list[Use]] = {name: [] for name in names}
    for row in session.execute(_OFFSETS, {"names": list(names), "limit": USES_MAX * len(names)}):
        use = Use(Anchor(row.anchor), row.offset_days, Channel(row.channel), row.name, row.step_id)
        found[row.template].append(use)
    return found


_FIELDS = text("SELECT entity, key FROM custom_fields ORDER BY entity, key LIMIT 1000")


def custom_field_keys(session: Session) -> dict[str, frozenset[str]]:
    """Return the keys of the organization's own fields, by entity; there are few, and they are read in order."""
    rows = session.execute(_FIELDS).all()
    return {entity: frozenset(key for one, key in rows if one == entity) for entity in ("invoice", "customer")}
