"""What is ordered at a page is done and written down together, or not at all."""

import pytest

from console.api.service import Processes
from console.web.work import working
from db.engine import Engine
from db.operations.audit import Acting
from db.operations.refusal import Refused
from tests.api.temporal_away import nowhere
from tests.db.book import Book
from tests.web.browser import MEMBER, OWNER, make_team

ACTING = Acting(OWNER, None, "10.0.0.1")


def test_a_change_that_nobody_writes_down_is_undone(engine: Engine, book: Book) -> None:
    book.invoice("INV-1")

    with (
        pytest.raises(AssertionError, match="audit log"),
        working(engine, Processes(nowhere), ACTING) as work,
    ):
        work.desk.pause("INV-1", None, None)

    assert book.rows("SELECT kind FROM holds") == []


def test_a_change_is_written_down_with_who_and_from_where(engine: Engine, book: Book) -> None:
    make_team(engine)
    with working(engine, Processes(nowhere), ACTING) as work:
        assert work.desk.set_role(MEMBER, "admin")

    entry = book.rows("SELECT actor, address, verb, about_name, details FROM audit_log")
    assert entry == [(OWNER, "10.0.0.1", "role changed", MEMBER, {"was": "member", "role": "admin"})]


def test_what_is_refused_takes_all_of_it_back(engine: Engine, book: Book) -> None:
    make_team(engine)

    def promote_two() -> None:
        with working(engine, Processes(nowhere), ACTING) as work:
            work.desk.set_role(MEMBER, "admin")
            work.desk.set_role("nobody@duewell.example", "admin")

    with pytest.raises(Refused):
        promote_two()
    assert book.rows("SELECT verb FROM audit_log") == []
    assert book.one("SELECT role FROM users WHERE email = :email", email=MEMBER) == "member"
