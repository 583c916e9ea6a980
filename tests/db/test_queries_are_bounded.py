"""With a big book, every statement of the hot paths goes by an index: none reads a big table from end to end."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection, Cursor, RawCursor
from sqlalchemy import text

from db.engine import Engine, Session, make_engine, transaction
from db.operations.access import begin_session, end_session, note_seen
from db.operations.arrival.invoices import take_invoice
from db.operations.assignment import reassign
from db.operations.customer_delay import settle_others
from db.operations.holds import pause, resume
from db.operations.messages.addresses import mend_address
from db.operations.messages.incoming import assign, take_in
from db.operations.messages.recording import record_sent
from db.operations.messages.sending import Claim, claim_step
from db.operations.messages.templates import save_template
from db.operations.organization import change_organization
from db.operations.outbox import delivered, owe, take_bulk, take_owed
from db.operations.rollout import adopt_page, lock_outdated
from db.operations.rules import smart_rules
from db.operations.rules.asked import settle_page_by_rules
from db.operations.settle import lock_invoices, settle_many
from db.operations.settlement.payments import pay
from db.operations.settlement.settlements import reverse_payment, take_payment
from db.operations.settlement.stated import Allocation, Automatic, StatedPayment
from db.operations.todos import complete_action
from db.queries.access import sessions_of, visitor_of
from db.queries.accounts import account_of
from db.queries.audit import audit_actors, audit_page, audit_verbs
from db.queries.balances import balances_of
from db.queries.book import BookFilter, book_lines, open_invoice_ids
from db.queries.collections import open_collection, open_collections
from db.queries.correspondence import correspondence
from db.queries.customers import contact_lines, customer_page, open_invoice_ids_of
from db.queries.incoming import (
    deliveries,
    handed_to_provider,
    inbox_message,
    inbox_page,
    known_digests,
    message_about,
)
from db.queries.invoice_filter import next_matches, those_that_match
from db.queries.invoice_records import invoice_id_named
from db.queries.invoices import invoice_id_of, invoice_view
from db.queries.next_actions import waiting
from db.queries.round import happenings, last_sent, newest_happening, open_todos
from db.queries.rule_standings import rule_log
from db.queries.settled import mistaken_page
from db.queries.settlements import payment_id_of, payment_page, payment_view
from db.queries.smart_rules import rules_that_notify
from db.queries.standing import standing_of
from db.queries.templates import saved_texts
from db.queries.timelines import timeline_page
from db.queries.under import Outdated, Place, outdated_versions, page_under
from rules.conditions import DayWithin, TextCondition, TextOperator
from rules.fields import Field
from tests.db.book import Book, a_change, an_invoice
from tests.db.databases import a_copy_of
from tests.db.inbox import an_incoming, dead
from tests.db.rules import read
from tests.db.statements import heard
from tests.dunning.builders import reminders

INVOICES = 50_000
BIG_ROWS_MIN = 2_000
# An open collection in the middle of the book, with an open to-do.
NUMBER = 25_000

# Ten invoices a customer; a tenth is paid and closed; a twentieth has an open to-do, all have a history.
_FILL = f"""
INSERT INTO customers (external_id, name)
  SELECT 'C-' || n, 'Customer ' || n FROM generate_series(1, {INVOICES // 10}) n;
INSERT INTO contacts (customer_id, email, is_main, first_name)
  SELECT id, 'ana@c' || id || '.example', true, 'Ana' FROM customers;
INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total, settled)
  SELECT 'INV-' || n, 'INV-' || n, 1 + n % {INVOICES // 10}, date '2026-04-01' + n % 60,
         date '2026-05-01' + n % 60, 'EUR', 1000, CASE WHEN n % 10 = 1 THEN 1000 ELSE 0 END
    FROM generate_series(1, {INVOICES}) n;
INSERT INTO collections
       (invoice_id, cadence_id, version_id, state, entered_on, last_contact_on, assigned_by, closed_at)
  SELECT id, 1 + (id % 100 = 0)::int, 1 + (id % 100 = 0)::int,
         CASE WHEN settled > 0 THEN 'paid' ELSE 'active' END, issued_on, issued_on, 'import',
         CASE WHEN settled > 0 THEN now() END FROM invoices ORDER BY id;
INSERT INTO payments (customer_id, source, currency, amount, received_on)
  SELECT customer_id, 'import', 'EUR', 1000, due_on FROM invoices WHERE settled > 0 ORDER BY id;
INSERT INTO payment_allocations (payment_id, invoice_id, amount)
  SELECT row_number() OVER (ORDER BY id), id, 1000 FROM invoices WHERE settled > 0;
INSERT INTO step_statuses (collection_id, step_id, status, on_date)
  SELECT id, 'upcoming', 'done', entered_on FROM collections;
INSERT INTO next_actions (collection_id, stage, step_id, channel, execution, due_on, acts_at, sentence, decided_at)
  SELECT id, CASE WHEN closed_at IS NOT NULL THEN 'closed' WHEN id % 20 = 0 THEN 'todo'
                  WHEN id % 50 = 1 THEN 'held' ELSE 'waiting' END, 'reminder', 'email', 'automatic',
         entered_on + 33, CASE WHEN closed_at IS NULL THEN entered_on + 33 + interval '8 hours' END, 'waits', now()
    FROM collections;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, step_id, channel, execution, state, due_on)
  SELECT c.id, i.id, i.customer_id, cadence_id, 'upcoming', 'email', 'automatic', 'done', entered_on
    FROM collections c JOIN invoices i ON i.id = invoice_id ORDER BY c.id;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, step_id, channel, execution, state, due_on)
  SELECT c.id, i.id, i.customer_id, cadence_id, 'call', 'call', 'manual', 'open', entered_on + 48
    FROM collections c JOIN invoices i ON i.id = invoice_id WHERE c.id % 20 = 0;
