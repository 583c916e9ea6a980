"""duewell template preview: it is the message that the customer gets, and it leaves no trace."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from activities.letters import write_message
from db.engine import transaction
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.invoice_files import attach_file
from db.operations.messages.recording import record_sent
from db.operations.messages.sending import Claim, claim_step, store_message
from db.queries.calendar import local_date
from db.schema import metadata
from devstack.mail_catcher import MailCatcher
from intake.cadence_file import STANDARD, read_cadence
from mailer.compose import reply_token
from starter import start_all
from tests.console.conftest import RunHere
from tests.console.program import environment
from tests.installation import Installation

ME = "me@duewell.example"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000"
    "0500010d0a2db40000000049454e44ae426082"
)
PDF = b"%PDF-1.7\nfirst\n%%EOF\n"


def dress_up(installation: Installation) -> None:
    """Use all that a message may have: a logo, a sender with a signature, copies, marked replies, a page."""
    installation.send_at_any_hour()
    installation.set(marks_replies=True, attaches_invoice=True, merges_same_day=True)
    cadence = read_cadence(STANDARD)
    steps = tuple(
        replace(step, cc=("cc@duewell.example",), bcc=("bcc@duewell.example",)) for step in cadence.steps
    )
    with transaction(installation.engine) as session:
        publish(session, replace(cadence, steps=steps), make_default=True)
    installation.rows("UPDATE organization SET logo = :logo, logo_type = 'image/png' RETURNING id", logo=PNG)
    installation.rows(
        "INSERT INTO senders (email, name, signature, verified_at, is_default)"
        " VALUES ('mara@duewell.example', 'Mara Übel', 'Mara\nDuewell', now(), true) RETURNING id"
    )


def send_first(installation: Installation, invoice_id: int, at: datetime) -> None:
    """Send what was due then, so that the next message answers it."""
    with transaction(installation.engine) as session:
        change = Change(at, local_date(session, at))
        claim = claim_step(session, invoice_id, change)
        assert isinstance(claim, Claim)
        store_message(session, write_message(session, claim, at))
    with transaction(installation.engine) as session:
        record_sent(session, claim, "250 OK", change)


def caught(installation: Installation, mail_id: int) -> EmailMessage:
    """Return a mail as it was caught."""
    assert isinstance(installation.stack.mail, MailCatcher)
    return message_from_bytes(installation.stack.mail.raw(mail_id), EmailMessage, policy=policy.default)


def parts_of(mail: EmailMessage) -> list[tuple[list[tuple[str, str]], bytes | None]]:
    """Return each part's headers and content, without what must differ between a preview and its message."""
    identity = str(mail["Message-ID"])
    differs = {"to", "cc", "message-id", "date"}
    parts = []
    for part in mail.walk():
        headers = [
            (name, re.sub(r'boundary="[^"]*"', "", str(value)).replace(reply_token(identity), "TOKEN"))
            for name, value in part.items()
            if part is not mail or name.lower() not in differs
        ]
        content = None if part.is_multipart() else part.get_payload(decode=True)
        assert content is None or isinstance(content, bytes)
        parts.append((headers, content))
    return parts


def ledger_of(installation: Installation) -> list[tuple[object, ...]]:
    """Return a digest of every table."""
    tables = (table.name for table in metadata().sorted_tables)
    digest = "SELECT '{0}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {0} t"
    return installation.rows(" UNION ALL ".join(digest.format(name) for name in tables))


