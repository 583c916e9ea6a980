"""Invoices and orders about them over HTTP."""

from datetime import timedelta

from tests.api.caller import Caller, an_invoice, problem
from tests.db.book import Book


async def test_an_invoice_comes_under_the_default_cadence(api: Caller, book: Book) -> None:
    answer = await api.put("/v1/invoices/INV-1", an_invoice(total="1234.56", number="2026/17"))

    shown = answer.json()
    assert (answer.status_code, answer.headers["duewell-outcome"]) == (201, "created")
    assert (shown["number"], shown["outstanding"], shown["currency"]) == ("2026/17", "1234.56", "EUR")
    assert shown["collection"]["cadence"] == "Standard"
    assert answer.headers["duewell-told"] == "false", "Temporal is away"
    assert book.owed() == [(book.id_of("2026/17"), "invoice_changed")]
    assert book.one("SELECT DISTINCT actor FROM timeline") == "api: the books"


async def test_a_statement_again_changes_nothing(api: Caller, book: Book) -> None:
    await api.invoice(paid="200.00")

    again = await api.put("/v1/invoices/INV-1", an_invoice())

    assert again.headers["duewell-outcome"] == "unchanged"
    assert again.json()["outstanding"] == "800.00"
    assert book.happened(book.id_of("INV-1")).count("invoice created") == 1


async def test_what_a_schema_cannot_say_is_refused_and_leaves_nothing(api: Caller, book: Book) -> None:
    for wrong in (
        {"currency": "JPY", "total": "10.50"},
        {"due_on": "2026-05-01"},
        {"paid": "1000.01"},
        {"customer_name": None},
        {"custom": {"plan": "VIP"}},
    ):
        problem(await api.put("/v1/invoices/INV-1", an_invoice(**wrong)), 409, "refused")

    assert book.rows("SELECT id FROM customers") == book.rows("SELECT id FROM invoices") == []


async def test_a_pause_is_seen_and_ended(api: Caller, book: Book) -> None:
    await api.invoice()
    until = str(book.one("SELECT current_date") + timedelta(days=30))

    paused = await api.post("/v1/invoices/INV-1/pause", {"until": until, "reason": "they asked"})
    again = await api.post("/v1/invoices/INV-1/pause", {})
    resumed = await api.post("/v1/invoices/INV-1/resume")

    (hold,) = paused.json()["holds"]
    assert hold == {
        "kind": "pause",
        "of_customer": False,
        "until": until,
        "reason": "they asked",
        "by": "api: the books",
    }
    problem(again, 409, "refused")
    assert resumed.json()["holds"] == []
    assert [signal for _, signal in book.owed()] == ["invoice_changed", "pause", "resume"]


async def test_an_order_holds_for_the_state_that_was_seen_only(api: Caller) -> None:
    await api.invoice()
    seen = (await api.get("/v1/invoices/INV-1")).headers["etag"]
    await api.post("/v1/invoices/INV-1/dispute", {"reason": "the goods were broken"}, If_Match=seen)

    late = await api.post("/v1/invoices/INV-1/pause", {}, If_Match=seen)
    missing = await api.put("/v1/invoices/INV-2", an_invoice(), If_Match="*")

    problem(late, 412, "has-changed")
    problem(missing, 412, "has-changed")
    now = await api.get("/v1/invoices/INV-1")
    assert [hold["kind"] for hold in now.json()["holds"]] == ["dispute"]
    unchanged = await api.with_headers(If_None_Match=now.headers["etag"]).get("/v1/invoices/INV-1")
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_lists_are_narrowed(api: Caller) -> None:
    await api.invoice("A")
    await api.invoice("B", customer="C-2", number="77")
    await api.invoice("C", paid="1000.00")

    async def listed(**chosen: object) -> list[str]:
        return [one["external_id"] for one in (await api.get("/v1/invoices", **chosen)).json()["items"]]

    assert await listed() == ["A", "B", "C"]
    assert await listed(customer="C-1") == ["A", "C"]
    assert await listed(number="77") == ["B"]
    assert await listed(unsettled="true") == ["A", "B"]