INSERT INTO messages (action_id, message_id, sender, recipients, subject, mime, state, sent_at, provider_id)
  SELECT id, '<' || id || '@duewell.example>', 'ar@duewell.example', '["ana@c1.example"]', 'x', 'x', 'sent',
         timestamptz '2026-06-10 09:00 Europe/Paris', 'p-' || id
    FROM actions WHERE state = 'done';
INSERT INTO holds (invoice_id, kind, started_at, started_by, ended_at, ended_by)
  SELECT id, 'pause', now(), 'ana', CASE WHEN id % 50 <> 1 THEN now() END, 'ana' FROM invoices WHERE id % 5 = 1;
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor)
  SELECT id, id, now(), due_on, 'invoice created', 'import' FROM invoices;
INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, event_id)
  SELECT id, id, now(), due_on, 'message sent', 'duewell', 'e' || id FROM invoices;
INSERT INTO incoming_messages (digest, received_at, kind, sender, subject, excerpt, content, answers, invoice_id)
  SELECT 'digest ' || id, now(), 'reply', 'ana', 'Re: x', 'x', 'x', id, CASE WHEN id % 1000 <> 1 THEN id END
    FROM invoices WHERE id <= 20000 ORDER BY id;
INSERT INTO users (email, name) SELECT 'user' || n || '@duewell.example', 'User' FROM generate_series(1, 50) n;
INSERT INTO sessions (user_id, digest, created_at, last_seen_at, expires_at)
  SELECT u.id, 'digest ' || u.id || ' ' || n, timestamptz '2026-06-10 08:00Z', timestamptz '2026-06-10 08:00Z',
         timestamptz '2026-06-17 08:00Z' FROM users u CROSS JOIN generate_series(1, 100) n;
INSERT INTO audit_log (actor, verb, about_kind, about_name)
  SELECT 'user' || n % 50 || '@duewell.example', CASE WHEN n % 1000 = 0 THEN 'signed in' ELSE 'invoice paused' END,
         'invoice', 'INV-' || n FROM generate_series(1, {INVOICES}) n;
INSERT INTO outbox (invoice_id, signal, payload) SELECT id, 'invoice_changed', '{{}}' FROM invoices;
INSERT INTO smart_rules (id, name, definition, created_by, changed_by, deleted_at) OVERRIDING SYSTEM VALUE
  VALUES (17, 'gone', '{{}}', 'ana', 'ana', now());
INSERT INTO rule_records (invoice_id, cadence_rule_id) SELECT id, 17 FROM invoices;
INSERT INTO rule_matches (rule_id, invoice_id) SELECT 17, id FROM invoices;
INSERT INTO rule_log (invoice_id, at, on_date, event, causation_id, slot, rule_id, became)
  SELECT id, now(), due_on, 'created', 'e' || id, 'cadence', 17, 'locked' FROM invoices;
ANALYZE
"""


@pytest.fixture(scope="module")
def big(template: str) -> Iterator[Engine]:
    """A ledger with 50,000 invoices, of which 45,000 are followed up."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        Book(engine).publish(reminders(3, 10, name="Other"))
        with engine.begin() as connection:
            # Without foreign keys being looked up one by one, which here only costs time.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in _FILL.split(";\n"):
                connection.execute(text(statement))
        yield engine
        engine.dispose()


