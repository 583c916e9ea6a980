"""Keeps users and groups. Nobody is deleted, because timelines name them: who left is inactive."""

from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.operations.access import end_sessions, lock_owners, require_another_owner
from db.operations.cadences import one_editor_at_a_time
from db.operations.refusal import Refused
from db.queries.smart_rules import rules_that_notify
from db.tables.actions import Action
from db.tables.organization import Organization
from db.tables.people import Group, GroupMember, User
from phrase import phrase


def add_user(session: Session, email: str, name: str, **details: str | None) -> None:
    """Add a user; one who left is there again. Raises Refused for an address that an active user has."""
    user = session.scalar(select(User).where(func.lower(User.email) == email.lower()).with_for_update())
    if user is not None and user.is_active:
        raise Refused("there is a user {email} already", email=user.email)
    given: dict[str, str | None] = {key: value for key, value in details.items() if value is not None}
    if user is None:
        try:
            with session.begin_nested():
                session.execute(insert(User).values(email=email, name=name, **given))
        except IntegrityError as error:
            raise Refused("there is a user {email} already", email=email) from error
        return
    # Whoever comes back gets what they are given now; what they had when they left is nothing to rely on.
    returning = {"is_active": True, "role": "member", "password_hash": None, **given}
    session.execute(update(User).where(User.id == user.id).values(name=name, **returning))


def change_user(session: Session, email: str, **details: Any) -> bool:
    """Change a user's name, phone or signature, and say whether anything differs. Raises Refused."""
    user = _user(session, email)
    changed = {key: value for key, value in details.items() if getattr(user, key) != value}
    if changed:
        session.execute(update(User).where(User.id == user.id).values(changed))
    return bool(changed)


def deactivate_user(session: Session, email: str) -> int:
    """Let a user have no part any more, and return how many open to-dos are still theirs.

    They are signed out everywhere. Raises Refused while an active rule notifies them, and for the last owner.
    """
    one_editor_at_a_time(session)
    owners = lock_owners(session)
    user = _user(session, email)
    if not user.is_active:
        raise Refused("{email} is inactive already", email=user.email)
    require_another_owner(owners, user.id, user.email)
    _require_no_rule(session, user.email)
    end_sessions(session, user.id)
    session.execute(update(User).where(User.id == user.id).values(is_active=False))
    session.execute(delete(GroupMember).where(GroupMember.user_id == user.id))
    return _open_todos(session, user.email)


def add_group(session: Session, name: str) -> None:
    """Add a group. Raises Refused for a name that is taken, or that reads as an address."""
    if "@" in name:
        raise Refused("{name!r} reads as a user's address; a group needs a name without @", name=name)
    try:
        with session.begin_nested():
            session.execute(insert(Group).values(name=name))
    except IntegrityError as error:
        raise Refused("there is a group {name!r} already", name=name) from error


def set_members(session: Session, name: str, add: list[str], remove: list[str]) -> bool:
    """Let users join and leave the group, and say whether anything differs. Raises Refused."""
    group = _group(session, name)
    before = set(session.scalars(select(GroupMember.user_id).where(GroupMember.group_id == group.id)))
    joining = {_active(session, email).id for email in add}
    leaving = {_user(session, email).id for email in remove}
    if both := joining & leaving:
        raise Refused("{count} of them would join and leave at once", count=len(both))
    for user_id in sorted(joining - before):
        session.execute(insert(GroupMember).values(group_id=group.id, user_id=user_id))
    gone = leaving & before
    session.execute(delete(GroupMember).where(GroupMember.group_id == group.id, GroupMember.user_id.in_(gone)))
    return bool(gone or joining - before)


def delete_group(session: Session, name: str) -> None:
    """Delete a group. Raises Refused while open to-dos are its own, new ones would be, or a rule notifies it."""
    one_editor_at_a_time(session)
    group = _group(session, name)
    open_todos = _open_todos(session, group.name)
    if open_todos:
        raise Refused(
            "{open_todos} open to-dos are of {group}; assign them to somebody else first",
            open_todos=open_todos,
            group=group.name,
        )
    if session.scalar(select(Organization.todo_owner)) == group.name:
        raise Refused(
            "{group} is the organization's todo_owner; set that to somebody else first", group=group.name
        )
    _require_no_rule(session, group.name)
    session.execute(delete(Group).where(Group.id == group.id))


def _require_no_rule(session: Session, recipient: str) -> None:
    if rules := rules_that_notify(session, recipient):
        raise Refused(
            "the rule {rule} notifies {recipient}; edit or deactivate it first", rule=rules[0], recipient=recipient
        )


def _user(session: Session, email: str) -> User:
    user = session.scalar(select(User).where(func.lower(User.email) == email.lower()).with_for_update())
    if user is None:
        raise Refused("there is no user {email!r}", email=email)
    return user


def _active(session: Session, email: str) -> User:
    user = _user(session, email)
    if not user.is_active:
        raise Refused("{email} is inactive", email=user.email)
    return user


def _group(session: Session, name: str) -> Group:
    group = session.scalar(select(Group).where(Group.name == name).with_for_update())
    if group is None:
        known = session.scalars(select(Group.name).order_by(Group.name)).all()
        raise Refused(
            "there is no group {name!r}; there is {known}", name=name, known=", ".join(known) or phrase("none")
        )
    return group


def _open_todos(session: Session, owner: str) -> int:
    """Return how many to-dos of the owner are open (ix_actions_list_owner)."""
    count = select(func.count()).where(Action.owner == owner, Action.state == "open")
    return session.scalar(count) or 0
