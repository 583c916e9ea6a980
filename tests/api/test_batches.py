"""Batches over HTTP."""

from tests.api.caller import Caller, an_invoice, problem
from tests.db.book import Book


async def test_each_statement_of_a_batch_counts_by_itself(api: Caller, book: Book) -> None:
    await api.invoice("INV-0")
    items = [
        an_invoice(external_id="INV-0", total="900.00"),
        an_invoice(external_id="INV-1"),
        an_invoice(external_id="INV-2", currency="USD", customer="C-2", customer_name=None),
        an_invoice(external_id="INV-1"),
        an_invoice(external_id="INV-3", number="INV-1"),
    ]

    answer = (await api.post("/v1/invoices/batch", {"items": items})).json()

    assert [one["outcome"] for one in answer["results"]] == [
        "changed",
        "created",
        "refused",
        "unchanged",
        "refused",
    ]
    assert [one["status"] for one in answer["results"]] == [200, 201, 409, 200, 409]
    assert (answer["created"], answer["refused"]) == (1, 2)
    assert "no customer 'C-2'" in answer["results"][2]["problem"]["detail"]
    assert book.rows("SELECT external_id, total FROM invoices ORDER BY id") == [("INV-0", 900), ("INV-1", 1000)]


async def test_a_batch_that_cannot_be_read_does_nothing(api: Caller, book: Book) -> None:
    items = [an_invoice(external_id="INV-1"), an_invoice(external_id="INV-2", total="0")]

    answer = await api.post("/v1/invoices/batch", {"items": items})

    (fault,) = problem(answer, 422, "invalid")["errors"]
    assert fault["pointer"] == "/items/1/total"
    assert book.rows("SELECT id FROM invoices") == []


async def test_a_thousand_invoices_are_one_request_and_a_thousand_and_one_are_too_many(
    api: Caller, book: Book
) -> None:
    items = [an_invoice(external_id=f"INV-{number}", customer=f"C-{number % 50}") for number in range(1001)]

    problem(await api.post("/v1/invoices/batch", {"items": items}), 422, "invalid")
    answer = (await api.post("/v1/invoices/batch", {"items": items[:1000]})).json()

    assert answer["created"] == 1000
    assert book.one("SELECT count(*) FROM collections") == 1000


async def test_customers_come_in_batches_too(api: Caller) -> None:
    items = [
        {"external_id": "C-1", "name": "Hélios", "locale": "fr"},
        {"external_id": "C-2", "name": "Nadir", "locale": "xq"},
    ]

    answer = (await api.post("/v1/customers/batch", {"items": items})).json()

    assert [one["outcome"] for one in answer["results"]] == ["created", "refused"]
    assert "xq" in answer["results"][1]["problem"]["detail"]
