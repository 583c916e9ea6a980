"""Tests of rules as SQL: on a real ledger they say the same as the evaluation of one invoice."""

import os
import unicodedata
from dataclasses import fields as fields_of
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import ColumnElement, column, literal, select, table, text

from db.engine import transaction
from db.queries.rule_facts import invoice_facts
from db.queries.rule_matches import asked_fields, matched_ids, matches, winner
from db.queries.rule_rows import folded, rule_rows
from db.tables.invoices import Invoice
from rules.conditions import EmptyCondition
from rules.evaluation import is_matched
from rules.facts import InvoiceFacts
from rules.fields import CustomField
from rules.folding import FOLDED, fold
from rules.index import Event, RuleIndex
from rules.read_rule import read_rule
from rules.rule import Definition, Rule, Show, Slot
from tests.db.book import Book
from tests.db.rule_book import fill
from tests.dunning.seeds import NAIVE_SEED
from tests.rules.random_rules import CATALOGUE, CUSTOM, TODAY, random_definition, random_rules, random_text

INVOICES = 60
# Each with every invoice: 120,000 cases every day, and more on demand.
RULES = int(os.environ.get("RULE_COUNT", "2000"))
AT_ONCE = 100


@pytest.fixture
def invoices(book: Book) -> dict[int, InvoiceFacts]:
    """Random invoices in the ledger."""
    found: dict[int, InvoiceFacts] = book.do(lambda session: fill(session, Random(NAIVE_SEED), INVOICES))
    return found


def test_facts_are_read_as_the_ledger_has_them(book: Book, invoices: dict[int, InvoiceFacts]) -> None:
    with transaction(book.engine) as session:
        read = invoice_facts(session, [*invoices, 0], TODAY)

    assert read.keys() == invoices.keys()
    for id_, facts in read.items():
        for one in fields_of(InvoiceFacts):
            assert getattr(facts, one.name) == getattr(invoices[id_], one.name), (id_, one.name)


def test_random_rules_match_the_same_invoices_in_both_backends(
    book: Book, invoices: dict[int, InvoiceFacts]
) -> None:
    random = Random(NAIVE_SEED)
    met = 0
    with transaction(book.engine) as session:
        facts = invoice_facts(session, invoices, TODAY)
        ids = sorted(invoices)
        middle = ids[len(ids) // 2]
        halves = (literal(ids[0]), literal(middle)), (literal(middle + 1), literal(ids[-1]))
        for number in range(0, RULES, AT_ONCE):
            drawn = [
                Rule(id=place, name="one", definition=random_definition(random), position=place)
                for place in range(1, AT_ONCE + 1)
            ]
            fields = asked_fields(rule.definition for rule in drawn)
            by_sql: dict[int, list[int]] = {}
            # The whole book at once, or by ranges of ids.
            for within in (None,) if number // AT_ONCE % 2 else halves:
                rows = rule_rows(fields, TODAY, within=within)
                by_sql |= {row[0]: row[1] for row in session.execute(select(rows.id, matched_ids(drawn, rows)))}
            index = RuleIndex(drawn)
            for id_, one in facts.items():
                by_python = [rule.id for rule in index.matching(one)]
                if by_sql[id_] != by_python:
                    wrong = min({*by_sql[id_]} ^ {*by_python})
                    pytest.fail(
                        f"NAIVE_SEED={NAIVE_SEED}: {drawn[wrong - 1].definition!r}\n{one!r}\n{by_sql[id_]}"
                    )
                met += len(by_python)

    assert met > RULES * INVOICES / 100, "rules that never match would prove nothing"


def test_the_winner_is_found_in_one_statement(book: Book, invoices: dict[int, InvoiceFacts]) -> None:
    random = Random(NAIVE_SEED)
    with transaction(book.engine) as session:
        facts = invoice_facts(session, invoices, TODAY)
        for _ in range(10):
            drawn = random_rules(random, 20)
            index = RuleIndex(drawn)
            held = random.choice(index.rules)
            rows = rule_rows(asked_fields(rule.definition for rule in index.rules), TODAY)
            for event in Event:
                columns = [winner(index.rules, slot, rows, event, literal(held.id)) for slot in Slot]
                for id_, *found in session.execute(select(rows.id, *columns)):
                    contest = index.asked_at(event) | index.bit_of[held.id]
                    matched = index.matched(facts[id_]) & contest
                    ids = [index.ids_in(matched & index.in_slot[slot]) for slot in Slot]
                    assert found == [one[0] if one else None for one in ids]


def test_a_day_later_the_same_statement_says_what_time_changed(
    book: Book, invoices: dict[int, InvoiceFacts]
) -> None:
    definition = read_rule("status is overdue and due date in last 1 day then hide", CATALOGUE)
    assert isinstance(definition, Definition)
    with transaction(book.engine) as session:
        for later in (TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=8)):
            rows = rule_rows(asked_fields([definition]), later)
            by_sql = set(session.scalars(select(rows.id).where(matches(definition, rows))))
            facts = invoice_facts(session, invoices, later)
            assert by_sql == {id_ for id_, one in facts.items() if is_matched(definition, one)}


