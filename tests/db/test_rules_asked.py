"""Rules are asked by whatever changes an invoice, in its transaction; what they say is done, logged and kept."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from db.operations.assignment import release_to_rules
from db.operations.cadences import delete_cadence
from db.operations.invoice_states import set_hidden
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import activate_rule, deactivate_rule, edit_rule
from db.operations.settlement.settlements import take_payment
from db.operations.settlement.stated import Allocation, StatedPayment
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, on
from tests.db.rules import add_rule, cadence_of, is_hidden, log_of, read
from tests.dunning.builders import reminders


@pytest.fixture
def rules(book: Book) -> Book:
    """A ledger with the cadences W-EU and W-KEY beside the default one."""
    book.publish(reminders(3, name="W-EU"))
    book.publish(reminders(1, name="W-KEY"))
    return book


def test_a_new_invoice_is_put_under_the_cadence_of_the_first_rule_that_matches(rules: Book) -> None:
    """Rules 5.6 and 7.2."""
    add_rule(rules, "outstanding > 5000 then assign W-KEY", "big")
    add_rule(rules, "currency is EUR then assign W-EU", "euro")

    big, small, other = (
        rules.invoice("BIG", total=Decimal(9000)),
        rules.invoice("SMALL"),
        rules.invoice("OTHER", currency="USD"),
    )

    assert [cadence_of(rules, one) for one in (big, small, other)] == ["W-KEY", "W-EU", "Standard"]
    assert log_of(rules, big) == [("cadence", "big", "applied", ["euro"])]
    assert rules.one("SELECT assigned_by FROM collections WHERE invoice_id = :id", id=big) == "rule big"
    assert rules.happened(big)[:2] == ["invoice created", "collection started"]
    assert (big, "invoice_changed") in rules.owed()


def test_a_rule_that_assigns_none_keeps_the_default_away(rules: Book) -> None:
    add_rule(rules, "currency is EUR then assign none")

    assert cadence_of(rules, rules.invoice()) is None


def test_no_statement_but_one_is_spent_on_rules_that_are_not_there(rules: Book) -> None:
    add_rule(rules, "always then hide", is_active=False)

    invoice_id = rules.invoice()

    assert (log_of(rules, invoice_id), is_hidden(rules, invoice_id)) == ([], False)


def test_a_payment_that_ends_a_match_lets_the_next_rule_win(rules: Book) -> None:
    add_rule(rules, "outstanding > 5000 then assign W-KEY", "big")
    add_rule(rules, "currency is EUR then assign W-EU", "euro")
    invoice_id = rules.invoice(total=Decimal(9000))

    rules.pay(invoice_id, "5000", "2026-06-08 10:00")

    assert cadence_of(rules, invoice_id) == "W-EU"
    assert rules.collections(invoice_id) == [("W-KEY", "stopped"), ("W-EU", "active")]
    assert log_of(rules, invoice_id)[1:] == [("cadence", "euro", "applied", [])]


def test_what_a_user_chose_stays_until_rules_may_manage_it_again(rules: Book) -> None:
    """Rule 5.5."""
    add_rule(rules, "outstanding > 5000 then assign W-KEY", "big")
    add_rule(rules, "currency is EUR then assign W-EU", "euro")
    invoice_id = rules.invoice(total=Decimal(9000))

    rules.reassign(invoice_id, "Standard", "2026-06-05 10:00")
    rules.pay(invoice_id, "5000", "2026-06-08 10:00")
    rules.pay(invoice_id, "10", "2026-06-08 11:00")

    assert cadence_of(rules, invoice_id) == "Standard"
    assert log_of(rules, invoice_id)[1:] == [("cadence", "euro", "locked", [])], "said once"
    assert rules.do(lambda session: release_to_rules(session, invoice_id, a_change("2026-06-09 10:00")))
    assert cadence_of(rules, invoice_id) == "W-EU"
    assert not rules.do(lambda session: release_to_rules(session, invoice_id, a_change("2026-06-09 11:00")))


def test_the_cadence_that_rules_chose_is_kept_if_a_user_chooses_it_too(rules: Book) -> None:
    add_rule(rules, "outstanding > 5000 then assign W-KEY", "big")
    add_rule(rules, "currency is EUR then assign W-EU", "euro")
    invoice_id = rules.invoice(total=Decimal(9000))

    assert not rules.reassign(invoice_id, "W-KEY", "2026-06-05 10:00")
    rules.pay(invoice_id, "5000", "2026-06-08 10:00")

    assert cadence_of(rules, invoice_id) == "W-KEY"


def test_a_draft_begins_as_a_new_invoice_when_it_is_sent(rules: Book) -> None:
    """Rule 7.5."""
    add_rule(rules, "when created: currency is EUR then assign W-EU", "euro")
    invoice_id = rules.invoice(state=InvoiceState.DRAFT)

    rules.invoice(state=InvoiceState.OPEN)

    assert cadence_of(rules, invoice_id) == "W-EU"
    assert [became for _, _, became, _ in log_of(rules, invoice_id)] == ["nothing to collect", "applied"]


def test_rules_hear_of_what_other_rules_and_the_end_of_a_collection_change(rules: Book) -> None:
    """Rule 7.7."""
    add_rule(rules, "currency is EUR then assign W-EU", "euro")
    add_rule(rules, "cadence is W-EU then hide", "hide")
    add_rule(rules, "cadence is empty then show", "show")
    invoice_id = rules.invoice()
    assert is_hidden(rules, invoice_id)

    rules.pay(invoice_id, "1000", "2026-06-08 10:00")

    assert not is_hidden(rules, invoice_id)


def test_rules_hear_of_the_end_of_a_collection_that_they_changed_themselves(rules: Book) -> None:
    """Rule 7.7. What they hide because it is paid is settled with that, and its collection ends there."""
    rules.run("INSERT INTO groups (name) VALUES ('Team')")
    add_rule(rules, "status is paid then hide", "hide")
    add_rule(rules, 'cadence is empty then notify Team by email "{{ invoice.number }}"', "tell")
    invoice_id = rules.invoice()

    rules.do(lambda session: take_payment(session, paid_in_full(), a_change("2026-06-08 10:00"), "import"))

    # The first time was before the default cadence.
    assert [(rule, became) for _, rule, became, _ in log_of(rules, invoice_id)] == [
        ("tell", "notified"),
        ("hide", "applied"),
        ("tell", "notified"),
    ]


def paid_in_full() -> StatedPayment:
    """Return a payment of all that the invoice is about."""
    return StatedPayment(
        "P-1", "C-1", "EUR", Decimal(1000), on("2026-06-08"), allocations=(Allocation("INV-1", None),)
    )


def test_the_default_cadence_is_something_that_rules_hear_of(rules: Book) -> None:
    add_rule(rules, "cadence is Standard then hide")

    assert is_hidden(rules, rules.invoice())


def test_a_payment_term_that_changes_is_heard_of_for_all_of_a_customers_invoices(rules: Book) -> None:
    add_rule(rules, "status is overdue then assign W-KEY", "late")
    first = rules.invoice("INV-1", due_on=None, payment_term_days=60)
    assert cadence_of(rules, first) == "Standard"

    rules.invoice("INV-2", due_on=None, payment_term_days=1)

    assert cadence_of(rules, first) == "W-KEY"


def test_what_a_rule_did_stays_when_it_matches_no_more_and_is_done_again_when_it_does(rules: Book) -> None:
    """Rule 7.4."""
    add_rule(rules, "outstanding > 500 then hide", "big")
    invoice_id = rules.invoice()

    rules.pay(invoice_id, "600", "2026-06-08 10:00")
    assert is_hidden(rules, invoice_id)
    rules.do(lambda session: set_hidden(session, invoice_id, False, a_change("2026-06-08 11:00")))
    rules.reverse(invoice_id, "600", "2026-06-09 10:00")

    assert is_hidden(rules, invoice_id)
    assert [(rule, became) for _, rule, became, _ in log_of(rules, invoice_id)] == [
        ("big", "applied"),
        (None, "no match"),
        ("big", "applied"),
    ]


def test_a_notification_is_owed_once_for_each_time_that_a_match_begins(rules: Book) -> None:
    """Rule 7.6."""
    rules.run("INSERT INTO groups (name) VALUES ('Team')")
    add_rule(rules, 'outstanding > 500 then notify Team by email "{{ invoice.number }}"', "tell")
    invoice_id = rules.invoice()

    rules.pay(invoice_id, "10", "2026-06-08 10:00")
    rules.pay(invoice_id, "600", "2026-06-08 11:00")
    rules.reverse(invoice_id, "600", "2026-06-09 10:00")

    owed = rules.rows("SELECT recipient, channel, text, state FROM rule_notifications ORDER BY id")
    assert owed == [("Team", "email", "{{ invoice.number }}", "owed")] * 2
    assert log_of(rules, invoice_id) == [("notification", "tell", "notified", [])] * 2


def test_what_matches_when_a_rule_is_activated_or_edited_is_told_to_nobody(rules: Book) -> None:
    """Rule 7.6."""
    rules.run("INSERT INTO groups (name) VALUES ('Team')")
    invoice_id = rules.invoice()
    add_rule(rules, 'outstanding > 500 then notify Team by email "x"', "tell")
    rules.pay(invoice_id, "10", "2026-06-08 10:00")

    def edited(session: Session) -> bool:
        definition = read(session, 'outstanding > 400 then notify Team by email "y"')
        return edit_rule(session, "tell", definition, a_change("2026-06-08 11:00"))

    assert rules.do(edited)
    rules.pay(invoice_id, "10", "2026-06-08 12:00")
    assert rules.rows("SELECT text FROM rule_notifications") == []
    assert rules.do(lambda session: deactivate_rule(session, "tell", a_change("2026-06-08 13:00")))
    rules.pay(invoice_id, "700", "2026-06-08 14:00")
    # What ceased to match while nobody looked is told when it matches again.
    assert rules.do(lambda session: activate_rule(session, "tell", a_change("2026-06-08 15:00")))
    rules.reverse(invoice_id, "600", "2026-06-08 16:00")

    assert rules.rows("SELECT text FROM rule_notifications") == ["y"]


def test_a_cadence_that_an_active_rule_assigns_is_not_deleted(rules: Book) -> None:
    add_rule(rules, "currency is USD then assign W-KEY", "big")

    with pytest.raises(Refused, match="the rule big assigns W-KEY"):
        rules.do(lambda session: delete_cadence(session, "W-KEY"))