def plans_of(
    engine: Engine, work: Callable[[Session], Any], options: str = "FORMAT JSON"
) -> list[tuple[str, dict[str, Any]]]:
    """Return every statement that `work` really executes, with PostgreSQL's plan for it. Its work is undone."""
    plans: list[tuple[str, dict[str, Any]]] = []

    def explain(connection: Connection[Any], statement: str, values: Any) -> None:
        if not statement.upper().lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            return
        # A statement of `db.statement` has the server's own placeholders, and its values in their order.
        own: Cursor[Any] | RawCursor[Any] = (
            RawCursor(connection) if isinstance(values, list) else Cursor(connection)
        )
        with own:
            own.execute(f"EXPLAIN ({options}) {statement}".encode(), values)
            ((explained,),) = own.fetchall()
        plan = explained if isinstance(explained, list) else json.loads(explained)
        plans.append((statement, plan[0]["Plan"]))

    with heard(engine, explain), pytest.raises(Undone), transaction(engine) as session:
        _do_and_undo(session, work)
    assert plans
    return plans


class Undone(Exception):
    """Ends a transaction without a trace."""


def _do_and_undo(session: Session, work: Callable[[Session], Any]) -> None:
    work(session)
    raise Undone


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


@pytest.fixture(scope="module")
def big_tables(big: Engine) -> frozenset[str]:
    """The tables that grow with the book."""
    with big.connect() as connection:
        found = connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= :rows"), {"rows": BIG_ROWS_MIN}
        )
        return frozenset(found.scalars())


def unbounded(big: Engine, big_tables: frozenset[str], work: Callable[[Session], Any]) -> list[tuple[str, str]]:
    """Return the statements that read a whole big table, with the table."""
    return [
        (node["Relation Name"], statement)
        for statement, plan in plans_of(big, work)
        for node in nodes_of(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in big_tables
    ]


def change(by: str = "ana") -> Any:
    """Return the circumstances of a change."""
    return a_change("2026-06-10 10:00", by=by, event_id="a new one")


def stated(**changed: Any) -> Any:
    """Return INV-25000 as the accounts state it."""
    return an_invoice(f"INV-{NUMBER}", customer_id="C-1", customer_name="Customer 1", **changed)


def claim_for_customer(session: Session, invoice_id: int) -> Claim:
    """Claim what is due, for the whole customer and merged."""
    change_organization(session, contact_delay_scope="customer", merges_same_day=True)
    claim = claim_step(session, invoice_id, a_change("2026-06-15 10:00", by="duewell"))
    assert isinstance(claim, Claim)
    return claim


def record_after_claim(session: Session, invoice_id: int) -> None:
    """Claim and record."""
    record_sent(session, claim_for_customer(session, invoice_id), "250 OK", change("duewell"))


def ruled(session: Session, invoice_ids: Sequence[int]) -> None:
    """Ask rules that act and that are held back about the invoices, and do what they say."""
    for rule in (
        "payment date is empty and status is overdue then assign Other",
        "status is none of disputed then hide",
    ):
        add(session, rule)
    lock_invoices(session, invoice_ids)
    settle_page_by_rules(session, invoice_ids, change())
    session.execute(text("UPDATE invoices SET cadence_locked_at = now(), cadence_locked_by = 'ana' WHERE id = 1"))
    add(session, "always then assign none", smart_rules.Place("top"))
    settle_page_by_rules(session, [*invoice_ids, 1], change())
    rule_log(session, NUMBER, 50)
    rule_log(session, None, 50)


def add(session: Session, rule: str, place: smart_rules.Place = smart_rules.AT_BOTTOM) -> None:
    """Add an active rule."""
    smart_rules.add_rule(session, rule, read(session, rule), change(), place, is_active=True)


PAYMENT = StatedPayment(
    external_id="P-1",
    customer_id="C-17",
    currency="EUR",
    amount=Decimal(1500),
    received_on=date(2026, 6, 10),
    reference="INV-16",
    allocations=(Allocation("INV-16", Decimal(10)), Allocation("INV-0")),
    automatic=Automatic.OLDEST,
)
OURS = f"<{NUMBER}@duewell.example>"


def came_back(kind: str) -> Any:
    """Return what came back for the message of INV-25000."""
    return an_incoming(kind, OURS, "2026-06-10 09:59", undelivered=(dead("ana@c1.example"),))


DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)
# Fields of the tables that grow with the book; of all customers, a tenth of it, some are best read together.
FEW = (
    TextCondition(field=Field.CADENCE, operator=TextOperator.IS, values=("Other",)),
    DayWithin(field=Field.PAYMENT_DATE, direction="last", days=30),
)

