"""Signing in and out: who a visitor turns out to be, and the session that they get."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from db.engine import Engine, Session, transaction
from db.operations import access
from db.operations.audit import Acting, note
from db.queries.access import Account, Visitor, account_named, visitor_of
from intake.api_keys import digest_of
from intake.passwords import is_outdated, is_password, kept_anew

TOKEN_BYTES = 32
USER_AGENT_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class Browser:
    """What asks to be let in: the address it comes from, what it calls itself, and the token it has already."""

    address: str | None = None
    user_agent: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is in, and the token by which their browser is known from now on."""

    account: Account
    token: str


def by_password(engine: Engine, email: str, password: str, browser: Browser, now: datetime) -> SignedIn | None:
    """Let a user in by their password; None if it is wrong. An unknown user takes as long as a known one."""
    with transaction(engine) as session:
        account = account_named(session, email)
    # No transaction is open while the password is compared: that takes its time on purpose.
    if not is_password(password, None if account is None else account.password_hash):
        return None
    assert account is not None, "nobody's password is never right"
    assert account.password_hash is not None, "no password is never right"
    anew = kept_anew(password) if is_outdated(account.password_hash) else None
    with transaction(engine) as session:
        current = account_named(session, email)
        if current is None or current.password_hash != account.password_hash:
            # It was changed, or they were deactivated, while we compared.
            return None
        if anew is not None:
            access.set_password_hash(session, current.id, anew)
            # What the browser is known by goes by what is kept from now on.
            current = replace(current, password_hash=anew)
        return _begin(session, current, browser, now, "password")


def by_provider(engine: Engine, email: str, browser: Browser, now: datetime) -> SignedIn | None:
    """Let in the active user with an address that a provider has verified; None if there is none."""
    with transaction(engine) as session:
        account = account_named(session, email)
        return None if account is None else _begin(session, account, browser, now, "provider")


def visitor_with(engine: Engine, token: str, now: datetime, is_person: bool = True) -> Visitor | None:
    """Return who bears the token, and note that they were seen, unless it is but their page that asks."""
    with transaction(engine) as session:
        visitor = visitor_of(session, digest_of(token), now)
        if visitor is not None and is_person and visitor.needs_note(now):
            access.note_seen(session, visitor.session_id, now)
        return visitor


def sign_out(engine: Engine, visitor: Visitor, address: str | None) -> None:
    """End the session that a visitor is in."""
    with transaction(engine) as session:
        acting = Acting(visitor.email, visitor.user_id, address)
        if access.end_session(session, visitor.user_id, visitor.session_id):
            note(session, acting, "signed out", "user", visitor.email)


def _begin(session: Session, account: Account, browser: Browser, now: datetime, how: str) -> SignedIn:
    """Begin a session with a token that nobody has seen yet; the one the browser was in ends."""
    if browser.token is not None and (earlier := visitor_of(session, digest_of(browser.token), now)):
        access.end_session(session, earlier.user_id, earlier.session_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    agent = (browser.user_agent or "")[:USER_AGENT_CHARACTERS_MAX] or None
    access.begin_session(session, account.id, digest_of(token), now, browser.address, agent)
    note(session, Acting(account.email, account.id, browser.address), "signed in", "user", account.email, how=how)
    return SignedIn(account, token)
