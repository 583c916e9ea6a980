"""Tests of the readable form: what is read, what is written, and what is told of a text that is no rule."""

import json
import time
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.catalogue import objections
from rules.conditions import AmountCondition, AmountOperator, ChoiceCondition, ChoiceOperator, TextCondition
from rules.fields import CustomField, Field
from rules.read_rule import TEXT_LENGTH_MAX, read_conditions, read_rule
from rules.reading import Misread
from rules.rule import Assign, Definition, Notify, Show, Trigger
from rules.tokens import is_word
from rules.written import written, written_conditions
from tests.rules.random_rules import CATALOGUE, CUSTOM, random_definition

RANDOM = st.randoms(use_true_random=False)


def read(text: str) -> Definition:
    """Read a rule that can be read."""
    found = read_rule(text, CATALOGUE)
    assert isinstance(found, Definition), found
    return found


def told(text: str) -> str:
    """Return what is told of a text that is no rule."""
    found = read_rule(text, CATALOGUE)
    assert isinstance(found, Misread), found
    return str(found)


def test_a_rule_is_read_as_people_write_it() -> None:
    rule = read("status is overdue and outstanding > 5000 EUR then assign W-KEY")

    assert rule == Definition(
        conditions=(
            ChoiceCondition(field=Field.STATUS, operator=ChoiceOperator.IS_ANY_OF, values=("overdue",)),
            AmountCondition(
                field=Field.OUTSTANDING, operator=AmountOperator.ABOVE, amount=Decimal(5000), currency="EUR"
            ),
        ),
        action=Assign(cadence="W-KEY"),
    )


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("currency = eur then assign none", "currency is EUR then assign none"),
        ('currency is EUR then assign "none"', 'currency is EUR then assign "none"'),
        ("When Created: ALWAYS then HIDE", "when created: always then hide"),
        ("when created or updated: always then show", "always then show"),
        ("status is overdue or written off then hide", 'status is any of overdue, "written off" then hide'),
        ('status is "not due" then hide', 'status is "not due" then hide'),
        ("status is not overdue then hide", "status is not overdue then hide"),
        ("status is none of due then hide", 'status is not "due" then hide'),
        ("status is not written off then hide", 'status is not "written off" then hide'),
        ("aging is not due then hide", 'aging is "not due" then hide'),
        ("aging bucket is any of 1–30, 91+ then hide", "aging is any of 1-30, 91+ then hide"),
        ("customer is none of C-1, C-2 then hide", "customer is none of C-1, C-2 then hide"),
        ("customer.custom.select is key account then hide", 'customer.custom.select is "Key Account" then hide'),
        ('invoice.custom."Number Field" >= -1.50 then hide', 'invoice.custom."number field" >= -1.5 then hide'),
        ("customer.custom.boolean is yes then hide", "customer.custom.boolean is true then hide"),
        ("due date is 2026-06-01 then hide", "due date on 2026-06-01 then hide"),
        ("due date is on or before 2026-06-01 then hide", "due date on or before 2026-06-01 then hide"),
        ("issue date is in the last 7 days then hide", "issue date in last 7 days then hide"),
        ("total amount between 5 and 10.0 usd then hide", "total between 5 and 10 USD then hide"),
        ("total is 5 and paid is not 1 then hide", "total = 5 and paid != 1 then hide"),
        ("total ≠ 5 and paid<=5 then hide", "total != 5 and paid <= 5 then hide"),
        ("po number does not contain x then hide", "PO number does not contain x then hide"),
        ("number is any of a, then, b then hide", None),
        ('number is any of a, "then", "x y" then hide', 'number is any of a, "then", "x y" then hide'),
        ("payment date is empty then hide", "payment date is empty then hide"),
        (
            'outstanding > 5 then notify "Cash Collectors" by email "Text {{ invoice.number }}"',
            'outstanding > 5 then notify "Cash Collectors" by email "Text {{ invoice.number }}"',
        ),
        (
            'always then notify ana@x.example by webhook "two\nlines, \\"quoted\\" \\n \\\\"',
            'always then notify ana@x.example by webhook "two\\nlines, \\"quoted\\" \\n \\\\"',
        ),
    ],
)
def test_spellings_have_one_written_form(text: str, canonical: str | None) -> None:
    if canonical is None:
        assert told(text).startswith("column 21: expected a text")
    else:
        assert written(read(text)) == canonical


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "column 1: expected a field: customer, status"),
        ("status", "column 7: expected is, is not, is any of"),
        ("status is overdu then hide", "column 11: expected one of not due, due, overdue"),
        ("status is not due then hide", 'column 11: expected "not due" in quotes, or "is none of due"'),
        ("colour is red then hide", "column 1: expected a field"),
        (
            "customer.custom.size is 1 then hide",
            "column 1: expected a custom field of the customer: boolean, date",
        ),
        ("outstanding > 5,000 EUR then hide", "column 16: expected a number without separators"),
        ("outstanding > many then hide", "column 15: expected a number such as 5000"),
        ("outstanding > 5 EURO then hide", "column 17: expected a currency such as EUR"),
        ("outstanding > 1.00001 EUR then hide", "column 15: expected a number"),
        ("invoice.custom.x", "column 1: expected a custom field of the invoice"),
        ("customer.custom.number > 5 EUR then hide", 'column 28: expected "and" or "then", because a number'),
        ("total between 5 and 2 then hide", "column 7: the lower amount is above the higher"),
        ("due date between 2026-06-02 and 2026-06-01 then hide", "column 10: the first day is after the last"),
        ("due date before 2026-02-30 then hide", "column 17: expected a day that the calendar has"),
        ("due date in next 9999 days then hide", "column 18: expected a number of days from 1 to 3650"),
        ("due date in coming 5 days then hide", 'column 13: expected "last" or "next", found'),
        ("due date in next 5 weeks then hide", 'column 20: expected "days", found'),
        ("due date is soon then hide", "column 13: expected on, not on, before"),
        ("due date on 2026-6-1 then hide", "column 13: expected a day such as 2026-06-01"),
        ("due date between 2026-06-01, 2026-06-02 then hide", 'column 28: expected "and"'),
        ("outstanding about 5 then hide", "column 13: expected =, !=, <, <=, >, >=, between"),
        ("number about 5 then hide", "column 8: expected is, is not, contains"),
        ("currency is EURO then hide", "column 13: 'EURO' is no currency such as EUR"),
        ("currency is then hide", "column 13: expected a currency such as EUR"),
        ("customer is and then hide", "column 13: expected the id of a customer"),
        (f"always then assign {'x' * 201}", "column 13: a name has at most 200 characters"),
        (
            f'always then notify Ana by email "{"x" * 4001}"',
            "column 13: a notification has at most 4000 characters",
        ),
        ('always then notify Ana by email " "', "column 13: a notification needs a text"),
        ('always then assign "\x07"', "column 13: there are control characters in it"),
        ("status is overdue and " * 51 + "total > 1 then hide", "column 1097: expected at most 50 conditions"),
        ("number is a b then hide", 'column 13: expected "and" or "then"'),
        ("number is x", 'column 12: expected "and" or "then"; texts of several words are quoted, found the end'),
        ('number is "x then hide', "column 11: this quotation mark is never closed"),
        ("number is “x” then hide", "column 11: expected a text"),
        ('number is "  " then hide', "column 11: expected a text"),
        ("always", 'column 7: expected "then"'),
        ("always then", "column 12: expected assign, hide, show or notify, found the end"),
        ("always then assign", "column 19: expected the name of a cadence"),
        ("always then hide and show", "column 18: expected the end, because a rule does one thing"),
        ("always then notify Ana by fax x", "column 27: expected email or webhook"),
        ("always then notify Ana by email x", "column 33: expected a text in quotes"),
        ("when updated: always then hide", 'column 6: expected "created"'),
        ("when created always then hide", 'column 14: expected ":"'),
        ("always then hide; drop table rules", "column 17: expected the end"),
        (f"number is {'x' * 101} then hide", "column 11: a value has at most 100 characters"),
        ("x" * (TEXT_LENGTH_MAX + 1), "column 100001: a rule has at most 100000 characters"),
    ],
)
def test_what_is_no_rule_is_told_with_its_place(text: str, problem: str) -> None:
    assert told(text).startswith(problem)


