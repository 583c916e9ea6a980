"""duewell template: texts are listed, checked, saved and shown, and a preview is what the customer would get."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from db.engine import Engine, transaction
from db.operations.messages.templates import save_template
from devstack.mail_catcher import MailCatcher
from tests.console.conftest import RunHere
from tests.installation import Installation

GOOD = """Subject: Invoice {{ invoice.number }}

Dear {{ contact.first_name | default: "customer" }},

**{{ invoice.outstanding }}** is open since {{ invoice.due_date }}.

{{ invoice.pay_link | default: "https://pay.example/" | button: "Pay now" }}
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A text that can be saved."""
    path = tmp_path / "nudge.txt"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_shipped_texts_are_listed_in_every_language(here: RunHere, engine: Engine) -> None:
    lines = here("template", "list", "--json").data

    texts = {(line["template"], line["language"]) for line in lines}
    assert {language for _, language in texts} >= {"en", "fr", "de", "es"}
    assert ("final-notice", "de") in texts
    assert "final-notice" in here("template", "list").out


def test_a_text_is_saved_shown_and_used_until_another_edition_is(
    here: RunHere, good: Path, engine: Engine
) -> None:
    first = here("template", "save", "reminder", str(good))
    again = here("template", "save", "reminder", str(good), "--json")
    good.write_text(GOOD.replace("Dear", "Hello"), encoding="utf-8")
    second = here("template", "save", "reminder", str(good), "--json")

    assert first.code == 0, first
    assert "saved as edition 1" in first.out
    assert (again.data["edition"], again.data["changed"]) == (None, False)
    assert second.data["edition"] == 2
    shown = here("template", "show", "reminder")
    assert shown.out == GOOD.replace("Dear", "Hello")
    assert here("template", "show", "reminder", "--shipped").out.startswith("Subject: {% if invoices.size > 1 %}")
    line = next(one for one in here("template", "list", "--json").data if one["template"] == "reminder")
    assert line["edition"] in (None, 2)


WRONG = {
    "an unknown tag": (
        "{{ invoice.nummer }}",
        "line 1: there is no tag invoice.nummer; did you mean invoice.number?",
    ),
    "a syntax error": ("a\n\nb {{ invoice.number | }}", "line 3"),
    "a tag without a fallback": ("{{ invoice.po_number }}", "invoice.po_number can be without a value"),
    "an unknown filter": ("{{ invoice.number | upcas }}", "there is no filter upcas; did you mean upcase?"),
    "a text that is too long": ("x" * 30_000, "more than 20,000 characters"),
    "an unknown field": ("{{ invoice.custom.plan | default: 1 }}", "no field invoice.custom.plan"),
    "a hostile loop": ("{% for i in (1..1000000000) %}x{% endfor %}", "loop iteration limit"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_text_is_refused_in_one_line_and_the_one_in_force_stays(
    here: RunHere, good: Path, wrong: str, engine: Engine
) -> None:
    body, said = WRONG[wrong]
    good.write_text(f"Subject: x\n\n{body}\n", encoding="utf-8")
    before = here("template", "show", "reminder").out

    ran = here("template", "save", "reminder", str(good), "--json")
    checked = here("template", "check", str(good), "--json")

    ran.failed(2, said)
    checked.failed(2, said)
    assert here("template", "show", "reminder").out == before


def test_an_overdue_tag_is_refused_where_a_step_runs_before_the_due_date(
    here: RunHere, good: Path, engine: Engine
) -> None:
    good.write_text("Subject: x\n\n{{ invoice.days_overdue }}\n", encoding="utf-8")

    refused = here("template", "save", "upcoming", str(good))
    taken = here("template", "save", "second-reminder", str(good))

    assert refused.code == 2
    assert "step upcoming of Standard can run before that" in refused.err
    assert taken.code == 0, taken
    assert "warning: there is no pay link" in taken.err


@pytest.mark.parametrize(("name", "language"), [("Reminder", "en"), ("../x", "en"), ("x", "xx"), ("x", "de-AT")])
def test_a_wrong_name_or_language_is_refused(
    here: RunHere, good: Path, name: str, language: str, engine: Engine
) -> None:
    here("template", "save", name, str(good), "--language", language).failed(2)


def test_a_file_that_is_none_is_said_in_one_line(here: RunHere, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "latin").write_bytes(b"Subject: \xe9\n\nx\n")
    (tmp_path / "headless").write_text("Hello\n\nx\n")

    here("template", "check", str(tmp_path / "nowhere")).failed(2, "nowhere")
    here("template", "check", str(tmp_path / "latin")).failed(2, "UTF-8")
    here("template", "check", str(tmp_path / "headless")).failed(2, "begins with a line 'Subject: …'")


def test_a_saved_template_may_be_used_by_a_cadence(
    here: RunHere, good: Path, tmp_path: Path, engine: Engine
) -> None:
    cadence = tmp_path / "own.yaml"
    cadence.write_text(
        "name: Own\nsteps:\n  - {id: S1, anchor: due_date, offset: 3, channel: email, template: nudge}\n"
    )
    here("cadence", "publish", str(cadence), "--yes").failed(2, "there is no template 'nudge'")

    assert here("template", "save", "nudge", str(good)).code == 0

    checked, published = here("cadence", "check", str(cadence)), here("cadence", "publish", str(cadence), "--yes")
    assert (checked.code, published.code) == (0, 0), (checked, published)


def test_a_preview_is_what_the_customer_would_get_and_no_contact(
    there: RunHere, installation: Installation, tmp_path: Path
) -> None:
    installation.invoice("INV-1")
    before = installation.happened()

    shown = there("template", "preview", "reminder", "--invoice", "INV-1")
    sent = there("template", "preview", "reminder", "--invoice", "INV-1", "--to", "me@duewell.example", "--json")
    written = there("template", "preview", "reminder", "--invoice", "INV-1", "--html", str(tmp_path / "mail.html"))

    assert shown.code == sent.code == written.code == 0, (shown, sent, written)
    assert "Subject: Reminder: invoice INV-1 over €1,200.00" in shown.out
    assert "To: Ana <c-1@helios.example>" in shown.out
    (mail,) = installation.mails()
    assert mail.recipients == ("me@duewell.example",)
    assert isinstance(installation.stack.mail, MailCatcher)
    message = message_from_bytes(installation.stack.mail.raw(mail.id), policy=policy.default)
    assert (message["To"], message["Message-ID"]) == ("me@duewell.example", sent.data["message_id"])
    assert message["Message-ID"].startswith("<preview.")
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == sent.data["text"].splitlines()
    html = (tmp_path / "mail.html").read_text(encoding="utf-8")
    assert html == sent.data["html"]
    assert "€1,200.00" in html
    assert installation.happened() == before
    assert installation.rows("SELECT count(*) FROM messages") == [(0,)]


def test_a_preview_speaks_the_language_that_is_asked_for(there: RunHere, installation: Installation) -> None:
    installation.invoice("INV-1")
    with transaction(installation.engine) as session:
        save_template(
            session, "reminder", "nl", "Factuur {{ invoice.number }}", "{{ invoice.outstanding }}\n", "ana"
        )

    said = {
        language: there(
            "template", "preview", "reminder", "--invoice", "INV-1", "--language", language, "--json"
        ).data
        for language in ("de", "fr-CA", "nl", "is")
    }

    assert "Zahlungserinnerung" in said["de"]["subject"]
    assert "1.200,00\N{NO-BREAK SPACE}€" in said["de"]["text"]
    assert said["fr-CA"]["subject"].startswith("Rappel")
    assert said["nl"]["subject"] == "Factuur INV-1"
    assert said["nl"]["text"].startswith("€")
    # Nobody wrote it in Icelandic: English words, and English formats with them.
    assert "over €1,200.00" in said["is"]["subject"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("unknown", "--invoice", "INV-1"), "there is no template 'unknown'"),
        (("reminder", "--invoice", "INV-9"), "there is no invoice 'INV-9'"),
        (("reminder", "--invoice", "INV-1", "--language", "no such"), "is no language"),
        (("reminder", "--invoice", "INV-1", "--to", "nobody"), "is no address that can be written to"),
    ],
)
def test_a_preview_of_what_is_not_there_is_refused(
    here: RunHere, installation: Installation, arguments: tuple[str, ...], said: str
) -> None:
    installation.invoice("INV-1")

    here("template", "preview", *arguments).failed(2, said)


def test_a_preview_is_not_sent_while_the_mail_server_is_away(here: RunHere, installation: Installation) -> None:
    installation.invoice("INV-1")

    here("template", "preview", "reminder", "--invoice", "INV-1", "--to", "me@duewell.example").failed(
        1, "the preview could not be sent"
    )