async def test_a_preview_is_part_by_part_the_message_that_is_then_sent(
    there: RunHere, installation: Installation
) -> None:
    dress_up(installation)
    before = datetime.now(UTC) - timedelta(days=12)
    later = installation.invoice("INV-1", at=before)
    send_first(installation, later, before)
    with transaction(installation.engine) as session:
        attach_file(session, later, "facture n° 1.pdf", PDF, Change(before, before.date()))
    installation.invoice("INV-2", customer_id="C-2")
    for number in ("INV-3", "INV-4"):
        installation.invoice(number, customer_id="C-3", due_in_days=-5)
    wanted = {"INV-1": "second-reminder", "INV-2": "reminder", "INV-3": "reminder", "INV-4": "reminder"}
    ledger = ledger_of(installation)

    said = {}
    for number, template in wanted.items():
        arguments = "template", "preview", template, "--invoice", number, "--json"
        said[number] = (await asyncio.to_thread(there, *arguments)).data
        assert (await asyncio.to_thread(there, *arguments, "--to", ME)).code == 0
    assert ledger_of(installation) == ledger
    previews = installation.mails()
    await start_all(installation.engine, installation.client)
    async with installation.working():
        await installation.until(lambda: len(installation.mails()) == len(previews) + 3)

    assert {mail.recipients for mail in previews} == {(ME,)}
    sent = {mail.recipients[0].partition("@")[0]: mail for mail in installation.mails()[len(previews) :]}
    for preview, (number, data) in zip(previews, said.items(), strict=True):
        real = sent[{"INV-1": "c-1", "INV-2": "c-2", "INV-3": "c-3", "INV-4": "c-3"}[number]]
        assert parts_of(caught(installation, preview.id)) == parts_of(caught(installation, real.id)), number
        assert (*data["to"], *data["cc"], *data["bcc"]) == real.recipients
        assert str(installation.today) in data["written_as"]
    answer, alone, merged, _ = (caught(installation, preview.id) for preview in previews)
    # Each of them has what it is there for.
    assert answer["In-Reply-To"] is not None
    assert [part.get_filename() for part in answer.iter_attachments()] == ["facture n° 1.pdf"]
    assert "image/png" in {part.get_content_type() for part in answer.walk()}
    assert [part.get_filename() for part in alone.iter_attachments()] == ["INV-2.pdf"]
    assert "2 invoices" in merged["Subject"]
    assert "in one message with INV-4" in said["INV-3"]["written_as"]
    assert {mail["List-Unsubscribe"] is None for mail in (answer, alone, merged)} == {False}


def test_a_message_of_a_later_day_is_shown_as_it_is_then(there: RunHere, installation: Installation) -> None:
    # Overdue, so that what comes ahead of the due date does not come at any hour of the day.
    installation.invoice("INV-1", due_in_days=-1)
    due_on = installation.today - timedelta(days=1)

    shown = there("template", "preview", "final-notice", "--invoice", "INV-1", "--json").data
    again = there("template", "preview", "upcoming", "--invoice", "INV-1", "--json").data

    day = re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", shown["written_as"])
    assert day is not None
    date = datetime.fromisoformat(day[0])
    assert shown["written_as"] == f"It comes {date:%a %Y-%m-%d} as step final-notice (5 of 5) of Standard."
    days = (date.date() - due_on).days
    assert days >= 30
    assert f"{days} days ago" in shown["text"]
    assert again["written_as"].startswith("Written as if step upcoming (1 of 5) of Standard came today")


def test_an_invoice_that_is_paid_is_shown_as_if_it_were_not(there: RunHere, installation: Installation) -> None:
    installation.invoice("INV-1", paid=Decimal(1200))
    installation.invoice("INV-2")
    there("void", "INV-2")

    shown = [there("template", "preview", "reminder", "--invoice", number).err for number in ("INV-1", "INV-2")]

    as_if = "Written as if step reminder (2 of 5) of Standard came today:"
    assert shown == [f"{as_if} nothing is outstanding.\n", f"{as_if} the invoice is void.\n"]


def test_a_step_that_is_done_is_shown_as_if_it_came_today(there: RunHere, installation: Installation) -> None:
    installation.send_at_any_hour()
    send_first(installation, installation.invoice("INV-1"), datetime.now(UTC))

    shown = there("template", "preview", "reminder", "--invoice", "INV-1", "--json").data

    assert shown["written_as"].endswith("came today: it is done.")