@given(RANDOM)
def test_what_is_written_is_read_as_the_same_rule(random: Random) -> None:
    definition = random_definition(random)

    text = written(definition)

    assert read(text) == definition
    assert list(objections(definition, CATALOGUE)) == []


@given(RANDOM)
def test_conditions_alone_are_read_as_they_are_written(random: Random) -> None:
    conditions = random_definition(random).conditions

    text = written_conditions(conditions)

    assert not conditions or read_conditions(text, CATALOGUE) == conditions


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "column 1: expected a field"),
        ("status is overdue then hide", 'column 19: expected "and"'),
        ("x" * (TEXT_LENGTH_MAX + 1), "at most 100000 characters"),
    ],
)
def test_what_are_no_conditions_is_told_with_its_place(text: str, problem: str) -> None:
    read_so_far = read_conditions(text, CATALOGUE)

    assert isinstance(read_so_far, Misread)
    assert problem in str(read_so_far)


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(
    lambda text: bool(text.strip(" \ufeff").strip())
)


@given(PLAIN, st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), min_size=1))
@example("\\", '\\"\n\t')
@example("\u2028", '{{ invoice.number | default: "x" }}')
def test_any_name_and_any_text_survive_being_written(name: str, text: str) -> None:
    text = f"x{text}"
    rules = [
        Definition(action=Notify(recipient=f"x{name}", channel="email", text=text)),
        Definition(
            conditions=(
                TextCondition.model_validate({"field": "number", "operator": "is", "values": [f"x{name}"]}),
            ),
            action=Assign(cadence=f"x{name}"),
        ),
    ]

    assert [read(written(rule)) for rule in rules] == rules


