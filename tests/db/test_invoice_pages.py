"""A page that is taken in at once leaves the ledger as its statements one by one do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db.engine import Engine, Session, make_engine, transaction
from db.operations.arrival.customers import take_party
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice
from db.operations.arrival.invoice_pages import UNCHANGED, Taken, take_invoices
from db.operations.arrival.invoices import Outcome, take_and_tell, tell_other_invoices
from db.operations.change import Change
from db.operations.people import add_group
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import add_rule
from db.operations.settle import settle_many
from db.schema import metadata
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Step
from dunning.facts import InvoiceState
from rules.catalogue import Catalogue, DefinedField
from rules.fields import CustomField
from rules.read_rule import read_rule
from rules.rule import Definition
from tests.db.book import Book, a_change, an_invoice
from tests.db.databases import a_copy_of

MAY_4 = "2026-05-04 09:00"

# What each table says, with what people know things by in place of ids, and without the clock of the server.
_OWNERS = """
(SELECT i.external_id FROM invoices i WHERE i.id::text = row->>'invoice_id') AS invoice,
(SELECT cu.external_id FROM customers cu WHERE cu.id::text = row->>'customer_id') AS customer,
(SELECT concat(i.external_id, ' ', c.cadence_id, ' ', c.cycle) FROM collections c
   JOIN invoices i ON i.id = c.invoice_id WHERE c.id::text = row->>'collection_id') AS collection
