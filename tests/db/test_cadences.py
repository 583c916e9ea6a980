"""Cadences are drafted, published and retired, and nobody overwrites what somebody else did."""

from functools import partial
from typing import Any

import pytest

from db.engine import Session
from db.operations.assignment import reassign
from db.operations.cadences import Basis, delete_cadence, draft, publish, set_default
from db.operations.refusal import Refused
from db.queries.catalogue import cadence_lines, newest_version, numbered_version, version_of
from dunning.cadence import Cadence
from tests.db.book import Book, a_change, an_invoice
from tests.db.test_races import race
from tests.db.versions import NAME, a_version, call, mail, repeating

ONE = a_version(mail("first", 3))
TWO = a_version(mail("first", 3), repeating(call("call", 8), 14, 2))
THREE = a_version(mail("first", 5))


def put(book: Book, cadence: Cadence, **options: Any) -> int:
    """Publish, and return the version's number."""
    number: int = book.do(lambda session: publish(session, cadence, **options))
    return number


def kept(book: Book, cadence: Cadence) -> int:
    """Draft, and return the version's number."""
    number: int = book.do(lambda session: draft(session, cadence))
    return number


def basis_of(book: Book, *, with_draft: bool = False) -> Basis:
    """Return what somebody sees who looks now."""

    def look(session: Session) -> Basis:
        in_force, drafted = version_of(session, NAME, "published"), version_of(session, NAME, "draft")
        return Basis(in_force.id if in_force else None, drafted.id if drafted and with_draft else None)

    basis: Basis = book.do(look)
    return basis


def versions(book: Book) -> list[tuple[int, str]]:
    """Return the versions of the cadence with what became of them."""
    return book.rows(
        "SELECT v.number, v.state FROM cadence_versions v JOIN cadences c ON c.id = v.cadence_id"
        " WHERE c.name = :name ORDER BY v.number",
        name=NAME,
    )


def test_a_published_version_is_read_back_as_it_was_written(book: Book) -> None:
    put(book, ONE, by="ana")
    put(book, TWO, by="bo")

    found = book.do(lambda session: [numbered_version(session, NAME, 1), version_of(session, NAME, "published")])

    assert [version.cadence for version in found] == [ONE, TWO]
    assert [(version.number, version.state, version.published_by) for version in found] == [
        (1, "retired", "ana"),
        (2, "published", "bo"),
    ]
    assert book.do(lambda session: numbered_version(session, NAME, 3)) is None


def test_a_draft_is_replaced_by_the_next_and_governs_nothing(book: Book) -> None:
    put(book, ONE)

    assert [kept(book, TWO), kept(book, THREE), kept(book, THREE)] == [2, 2, 2]

    assert versions(book) == [(1, "published"), (2, "draft")]
    assert book.do(lambda session: version_of(session, NAME, "draft")).cadence == THREE
    assert book.do(lambda session: version_of(session, NAME, "published")).cadence == ONE


def test_a_cadence_that_is_only_a_draft_cannot_be_used(book: Book) -> None:
    kept(book, ONE)
    invoice_id = book.invoice()

    with pytest.raises(Refused, match="there is no cadence 'Edited'; there is Standard"):
        book.reassign(invoice_id, NAME, "2026-05-05 09:00")
    with pytest.raises(Refused, match="Edited is not published"):
        book.do(lambda session: set_default(session, NAME))
    assert book.do(lambda session: newest_version(session, NAME)).state == "draft"


def test_a_draft_that_is_published_becomes_that_version(book: Book) -> None:
    put(book, ONE)
    kept(book, TWO)

    assert put(book, TWO, basis=basis_of(book, with_draft=True)) == 2

    assert versions(book) == [(1, "retired"), (2, "published")]


def test_publishing_something_else_leaves_the_draft_and_puts_it_after(book: Book) -> None:
    put(book, ONE)
    kept(book, TWO)

    assert put(book, THREE) == 2

    assert versions(book) == [(1, "retired"), (2, "published"), (3, "draft")]
    assert book.do(lambda session: version_of(session, NAME, "draft")).cadence == TWO


def test_who_looked_before_another_published_is_told_and_overwrites_nothing(book: Book) -> None:
    put(book, ONE)
    basis = basis_of(book)
    put(book, TWO, by="bo")

    with pytest.raises(
        Refused, match="version 2 of Edited was published by bo meanwhile; nothing was overwritten"
    ):
        put(book, THREE, basis=basis)

    assert versions(book) == [(1, "retired"), (2, "published")]


def test_a_draft_that_was_changed_after_it_was_looked_at_is_not_published(book: Book) -> None:
    put(book, ONE)
    kept(book, TWO)
    basis = basis_of(book, with_draft=True)
    kept(book, THREE)

    with pytest.raises(Refused, match="the draft of Edited was changed meanwhile"):
        put(book, TWO, basis=basis)

    assert versions(book) == [(1, "published"), (2, "draft")]


