"""Tests of the dry run of a rule: what it says is what the application then does, and nothing is written."""

from collections.abc import Mapping
from decimal import Decimal

from db.operations.change import Change
from intake.rule_preview import DryRun, try_rule
from rules.read_rule import read_rule
from rules.rule import Definition
from tests.db.book import Book, at
from tests.db.test_rule_application import apply_all
from tests.db.test_rules_clock import add
from tests.dunning.builders import reminders
from tests.rules.random_rules import CATALOGUE

# Wednesday: INV-1 to INV-3 are due on Monday the 1st, and were reminded of nothing yet.
NOW = at("2026-06-03 18:30")


def tried(book: Book, text: str, name: str | None = None) -> DryRun:
    """Try a rule."""
    definition = read_rule(text, CATALOGUE)
    assert isinstance(definition, Definition), definition
    return try_rule(book.engine, definition, name, NOW)


def test_a_dry_run_says_what_a_rule_would_win_move_and_send(book: Book) -> None:
    # Tomorrow, and then on Tuesday the 9th.
    book.publish(reminders(1, 8, name="W-KEY"))
    book.publish(reminders(30, name="W-LATE"))
    add(book, "total > 5000 then assign W-LATE", "currency is EUR then assign Standard")
    totals = {"INV-1": "9000.00", "INV-2": "1000.00", "INV-3": "700.00", "INV-4": "60.00"}
    ids = {number: book.invoice(number, total=Decimal(total)) for number, total in totals.items()}
    book.run("UPDATE invoices SET cadence_locked_at = now(), cadence_locked_by = 'ana' WHERE number = 'INV-3'")
    before = book.one("SELECT count(*), max(id) FROM timeline")

    found = tried(book, "total > 500 then assign W-KEY")

    names = dict(book.rows("SELECT id, name FROM smart_rules"))
    assert (found.preview.matching, found.preview.sample) == (3, ["INV-1", "INV-2", "INV-3"])
    assert (found.preview.wins, found.preview.shadows) == (0, {})
    assert named(found.preview.shadowed_by, names) == {"total > 5000 then assign W-LATE": 1,
                                                       "currency is EUR then assign Standard": 2}  # fmt: skip
    book.run("UPDATE smart_rules SET is_active = false WHERE name LIKE 'currency%'")
    book.run("UPDATE organization SET rules_revision = rules_revision + 1")
    found = tried(book, "total > 500 then assign W-KEY")
    assert (found.preview.wins, found.preview.locked) == (2, 1)
    assert (found.preview.changes, found.preview.moved_from) == (1, {"Standard": 1})
    # Standard's first reminder goes out tomorrow too; the second one of W-KEY comes within the week.
    assert (found.messages_tomorrow, found.messages_in_week, found.is_estimated) == (0, 1, False)
    assert tried(book, "total > 500 then hide").preview.changes == 3
    assert tried(book, 'always then notify "Cash Collectors" by email "x"').preview.untold == 4
    assert before == book.one("SELECT count(*), max(id) FROM timeline")
    assert book.collections(ids["INV-2"]) == [("Standard", "active")]


def test_an_application_changes_as_many_as_were_foretold(book: Book) -> None:
    book.publish(reminders(1, 8, name="W-KEY"))
    for number in range(5):
        book.invoice(f"INV-{number}", total=Decimal(f"{number + 1}00.00"))
    text = "total > 200 then assign W-KEY"
    found = tried(book, text)
    add(book, text)

    changed = book.do(lambda session: apply_all(session, False, Change(NOW, NOW.date())))
    assert changed == found.preview.changes == 3
    assert tried(book, text, text).preview.changes == 0


def named(counts: Mapping[int, int], names: Mapping[int, str]) -> dict[str, int]:
    """Return the counts by the rules' names."""
    return {names[id_]: count for id_, count in counts.items()}