"""
_UNSAID = "{id,invoice_id,customer_id,collection_id,payment_id,created_at,leased_until,causation_id,due_at}"
# Where the order in which rows were written says something.
_ORDERED = ("contacts", "timeline", "outbox", "rule_log")
_TABLES = (
    *_ORDERED, "customers", "invoices", "custom_values", "payments", "payment_allocations", "holds",
    "collections", "step_statuses", "actions", "next_actions",
    "rule_records", "rule_matches", "rule_notifications",
)  # fmt: skip


def all_rows(engine: Engine) -> dict[str, list[Any]]:
    """Return what the ledger has, ids aside."""
    found = {}
    with transaction(engine) as session:
        for table in _TABLES:
            ordered = "id" if table in _ORDERED else "NULL"
            rows = session.execute(
                text(f"""
                SELECT {_OWNERS}, (row - '{_UNSAID}'::text[])::text AS said
                  FROM (SELECT to_jsonb(t) AS row, {ordered} AS place FROM {table} t) t ORDER BY place
                """)
            )
            listed = [tuple("" if value is None else value for value in row) for row in rows]
            # Of one invoice or customer, in the order they were written.
            found[table] = sorted(listed, key=lambda row: row[:2] if table in _ORDERED else row)
    return found


def one_by_one(
    session: Session, page: Sequence[IncomingInvoice], change: Change, chosen: Chosen | None
) -> list[Taken]:
    """Take the page in statement by statement: those that there are, the customers of the others, the others."""
    known = set(session.scalars(text("SELECT external_id FROM invoices UNION SELECT number FROM invoices")))
    taken: dict[int, Taken] = {}

    def take(place: int) -> None:
        try:
            with session.begin_nested():
                outcome, told = take_and_tell(session, page[place], change, chosen)
                taken[place] = Taken(outcome, "; ".join(told) or None)
        except Refused as refusal:
            taken[place] = Taken(None, str(refusal))

    keys = [{("id", one.external_id), ("number", one.shown_number)} for one in page]
    again = [place for place in range(len(page)) if any(keys[place] & earlier for earlier in keys[:place])]
    new = [place for place, one in enumerate(page) if not {one.external_id, one.shown_number} & known]
    for place in range(len(page)):
        if place not in new and place not in again:
            take(place)
    for place in new:
        if place not in again:
            customer_id, changed = take_party(session, page[place].party)
            if changed:
                tell_other_invoices(session, [customer_id], None, change)
    for place in [*[place for place in new if place not in again], *again]:
        take(place)
    return [taken[place] for place in range(len(page))]


FIRST = an_invoice()
NUMBERS = st.sampled_from([f"INV-{number}" for number in range(9)])
DAYS = st.sampled_from([-400, -60, -31, -22, -15, -4, -3, 0, 1, 3, 5, 20, 90])
SAID_OF_CUSTOMERS = st.fixed_dictionaries(
    {
        "customer_name": st.sampled_from(["Hélios", "Hélios \\N\t SA"]),
        "locale": st.sampled_from([None, "fr"]),
        "payment_term_days": st.sampled_from([None, 45]),
        "customer_custom": st.sampled_from([(), (("since", date(2020, 2, 2)),)]),
    }
)
SAID_OF_CONTACTS = st.fixed_dictionaries(
    {
        "email": st.sampled_from([None, "ana@helios.example", "BILL@helios.example", "lima@helios.example"]),
        "contact_first_name": st.sampled_from([None, "Ana"]),
    }
)


@st.composite
def invoices(draw: st.DrawFn) -> dict[str, Any]:
    """Return what is said of one of a few invoices."""
    number, total = draw(NUMBERS), draw(st.sampled_from(["100", "1000.5", "7", "0.02"]))
    due_on = date(2026, 5, 4) + timedelta(days=draw(DAYS))
    state = draw(st.sampled_from([*[InvoiceState.OPEN] * 6, *InvoiceState]))
    share = draw(st.sampled_from([Decimal(0)] * 4 + [Decimal("0.5"), Decimal("0.99"), Decimal(1)]))
    own = draw(st.sampled_from([None, None, f"X-{number}"]))
    return {
        "external_id": own or number,
        "number": None if own is None else number,
        "customer_id": draw(st.sampled_from([f"C-{int(number[4:]) % 3}"] * 9 + ["C-9"])),
        "contact_role": draw(st.sampled_from(["main", "billing"])),
        "issued_on": due_on - timedelta(days=30),
        "due_on": draw(st.sampled_from([due_on] * 5 + [None])),
        "currency": draw(st.sampled_from(["EUR"] * 9 + ["USD"])),
        "total": Decimal(total),
        "paid": (Decimal(total) * share).quantize(Decimal("0.01")),
        "state": state,
        "is_disputed": state is InvoiceState.OPEN and draw(st.sampled_from([False] * 5 + [True])),
        "po_number": draw(st.sampled_from([None, "PO\\1", "4\n5"])),
        "custom": draw(st.sampled_from([(), (("plan", "VIP"),), (("score", Decimal(7)),), (("plan", None),)])),
    }


@st.composite
def pages_of_statements(draw: st.DrawFn) -> list[IncomingInvoice]:
    """Return a page whose rows agree about each customer and each of its contacts, as those of a file do."""
    said: dict[Any, dict[str, Any]] = {}
    page = []
    for stated in draw(st.lists(invoices(), min_size=1, max_size=10)):
        customer_id, role = stated["customer_id"], stated["contact_role"]
        if customer_id not in said:
            said[customer_id] = draw(SAID_OF_CUSTOMERS)
        if (customer_id, role) not in said:
            said[customer_id, role] = draw(SAID_OF_CONTACTS)
        page.append(replace(FIRST, **stated, **said[customer_id], **said[customer_id, role]))
    return page


def _step(id_: str, days: int, channel: Channel = Channel.EMAIL) -> Step:
    is_manual = channel in (Channel.CALL, Channel.TASK)
    execution = Execution.MANUAL if is_manual else Execution.AUTOMATIC
    return Step(id_, Anchor.DUE_DATE, days, channel, execution, "reminder")


CADENCES = (
    Cadence("short", (_step("a", -3), _step("b", 3)), Logic.STANDARD, 5),
    Cadence("called", (_step("a", -3), _step("c", 3, Channel.CALL), _step("d", 20)), Logic.CONTEXTUAL, 0),
    Cadence("tasks", (_step("t", -5, Channel.TASK), _step("u", 0, Channel.TASK)), Logic.CONTEXTUAL, 2),
    Cadence("letters", (_step("l", 1, Channel.LETTER), _step("m", 15)), Logic.STANDARD, 2),
)


@pytest.fixture(scope="module")
def twins(template: str) -> Iterator[tuple[Engine, Engine]]:
    """Two ledgers that are alike."""
    with a_copy_of(template) as one, a_copy_of(template) as other:
        engines = make_engine(one, 2), make_engine(other, 2)
        for engine in engines:
            book = Book(engine)
            for cadence in CADENCES:
                book.publish(cadence)
            book.do(lambda session: add_group(session, "Cash Collectors"))
            book.run(
                "INSERT INTO custom_fields (entity, key, type, label) VALUES ('invoice', 'plan', 'text', 'Plan'),"
                " ('invoice', 'score', 'number', 'Score'), ('customer', 'since', 'date', 'Since')"
            )
            for place, rule in enumerate(RULES):
                definition = read_rule(rule, CATALOGUE)
                assert isinstance(definition, Definition), definition
                book.do(lambda session: add_rule(session, f"rule {place}", definition, a_change()))  # noqa: B023
        yield engines
        for engine in engines:
            engine.dispose()


CATALOGUE = Catalogue(
    (
        DefinedField(CustomField(entity="invoice", key="plan", type="text")),
        DefinedField(CustomField(entity="invoice", key="score", type="number")),
        DefinedField(CustomField(entity="customer", key="since", type="date")),
    )
)
# Who wins, who hides, who tells; and one that looks at what the others did.
RULES = (
    "status is overdue and outstanding > 50 EUR then assign called",
    "customer.custom.since is not empty and total > 500 then assign none",
    "invoice.custom.plan is VIP then hide",
    "invoice.custom.score > 5 and currency is EUR then assign tasks",
    "cadence is called and aging is 31-60 then hide",
    "cadence is Standard then assign letters",
    'paid > 0 then notify "Cash Collectors" by email "paid"',
)
KEPT = {
    "smart_rules",
    "organization",
    "cadences",
    "cadence_versions",
    "cadence_steps",
    "custom_fields",
    "groups",
    "users",
}


def _emptied(engine: Engine, default: str, *, is_ruled: bool = False, **organization: Any) -> Book:
    book = Book(engine)
    with transaction(engine) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in reversed(metadata().sorted_tables):
            if table.name not in KEPT:
                session.execute(table.delete())
        # One at a time: there is one default at most.
        session.execute(text("UPDATE cadences SET is_default = false"))
        session.execute(text("UPDATE cadences SET is_default = true WHERE name = :name"), {"name": default})
    book.run("UPDATE smart_rules SET is_active = :is_ruled", is_ruled=is_ruled)
    book.run("UPDATE organization SET rules_revision = rules_revision + 1")
    book.set(**organization)
    return book


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Return pages that are taken in one after the other, and an organization that they come to."""
    return {
        "pages": draw(st.lists(pages_of_statements(), min_size=1, max_size=2)),
        "default": draw(st.sampled_from(["Standard", *[cadence.name for cadence in CADENCES], "none"])),
        "tolerance": draw(st.sampled_from([Decimal(0), Decimal("0.5")])),
        "scope": draw(st.sampled_from(["collection", "customer"])),
        "chosen": draw(st.sampled_from([None, None, Chosen(None)])),
        "is_ruled": draw(st.booleans()),
    }