def test_of_two_who_publish_at_once_one_is_told(book: Book) -> None:
    for round_ in range(10):
        put(book, a_version(mail("first", 10 + round_)))
        basis = basis_of(book)
        works = [partial(publish, cadence=each, basis=basis) for each in (TWO, THREE)]

        both = race(book, *works)

        assert sorted(raced.refusal is None for raced in both) == [False, True]
        assert sum(state == "published" for _, state in versions(book)) == 1


def test_of_two_who_make_a_default_at_once_both_do_one_after_the_other(book: Book) -> None:
    put(book, ONE)
    for _ in range(10):
        race(
            book,
            lambda session: set_default(session, NAME),
            lambda session: set_default(session, "Standard"),
            lambda session: publish(session, TWO, make_default=True),
        )
        assert book.one("SELECT count(*) FROM cadences WHERE is_default") == 1


def test_the_default_touches_new_invoices_only(book: Book) -> None:
    before = book.invoice("INV-1")
    put(book, ONE)

    assert book.do(lambda session: set_default(session, NAME))
    assert not book.do(lambda session: set_default(session, NAME))

    assert book.collections(before) == [("Standard", "active")]
    assert book.collections(book.invoice("INV-2")) == [(NAME, "active")]


def test_without_a_default_nothing_follows_new_invoices_up(book: Book) -> None:
    assert book.do(lambda session: set_default(session, None))

    assert book.collections(book.invoice()) == []


def test_a_cadence_that_nobody_ever_used_is_deleted_for_good(book: Book) -> None:
    put(book, ONE)
    kept(book, TWO)

    assert book.do(lambda session: delete_cadence(session, NAME))

    assert versions(book) == []
    with pytest.raises(Refused, match="there is no cadence 'Edited'; there is Standard"):
        book.do(lambda session: delete_cadence(session, NAME))
    assert put(book, TWO) == 1


def test_a_cadence_in_use_is_not_deleted_until_its_collections_are_reassigned(book: Book) -> None:
    """Rule 6.6."""
    put(book, ONE)
    kept(book, TWO)
    invoice_id = book.invoice()
    book.reassign(invoice_id, NAME, "2026-05-05 09:00")

    with pytest.raises(Refused, match="1 open collection is under Edited; a cadence in use is not deleted"):
        book.do(lambda session: delete_cadence(session, NAME))
    book.reassign(invoice_id, "Standard", "2026-05-05 10:00")

    assert not book.do(lambda session: delete_cadence(session, NAME))
    assert versions(book) == [(1, "retired")]
    with pytest.raises(Refused, match="there is no cadence 'Edited'"):
        book.reassign(invoice_id, NAME, "2026-05-05 11:00")


def test_the_default_cadence_is_not_deleted(book: Book) -> None:
    """Rule 6.6."""
    with pytest.raises(Refused, match="Standard is the default for new invoices"):
        book.do(lambda session: delete_cadence(session, "Standard"))


def test_a_retired_cadence_that_is_published_again_goes_on_with_its_history(book: Book) -> None:
    put(book, ONE)
    invoice_id = book.invoice()
    book.reassign(invoice_id, NAME, "2026-05-05 09:00")
    book.send(invoice_id, "2026-06-04 08:30")
    book.reassign(invoice_id, "Standard", "2026-06-05 09:00")
    book.do(lambda session: delete_cadence(session, NAME))

    assert put(book, TWO) == 2
    book.reassign(invoice_id, NAME, "2026-06-05 10:00")

    assert book.statuses(invoice_id) == {"first": "done"}
    assert book.next_step(invoice_id)[0] == "call"


def test_a_cadence_is_never_deleted_while_an_invoice_is_put_under_it(book: Book) -> None:
    """Whoever comes second sees the first: the cadence is in use, or it is gone."""
    for number in range(10):
        cadence = a_version(mail("first", 3))
        put(book, cadence)
        invoice_id = book.invoice(f"INV-{number}", customer_id=f"C-{number}")

        moved, deleted = race(
            book,
            lambda session, id_=invoice_id: _reassign(session, id_),  # type: ignore[misc]
            lambda session: delete_cadence(session, NAME),
        )

        assert (moved.refusal is None) != (deleted.refusal is None)
        followed = book.rows(
            "SELECT v.state FROM collections c JOIN cadence_versions v ON v.id = c.version_id"
            " WHERE c.invoice_id = :id AND c.closed_at IS NULL",
            id=invoice_id,
        )
        assert followed == ["published"]
        book.reassign(invoice_id, "Standard", "2026-05-06 09:00")


def _reassign(session: Session, invoice_id: int) -> None:
    reassign(session, invoice_id, NAME, a_change("2026-05-05 09:00"))


def test_the_list_says_of_each_cadence_how_it_stands(book: Book) -> None:
    put(book, ONE, by="ana")
    kept(book, TWO)
    book.take(an_invoice())

    lines = book.do(cadence_lines)

    shown = [
        (line.name, line.is_default, line.published, line.draft, line.steps, line.collections) for line in lines
    ]
    assert shown == [(NAME, False, 1, 2, 1, 0), ("Standard", True, 1, None, 5, 1)]
    assert lines[0].published_by == "ana"
