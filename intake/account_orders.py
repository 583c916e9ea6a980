"""Orders about accounts: who may do what, by which password, in which language, and where they are signed in."""

from babel import Locale, UnknownLocaleError

from db.engine import Session
from db.operations import access
from db.operations.audit import note
from db.operations.refusal import Refused
from db.queries.access import Account, Role, account_named
from intake.clerk_orders import Clerk
from intake.passwords import hash_of


class AccountOrders(Clerk):
    """What a person may order about accounts."""

    __slots__ = ()

    def set_role(self, email: str, role: str) -> bool:
        """Give a user a role, and say whether it is another one. Raises Refused, also for the last owner."""
        given = _role(role)
        with self._transaction() as session:
            account = _account(session, email)
            before = access.set_role(session, account.email, given)
            if before is not given:
                changed = {"was": before.value, "role": given.value}
                note(session, self._acting(), "role changed", "user", account.email, **changed)
        return before is not given

    def set_password(self, email: str, password: str, stays_session_id: int | None = None) -> None:
        """Let a user sign in by another password; all their sessions end, but for one. Raises Refused."""
        with self._transaction() as session:
            account = _account(session, email)
            access.set_password_hash(session, account.id, hash_of(password, account.email, account.name))
            access.end_sessions(session, account.id, but=stays_session_id)
            note(session, self._acting(), "password changed", "user", account.email)

    def set_locale(self, email: str, locale: str | None) -> bool:
        """Let pages speak to a user in a locale, and say whether it is another one. Raises Refused."""
        given = None if locale is None else _locale(locale)
        with self._transaction() as session:
            account = _account(session, email)
            if account.locale == given:
                return False
            access.set_locale(session, account.id, given)
            note(session, self._acting(), "language changed", "user", account.email, locale=given or "browser")
        return True

    def end_session(self, email: str, session_id: int) -> bool:
        """Sign a user out in one browser, and say whether they were signed in there. Raises Refused."""
        with self._transaction() as session:
            account = _account(session, email)
            ended = access.end_session(session, account.id, session_id)
            if ended:
                note(session, self._acting(), "session ended", "user", account.email)
        return ended


def _account(session: Session, email: str) -> Account:
    account = account_named(session, email.strip())
    if account is None:
        raise Refused("there is no active user {email!r}", email=email)
    return account


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise Refused("{role!r} is no role; there is {roles}", role=role, roles=", ".join(Role)) from error


def _locale(locale: str) -> str:
    try:
        return str(Locale.parse(locale.replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise Refused("{locale!r} is no locale; expected one such as fr-FR", locale=locale) from error
