"""Tests of what conditions mean, and that the index means the same."""

import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunning.facts import InvoiceState
from rules.evaluation import Verdict, explain, is_matched
from rules.facts import InvoiceFacts
from rules.fields import Field
from rules.folding import FOLDED, SPACES, fold
from rules.index import Event, RuleIndex
from rules.read_rule import read_rule
from rules.rule import Definition, Rule, Trigger
from tests.rules.random_rules import CATALOGUE, OPTIONS, TODAY, random_facts, random_rules

RANDOM = st.randoms(use_true_random=False)


def an_invoice(**changed: Any) -> InvoiceFacts:
    """Return an open invoice over 9,000 EUR, 14 days overdue."""
    stated: dict[str, Any] = {
        "as_of": TODAY,
        "customer": "C-1",
        "number": "INV-1",
        "currency": "EUR",
        "issued_on": date(2026, 5, 2),
        "due_on": date(2026, 6, 1),
        "total": Decimal(9000),
        "paid": Decimal(0),
    }
    return InvoiceFacts(**(stated | changed))


def read(text: str) -> Definition:
    """Read a rule."""
    found = read_rule(text, CATALOGUE)
    assert isinstance(found, Definition), found
    return found


def holds(conditions: str, **invoice: Any) -> bool:
    """Say whether the invoice meets the conditions, as the index and the plain evaluation agree."""
    definition = read(f"{conditions} then hide")
    facts = an_invoice(**invoice)
    found = is_matched(definition, facts)
    index = RuleIndex([Rule(id=1, name="one", definition=definition, position=1)])
    assert bool(index.matching(facts)) == found
    return found


PAID: dict[str, Any] = {"paid": Decimal(9000)}
CUSTOM_TEXT = ("invoice", "text field")


@pytest.mark.parametrize(
    ("conditions", "invoice"),
    [
        ("always", {}),
        # Status and age.
        ("status is overdue and aging is 1-30", {}),
        ('status is "not due" and aging is "not due"', {"due_on": TODAY + timedelta(days=1)}),
        ('status is due and aging is "not due"', {"due_on": TODAY}),
        ('status is "not due" and aging is "not due"', {"due_on": None}),
        ("aging is 1-30", {"due_on": TODAY - timedelta(days=30)}),
        ("aging is 31-60", {"due_on": TODAY - timedelta(days=31)}),
        ("aging is 61-90", {"due_on": TODAY - timedelta(days=90)}),
        ("aging is 91+", {"due_on": TODAY - timedelta(days=91)}),
        ("status is overdue and status is disputed", {"is_disputed": True}),
        ("status is paid and status is not overdue and aging is empty", PAID),
        ("status is paid", {"paid": Decimal("8999.99"), "tolerance": Decimal("0.01")}),
        ("status is not disputed", PAID | {"is_disputed": True}),
        ("status is void and aging is empty", {"state": "void"}),
        ("status is written off", {"state": "written_off"}),
        ("status is draft", {"state": "draft"}),
        ("visibility is hidden", {"is_hidden": True}),
        ("visibility is visible", {}),
        ("customer is any of C-1, C-2", {}),
        # Texts.
        ("number is inv-1", {}),
        ("number is INV-1", {"number": "\u00a0inv-1\u2003"}),
        ("number starts with inv and number ends with -1 and number contains V-", {}),
        ("number does not contain %", {}),
        ("PO number is STRASSE", {"po_number": "straße"}),
        ("PO number is é", {"po_number": "E\u0301"}),
        ("PO number does not contain e", {"po_number": "E\u0301"}),
        ("PO number is any of x, σας", {"po_number": "ΣΑΣ"}),
        ("PO number is empty", {"po_number": " \u3000"}),
        ("PO number is not empty", {"po_number": "0"}),
        ('PO number is "empty"', {"po_number": "Empty"}),
        ("cadence starts with w-", {"cadence": "W-EU"}),
        # Days.
        ("due date in last 14 days", {}),
        ("due date in last 1 day and due date in next 1 day", {"due_on": TODAY}),
        ("due date in next 7 days", {"due_on": TODAY + timedelta(days=7)}),
        ("due date between 2026-06-01 and 2026-06-02 and due date on 2026-06-01", {}),
        ("issue date before 2026-05-03 and issue date on or before 2026-05-02", {}),
        ("issue date after 2026-05-01 and issue date on or after 2026-05-02", {}),
        # Amounts.
        ("outstanding > 5000 EUR and paid = 0 and total between 9000 and 9000 EUR", {}),
        ("outstanding >= 9000 and outstanding <= 9000 and outstanding != 8999", {}),
        ("outstanding < 4000.0001", {"paid": Decimal(5000)}),
        # Custom fields.
        ("customer.custom.select is VIP", {"custom": {("customer", "select"): "VIP"}}),
        ("customer.custom.boolean is no", {"custom": {("customer", "boolean"): False}}),
        ('invoice.custom."number field" = 5', {"custom": {("invoice", "number field"): Decimal("5.0000")}}),
    ],
)
def test_conditions_that_hold(conditions: str, invoice: dict[str, Any]) -> None:
    assert holds(conditions, **invoice)


