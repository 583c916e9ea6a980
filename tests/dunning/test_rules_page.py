"""The page of rules, the code that cites it and the tests that prove it name the same rules."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
RULE = re.compile(r"^\*\*(\d+\.\d+) [^*]+\.\*\*", re.MULTILINE)
SECTION = re.compile(r"^## (\d+) ", re.MULTILINE)
CITATION = re.compile(r"\b[Rr]ules? (\d+\.\d+(?:(?:, | and | to )\d+\.\d+)*)")


def numbers_of(page: str) -> list[str]:
    """Return the rule numbers of the page in order."""
    return RULE.findall(page)


def cited_in(text: str) -> set[str]:
    """Return the numbers cited as `rule 2.7` or `rules 2.1, 2.7 and 2.9`; `2.4 to 2.6` cites its two ends."""
    return {number for citation in CITATION.findall(text) for number in re.findall(r"\d+\.\d+", citation)}


def rules_named_by_tests() -> set[str]:
    """Return the rule numbers in the docstrings of the tests."""
    named: set[str] = set()
    for path in sorted(HERE.parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                named |= cited_in(ast.get_docstring(node) or "")
    return named


def the_page() -> str:
    """Return the text of docs/rules.md."""
    return (ROOT / "docs" / "rules.md").read_text()


def test_every_rule_is_named_by_a_test() -> None:
    assert sorted(set(numbers_of(the_page())) - rules_named_by_tests()) == []


def test_tests_name_only_rules_that_exist() -> None:
    assert sorted(rules_named_by_tests() - set(numbers_of(the_page()))) == []


def test_code_of_the_core_cites_only_rules_that_exist() -> None:
    known = set(numbers_of(the_page()))
    wrong = {path.name: cited_in(path.read_text()) - known for path in sorted((ROOT / "dunning").glob("*.py"))}

    assert {name: numbers for name, numbers in wrong.items() if numbers} == {}


def test_rules_are_numbered_once_and_without_a_gap() -> None:
    page = the_page()
    numbers = numbers_of(page)
    per_section = Counter(number.split(".")[0] for number in numbers)

    assert list(per_section) == SECTION.findall(page)
    assert numbers == [f"{section}.{n}" for section, count in per_section.items() for n in range(1, count + 1)]


def test_every_rule_has_an_example() -> None:
    rules = RULE.split(the_page())[1:]

    assert [number for number, text in zip(rules[::2], rules[1::2], strict=True) if "\n*" not in text] == []


def test_page_and_citations_are_read_as_meant() -> None:
    """The tests above would pass on a page that nobody can read."""
    assert numbers_of("**1.1 Anchor.** Text.\n\n**1.2 Phase.** Text.") == ["1.1", "1.2"]
    assert cited_in("Rules 2.1, 2.7 and 2.9. As of rule 4.4, not 9.9") == {"2.1", "2.7", "2.9", "4.4"}
    assert len(numbers_of(the_page())) > 30
