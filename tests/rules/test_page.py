"""The page of smart rules says what there is: its examples are rules, its tables are complete."""

from pathlib import Path

import pytest

from rules.catalogue import Catalogue, DefinedField
from rules.conditions import (
    VALUE_LENGTH_MAX,
    VALUES_MAX,
    AmountOperator,
    ChoiceOperator,
    DayOperator,
    TextOperator,
)
from rules.fields import Aging, CustomField, Field, Status, Visibility
from rules.outcomes import CHAIN_MAX
from rules.read_rule import read_rule
from rules.rule import ALL_VALUES_MAX, CONDITIONS_MAX, TEXT_LENGTH_MAX, Definition
from rules.written import written

PAGE = (Path(__file__).parent.parent.parent / "docs" / "smart-rules.md").read_text()
EXAMPLES = [line.strip() for line in PAGE.splitlines() if line.startswith("    ")]
PLAN = CustomField(entity="customer", key="plan", type="select")
CATALOGUE = Catalogue((DefinedField(PLAN, ("VIP", "Standard")),))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_rule_as_it_is_written(example: str) -> None:
    rule = read_rule(example, CATALOGUE)

    assert isinstance(rule, Definition), rule
    assert written(rule) == example


def test_fields_values_operators_and_limits_are_all_there() -> None:
    assert len(EXAMPLES) >= 6
    operators = (*TextOperator, *ChoiceOperator, *DayOperator, *AmountOperator)
    for word in (*Field, *Status, *Aging, *Visibility, *operators, "is empty", "is not empty", "in last 7 days"):
        assert f"`{word}`" in PAGE, word
    assert f"{CONDITIONS_MAX} conditions, {ALL_VALUES_MAX} values in all" in PAGE
    assert f"{VALUE_LENGTH_MAX} characters in a value, {TEXT_LENGTH_MAX:,} in a notification" in PAGE
    assert VALUES_MAX == ALL_VALUES_MAX
    assert CHAIN_MAX == 3, "the page says three times at most"