@given(RANDOM)
def test_a_rule_survives_being_stored(random: Random) -> None:
    definition = random_definition(random)

    stored = json.loads(definition.model_dump_json())

    assert Definition.model_validate(stored) == definition
    assert stored["version"] == 1


STORED = """{"version": 1, "trigger": "created", "conditions": [
  {"kind": "text", "field": "PO number", "operator": "is any of", "values": ["a", "b"]},
  {"kind": "choice", "field": {"entity": "customer", "key": "select", "type": "select"},
   "operator": "is none of", "values": ["VIP"]},
  {"kind": "day", "field": "due date", "operator": "on or before", "day": "2026-06-01"},
  {"kind": "day between", "field": "issue date", "first": "2026-05-01", "last": "2026-05-31"},
  {"kind": "day within", "field": "payment date", "direction": "last", "days": 7},
  {"kind": "amount", "field": "outstanding", "operator": ">", "amount": "5000", "currency": "EUR"},
  {"kind": "amount between", "field": "total", "low": "1", "high": "99.5", "currency": null},
  {"kind": "empty", "field": "cadence", "is_empty": true}],
 "action": {"kind": "assign", "cadence": "W-KEY"}}"""


def test_rules_that_were_stored_by_this_version_stay_readable() -> None:
    rule = Definition.model_validate_json(STORED)

    assert json.loads(rule.model_dump_json()) == json.loads(STORED)
    assert written(rule) == (
        'when created: PO number is any of a, b and customer.custom.select is not "VIP"'
        " and due date on or before 2026-06-01 and issue date between 2026-05-01 and 2026-05-31"
        " and payment date in last 7 days and outstanding > 5000 EUR and total between 1 and 99.5"
        " and cadence is empty then assign W-KEY"
    )
    for stored, action in (
        ('{"kind": "show", "visible": false}', "hide"),
        ('{"kind": "notify", "recipient": "Ana", "channel": "email", "text": "x"}', 'notify Ana by email "x"'),
    ):
        assert written(Definition.model_validate_json(f'{{"action": {stored}}}')) == f"always then {action}"


SPOKEN = (
    'status is not due overdue then hide and or any none of between in last next 7 days > 5 EUR , : " \\ ( ) “'
)
MORE = ("customer.custom.select", 'invoice.custom."', "2026-06-01", "notify", "assign", "\n", "🙂", "\x00")
WORDS = st.sampled_from((*SPOKEN.split(), *MORE))


