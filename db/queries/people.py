"""Reads who works here: users and groups, and who of them has a to-do."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.statement import Statement
from dunning.cadence import Step


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user as lists show them."""

    email: str
    name: str
    phone: str | None
    signature: str | None
    role: str
    is_active: bool
    groups: tuple[str, ...]
    open_todos: int


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group as lists show it; `members` are addresses of active users."""

    name: str
    members: tuple[str, ...]
    open_todos: int


@dataclass(frozen=True, slots=True)
class Unowned:
    """A step in force of which nobody who is responsible is there; its to-dos go to the organization's owner."""

    cadence: str
    step: str
    responsible: tuple[str, ...]


# A user or a group is found by its unique index; there are a few names.
_FIRST = Statement("""
SELECT COALESCE(u.email, g.name) FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n(name, place)
  LEFT JOIN users u ON lower(u.email) = lower(n.name) AND u.is_active
  LEFT JOIN groups g ON g.name = n.name
 WHERE COALESCE(u.email, g.name) IS NOT NULL
 ORDER BY n.place LIMIT 1
""")
_USERS = text("""
SELECT u.email, u.name, u.phone, u.signature, u.role, u.is_active,
       ARRAY(SELECT g.name FROM group_members m JOIN groups g ON g.id = m.group_id WHERE m.user_id = u.id
              ORDER BY g.name) AS groups,
       (SELECT count(*) FROM actions a WHERE a.owner = u.email AND a.state = 'open') AS open_todos
  FROM users u ORDER BY lower(u.email)
""")
_GROUPS = text("""
SELECT g.name,
       ARRAY(SELECT u.email FROM group_members m JOIN users u ON u.id = m.user_id
              WHERE m.group_id = g.id AND u.is_active ORDER BY lower(u.email)) AS members,
       (SELECT count(*) FROM actions a WHERE a.owner = g.name AND a.state = 'open') AS open_todos
  FROM groups g ORDER BY g.name
""")
_UNOWNED = text("""
SELECT c.name AS cadence, s.step_id AS step, s.responsible
  FROM cadence_versions v JOIN cadences c ON c.id = v.cadence_id JOIN cadence_steps s ON s.version_id = v.id
 WHERE v.state = 'published' AND s.responsible <> '[]'
   AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(s.responsible) AS n(name)
                    WHERE EXISTS (SELECT FROM users u WHERE lower(u.email) = lower(n.name) AND u.is_active)
                       OR EXISTS (SELECT FROM groups g WHERE g.name = n.name))
 ORDER BY c.name, s.position
""")
# A team is small; the caller bounds it all the same.
_OWNERS = text("""
SELECT email AS name, name AS shown FROM users WHERE is_active
 UNION ALL SELECT name, name FROM groups
 UNION SELECT todo_owner, todo_owner FROM organization
 ORDER BY 2, 1 LIMIT :limit
""")
_NAMES = text("""
SELECT ARRAY(SELECT name FROM groups ORDER BY name LIMIT :limit) AS groups,
       ARRAY(SELECT email FROM users WHERE is_active ORDER BY lower(email) LIMIT :limit) AS users
""")
_OWNER_IS_THERE = text("""
SELECT o.todo_owner, EXISTS (SELECT FROM groups g WHERE g.name = o.todo_owner)
    OR EXISTS (SELECT FROM users u WHERE lower(u.email) = lower(o.todo_owner) AND u.is_active) AS is_there
  FROM organization o WHERE o.id = 1
""")


def owner_of(session: Session, step: Step, fallback: str) -> str:
    """Return who has the step's to-do: the first who is responsible and there, else `fallback` (rule 4.9).

    An active user is given by their address, a group by its name.
    """
    if not step.responsible:
        return fallback
    return _FIRST.scalar(session, names=list(step.responsible)) or fallback


def owner_named(session: Session, name: str) -> str | None:
    """Return the address of the active user, or the name of the group, called `name`; None for neither."""
    found: str | None = _FIRST.scalar(session, names=[name])
    return found


def has_users(session: Session) -> bool:
    """Say whether anybody was ever added."""
    return bool(session.scalar(text("SELECT EXISTS (SELECT FROM users)")))


def user_lines(session: Session) -> list[UserLine]:
    """Return all users, by address."""
    return [UserLine(**{**row._mapping, "groups": tuple(row.groups)}) for row in session.execute(_USERS)]


def group_lines(session: Session) -> list[GroupLine]:
    """Return all groups, by name."""
    return [GroupLine(row.name, tuple(row.members), row.open_todos) for row in session.execute(_GROUPS)]


def owner_names(session: Session, limit: int = 500) -> dict[str, str]:
    """Return who can have to-dos, by the name that to-dos bear, and how they are called."""
    return {row.name: row.shown for row in session.execute(_OWNERS, {"limit": limit})}


def names_to_choose(session: Session, limit: int = 500) -> list[str]:
    """Return the groups by name, and then the active users by address, without counting what they have to do."""
    row = session.execute(_NAMES, {"limit": limit}).one()
    return [*row.groups, *row.users]


def unowned_steps(session: Session) -> list[Unowned]:
    """Return the steps in force whose owners do not resolve."""
    return [Unowned(row.cadence, row.step, tuple(row.responsible)) for row in session.execute(_UNOWNED)]


def missing_todo_owner(session: Session) -> str | None:
    """Return the organization's owner of to-dos if that is neither an active user nor a group."""
    row = session.execute(_OWNER_IS_THERE).one_or_none()
    return None if row is None or row.is_there else row.todo_owner
