"""Payments and credit notes over HTTP."""

from typing import Any

from tests.api.caller import Caller, problem
from tests.db.book import Book


def a_payment(**stated: Any) -> dict[str, Any]:
    """Return what may be stated of a payment of 600 EUR."""
    return {"customer": "C-1", "currency": "EUR", "amount": "600.00", "received_on": "2026-06-08", **stated}


async def outstanding(api: Caller, external_id: str = "INV-1") -> str:
    """Return what is outstanding on an invoice."""
    return str((await api.get(f"/v1/invoices/{external_id}")).json()["outstanding"])


async def test_a_payment_settles_is_moved_and_taken_back(api: Caller, book: Book) -> None:
    await api.invoice("INV-1")
    await api.invoice("INV-2")

    created = await api.put("/v1/payments/P-1", a_payment(allocations=[{"invoice": "INV-1", "amount": "400.00"}]))
    again = await api.put("/v1/payments/P-1", a_payment(allocations=[{"invoice": "INV-1", "amount": "400.00"}]))
    allocated = await api.post("/v1/payments/P-1/allocate", {"allocations": [{"invoice": "INV-2"}]})
    stale = await api.post("/v1/payments/P-1/unallocate", {}, If_Match=created.headers["etag"])
    paid = [await outstanding(api, "INV-1"), await outstanding(api, "INV-2")]
    reversed_ = await api.post("/v1/payments/P-1/reverse", {})

    assert (created.status_code, created.json()["unallocated"], created.json()["source"]) == (201, "200.00", "api")
    assert again.headers["duewell-outcome"] == "unchanged"
    assert [one["amount"] for one in allocated.json()["allocations"]] == ["400.00", "200.00"]
    problem(stale, 412, "has-changed")
    assert paid == ["600.00", "800.00"]
    assert reversed_.json()["reversed_on"] is not None
    assert await outstanding(api) == "1000.00"


async def test_a_number_is_no_order_however_it_is_written(api: Caller, book: Book) -> None:
    book.invoice()
    await api.put("/v1/payments/P-1", a_payment())

    # Numbers are read as decimals, and FastAPI reads what is no built-in type by its attributes.
    for body in ("0", "7", "1.5", "-5.960464477539063e-08", "1e-3", "[]", "null", '"on"'):
        headers = {**api.headers, "Content-Type": "application/json"}
        said = problem(
            await api.client.post("/v1/payments/P-1/reverse", headers=headers, content=body), 422, "invalid"
        )
        assert said["errors"][0]["detail"].startswith("Input should be"), body

    assert (await api.get("/v1/payments/P-1")).json()["reversed_on"] is None


async def test_a_payment_without_an_external_id_goes_by_its_number(api: Caller, book: Book) -> None:
    invoice_id = book.invoice()
    book.pay(invoice_id, "100", "2026-06-08 09:00")
    (listed,) = (await api.get("/v1/payments", customer="C-1")).json()["items"]

    by_number = await api.get(f"/v1/payments/{listed['id']}")
    named_so = await api.put(f"/v1/payments/{listed['id']}", a_payment(amount="50.00"))

    assert by_number.json()["amount"] == "100.00"
    assert named_so.status_code == 201
    assert len((await api.get("/v1/payments")).json()["items"]) == 2


async def test_payments_and_credit_notes_come_in_batches(api: Caller) -> None:
    await api.invoice()
    note = {"external_id": "CN-1", "currency": "EUR", "total": "250.00", "issued_on": "2026-06-02"}

    payments = await api.post(
        "/v1/payments/batch",
        {
            "items": [
                a_payment(external_id="P-1", amount="300.00", reference="for INV-1, thank you"),
                a_payment(external_id="P-2", currency="USD", allocations=[{"invoice": "INV-1"}]),
            ]
        },
    )
    notes = await api.post("/v1/credit-notes/batch", {"items": [{**note, "allocations": [{"invoice": "INV-1"}]}]})
    void = await api.post("/v1/credit-notes/CN-1/void", {"on": "2026-06-03"})

    assert [one["outcome"] for one in payments.json()["results"]] == ["created", "refused"]
    assert notes.json()["created"] == 1
    assert (void.json()["voided_on"], void.json()["unallocated"]) == ("2026-06-03", "0.00")
    assert await outstanding(api) == "700.00"
