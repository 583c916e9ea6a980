"""The organization's settings: shown, changed, refused in one line, and everything open looks again."""

from datetime import date
from pathlib import Path

import pytest

from db.engine import transaction
from db.operations.outbox import count_owed
from intake.organization_orders import look_again
from intake.organization_settings import SETTINGS
from tests.console.conftest import RunHere
from tests.installation import Installation


def owed(installation: Installation) -> int:
    """Return how many signals wait."""
    with transaction(installation.engine) as session:
        return count_owed(session)


def test_all_settings_are_shown_as_they_are_written(installation: Installation, here: RunHere) -> None:
    shown, data = here("organization"), here("organization", "--json").data

    assert [line.split()[0] for line in shown.out.splitlines()] == list(SETTINGS)
    assert data["settings"].keys() == SETTINGS.keys()
    assert data["settings"]["business_days"] == "mon,tue,wed,thu,fri"
    written = [f"--set={name}={value}" for name, value in data["settings"].items()]
    assert here("organization", *written, "--json").data["changed"] == []


def test_a_change_lets_every_open_collection_look_again(installation: Installation, here: RunHere) -> None:
    installation.invoice("INV-1", due_in_days=20)
    installation.invoice("INV-2", due_in_days=20)
    before = owed(installation)

    ran = here("organization", "--set", "holiday_calendar=DE-BY", "--set", "tolerance=0.5")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "holiday_calendar is now DE-BY.\ntolerance is now 0.5.\n2 open collections look again.\n"
    assert owed(installation) == before + 2


def test_what_says_nothing_of_when_disturbs_nobody(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    before = owed(installation)

    ran = here("organization", "--set", "bank_details=IBAN FR76 …")

    assert ran.out == "bank_details is now IBAN FR76 ….\n"
    assert owed(installation) == before


def test_a_change_that_was_interrupted_is_repeated(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    here("organization", "--set", "tolerance=0.5")

    assert (
        here("organization", "--set", "tolerance=0.50").out == "Nothing changed.\n1 open collection looks again.\n"
    )


def test_the_book_is_told_in_pages(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.organization_orders.PAGE_COLLECTIONS", 2)
    for number in range(5):
        installation.invoice(f"INV-{number}", due_in_days=20)

    assert look_again(installation.engine, "ana") == 5


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("time_zone=Europe/Atlantis", "time_zone: 'Europe/Atlantis' is wrong; expected an IANA time zone"),
        ("send_time=8.30", "send_time: '8.30' is wrong; expected a time of the day"),
        ("send_time=19:00", "send hours from 19:00 to 18:00 hold no time"),
        ("business_days=", "expected one or more days"),
        ("business_days=mon,someday", "expected one or more days"),
        ("holidays=2026-02-30", "expected days such as 2026-12-24"),
        ("holiday_calendar=XX", "holiday_calendar: 'XX' is wrong; expected a country such as FR"),
        ("holiday_calendar=DE-XX", "holiday_calendar: 'DE-XX' is wrong"),
        ("jitter_minutes=1441", "expected a whole number from 0 to 1440"),
        ("payment_term_days=-1", "expected a whole number from 0 to"),
        ("tolerance=-1", "expected an amount in plain digits"),
        ("promise_grace_days=many", "expected a whole number"),
        ("contact_delay_scope=invoice", "expected collection or customer"),
        ("merges_same_day=maybe", "expected yes or no"),
        ("email=nobody", "email: 'nobody' is wrong"),
        ("locale=xx-YY", "locale: 'xx-YY' is wrong"),
        ("name=", "name: '' is wrong; expected some text in one line"),
        ("colour=blue", "colour: 'blue' is wrong; expected a colour such as #1F4E79"),
        ("when_uncertain=guess", "expected repeat or ask"),
        ("pay_link=javascript:alert(1)", "expected a web address such as https://pay.company.example/{number}"),
        ("pay_link=https://pay.example/{secret}", "expected no other parts in it than {number} and"),
        ("pay_link=https://pay.example/{", "expected no other parts"),
        (
            "pay_link=https://{number}.example/",
            "expected no other parts in it than {number} and {external_id}, after",
        ),
        ("view_link=https://a b.example", "expected a web address"),
        ("view_link=https:///x", "expected a web address"),
        ("attaches_invoice=perhaps", "expected yes or no"),
        ("shade=blue", "there is no setting 'shade'; there is name, email"),
        ("time_zone", "'time_zone' is no setting; expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(
    installation: Installation, here: RunHere, setting: str, said: str
) -> None:
    before = here("organization", "--json").data

    here("organization", "--set", "todo_owner=Zoe", "--set", setting).failed(2, said)

    assert here("organization", "--json").data == before


def test_a_setting_is_not_set_twice(installation: Installation, here: RunHere) -> None:
    here("organization", "--set", "tolerance=1", "--set", "tolerance=2").failed(2, "tolerance is set twice")


def test_settings_reach_what_is_decided(installation: Installation, here: RunHere) -> None:
    here("organization", "--set", "holidays=2026-12-24,2026-12-31", "--set", "payment_term_days=none")

    rows = installation.rows("SELECT holidays, payment_term_days FROM organization")

    assert rows == [([date(2026, 12, 24), date(2026, 12, 31)], None)]


def test_the_look_of_messages_is_a_setting_and_disturbs_nobody(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    before = owed(installation)

    look = (
        "colour=#c00000",
        "pay_link=https://pay.example/i/{number}?x={external_id}",
        "attaches_invoice=yes",
        "marks_replies=yes",
    )
    ran = here("organization", *(f"--set={one}" for one in look))

    assert ran.out == (
        "colour is now #C00000.\npay_link is now https://pay.example/i/{number}?x={external_id}.\n"
        "attaches_invoice is now yes.\n"
        "marks_replies is now yes.\n"
    )
    assert owed(installation) == before


def test_a_logo_is_shown_changed_and_taken_away(installation: Installation, here: RunHere, tmp_path: Path) -> None:
    png = tmp_path / "logo.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1016))

    assert here("organization", "--logo", str(png)).out == "logo is now image/png, 1.0 KB.\n"
    assert here("organization", "--json").data["settings"]["logo"] == "image/png, 1.0 KB"
    assert installation.rows("SELECT logo_type, length(logo) FROM organization") == [("image/png", 1024)]
    assert here("organization", "--logo", "none").out == "logo is now none.\n"
    assert installation.rows("SELECT logo_type, logo FROM organization") == [(None, None)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg/>", "expected PNG, JPEG or GIF"),
        (b"", "expected PNG, JPEG or GIF"),
        (b"GIF8" + bytes(200 * 1024), "expected at most 200 KB"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_bad_logo_is_refused(
    installation: Installation, here: RunHere, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "logo"
    if content is not None:
        path.write_bytes(content)

    here("organization", "--logo", str(path), "--set", "name=Other").failed(2, said)

    assert installation.rows("SELECT name FROM organization WHERE name = 'Other'") == []
