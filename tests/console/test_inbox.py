"""`duewell inbox` and how messages fared in `duewell status`, on a real ledger."""

from pathlib import Path

import pytest

from db.engine import Engine
from tests.console.conftest import RunHere
from tests.db.book import Book
from tests.mailer.returned import OURS, POSTFIX, reply


@pytest.fixture
def book(engine: Engine) -> Book:
    """A ledger with INV-1, whose first mail went out."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    claim = book.send(book.invoice(), "2026-05-29 08:30")
    book.run("UPDATE messages SET message_id = :ours WHERE action_id = :id", ours=OURS, id=claim.action_id)
    return book


def saved(folder: Path, raw: bytes) -> str:
    """Save a message and return its path."""
    path = folder / "message.eml"
    path.write_bytes(raw)
    return str(path)


def test_a_reply_is_taken_in_listed_and_shown(book: Book, here: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, reply("We paid last week."))

    assert here("inbox", "take", path).out == "Taken in as 1: reply, about INV-1.\n"
    assert here("inbox", "take", path).out == "It is here already, as 1: reply, about INV-1.\n"

    (line,) = here("inbox", "list", "--json").data
    assert (line["kind"], line["invoice"], line["sender"]) == ("reply", "INV-1", "ana@helios.example")
    assert "reply  INV-1" in here("inbox", "list", "--invoice", "INV-1").out
    shown = here("inbox", "show", "1")
    assert "We paid last week." in shown.out
    assert OURS in shown.out


def test_a_bounce_is_said_with_its_message(book: Book, here: RunHere, tmp_path: Path) -> None:
    assert here("inbox", "take", saved(tmp_path, POSTFIX), "--json").data == {
        "message": 1,
        "kind": "bounce",
        "is_new": True,
        "invoices": ["INV-1"],
    }

    status = here("status", "INV-1").out
    assert "upcoming to ana@helios.example: bounced: ana@helios.example: the address does not exist" in status
    (message,) = here("status", "INV-1", "--json").data["messages"]
    assert message["state"] == "bounced"


def test_what_nothing_matches_is_listed_and_assigned(book: Book, here: RunHere, tmp_path: Path) -> None:
    here("inbox", "take", saved(tmp_path, b"From: cy@x.example\r\nSubject: Hello\r\n\r\nWho are you?\r\n"))
    assert [line["subject"] for line in here("inbox", "list", "--unmatched", "--json").data] == ["Hello"]

    assert here("inbox", "assign", "1", "INV-1").out == "Message 1 is about INV-1.\n"

    assert here("inbox", "list", "--unmatched").out == "Nothing came in that matches.\n"
    assert "(reply)" in here("status", "INV-1").out


def test_what_is_asked_wrongly_is_said_in_one_line(book: Book, here: RunHere, tmp_path: Path) -> None:
    here("inbox", "take", saved(tmp_path, reply("We paid.")))

    here("inbox", "show", "4711").failed(2, "no incoming message 4711")
    here("inbox", "assign", "4711", "INV-1").failed(2, "no incoming message 4711")
    here("inbox", "assign", "1", "INV-9").failed(2, "no invoice 'INV-9'")
    here("inbox", "assign", "1", "INV-1").failed(2, "about this invoice already")
    here("inbox", "list", "--invoice", "INV-9").failed(2, "no invoice 'INV-9'")
    here("inbox", "list", "--invoice", "INV-1", "--unmatched").failed(2, "--unmatched")
    here("inbox", "take", str(tmp_path / "none.eml")).failed(2, "none.eml")
    here("inbox", "take", saved(tmp_path, b"\n")).failed(2, "is empty")


def test_while_the_ledger_is_away_a_mail_server_is_told_so(nowhere: RunHere, tmp_path: Path) -> None:
    nowhere("inbox", "take", saved(tmp_path, POSTFIX)).failed(1, "PostgreSQL")


def test_a_report_that_is_too_early_may_come_again(book: Book, here: RunHere, tmp_path: Path) -> None:
    book.run("UPDATE messages SET state = 'sending'")

    here("inbox", "take", saved(tmp_path, POSTFIX)).failed(1, "being handed over", "again")