@pytest.mark.parametrize(
    ("conditions", "invoice"),
    [
        ("status is due", {}),
        ("status is overdue and outstanding > 9000", {}),
        ("customer is c-1", {}),
        ("due date in last 13 days", {}),
        ("due date in next 7 days", {"due_on": TODAY + timedelta(days=8)}),
        ("due date in next 7 days", {"due_on": TODAY - timedelta(days=1)}),
        ("outstanding > 5000 USD", {}),
        ("outstanding != 5000 USD", {}),
        ("outstanding between 1 and 10000 USD", {}),
        ("outstanding is empty", {}),
        ("PO number contains _", {"po_number": "ab"}),
    ],
)
def test_conditions_that_do_not_hold(conditions: str, invoice: dict[str, Any]) -> None:
    assert not holds(conditions, **invoice)


@pytest.mark.parametrize(
    ("met", "unmet"),
    [
        ("PO number is not x", "PO number is x"),
        ("PO number does not contain x", "PO number contains x"),
        ("PO number is empty", "PO number is not empty"),
        ("payment date not on 2026-06-01", "payment date on 2026-06-01"),
        ("payment date is empty", "payment date after 2000-01-01"),
        ("payment date is empty", "payment date before 2100-01-01"),
        ("payment date is empty", "payment date between 2000-01-01 and 2100-01-01"),
        ("payment date is empty", "payment date in last 3650 days"),
        ("customer.custom.select is not VIP", "customer.custom.select is VIP"),
        ("customer.custom.boolean is none of true, false", "customer.custom.boolean is no"),
        ("customer.custom.number != 5", "customer.custom.number = 5"),
        ("customer.custom.number is empty", "customer.custom.number < 5"),
        ("customer.custom.number is empty", "customer.custom.number between -5 and 5"),
        ("cadence is not W-EU", "cadence starts with W"),
        ("PO number is not x", "PO number is any of x, y"),
        ("PO number is not x", "PO number ends with x"),
    ],
)
def test_an_empty_field_meets_what_denies_and_nothing_else(met: str, unmet: str) -> None:
    assert holds(met)
    assert not holds(unmet)


def test_a_custom_field_that_changed_its_type_is_empty() -> None:
    assert not holds("customer.custom.number = 5", custom={("customer", "number"): "5"})
    assert holds("customer.custom.number is empty", custom={("customer", "number"): "5"})
    assert holds("customer.custom.text is empty", custom={("customer", "text"): date(2026, 6, 1)})


@given(RANDOM)
def test_the_index_matches_what_the_conditions_mean(random: Random) -> None:
    rules = random_rules(random, 12)
    facts = random_facts(random)
    meant = [rule for rule in rules if rule.is_active and is_matched(rule.definition, facts)]
    meant.sort(key=lambda rule: rule.position)
    index = RuleIndex(rules)

    assert index.matching(facts, Event.CREATED) == meant
    assert index.matching(facts, Event.UPDATED) == [
        rule for rule in meant if rule.definition.trigger is Trigger.CREATED_OR_UPDATED
    ]


@given(RANDOM)
def test_denials_are_the_opposite_of_what_they_deny(random: Random) -> None:
    facts = random_facts(random)
    pairs = (
        ("PO number is {text}", "PO number is not {text}"),
        ("PO number contains {text}", "PO number does not contain {text}"),
        ("customer.custom.select is {option}", "customer.custom.select is none of {option}"),
        ("payment date on 2026-06-15", "payment date not on 2026-06-15"),
        ("outstanding = 5", "outstanding != 5"),
        ("payment date is empty", "payment date is not empty"),
    )
    words = {"text": random.choice(("a", "é", "ss", "i")), "option": f'"{random.choice(OPTIONS)}"'}

    for positive, denial in pairs:
        one, other = (read(f"{text.format(**words)} then hide") for text in (positive, denial))
        assert is_matched(one, facts) != is_matched(other, facts)


def test_each_condition_is_explained() -> None:
    definition = read(
        "status is overdue and outstanding > 5000 USD and PO number is x and due date in next 7 days"
        " and customer.custom.select is VIP then hide"
    )

    assert explain(definition, an_invoice(is_disputed=True, custom={("customer", "select"): "VIP"})) == (
        Verdict("status", "is overdue", "overdue, disputed", True),
        Verdict("outstanding", "> 5000 USD", "9000 EUR", False),
        Verdict("PO number", "is x", "(empty)", False),
        Verdict("due date", "in next 7 days", "2026-06-01", False),
        Verdict("customer.custom.select", "is VIP", "VIP", True),
    )


def test_states_are_those_of_the_core() -> None:
    assert {state.value for state in InvoiceState} == {"draft", "open", "void", "written_off"}
    assert all(holds("status is not empty", state=state.value) for state in InvoiceState)


@given(st.text(st.characters(max_codepoint=0x1FFF, exclude_categories=["Cs", "Cc", "Cn"]), max_size=20))
def test_folding_knows_neither_case_nor_form(text: str) -> None:
    folded = fold(text)

    assert fold(folded) == folded
    assert unicodedata.is_normalized("NFC", folded)
    assert fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(f"\u3000{text}\n") == folded


def test_folding_covers_the_scripts_of_business() -> None:
    for text in ("ABC", "ÀÉÎÕÜ", "ŁŐŠŽ", "ΑΒΓΣ", "АБВЖ", "ԱԲԳ", "ẠẼ", "ＡＢＣ"):
        assert fold(text) == fold(text.lower()) != text
    assert all(len(one) == 1 == len(to) for one, to in FOLDED.items())
    assert len(set(SPACES)) == len(SPACES)
    # All that Python takes for a space, and the one that Word leaves behind.
    assert {chr(code) for code in range(0x110000) if chr(code).isspace()} | {"\ufeff"} == set(SPACES)


def test_every_field_can_be_asked() -> None:
    for field in Field:
        assert isinstance(holds(f"{field} is not empty"), bool)