def test_fields_of_another_type_by_now_are_the_same_in_both_backends(
    book: Book, invoices: dict[int, InvoiceFacts]
) -> None:
    """A rule that was stored before a field changed its type, or was deleted."""
    asked = [
        CustomField(entity=one.entity, key=key, type=other.type)
        for one in CUSTOM
        for other in CUSTOM
        for key in (one.key, "deleted")
        if one.entity == other.entity
    ]
    retyped = [
        Rule(
            id=place,
            name="one",
            definition=Definition(
                conditions=(EmptyCondition(field=field, is_empty=False),), action=Show(visible=True)
            ),
            position=place,
        )
        for place, field in enumerate(asked, start=1)
    ]
    index = RuleIndex(retyped)
    rows = rule_rows(asked_fields(rule.definition for rule in retyped), TODAY)
    with transaction(book.engine) as session:
        facts = invoice_facts(session, invoices, TODAY)
        for id_, ids in session.execute(select(rows.id, matched_ids(retyped, rows))):
            assert ids == [rule.id for rule in index.matching(facts[id_])]
            assert [rule.id for rule in retyped if is_matched(rule.definition, facts[id_])] == ids


def test_rows_are_bounded_by_what_is_asked_for(book: Book, invoices: dict[int, InvoiceFacts]) -> None:
    chosen = sorted(invoices)[:3]
    rows = rule_rows([], TODAY, Invoice.id.in_(chosen))
    always = Definition.model_validate({"action": {"kind": "show", "visible": True}})

    with transaction(book.engine) as session:
        assert sorted(session.scalars(select(rows.id).where(matches(always, rows)))) == chosen


def test_the_ledger_folds_as_we_do_under_any_locale(book: Book) -> None:
    random = Random(NAIVE_SEED)
    texts = [random_text(random) for _ in range(1000)]
    # All that have another case, and all that Unicode 3.2 composed.
    composed = [
        chr(code)
        for code in range(0xA0, 0x30000)
        if unicodedata.ucd_3_2_0.decomposition(chr(code)) or chr(code).lower() != chr(code).upper()
    ]
    texts += [*FOLDED, *composed, *(f"x{one}\u0323" for one in composed), "TITLE I"]
    there_are = "SELECT collname FROM pg_collation WHERE collname IN ('C', 'C.utf8', 'tr-x-icu', 'lt-x-icu')"
    collations = book.rows(f"{there_are} ORDER BY collname")

    assert "C" in collations
    for collation in collations:
        with transaction(book.engine) as session:
            session.execute(text(f'CREATE TEMP TABLE words (one text COLLATE "{collation}") ON COMMIT DROP'))
            session.execute(text("INSERT INTO words SELECT unnest(CAST(:texts AS text[]))"), {"texts": texts})
            one: ColumnElement[str] = column("one")
            found = session.execute(select(one, folded(one)).select_from(table("words"))).all()

        assert {before: after or "" for before, after in found} == {one: fold(one) for one in texts}, collation
