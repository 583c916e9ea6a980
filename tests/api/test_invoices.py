"""Invoices and orders about them over HTTP."""

from datetime import timedelta
from typing import Any

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


async def test_links_are_stated_with_the_invoice_and_stay_where_they_are_not_named(api: Caller) -> None:
    pay = "https://pay.helios.example/1?t=x"
    created = await api.invoice(pay_link=pay)
    again = await api.put("/v1/invoices/INV-1", an_invoice())
    viewed = await api.put("/v1/invoices/INV-1", an_invoice(view_link="https://see.helios.example/1"))
    batch = {"items": [{"external_id": "INV-1", **an_invoice(pay_link=None)}]}
    taken = await api.post("/v1/invoices/batch", batch)
    shown = (await api.get("/v1/invoices/INV-1")).json()
    wrong = await api.put("/v1/invoices/INV-1", an_invoice(pay_link="javascript:alert(1)"))

    assert created["pay_link"] == pay
    assert (again.headers["duewell-outcome"], again.json()["pay_link"]) == ("unchanged", pay)
    assert (viewed.headers["duewell-outcome"], viewed.json()["pay_link"]) == ("changed", pay)
    assert taken.json()["changed"] == 1
    assert (shown["pay_link"], shown["view_link"]) == (None, "https://see.helios.example/1")
    problem(wrong, 409, "refused")


async def test_the_timeline_is_paged_from_the_newest_on(api: Caller) -> None:
    await api.invoice()
    await api.post("/v1/invoices/INV-1/pause", {"reason": "talking"})
    await api.post("/v1/invoices/INV-1/resume")
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] | None = {}

    while cursor is not None:
        page = (await api.get("/v1/invoices/INV-1/timeline", limit=2, **cursor)).json()
        seen += page["items"]
        cursor = None if page["next_cursor"] is None else {"cursor": page["next_cursor"]}

    kinds = [one["kind"] for one in seen]
    assert [one["id"] for one in seen] == sorted((one["id"] for one in seen), reverse=True)
    assert (kinds[-1], {"paused", "resumed"} <= set(kinds)) == ("invoice created", True)
    assert {one["by"] for one in seen if one["kind"] == "paused"} == {"api: the books"}
    problem(await api.get("/v1/invoices/INV-9/timeline"), 404, "not-found")


async def test_an_invoice_is_given_back_to_the_rules(api: Caller) -> None:
    await api.post("/v1/rules", {"text": "currency is EUR then assign Standard", "name": "all", "is_active": True})
    await api.invoice()
    locked = await api.post("/v1/invoices/INV-1/reassign", {"cadence": None})

    released = await api.post("/v1/invoices/INV-1/release-to-rules")

    assert (locked.json()["cadence_locked_by"], released.json()["cadence_locked_by"]) == ("api: the books", None)
    assert released.json()["collection"]["assigned_by"] == "rule all"
