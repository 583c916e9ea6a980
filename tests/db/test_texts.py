"""Which text a message has, in which language, and what the ledger knows for its tags."""

from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy

import pytest

from activities.texts import text_of
from db.engine import transaction
from db.operations.messages.templates import save_template
from db.queries.accounts import OVERDUE_LISTED_MAX, account_of
from db.queries.templates import custom_field_keys, saved_names, saved_texts, uses_of
from mailer.refusals import BadText
from mailer.texts import Text, shipped_text
from tests.db.book import Book


def save(book: Book, name: str, language: str, body: str = "x\n") -> int | None:
    """Save a text."""
    number: int | None = book.do(lambda session: save_template(session, name, language, "s", body, "ana"))
    return number


def chosen(book: Book, name: str, language: str) -> Text:
    """Return the text that a message has."""
    with transaction(book.engine) as session:
        return text_of(session, name, language)


def sent(book: Book, invoice_id: int, moment: str) -> tuple[str, str]:
    """Send what is due, and return the subject and the plain text."""
    claim = book.send(invoice_id, moment)
    message = message_from_bytes(book.message_of(claim).mime, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["Subject"]), str(body.get_content())


def test_a_saved_text_goes_before_the_shipped_one_in_its_language_alone(book: Book) -> None:
    save(book, "reminder", "de", "Mahnung\n")

    assert chosen(book, "reminder", "de") == Text("s", "Mahnung\n", "de")
    assert chosen(book, "reminder", "fr") == shipped_text("reminder", "fr")
    assert chosen(book, "reminder", "en") == shipped_text("reminder", "en")


def test_a_language_that_nobody_wrote_in_falls_back_to_english(book: Book) -> None:
    assert chosen(book, "reminder", "is") == shipped_text("reminder", "en")

    save(book, "reminder", "en", "Own\n")

    assert chosen(book, "reminder", "is") == Text("s", "Own\n", "en")
    assert chosen(book, "reminder", "fr") == shipped_text("reminder", "fr")


def test_a_text_in_another_language_alone_is_better_than_none(book: Book) -> None:
    save(book, "nudge", "nl")

    assert chosen(book, "nudge", "is").language == "nl"


@pytest.mark.parametrize("name", ["unknown", "", "../en/reminder", "reminder.txt", "en/reminder"])
def test_an_unknown_template_is_named_in_the_refusal(book: Book, name: str) -> None:
    with pytest.raises(BadText, match="there is no template"):
        chosen(book, name, "en")


def test_editions_are_numbered_and_kept_and_only_the_newest_is_in_force(book: Book) -> None:
    numbers = [save(book, "reminder", "en", body) for body in ("a\n", "b\n", "b\n", "a\n")]

    assert numbers == [1, 2, None, 3]
    rows = book.rows("SELECT number, body, is_current FROM templates ORDER BY number")
    assert [tuple(row) for row in rows] == [(1, "a\n", False), (2, "b\n", False), (3, "a\n", True)]
    with transaction(book.engine) as session:
        assert saved_texts(session, "reminder")["en"].number == 3
        assert saved_names(session) == {"reminder"}


def test_the_steps_that_use_a_template_are_known(book: Book) -> None:
    with transaction(book.engine) as session:
        (use,) = uses_of(session, "upcoming")

    assert (use.cadence, use.step_id, use.offset_days, use.channel) == ("Standard", "upcoming", -3, "email")


def test_the_locale_is_the_contacts_then_the_customers_then_the_organizations(book: Book) -> None:
    changes = (
        "UPDATE organization SET locale = 'de-DE'",
        "UPDATE customers SET locale = 'fr'",
        "UPDATE contacts SET locale = 'es-ES'",
    )
    subjects = []
    for index, change in enumerate(changes):
        book.run(change)
        invoice_id = book.invoice(number=f"INV-{index}")
        subjects.append(sent(book, invoice_id, "2026-05-29 08:30")[0])

    assert subjects == [
        "Rechnung INV-0 wird am 1. Juni 2026 fällig",
        "Votre facture INV-1 arrive à échéance le 1er juin 2026",
        "La factura INV-2 vence el 1 de junio de 2026",
    ]


