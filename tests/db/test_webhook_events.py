"""What happens to an invoice is owed to whoever asked for it, in the transaction in which it happens."""

import ast
import re
from pathlib import Path

import pytest

from db.engine import Session
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice
from db.operations.arrival.invoice_pages import take_invoices
from db.operations.arrival.invoices import take_invoice
from db.operations.change import note_many
from db.operations.holds import pause
from db.operations.todos import Ending, complete_action
from db.operations.webhooks import add_endpoint, owe_webhook, remove_endpoint, stop_endpoint
from db.tables.webhook_events import EVENTS, FAMILIES, KINDS, LEFT_OUT, PING, RULE_NOTIFIED
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice
from tests.db.rules import add_rule
from tests.installation import ROOT
from tests.scenarios.cadences import BY_PHONE

_OWED = "SELECT payload FROM webhook_deliveries WHERE state = 'owed' ORDER BY id"


def listen(book: Book, *kinds: str, url: str = "https://hooks.example/duewell") -> int:
    """Add an endpoint for the kinds, all without any, and return its id."""
    endpoint_id: int = book.do(lambda session: add_endpoint(session, url, kinds, "whsec_AAAA", False, "ana"))
    return endpoint_id


def owed(book: Book, endpoint_id: int) -> list[str]:
    """Return the kinds of events that the endpoint is owed, in order."""
    return book.rows("SELECT kind FROM webhook_deliveries WHERE endpoint_id = :id ORDER BY id", id=endpoint_id)


def test_an_endpoint_is_owed_what_happens_after_it_was_added(book: Book) -> None:
    book.invoice("INV-0")
    endpoint = listen(book)

    invoice_id = book.invoice()
    book.pay(invoice_id, "400", "2026-06-02 09:00")

    assert owed(book, endpoint) == ["invoice.created", "collection.started", "payment.received"]
    created, started, received = book.rows(_OWED)
    assert created == {
        "version": 1,
        "id": created["id"],
        "kind": "invoice.created",
        "at": "2026-05-04T07:00:00.000000Z",
        "on": "2026-05-04",
        "invoice": {"external_id": "INV-1", "number": "INV-1"},
        "customer": {"external_id": "C-1"},
        "data": {"total": "1000.00", "currency": "EUR"},
    }
    assert started["data"] == {"cadence": "Standard"}
    assert received["data"] == {"amount": "400", "currency": "EUR"}
    assert created["id"].startswith("evt_")
    assert created["id"] != received["id"]


def test_an_endpoint_is_owed_the_kinds_it_asked_for(book: Book) -> None:
    payments, families = listen(book, "payment.received"), listen(book, "collection.*", "invoice.created")

    invoice_id = book.invoice()
    book.pay(invoice_id, "1000", "2026-06-02 09:00")

    assert owed(book, payments) == ["payment.received"]
    assert owed(book, families) == ["invoice.created", "collection.started", "collection.ended"]


@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_followed_up_for_the_first_time_tells_it_once_with_its_cadence(book: Book, at_once: bool) -> None:
    book.publish(BY_PHONE)
    add_rule(book, f'currency is USD then assign "{BY_PHONE.name}"', "dollars")
    add_rule(book, "currency is GBP then assign none", "pounds")
    chosen = Chosen(book.one("SELECT id FROM cadences WHERE name = :name", name=BY_PHONE.name))
    listen(book, "collection.*")

    def take(session: Session, page: list[IncomingInvoice], by: Chosen | None) -> None:
        if at_once:
            take_invoices(session, page, a_change(), by)
        else:
            for one in page:
                take_invoice(session, one, a_change(), by)

    page = [
        an_invoice("DEFAULT"),
        an_invoice("RULED", currency="USD"),
        an_invoice("DRAFT", state=InvoiceState.DRAFT),
        an_invoice("NONE", currency="GBP"),
    ]
    book.do(lambda session: take(session, page, None))
    book.do(lambda session: take(session, [an_invoice("CHOSEN")], chosen))
    book.do(lambda session: take(session, [an_invoice("UNTOUCHED")], Chosen(None)))

    told = book.rows("SELECT kind, payload #>> '{invoice,number}', payload -> 'data' FROM webhook_deliveries")
    assert sorted(told, key=lambda one: one[1]) == [
        ("collection.started", "CHOSEN", {"cadence": BY_PHONE.name}),
        ("collection.started", "DEFAULT", {"cadence": "Standard"}),
        ("collection.reassigned", "NONE", {"rule": "pounds"}),
        ("collection.started", "RULED", {"cadence": BY_PHONE.name, "rule": "dollars"}),
    ]


