"""preview: the year ahead of one invoice, from a real ledger."""

from datetime import timedelta

import pytest

from db.engine import Engine
from dunning.cadence import Logic
from tests.console.ahead import STEPS, Ahead
from tests.console.conftest import RunHere
from tests.dunning.builders import a_cadence, reminders


@pytest.fixture
def ahead(engine: Engine) -> Ahead:
    return Ahead.of(engine)


def lines(out: str) -> list[str]:
    """Return what was said, without the spaces that lay out a table."""
    return [" ".join(line.split()) for line in out.splitlines()]


def test_preview_says_what_happens_when_and_why(
    ahead: Ahead, here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ahead.invoice()

    ran = here("preview", "INV-1")

    assert (ran.code, ran.err) == (0, "")
    day = ahead.day
    assert lines(ran.out) == [
        f"INV-1, Société Hélios: 1000.00 EUR outstanding, due {day(0)}",
        f"Under W, until {ahead.today + timedelta(days=365):%a %Y-%m-%d}.",
        "Assumed: to-dos are done on the day they open (--todos-after changes that).",
        "day time step what why",
        f"{day(3)} 08:30 S1 email due date +3 days",
        f"{day(8)} 08:30 S2 email due date +8 days",
        f"{day(14)} 08:30 S3 email due date +13 days is {day(13)}; first business day after a weekend",
        f"{day(21)} 08:30 S4 to-do: call due date +21 days",
        f"{day(28)} 08:30 S5 email due date +28 days",
        f"Exhausted after {day(28)}: every step is done or expired, and a person has to say what follows.",
    ]


def test_preview_says_that_nobody_does_the_todo(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()

    ran = here("preview", "INV-1", "--todos-after", "never")

    assert "Assumed: nobody does a to-do (--todos-after never)." in ran.out
    assert lines(ran.out)[-1] == "Then it waits for a person: to-do S4 (call) stays open."


def test_preview_names_holds_and_holidays_among_the_reasons(ahead: Ahead, here: RunHere) -> None:
    holiday = ahead.monday + timedelta(days=8)
    ahead.book.set(holidays=[holiday])
    held = ahead.invoice("INV-2")
    ahead.invoice("INV-1")
    ahead.book.pause(held, f"{ahead.today} 12:00", ahead.iso(10))

    free = here("preview", "INV-1", "--json").data["actions"]
    paused = here("preview", "INV-2", "--json").data["actions"]

    assert (free[1]["on"], free[1]["because"]) == (
        ahead.iso(9),
        [f"due date +8 days is {ahead.day(8)}", "first business day after a holiday"],
    )
    assert (paused[0]["on"], paused[0]["because"]) == (
        ahead.iso(10),
        [f"due date +3 days is {ahead.day(3)}", f"paused until {ahead.day(10)}"],
    )
    assert (paused[1]["on"], paused[1]["because"][1]) == (
        ahead.iso(15),
        f"minimum contact delay: 5 days after {ahead.day(10)}",
    )


def test_preview_says_what_expires(ahead: Ahead, here: RunHere) -> None:
    ahead.book.publish(a_cadence(STEPS, Logic.CONTEXTUAL, name="By age"))
    invoice_id = ahead.invoice(cadence="By age")
    ahead.book.pause(invoice_id, f"{ahead.today} 12:00", ahead.iso(15))

    ran = here("preview", "INV-1", "--todos-after", "never")
    data = here("preview", "INV-1", "--todos-after", "never", "--json").data

    assert "S1 expires the day of a later step has come" in lines(ran.out)
    assert [(each["step"], [one["step"] for one in each["expired"]]) for each in data["actions"]] == [
        ("S3", ["S1", "S2"]),
        ("S4", []),
        ("S5", ["S4"]),
    ]
    assert data["end"] == "exhausted"


def test_preview_of_a_hold_without_an_end_says_so(ahead: Ahead, here: RunHere) -> None:
    ahead.book.pause(ahead.invoice(), f"{ahead.today} 12:00")

    ran = here("preview", "INV-1")
    data = here("preview", "INV-1", "--json").data

    assert lines(ran.out)[-1] == "Held without an end: paused until it is ended."
    assert (data["actions"], data["end"]) == ([], "held")


def test_preview_of_a_message_that_cannot_be_sent_is_a_todo(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice(email=None)

    first = here("preview", "INV-1", "--json").data["actions"][0]

    assert (first["kind"], first["because"][-1]) == (
        "todo",
        "cannot be sent: the customer has no e-mail address that can be written to",
    )


def test_preview_ends_with_the_day_that_was_asked_for(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()

    ran = here("preview", "INV-1", "--until", ahead.iso(8))
    data = here("preview", "INV-1", "--until", ahead.iso(8), "--json").data

    assert lines(ran.out)[-1].startswith(f"After {ahead.day(8)}: S3 on {ahead.day(14)} (")
    assert ([each["step"] for each in data["actions"]], data["end"]) == (["S1", "S2"], "waiting")


def test_preview_of_what_is_not_followed_up_says_why(ahead: Ahead, here: RunHere) -> None:
    ahead.book.pay(ahead.invoice("INV-1"), "1000", f"{ahead.today} 12:00")
    ahead.book.reassign(ahead.invoice("INV-2"), None, f"{ahead.today} 12:00")

    paid, stopped = here("preview", "INV-1"), here("preview", "INV-2")

    assert (paid.code, paid.out) == (0, "INV-1: Nothing, the invoice is paid.\n")
    assert stopped.code == 0
    assert stopped.out.startswith("INV-2: Nothing, no cadence follows it up")
    assert here("preview", "INV-1", "--json").data["end"] == "not followed up"


def test_preview_adopts_the_version_in_force(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()
    ahead.book.publish(a_cadence(STEPS[:1], name="W"))

    data = here("preview", "INV-1", "--json").data

    assert [each["step"] for each in data["actions"]] == ["S1"]
    assert ahead.book.one("SELECT count(DISTINCT version_id) FROM collections WHERE closed_at IS NULL") == 1


def test_preview_heeds_the_customers_other_invoices_where_a_setting_says_so(ahead: Ahead, here: RunHere) -> None:
    ahead.book.publish(reminders(3, name="One"))
    ahead.invoice("INV-1", "One")
    ahead.invoice("INV-2", "One")
    ahead.invoice("INV-3", "One", customer_id="C-2", email="other@c2.example")

    def firsts() -> list[tuple[str, str | None]]:
        shown = (here("preview", number, "--json").data["actions"][0] for number in ("INV-1", "INV-2", "INV-3"))
        return [(first["on"], first["merged_into"]) for first in shown]

    alone = firsts()
    ahead.book.set(contact_delay_scope="customer")
    apart = firsts()
    ahead.book.set(merges_same_day=True)
    merged = firsts()

    assert alone == [(ahead.iso(3), None)] * 3
    assert apart == [(ahead.iso(3), None), (ahead.iso(8), None), (ahead.iso(3), None)]
    assert merged == [(ahead.iso(3), None), (ahead.iso(3), "INV-1"), (ahead.iso(3), None)]


def test_preview_refuses_what_is_asked_wrongly(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()

    here("preview", "INV-9").failed(2, "there is no invoice 'INV-9'")
    here("preview", "INV-1", "--until", "2020-01-01").failed(2, "--until", "not 2020-01-01")
    here("preview", "INV-1", "--todos-after", "soon").failed(2, "'soon' is no number of days")
    here("preview", "INV-1", "--todos-after", "366").failed(2, "or never")


def test_preview_without_a_ledger_says_so(nowhere: RunHere) -> None:
    nowhere("preview", "INV-1").failed(1, "PostgreSQL")