@given(st.text(max_size=200) | st.lists(WORDS, max_size=30).map(" ".join))
def test_any_text_is_a_rule_or_is_told_where_it_is_none(text: str) -> None:
    found = read_rule(text, CATALOGUE)

    if isinstance(found, Misread):
        assert 1 <= found.column <= len(text) + 1
        assert "\n" not in str(found) or "\n" in text
    else:
        assert read(written(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        '"' * TEXT_LENGTH_MAX,
        "\\" * TEXT_LENGTH_MAX,
        '"' + "\\" * (TEXT_LENGTH_MAX - 1),
        " " * TEXT_LENGTH_MAX,
        "status is overdue and " * 4000,
        "number is any of " + "a, " * 30_000,
        "number is any of " + "a or " * 19_000 + "a then hide",
        "status is " + "not " * 20_000,
        "customer.custom." * 6000,
        "customer.custom.select is " + "key " * 20_000,
        "(" * TEXT_LENGTH_MAX,
        "outstanding > " + "9" * 99_000,
    ],
)
def test_hostile_texts_end_quickly(text: str) -> None:
    start = time.process_time()

    found = read_rule(text, CATALOGUE)

    assert isinstance(found, Misread)
    assert len(str(found)) < 500
    assert time.process_time() - start < 2


def test_limits_hold_for_stored_rules_too() -> None:
    many = {"kind": "text", "field": "number", "operator": "is any of", "values": ["x"] * 150}
    with pytest.raises(ValueError, match="more than 200 values"):
        Definition.model_validate({"conditions": [many, many], "action": {"kind": "show", "visible": True}})
    one = {"kind": "empty", "field": "number", "is_empty": True}
    with pytest.raises(ValueError, match="at most 50 items"):
        Definition.model_validate({"conditions": [one] * 51, "action": {"kind": "show", "visible": True}})


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "text", "field": "status", "operator": "is", "values": ["overdue"]},
        {"kind": "text", "field": "number", "operator": "is", "values": ["a", "b"]},
        {"kind": "text", "field": "number", "operator": "is", "values": [" "]},
        {"kind": "text", "field": "number", "operator": "is", "values": ["\x00"]},
        {"kind": "choice", "field": "status", "operator": "is any of", "values": ["open"]},
        {"kind": "choice", "field": "currency", "operator": "is any of", "values": ["eur"]},
        {"kind": "amount", "field": "due date", "operator": "=", "amount": "1"},
        {"kind": "amount", "field": "total", "operator": "=", "amount": "NaN"},
        {"kind": "amount", "field": "total", "operator": "=", "amount": "1", "currency": "euro"},
        {"kind": "day", "field": "total", "operator": "on", "day": "2026-06-01"},
        {"kind": "day within", "field": "due date", "direction": "last", "days": 0},
        {"kind": "sql", "field": "total", "text": "1=1"},
        {"kind": "empty", "field": "total", "is_empty": True, "more": 1},
    ],
)
def test_a_condition_that_has_no_meaning_is_refused(condition: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Definition.model_validate({"conditions": [condition], "action": {"kind": "show", "visible": True}})


def test_a_rule_says_what_it_misses_when_custom_fields_change() -> None:
    text = 'customer.custom.select is VIP and customer.custom.number > 5 and invoice.custom."text field" is x'
    stored = read(f"{text} then hide")
    retyped = CustomField(entity="customer", key="number", type="text")
    defined = [one for one in CATALOGUE.defined if one.field != CUSTOM[1] and one.field.entity == "customer"]
    changed = type(CATALOGUE)(
        (
            *(type(one)(one.field, ("Gold",)) if one.field.type == "select" else one for one in defined),
            type(defined[0])(retyped),
        )
    )

    assert list(objections(stored, changed)) == [
        "customer.custom.select is never 'VIP', but one of Gold",
        "customer.custom.number is a text field, not a number field",
        "there is no field invoice.custom.text field",
    ]


def test_words_of_the_language_are_quoted_when_they_are_values() -> None:
    rule = Definition(trigger=Trigger.CREATED, action=Assign(cadence="Then"))

    assert written(rule) == 'when created: always then assign "Then"'
    assert written(Definition(action=Show(visible=False))) == "always then hide"
    assert is_word("W-KEY")
    assert not is_word("W KEY")