def check_alike(
    twins: tuple[Engine, Engine],
    pages: list[list[IncomingInvoice]],
    default: str,
    tolerance: Decimal,
    scope: str,
    chosen: Chosen | None,
    is_ruled: bool,
) -> None:
    """Take the pages in on one ledger at once and on its twin one by one, and compare them."""
    # Without jitter nothing but ids depends on ids.
    organization = {"jitter_minutes": 0, "tolerance": tolerance, "contact_delay_scope": scope}
    at_once, singly = (_emptied(engine, default, is_ruled=is_ruled, **organization) for engine in twins)
    for place, page in enumerate(pages):
        change = a_change(f"2026-05-0{4 + place} 09:00", by="import")
        with transaction(at_once.engine) as session:
            taken = take_invoices(session, page, change, chosen)
        with transaction(singly.engine) as session:
            assert one_by_one(session, page, change, chosen) == taken
        assert all_rows(at_once.engine) == all_rows(singly.engine)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_a_page_at_once_leaves_what_its_statements_one_by_one_leave(
    twins: tuple[Engine, Engine], case: dict[str, Any]
) -> None:
    check_alike(twins, **case)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_two_hundred_books_are_the_same_at_once_and_one_by_one(
    twins: tuple[Engine, Engine], case: dict[str, Any]
) -> None:
    check_alike(twins, **case)


def _stated(number: str, role: str, email: str) -> IncomingInvoice:
    return an_invoice(number, customer_id="C-0", contact_role=role, email=f"{email}@helios.example")


@pytest.mark.parametrize(
    ("pages", "contacts"),
    [
        pytest.param(
            [
                [_stated("INV-0", "main", "ana")],
                [_stated("INV-1", "main", "bill"), _stated("INV-2", "billing", "ana")],
            ],
            [("main", "bill"), ("billing", "ana")],
            id="new invoices",
        ),
        pytest.param(
            [
                [_stated("INV-0", "main", "ana"), _stated("INV-1", "billing", "ana")],
                [_stated("INV-0", "main", "bill"), _stated("INV-1", "billing", "ana")],
            ],
            [("main", "bill"), ("billing", "ana")],
            id="known invoices",
        ),
        pytest.param(
            [
                [_stated("INV-0", "billing", "bill")],
                [_stated("INV-1", "main", "bill"), _stated("INV-2", "billing", "ana")],
            ],
            [("billing", "ana"), ("main", "bill")],
            id="the one that gives way is stated second",
        ),
    ],
)
def test_an_address_that_moves_to_another_role_is_kept_for_both(
    twins: tuple[Engine, Engine], pages: list[list[IncomingInvoice]], contacts: list[tuple[str, str]]
) -> None:
    check_alike(twins, pages, "Standard", Decimal(0), "collection", None, is_ruled=False)

    book = Book(twins[0])
    assert book.rows("SELECT role, split_part(email, '@', 1) FROM contacts ORDER BY id") == contacts
    again: list[Taken] = book.do(lambda session: take_invoices(session, pages[-1], a_change(MAY_4, by="import")))
    assert again == [UNCHANGED] * len(again)