def test_all_endpoints_know_an_event_by_the_same_id(book: Book) -> None:
    for number in range(3):
        listen(book, url=f"https://hooks.example/{number}")

    book.invoice()

    assert book.one("SELECT count(DISTINCT event_id) FROM webhook_deliveries") == 2
    assert book.one("SELECT count(*) FROM webhook_deliveries") == 6


def test_what_is_undone_is_not_told(book: Book) -> None:
    endpoint, invoice_id = listen(book), book.invoice()

    with book.engine.connect() as connection, Session(connection) as session:
        pause(session, invoice_id, None, None, a_change())
        session.rollback()

    assert owed(book, endpoint) == ["invoice.created", "collection.started"]


def test_a_stopped_or_removed_endpoint_is_owed_nothing_new(book: Book) -> None:
    stopped, removed = listen(book), listen(book)
    book.do(lambda session: stop_endpoint(session, stopped, "they asked"))
    book.do(lambda session: remove_endpoint(session, removed))

    book.invoice()

    assert book.one("SELECT count(*) FROM webhook_deliveries") == 0


def test_what_people_typed_is_kept_back(book: Book) -> None:
    invoice_id, endpoint = book.invoice(), listen(book, "collection.*", "action.*")

    book.pause(invoice_id, "2026-05-05 09:00", until="2026-06-22")

    assert owed(book, endpoint) == ["collection.paused"]
    (paused,) = book.rows(_OWED)
    assert paused["data"] == {"until": "2026-06-22"}
    assert "they asked" not in str(paused)
    assert "ana" not in str(paused)


@pytest.mark.parametrize(("outcome", "kind"), [("ignored", "action.ignored"), ("reached", "action.completed")])
def test_an_ignored_to_do_is_no_completed_one(book: Book, outcome: str, kind: str) -> None:
    book.publish(BY_PHONE)
    invoice_id = book.invoice()
    book.reassign(invoice_id, BY_PHONE.name, "2026-06-06 09:00")
    book.settle(invoice_id, "2026-07-06 09:00")
    endpoint = listen(book, "action.ignored", "action.completed")

    change = a_change("2026-07-06 10:00")
    book.do(lambda session: complete_action(session, invoice_id, None, Ending(outcome), change))

    assert owed(book, endpoint) == [kind]


def test_thousands_of_entries_that_an_import_copies_are_owed(book: Book) -> None:
    invoice_id, endpoint = book.invoice(), listen(book)
    many = [(invoice_id, None, "paid", {"amount": "1", "currency": "EUR"})] * 2000

    book.do(lambda session: note_many(session, a_change(), many))

    assert owed(book, endpoint) == ["payment.received"] * 2000


def test_a_notification_of_a_rule_is_owed_once_by_its_id(book: Book) -> None:
    invoice_id = book.invoice()
    everything, payments = listen(book), listen(book, "payment.*")

    counts = [
        book.do(lambda session: owe_webhook(session, RULE_NOTIFIED, invoice_id, {"rule": "VIP"}, "evt_rule_7"))
        for _ in range(2)
    ]

    assert counts == [1, 0]
    assert (owed(book, everything), owed(book, payments)) == ([RULE_NOTIFIED], [])
    (told,) = book.rows(_OWED)
    assert (told["id"], told["kind"], told["data"]) == ("evt_rule_7", RULE_NOTIFIED, {"rule": "VIP"})
    assert told["invoice"]["number"] == "INV-1"


