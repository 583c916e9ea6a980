"""forecast: the messages and to-dos ahead of the whole book, from a real ledger."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest

from console.views import book_ahead
from db.engine import Engine
from dunning.calendar import ONE_DAY
from tests.console.ahead import Ahead, W
from tests.console.conftest import RunHere
from tests.dunning.builders import reminders


@pytest.fixture
def ahead(engine: Engine) -> Ahead:
    return Ahead.of(engine, [W, reminders(3, 10, name="Two")])


def test_forecast_draws_messages_and_todos(ahead: Ahead, here: RunHere) -> None:
    for number in ("INV-1", "INV-2"):
        ahead.invoice(number)
    ahead.invoice("INV-3", cadence="Two")

    ran = here("forecast")

    assert (ran.code, ran.err) == (0, "")
    said = ran.out.splitlines()
    assert said[0].startswith("3 open collections, ")
    assert said[0].endswith(", by week")
    assert all(len(line) <= 80 for line in said)
    bars = {line[:14]: line for line in said if "+" in line}
    assert bars[ahead.day(0)].split()[2:] == ["3", "+", "0", "█" * bars[ahead.day(0)].count("█")]
    assert bars[ahead.day(21)].split()[2:5] == ["0", "+", "2"]
    assert "░" in bars[ahead.day(21)]
    assert bars[ahead.day(0)].count("█") > bars[ahead.day(28)].count("█") > 0
    assert said[-3].startswith("Nothing from ")
    assert said[-2] == "In all: 10 messages (10 email), 2 to-dos (2 call)."
    assert said[-1] == f"Most messages on one day: 3 on {ahead.day(3)}."


def test_forecast_of_days_and_of_years_takes_bars_that_fit(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()

    assert ", by day\n" in here("forecast", "--until", ahead.iso(3)).out
    assert ", by month\n" in here("forecast", "--until", ahead.iso(900)).out


def test_forecast_of_an_empty_book_says_so(ahead: Ahead, here: RunHere) -> None:
    ran = here("forecast")

    assert (ran.code, ran.out.splitlines()[-1]) == (0, "In all: 0 messages, 0 to-dos.")


def test_forecast_as_json_counts_by_day_kind_and_channel(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice("INV-1")
    ahead.invoice("INV-2", customer_id="C-2", email=None)

    data = here("forecast", "--until", ahead.iso(21), "--json").data

    days = {day["day"]: day for day in data["days"]}
    assert len(days) == (ahead.monday - ahead.today).days + 22
    assert (data["collections"], data["undecidable"], data["messages"], data["todos"]) == (2, 0, 3, 5)
    assert days[ahead.iso(3)] == {"day": ahead.iso(3), "messages": {"email": 1}, "todos": {"email": 1}}
    assert days[ahead.iso(4)] == {"day": ahead.iso(4), "messages": {}, "todos": {}}
    assert days[ahead.iso(21)]["todos"] == {"call": 2}


def test_forecast_as_csv_has_a_row_for_each_day(ahead: Ahead, here: RunHere, tmp_path: Path) -> None:
    ahead.invoice("INV-1")
    path = tmp_path / "ahead.csv"

    piped = here("forecast", "--until", ahead.iso(21), "--csv", "-")
    written = here("forecast", "--until", ahead.iso(21), "--csv", str(path))

    rows = list(csv.DictReader(io.StringIO(piped.out)))
    assert path.read_bytes().decode() == piped.out
    assert written.out == f"{path}: {len(rows)} days written.\n"
    assert [date.fromisoformat(row["day"]) for row in rows] == [
        ahead.today + timedelta(days=number) for number in range(len(rows))
    ]
    by_day = {row["day"]: row for row in rows}
    assert (by_day[ahead.iso(3)]["messages"], by_day[ahead.iso(3)]["email_messages"]) == ("1", "1")
    assert (by_day[ahead.iso(21)]["todos"], by_day[ahead.iso(21)]["call_todos"]) == ("1", "1")
    assert "call_messages" not in rows[0]


def test_forecast_of_a_cadence_counts_its_collections_alone(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice("INV-1")
    ahead.invoice("INV-2", cadence="Two")

    by_itself = here("forecast", "--cadence", "Two", "--json").data
    ahead.book.set(contact_delay_scope="customer")
    together = here("forecast", "--cadence", "Two", "--json").data

    assert [(data["collections"], data["messages"]) for data in (by_itself, together)] == [(1, 2), (1, 2)]
    here("forecast", "--cadence", "Nope").failed(2, "there is no cadence 'Nope'")


def test_forecast_of_many_pages_counts_everything_once(
    ahead: Ahead, here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_ahead, "PAGE", 2)
    monkeypatch.setattr(book_ahead, "CUSTOMERS_PAGE", 2)
    for number in range(7):
        ahead.invoice(f"INV-{number}", customer_id=f"C-{number}", email=f"ana@c{number}.example")

    by_itself = here("forecast", "--json").data
    under = here("forecast", "--cadence", "W", "--json").data
    ahead.book.set(merges_same_day=True)
    together = here("forecast", "--json").data

    assert by_itself["days"] == under["days"] == together["days"]
    assert (by_itself["collections"], by_itself["messages"], by_itself["todos"]) == (7, 28, 7)


def test_forecast_counts_a_merged_message_once(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice("INV-1")
    ahead.invoice("INV-2")
    ahead.book.set(merges_same_day=True)

    data = here("forecast", "--json").data

    assert (data["collections"], data["messages"], data["todos"]) == (2, 4, 2)


def test_forecast_takes_todos_to_be_done_when_it_is_told(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()

    never = here("forecast", "--todos-after", "never", "--json").data
    late = here("forecast", "--todos-after", "10", "--json").data

    assert (never["messages"], never["todos_after_days"]) == (3, None)
    assert [day["day"] for day in late["days"] if day["messages"]][-1] == ahead.iso(36)


def test_collections_that_cannot_be_planned_are_said_and_not_counted(ahead: Ahead, here: RunHere) -> None:
    ahead.invoice()
    ahead.book.set(business_days=[0], holidays=[ahead.today + number * ONE_DAY for number in range(800)])

    ran = here("forecast")

    assert (ran.code, here("forecast", "--json").data["undecidable"]) == (0, 1)
    assert "1 collection cannot be planned, and is not counted." in ran.out


def test_forecast_refuses_what_is_asked_wrongly(ahead: Ahead, here: RunHere, tmp_path: Path) -> None:
    here("forecast", "--json", "--csv", "-").failed(2, "not both")
    here("forecast", "--until", "2020-01-01").failed(2, "--until")
    here("forecast", "--csv", str(tmp_path / "no" / "where.csv")).failed(2, "cannot be written")
