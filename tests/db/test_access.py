"""Who is let in, with which role, and what is written down of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from db.engine import Engine, transaction
from db.operations import access
from db.operations.audit import Acting, note
from db.operations.people import add_user
from db.operations.refusal import Refused
from db.queries.access import IDLE_MAX, SESSION_MAX, Role, account_named, sessions_of, visitor_of
from db.queries.audit import audit_actors, audit_page, audit_verbs
from intake.api_keys import digest_of
from intake.commands import Desk
from intake.sign_in import Browser, SignedIn, by_password, by_provider, visitor_with
from tests.db.book import Book

ANA, BO = "ana@duewell.example", "bo@duewell.example"
PASSWORD = "three small words"
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def desk(book: Book) -> Desk:
    """A desk in a ledger with an owner, who has a password."""
    desk = Desk(book.engine, "setup")
    desk.add_user(ANA, "Ana Lima", None, None)
    desk.set_password(ANA, PASSWORD)
    return desk


def let_in(engine: Engine, email: str = ANA, at: datetime = NOW, token: str | None = None) -> SignedIn:
    """Sign in by the password."""
    signed_in = by_password(engine, email, PASSWORD, Browser("10.0.0.1", "Firefox", token), at)
    assert signed_in is not None
    return signed_in


def is_in(engine: Engine, signed_in: SignedIn, at: datetime) -> bool:
    """Say whether the token still opens."""
    return visitor_with(engine, signed_in.token, at) is not None


def test_the_first_user_is_an_owner_and_the_next_a_member(desk: Desk, book: Book) -> None:
    desk.add_user(BO, "Bo", None, None)

    assert book.rows("SELECT role FROM users ORDER BY id") == ["owner", "member"]


def test_a_password_lets_in_and_the_ledger_knows_neither_it_nor_the_token(desk: Desk, book: Book) -> None:
    signed_in = let_in(desk.engine, ANA.upper())

    visitor = visitor_with(desk.engine, signed_in.token, NOW)
    assert visitor is not None
    assert (visitor.email, visitor.role, visitor.organization) == (ANA, Role.OWNER, "Duewell Test")
    kept = str(book.rows("SELECT to_jsonb(s) FROM sessions s")) + str(book.rows("SELECT to_jsonb(u) FROM users u"))
    assert signed_in.token not in kept
    assert PASSWORD not in kept
    assert digest_of(signed_in.token) in kept
    assert "$argon2id$" in kept


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ANA, "another password"),
        (ANA, ""),
        ("nobody@duewell.example", PASSWORD),
        (ANA, "\ud800" * 12),
        (ANA, "x" * 9999),
    ],
)
def test_what_is_wrong_lets_nobody_in(desk: Desk, email: str, password: str) -> None:
    assert by_password(desk.engine, email, password, Browser(), NOW) is None


def test_nobody_without_a_password_signs_in_by_one(desk: Desk) -> None:
    desk.add_user(BO, "Bo", None, None)

    assert by_password(desk.engine, BO, "", Browser(), NOW) is None
    assert by_password(desk.engine, BO, "nobody has this password", Browser(), NOW) is None
    assert by_provider(desk.engine, BO, Browser(), NOW) is not None


def test_a_session_ends_when_nothing_is_asked_and_at_last_however_much_is(desk: Desk) -> None:
    idle, busy = let_in(desk.engine), let_in(desk.engine)
    at = NOW
    while at < NOW + SESSION_MAX - IDLE_MAX:
        at += IDLE_MAX / 2
        assert is_in(desk.engine, busy, at)

    assert is_in(desk.engine, busy, NOW + SESSION_MAX - timedelta(seconds=1))
    assert not is_in(desk.engine, busy, NOW + SESSION_MAX)
    assert not is_in(desk.engine, idle, NOW + IDLE_MAX)


def test_signing_in_again_ends_the_earlier_session_of_the_browser_and_no_other(desk: Desk) -> None:
    first, elsewhere = let_in(desk.engine), let_in(desk.engine)

    second = let_in(desk.engine, token=first.token)

    assert second.token != first.token
    assert [is_in(desk.engine, one, NOW) for one in (first, elsewhere, second)] == [False, True, True]


def test_another_password_ends_all_sessions_but_one(desk: Desk) -> None:
    here, elsewhere = let_in(desk.engine), let_in(desk.engine)
    visitor = visitor_with(desk.engine, here.token, NOW)
    assert visitor is not None

    desk.set_password(ANA, "three other words", visitor.session_id)

    assert is_in(desk.engine, here, NOW)
    assert not is_in(desk.engine, elsewhere, NOW)
    assert by_password(desk.engine, ANA, PASSWORD, Browser(), NOW) is None


def test_who_left_is_out_at_once_and_comes_back_as_a_member_without_a_password(desk: Desk, book: Book) -> None:
    desk.add_user(BO, "Bo", None, None)
    desk.set_role(BO, "admin")
    desk.set_password(BO, PASSWORD)
    signed_in = let_in(desk.engine, BO)

    desk.deactivate_user(BO)
    assert not is_in(desk.engine, signed_in, NOW)
    assert by_provider(desk.engine, BO, Browser(), NOW) is None
    desk.add_user(BO, "Bo", None, None)

    account = book.do(lambda session: account_named(session, BO))
    assert (account.role, account.password_hash) == (Role.MEMBER, None)


def test_the_last_owner_stays_one(desk: Desk) -> None:
    with pytest.raises(Refused, match="last owner"):
        desk.set_role(ANA, "member")
    with pytest.raises(Refused, match="last owner"):
        desk.deactivate_user(ANA)
    desk.add_user(BO, "Bo", None, None)
    desk.set_role(BO, "owner")

    assert desk.set_role(ANA, "member")
    with pytest.raises(Refused, match="last owner"):
        desk.set_role(BO, "admin")


def test_two_owners_who_demote_each_other_at_once_leave_one(desk: Desk, book: Book) -> None:
    desk.add_user(BO, "Bo", None, None)
    desk.set_role(BO, "owner")

    def demote(email: str) -> bool:
        try:
            return desk.set_role(email, "member")
        except Refused:
            return False

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(demote, (ANA, BO))) == [False, True]
    assert book.one("SELECT count(*) FROM users WHERE role = 'owner'") == 1


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", ANA.upper(), "Ana  Lima", "x" * 201, ""])
def test_what_anybody_would_guess_is_no_password(desk: Desk, password: str) -> None:
    with pytest.raises(Refused):
        desk.set_password(ANA, password)


@pytest.mark.parametrize(("role", "locale"), [("king", "fr-"), ("", "xx_YY"), ("Owner", "../etc")])
def test_roles_and_locales_are_known_ones(desk: Desk, role: str, locale: str) -> None:
    with pytest.raises(Refused):
        desk.set_role(ANA, role)
    with pytest.raises(Refused):
        desk.set_locale(ANA, locale)


def test_all_that_is_done_to_accounts_is_written_down(desk: Desk, book: Book) -> None:
    desk.set_locale(ANA, "fr-FR")
    desk.set_locale(ANA, "fr_FR")
    let_in(desk.engine)

    lines = book.do(lambda session: audit_page(session, 10))

    assert [(line.actor, line.verb) for line in lines] == [
        (ANA, "signed in"),
        ("setup", "language changed"),
        ("setup", "password changed"),
        ("setup", "user added"),
    ]
    assert lines[0].address == "10.0.0.1"
    assert lines[1].details == {"locale": "fr_FR"}
    assert PASSWORD not in str(lines)


def test_the_log_is_read_page_by_page_by_who_and_what(book: Book) -> None:
    with transaction(book.engine) as session:
        for number in range(6):
            note(
                session,
                Acting("ana" if number % 2 else "bo"),
                "paused" if number < 3 else "resumed",
                "invoice",
                "I",
            )

        first = audit_page(session, 2)
        second = audit_page(session, 2, before_id=first[-1].id)

        assert [one.id for one in (*first, *second)] == sorted((one.id for one in (*first, *second)), reverse=True)
        assert len(audit_page(session, 10, actor="ana")) == 3
        assert len(audit_page(session, 10, actor="ana", verb="paused")) == 1
        assert audit_actors(session) == ["ana", "bo"]
        assert audit_verbs(session) == ["paused", "resumed"]


@pytest.mark.parametrize(
    "change", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_log_only_grows(book: Book, change: str) -> None:
    with transaction(book.engine) as session:
        note(session, Acting("ana"), "paused", "invoice", "INV-1")

    with pytest.raises(DBAPIError, match="append-only"):
        book.run(change)


def test_a_refused_order_leaves_no_entry(desk: Desk, book: Book) -> None:
    before = book.one("SELECT count(*) FROM audit_log")
    with pytest.raises(Refused):
        desk.set_role(ANA, "member")

    assert book.one("SELECT count(*) FROM audit_log") == before


def test_sessions_that_are_over_are_cleared_away_and_not_listed(book: Book) -> None:
    with transaction(book.engine) as session:
        add_user(session, ANA, "Ana")
        account = account_named(session, ANA)
        assert account is not None
        access.begin_session(session, account.id, "old", NOW - SESSION_MAX - timedelta(days=1), None, None)
        access.begin_session(session, account.id, "new", NOW, None, None)

        assert [line.created_at for line in sessions_of(session, account.id, NOW)] == [NOW]
        assert visitor_of(session, "old", NOW) is None
    assert book.rows("SELECT digest FROM sessions") == ["new"]
