"""The overview is kept with the moment it is of, taken anew where it is stale, and never by two at once."""

from datetime import timedelta

from db.engine import transaction
from db.operations.figures import keep_overview
from db.operations.one_at_a_time import KEEPING_FIGURES, alone
from db.queries.figures.overview import PARTS, Overview, overview
from db.queries.lists.choice import InvoiceChoice
from rules.fields import Aging
from tests.db.book import Book, at, on

NOW, TODAY = at("2026-06-15 10:00"), on("2026-06-15")


def kept(book: Book) -> Overview:
    """Return the overview as it is kept."""
    with transaction(book.engine) as session:
        return overview(session)


def test_nothing_is_there_before_it_was_taken(book: Book) -> None:
    found = kept(book)

    assert (found.balances, found.coming_days, found.effects) == (None, None, None)
    assert found.stale(NOW, TODAY) == PARTS


def test_what_is_kept_is_what_was_counted_with_its_moment_and_its_lists(book: Book) -> None:
    book.send(book.invoice(), "2026-06-04 09:00")

    assert keep_overview(book.engine, NOW, TODAY)

    found = kept(book)
    assert found.balances is not None
    (aging,) = found.balances.aging
    assert [int(amount.outstanding) for amount in aging.amounts] == [0, 1000, 0, 0, 0]
    assert aging.amounts[1].listed == InvoiceChoice(currency="EUR", aging=(Aging.TO_30,))
    assert found.balances.days_outstanding[0].days_outstanding == 90
    assert found.coming_days is not None
    assert found.coming_days.first == TODAY
    assert found.effects is not None
    assert [one.step for one in found.effects.steps] == ["reminder"]
    assert all((one.on_day, one.at) == (TODAY, NOW) for one in found.taken.values())


def test_a_part_is_stale_after_its_time_and_on_another_day(book: Book) -> None:
    book.send(book.invoice(), "2026-06-04 09:00")
    keep_overview(book.engine, NOW, TODAY)
    found = kept(book)

    assert found.stale(NOW + timedelta(seconds=59), TODAY) == ()
    assert found.stale(NOW + timedelta(seconds=60), TODAY) == ("balances", "coming days")
    assert found.stale(NOW + timedelta(hours=1), TODAY) == PARTS
    assert found.stale(NOW, TODAY + timedelta(days=1)) == PARTS


def test_what_cadences_achieve_is_awaited_until_they_achieved_something(book: Book) -> None:
    keep_overview(book.engine, NOW, TODAY)

    assert kept(book).stale(NOW + timedelta(seconds=60), TODAY) == PARTS


def test_only_what_is_stale_is_taken_again(book: Book) -> None:
    book.send(book.invoice(), "2026-06-04 09:00")
    keep_overview(book.engine, NOW, TODAY)
    later = NOW + timedelta(minutes=5)

    keep_overview(book.engine, later, TODAY)

    assert {part: taken.at for part, taken in kept(book).taken.items()} == {
        "balances": later,
        "coming days": later,
        "effectiveness": NOW,
    }


def test_two_programs_do_not_count_at_once(book: Book) -> None:
    with alone(book.engine, KEEPING_FIGURES) as is_alone:
        assert is_alone
        assert not keep_overview(book.engine, NOW, TODAY)

    assert keep_overview(book.engine, NOW, TODAY)


def test_what_another_release_kept_is_taken_anew(book: Book) -> None:
    keep_overview(book.engine, NOW, TODAY)
    book.run("UPDATE kept_figures SET figures = '{\"older\": 1}' WHERE part = 'balances'")
    book.run("INSERT INTO kept_figures VALUES ('a newer part', '2026-06-15', now(), '{}')")

    found = kept(book)

    assert found.balances is None
    assert found.coming_days is not None
    assert found.stale(NOW, TODAY) == ("balances",)
