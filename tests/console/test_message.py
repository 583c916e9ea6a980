"""`duewell message`: writing to a customer outside the cadence (rule 4.8)."""

from tests.console.conftest import RunHere
from tests.installation import Installation


def test_a_message_is_shown_and_then_goes_out_in_the_same_words(here: RunHere, installation: Installation) -> None:
    installation.invoice(due_in_days=14)
    words = ("--subject", "About {{ invoice.number }}", "--body", "You owe **{{ invoice.outstanding }}**.")

    shown = here("message", "INV-1", *words, "--preview")
    before = installation.rows("SELECT id FROM actions")
    data = here("message", "INV-1", *words, "--preview", "--json").data
    written = here("message", "INV-1", *words, "--as-step", "upcoming")

    assert (shown.code, before) == (0, [])
    assert "To: c-1@helios.example" in shown.out
    assert "Subject: About INV-1" in shown.out
    assert (data["subject"], data["refused"], data["warning"]) == ("About INV-1", None, None)
    assert written.out.startswith("INV-1: the message goes out as step upcoming.\n")
    assert installation.rows("SELECT draft_subject, draft_body, as_step FROM actions") == [
        (data["subject"], data["text"] + "\n", "upcoming")
    ]


def test_what_is_refused_is_said_in_one_line(here: RunHere, installation: Installation) -> None:
    installation.invoice(due_in_days=14)
    words = ("--subject", "x", "--body", "y")

    here("message", "INV-1").failed(2, "a message needs --subject and --body or --body-file, or a --template")
    here("message", "INV-1", *words, "--body-file", "z").failed(2, "not by both")
    here("message", "INV-9", *words).failed(2, "there is no invoice 'INV-9'")
    here("message", "INV-1", "--subject", "x", "--body", "{{ nobody }}").failed(2, "nobody")
    here("pause", "INV-1")
    here("message", "INV-1", *words).failed(2, "nothing goes out: pause")
    assert "It would be refused now: nothing goes out: pause." in here("message", "INV-1", *words, "--preview").out


def test_whoever_writes_soon_after_a_contact_is_told(here: RunHere, installation: Installation) -> None:
    installation.invoice(due_in_days=14)
    here("contact", "INV-1", "call")

    written = here("message", "INV-1", "--template", "reminder")

    assert written.code == 0
    assert f"The customer was last contacted on {installation.today:%a %Y-%m-%d}" in written.out