HOT: dict[str, Callable[[Session], Any]] = {
    "what rules say of one invoice": lambda session: ruled(session, [NUMBER]),
    "what rules say of a page": lambda session: ruled(session, range(NUMBER, NUMBER + 20)),
    "the facts of one invoice": lambda session: open_collection(session, NUMBER),
    "the facts of a page": lambda session: open_collections(session, range(NUMBER, NUMBER + 200)),
    "a page of open invoices": lambda session: open_invoice_ids(session, NUMBER, 500),
    "the first page of open invoices": lambda session: open_invoice_ids(session, 0, 500),
    "a page of customers": lambda session: customer_page(session, 17, 200),
    "the open invoices of customers": lambda session: open_invoice_ids_of(session, range(17, 37)),
    "what is owed": lambda session: take_owed(session, 100),
    "what a command owes": lambda session: take_owed(session, 1, ids=[NUMBER]),
    "what bulk work owes": lambda session: take_bulk(session, 100),
    "the next invoices of bulk work": lambda session: next_matches(session, FEW, DAY, NUMBER, 10**9, 25),
    "those that match still": lambda session: those_that_match(session, FEW, DAY, range(NUMBER, NUMBER + 25)),
    "what processes wait for": lambda session: waiting(session, range(NUMBER, NUMBER + 25)),
    "owing and delivering": lambda session: delivered(session, [owe(session, NUMBER, "pause", {})]),
    "the book": lambda session: book_lines(session, BookFilter(), 50),
    "the book by cadence": lambda session: book_lines(session, BookFilter(cadence="Standard"), 50),
    "the book by a cadence of few": lambda session: book_lines(session, BookFilter(cadence="Other"), 50),
    "the book by customer": lambda session: book_lines(session, BookFilter(customer="C-17"), 50),
    "the book by invoice": lambda session: book_lines(session, BookFilter(invoice="INV-17"), 50),
    "the book by stage": lambda session: book_lines(session, BookFilter(stage="held"), 50),
    "the book by a stage of few": lambda session: book_lines(session, BookFilter(stage="blocked"), 50),
    "open to-dos": lambda session: open_todos(session, 50),
    "the inbox": lambda session: inbox_page(session, 50),
    "the inbox, unmatched": lambda session: inbox_page(session, 50, unmatched=True),
    "the inbox of an invoice": lambda session: inbox_page(session, 50, invoice=f"INV-{NUMBER}"),
    "a message of the inbox": lambda session: inbox_message(session, NUMBER),
    "what a message is about": lambda session: message_about(session, [OURS, "<x@y.example>"], ["k7f3qz5w2m"]),
    "how messages fared": lambda session: deliveries(session, NUMBER),
    "taking in a bounce": lambda session: take_in(session, came_back("bounce"), change()),
    "taking in a complaint": lambda session: take_in(session, came_back("complaint"), change()),
    "taking in a reply": lambda session: take_in(session, came_back("reply"), change()),
    "what a provider took": lambda session: handed_to_provider(session, [f"p-{n}" for n in range(100)]),
    "what came in already": lambda session: known_digests(session, ["ab", "cd"]),
    "mending an address": lambda session: mend_address(
        session, 17, "ana@c17.example", "b@c.example", None, change()
    ),
    "the addresses of a customer": lambda session: contact_lines(session, 17),
    "assigning a message": lambda session: assign(session, 1, NUMBER, change()),
    "an invoice's number": lambda session: invoice_id_of(session, f"INV-{NUMBER}"),
    "an invoice's page": lambda session: invoice_view(session, f"INV-{NUMBER}"),
    "where an invoice stands": lambda session: standing_of(session, NUMBER),
    "a letter": lambda session: correspondence(session, NUMBER),
    "what a customer owes": lambda session: account_of(session, 17, date(2026, 6, 15)),
    "the editions of a text": lambda session: saved_texts(session, "reminder"),
    "saving a text": lambda session: save_template(session, "reminder", "en", "s", "b", "ana"),
    "the last messages": lambda session: last_sent(session, 20),
    "what happened lately": lambda session: happenings(session, newest_happening(session) - 50, 50),
    "a page under a cadence": lambda session: page_under(session, 1, Place(1, NUMBER), 200),
    "a page to roll out": lambda session: adopt_page(
        session, lock_outdated(session, Outdated(1, 1), NUMBER, 200), change()
    ),
    "whether anything is left to roll out": outdated_versions,
    "claiming": lambda session: claim_step(session, NUMBER + 2, change("duewell")),
    "claiming for the customer": lambda session: claim_for_customer(session, NUMBER + 2),
    "recording what was sent": lambda session: record_after_claim(session, NUMBER + 2),
    "the customer's other collections": lambda session: settle_others(session, NUMBER + 2, change("duewell")),
    "settling a page": lambda session: settle_many(session, range(NUMBER, NUMBER + 200), change("duewell")),
    "paying in part": lambda session: pay(session, NUMBER, Decimal(10), change()),
    "paying in full": lambda session: pay(session, NUMBER, Decimal(1000), change()),
    "taking a payment in": lambda session: take_payment(session, PAYMENT, change("import"), "import"),
    "taking a payment back": lambda session: reverse_payment(session, 17, date(2026, 7, 10), change()),
    "a payment by its id": lambda session: payment_id_of(session, "P-1"),
    "a payment": lambda session: payment_view(session, 17),
    "the newest payments": lambda session: payment_page(session, 50),
    "the newest payments of a customer": lambda session: payment_page(session, 50, None, 17),
    "how a customer stands": lambda session: balances_of(session, 17, date(2026, 6, 15)),
    "what happened to an invoice": lambda session: timeline_page(session, NUMBER, 50),
    "what happened to an invoice before": lambda session: timeline_page(session, NUMBER, 50, 10**9),
    "an invoice by its external id": lambda session: invoice_id_named(session, "INV-1"),
    "whom rules notify": lambda session: rules_that_notify(session, "ana@duewell.example"),
    "a page of what is settled": lambda session: mistaken_page(session, NUMBER, 200),
    "who is signed in": lambda session: visitor_of(session, "digest 17 17", NOW),
    "where somebody is signed in": lambda session: sessions_of(session, 17, NOW),
    "noting that somebody was seen": lambda session: note_seen(session, 17, NOW),
    "signing in": lambda session: begin_session(session, 17, "a new digest", NOW, None, None),
    "signing out": lambda session: end_session(session, 17, 17),
    "the audit log": lambda session: audit_page(session, 50),
    "the audit log before": lambda session: audit_page(session, 50, before_id=NUMBER),
    "what somebody did": lambda session: audit_page(session, 50, actor="user17@duewell.example"),
    "what nobody did": lambda session: audit_page(session, 50, before_id=NUMBER, actor="nobody"),
    "who did what is rare": lambda session: audit_page(session, 50, verb="signed in"),
    "who did such a thing": lambda session: audit_page(
        session, 50, actor="user17@duewell.example", verb="signed in"
    ),
    "who is in the audit log": lambda session: [audit_actors(session), audit_verbs(session)],
    "pausing": lambda session: pause(session, NUMBER, None, None, change()),
    "resuming": lambda session: resume(session, NUMBER + 1, change()),
    "reassigning": lambda session: reassign(session, NUMBER + 2, "Other", change()),
    "unassigning": lambda session: reassign(session, NUMBER, None, change()),
    "ending a to-do": lambda session: complete_action(session, NUMBER, None, "reached", change()),
    "taking in a change": lambda session: take_invoice(session, stated(total=Decimal(2000)), change("import")),
    "taking in a mended address": lambda session: take_invoice(
        session, stated(email="b@c.example"), change("import")
    ),
    "taking in a new invoice": lambda session: take_invoice(session, an_invoice("NEW-1"), change("import")),
}


@pytest.mark.parametrize("hot", HOT)
def test_no_hot_path_reads_a_big_table_from_end_to_end(big: Engine, big_tables: frozenset[str], hot: str) -> None:
    assert unbounded(big, big_tables, HOT[hot]) == []


def test_what_is_big_is_known(big_tables: frozenset[str]) -> None:
    assert {"invoices", "collections", "next_actions", "actions", "timeline", "outbox", "messages"} <= big_tables


def test_a_query_without_an_index_would_be_noticed(big: Engine, big_tables: frozenset[str]) -> None:
    def search(session: Session) -> None:
        session.execute(text("SELECT id FROM invoices WHERE po_number = 'PO-1'"))

    assert [table for table, _ in unbounded(big, big_tables, search)] == ["invoices"]