BODY = """{{ invoice.pay_link | default: "none" }}
{{ invoice.view_link | default: "none" }}
{{ invoice.custom.plan | default: "none" }} {{ invoice.custom.fee | default: "none" }}
{{ invoice.custom.signed | default: "none" }} {{ invoice.custom.big | default: "none" }}
{{ customer.custom.plan | default: "none" }} {{ customer.external_id }}
{{ step.name | default: "none" }} {{ step.number }}/{{ step.of }} {{ sender.name }}
{{ history.last_contact_date | default: "never" }}
{{ customer.outstanding }}; {{ customer.overdue | default: "none" }}; {{ customer.overdue_count }}
{{ customer.overdue_table | default: "none" }}
"""


def test_a_message_says_what_the_ledger_knows(book: Book) -> None:
    save(book, "upcoming", "en", BODY)
    invoice_id = book.invoice(number="INV 7/1")
    book.run("UPDATE organization SET pay_link = 'https://pay.example/?n={number}&e={external_id}'")
    book.run("UPDATE invoices SET view_link = 'https://view.example/own', external_id = 'é/1'")
    for entity, key, type_, column, value in (
        ("invoice", "plan", "text", "text_value", "'VIP'"),
        ("invoice", "fee", "number", "number_value", "12.5"),
        ("invoice", "signed", "date", "date_value", "'2026-01-02'"),
        ("invoice", "big", "boolean", "boolean_value", "true"),
        ("customer", "plan", "text", "text_value", "'Gold'"),
    ):
        book.run(
            "WITH f AS (INSERT INTO custom_fields (entity, key, type, label, options)"
            f" VALUES ('{entity}', '{key}', '{type_}', '{key}', '[]') RETURNING id)"
            f" INSERT INTO custom_values (field_id, entity, type, {entity}_id, {column})"
            f" SELECT f.id, '{entity}', '{type_}', (SELECT min(id) FROM {entity}s), {value} FROM f"
        )

    _, said = sent(book, invoice_id, "2026-05-29 08:30")

    lines = said.splitlines()
    assert lines[:2] == ["https://pay.example/?n=INV%207%2F1&e=%C3%A9%2F1", "https://view.example/own"]
    assert lines[2:5] == ["VIP 12.5", "January 2, 2026 true", lines[4]]
    assert lines[4].startswith("Gold ")
    assert lines[5].startswith("none 1/5 ")
    assert lines[6] == "never"
    assert lines[7].endswith("; none; 0")
    assert lines[8] == "none"
    with transaction(book.engine) as session:
        assert custom_field_keys(session) == {
            "invoice": {"plan", "fee", "signed", "big"},
            "customer": {"plan"},
        }


def test_what_a_customer_owes_is_by_currency_and_leaves_out_what_is_hidden(book: Book) -> None:
    for index, change in enumerate(
        (
            "due_on = '2026-05-30'",
            "currency = 'USD'",
            "is_hidden = true",
            "state = 'void'",
            "due_on = '2026-07-01'",
            "settled = total",
        )
    ):
        book.invoice(number=f"INV-{index}")
        book.run(f"UPDATE invoices SET {change} WHERE number = 'INV-{index}'")
    total: Decimal = book.one("SELECT total FROM invoices WHERE number = 'INV-0'")
    customer_id: int = book.one("SELECT id FROM customers LIMIT 1")

    with transaction(book.engine) as session:
        account = account_of(session, customer_id, date(2026, 6, 4))

    assert list(account.outstanding) == [("EUR", 2 * total), ("USD", total)]
    assert list(account.overdue) == [("EUR", total), ("USD", total)]
    assert (account.overdue_count, [one.number for one in account.overdue_listed]) == (2, ["INV-0", "INV-1"])
    assert OVERDUE_LISTED_MAX == 50