@pytest.mark.parametrize("cadence", ["Standard", *[cadence.name for cadence in CADENCES]])
def test_what_a_page_plans_is_what_looking_again_plans(twins: tuple[Engine, Engine], cadence: str) -> None:
    book = _emptied(twins[0], cadence, jitter_minutes=60, tolerance=Decimal(0), contact_delay_scope="customer")
    first = book.invoice("OLD", customer_id="C-1")
    book.run("UPDATE invoices SET contacted_on = '2026-05-02' WHERE id = :id", id=first)
    book.run(
        "INSERT INTO holds (customer_id, kind, until_on, started_at, started_by) SELECT id, 'pause', '2026-05-20',"
        " '2026-05-04', 'ana' FROM customers"
    )
    page = [
        an_invoice(
            f"INV-{days}-{customer}",
            customer_id=f"C-{customer}",
            issued_on=date(2026, 3, 1),
            due_on=date(2026, 5, 4) + timedelta(days=days),
            email=None if customer == 2 else f"c{customer}@helios.example",
        )
        for days in (-22, -15, -4, -3, 0, 3, 20)
        for customer in range(4)
    ]
    book.do(lambda session: take_invoices(session, page, a_change(MAY_4, by="import")))
    before = all_rows(book.engine)
    ids = book.rows("SELECT id FROM invoices WHERE number <> 'OLD'")

    book.do(lambda session: settle_many(session, ids, a_change(MAY_4, by="import")))

    assert len(ids) == len(page)
    assert all_rows(book.engine) == before


def test_what_rules_take_from_the_default_cadence_leaves_no_trace_under_it(twins: tuple[Engine, Engine]) -> None:
    """It is overdue, so that a step would expire at once if it were looked at under that cadence."""
    organization = {"jitter_minutes": 60, "tolerance": Decimal(0), "contact_delay_scope": "collection"}
    book = _emptied(twins[0], "Standard", is_ruled=True, **organization)
    new = an_invoice("INV-1", issued_on=date(2026, 3, 1), due_on=date(2026, 4, 1), total=Decimal(40))

    book.do(lambda session: take_invoices(session, [new], a_change(MAY_4, by="import")))

    rows = book.rows(
        "SELECT c.state || CASE WHEN n.stage IS NULL THEN '' ELSE ', planned' END"
        "  FROM collections c LEFT JOIN next_actions n ON n.collection_id = c.id ORDER BY c.id"
    )
    assert rows == ["stopped", "active, planned"]
    under_default = "collection_id = (SELECT id FROM collections WHERE state = 'stopped')"
    assert book.rows(f"SELECT kind FROM timeline WHERE {under_default}") == ["collection closed"]
    assert book.rows(f"SELECT step_id FROM actions WHERE {under_default}") == []


def test_a_number_identifies_an_invoice_that_one_of_two_files_knows_by_it_alone(book: Book) -> None:
    change = a_change(MAY_4, by="import")
    numbered, named = an_invoice("INV-1"), replace(an_invoice("X-1"), number="INV-1")

    def take(*page: IncomingInvoice) -> list[Taken]:
        taken: list[Taken] = book.do(lambda session: take_invoices(session, page, change))
        return taken

    take(numbered)
    assert [one.outcome for one in take(named)] == [Outcome.CHANGED]
    assert take(numbered) == take(named) == [UNCHANGED]
    assert book.rows("SELECT external_id, number FROM invoices") == [("X-1", "INV-1")]

    (refused,) = take(replace(an_invoice("X-2"), number="INV-1"))
    assert refused.said == "the number INV-1 belongs to another invoice"
    assert [one.outcome for one in take(replace(an_invoice("X-1"), number="INV-1A"))] == [Outcome.CHANGED]
    assert book.rows("SELECT external_id, number FROM invoices") == [("X-1", "INV-1A")]