def test_without_endpoints_an_entry_costs_one_look(book: Book) -> None:
    invoice_id = book.invoice()
    entry = (
        "EXPLAIN (ANALYZE, FORMAT JSON) INSERT INTO timeline (invoice_id, at, on_date, kind, actor) "
        "SELECT :invoice_id, now(), now(), 'paid', 'import' FROM generate_series(1, 1000)"
    )

    def trigger_ms() -> float:
        (plan,) = book.one(entry, invoice_id=invoice_id)
        (trigger,) = [one for one in plan["Triggers"] if one["Trigger Name"] == "timeline_owes_webhooks"]
        assert trigger["Calls"] == 1
        return float(trigger["Time"])

    # The best of some: another process may take the machine for a while. With an endpoint it takes about 30 ms.
    assert min(trigger_ms() for _ in range(5)) < 3
    assert book.one("SELECT count(*) FROM webhook_deliveries") == 0


# Where kinds of entries are worked out, or written for a whole page; a place that is new is looked at and added.
WORKED_OUT = {
    "db/operations/change.py": (),
    "db/operations/closing.py": ("collection closed",),
    "db/operations/customer_holds.py": ("customer paused", "customer resumed"),
    "db/operations/rules/first_cadence.py": ("collection started", "reassigned", "hidden"),
    "db/operations/messages/incoming.py": ("reply received", "automatic reply received"),
    "db/operations/invoice_states.py": ("hidden", "shown", "voided", "written off"),
    "db/operations/settlement/effects.py": (),
    "db/operations/settlement/pages.py": (
        *("paid", "payment moved", "payment reversed", "payment named"),
        *("credited", "credit moved", "credit note voided"),
    ),
    "db/operations/arrival/new_collections.py": ("collection exhausted", "step expired", "to-do opened"),
    "db/operations/arrival/new_invoices.py": ("invoice created", "disputed"),
    "db/operations/outreach.py": ("contacted",),
    "db/operations/promise_outcomes.py": ("promise kept", "promise partially kept", "promise broken"),
    "db/operations/messages/recording.py": ("message sent", "message refused"),
    "db/operations/messages/reports.py": ("message came back", "message delayed", "complaint received"),
    "db/operations/messages/returns.py": ("message came back",),
    "db/operations/rules/moves.py": ("hidden", "shown", "reassigned", "to-do canceled", "collection closed"),
    "db/operations/rules/plans.py": ("step expired",),
    "db/operations/rules/asked.py": ("rule not carried out", "hidden", "shown", "reassigned"),
}
_NOTES_ONE = {"note": 2, "note_once": 2, "note_parts": 2, "_note": 2}
# Who did what at the pages and to accounts is in a log of its own, of which nobody is told.
_NOTES_IN_THE_AUDIT_LOG = re.compile(r"^from db\.operations\.audit import .*\bnote\b", re.MULTILINE)
_NOTES_MANY = ("INSERT INTO timeline", "insert(TimelineEntry", "note_many(", "note_all(", ".entries.append(")


def noted(file: Path) -> tuple[set[str], bool]:
    """Return the kinds that the file puts on timelines as they stand there, and whether it works out others."""
    kinds, works_out = set[str](), False
    source = file.read_text(encoding="utf-8")
    if _NOTES_IN_THE_AUDIT_LOG.search(source):
        return kinds, False
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _NOTES_ONE:
            kind = call.args[_NOTES_ONE[call.func.id]]
            match kind:
                case ast.Constant(value=str(text)):
                    kinds.add(text)
                case _:
                    works_out = True
    return kinds, works_out or any(way in source for way in _NOTES_MANY)


def test_every_kind_of_entry_is_told_or_left_out_on_purpose() -> None:
    files = [
        file for folder in ("db/operations", "activities", "intake") for file in (ROOT / folder).rglob("*.py")
    ]
    found = {str(file.relative_to(ROOT)): noted(file) for file in files}

    worked_out = {kind for kinds in WORKED_OUT.values() for kind in kinds}
    occurring = worked_out.union(*(kinds for kinds, _ in found.values()))
    decided = {noted.removesuffix(": ignored") for noted in EVENTS} | LEFT_OUT

    assert {name for name, (_, works_out) in found.items() if works_out} == WORKED_OUT.keys()
    assert occurring - decided == set(), "in db/tables/webhook_events.py, tell it or leave it out"
    assert decided - occurring == set()
    assert not EVENTS.keys() & LEFT_OUT


def test_public_names_are_of_a_family_and_in_the_docs() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, flags=re.MULTILINE)

    assert sorted(listed) == sorted([*KINDS, PING])
    assert {kind.partition(".")[0] for kind in KINDS} == set(FAMILIES)