@pytest.mark.parametrize("cadences", ["a default", "none"])
def test_an_invoice_without_a_cadence_is_previewed_too(
    there: RunHere, installation: Installation, cadences: str
) -> None:
    there("cadence", "default", "none")
    installation.invoice("INV-1")
    if cadences == "none":
        installation.rows("DELETE FROM cadence_steps RETURNING 1")
        installation.rows("DELETE FROM cadence_versions RETURNING 1")
        installation.rows("DELETE FROM cadences RETURNING 1")

    ran = there("template", "preview", "reminder", "--invoice", "INV-1")

    step = "step 1 (1 of 1) of no cadence" if cadences == "none" else "step reminder (2 of 5) of Standard"
    assert ran.code == 0, ran
    assert ran.err == f"Written as if {step} came today: no cadence follows the invoice up.\n"
    assert "Subject: Reminder: invoice INV-1 over €1,200.00" in ran.out


def test_a_merged_message_that_cannot_be_is_shown_about_the_invoice_alone(
    there: RunHere, installation: Installation, tmp_path: Path
) -> None:
    installation.send_at_any_hour()
    installation.set(merges_same_day=True)
    for number in ("INV-1", "INV-2"):
        installation.invoice(number)
    text = tmp_path / "reminder.txt"
    text.write_text("Subject: {{ invoice.number }}\n\nOpen: {{ invoice.outstanding }}\n", encoding="utf-8")
    assert there("template", "save", "reminder", str(text)).code == 0

    shown = there("template", "preview", "reminder", "--invoice", "INV-2", "--json").data

    assert shown["subject"] == "INV-2"
    assert "one message" not in shown["written_as"]


def test_a_merged_message_with_a_broken_file_is_shown_about_the_invoice_alone(
    there: RunHere, installation: Installation
) -> None:
    installation.send_at_any_hour()
    installation.set(merges_same_day=True)
    first, _ = installation.invoice("INV-1"), installation.invoice("INV-2")
    with transaction(installation.engine) as session:
        now = datetime.now(UTC)
        attach_file(session, first, "cut.pdf", b"%PDF-1.7", Change(now, now.date()))

    shown = there("template", "preview", "reminder", "--invoice", "INV-2", "--json").data

    assert "one message" not in shown["written_as"]
    there("template", "preview", "reminder", "--invoice", "INV-1").failed(2, "INV-1: cut.pdf cannot be attached")


def test_a_preview_opens_in_the_browser_with_the_logo_in_it(
    there: RunHere, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dress_up(installation)
    installation.invoice("INV-1")
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    ran = there("template", "preview", "reminder", "--invoice", "INV-1", "--open")

    assert ran.code == 0, ran
    page = Path(opened.read_text().removeprefix("file://"))
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")
    page.unlink()


@pytest.mark.parametrize(("wishes", "is_opened"), [([], True), (["--no-open"], False)])
def test_at_a_screen_it_is_opened_without_being_asked(
    installation: Installation, tmp_path: Path, wishes: list[str], is_opened: bool
) -> None:
    installation.invoice("INV-1")
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    env = environment({**installation.env, "DISPLAY": ":0", "BROWSER": f"{browser} %s", "TMPDIR": str(tmp_path)})
    ours, theirs = pty.openpty()

    argv = [sys.executable, "-m", "console.main", "template", "preview", "reminder", "--invoice", "INV-1", *wishes]
    ran = subprocess.run(argv, stdout=theirs, stderr=subprocess.PIPE, env=env, timeout=60, check=False)

    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert (ran.returncode, "Subject: Reminder: invoice INV-1" in shown) == (0, True), ran.stderr
    assert opened.exists() is is_opened


def test_what_a_mail_program_shows_is_printed(there: RunHere, installation: Installation) -> None:
    dress_up(installation)
    installation.invoice("INV-1")

    lines = there("template", "preview", "reminder", "--invoice", "INV-1").out.splitlines()

    head = lines[: lines.index("")]
    assert head[0] == "From: Mara Übel <mara@duewell.example>"
    assert head[1:4] == ["To: Ana <c-1@helios.example>", "Cc: cc@duewell.example", "Bcc: bcc@duewell.example"]
    assert head[4].startswith("Reply-To: Mara Übel <mara+")
    assert head[5].startswith("Subject: Reminder: invoice INV-1")
    assert re.fullmatch(r"Attached: INV-1.pdf \(\d+ KB\)", head[6])
