"""Writing to customers over HTTP, outside their cadences (rule 4.8)."""

from datetime import timedelta

from tests.api.caller import Caller, problem
from tests.db.book import Book

WORDS = {
    "subject": "Our call, {{ invoice.number }}",
    "text": "You owe **{{ invoice.outstanding }}**.\nPlease pay.",
}


async def an_open_invoice(api: Caller, book: Book) -> None:
    """State an invoice that is due in two weeks, of a customer who can be written to."""
    await api.put("/v1/customers/C-1", {"name": "Société Hélios"})
    await api.put("/v1/customers/C-1/contacts/P-1", {"email": "ana@helios.example", "is_main": True})
    today = book.one("SELECT current_date")
    days = {"issued_on": str(today - timedelta(days=20)), "due_on": str(today + timedelta(days=14))}
    await api.invoice(**days)


async def test_a_message_is_written_once_however_often_it_is_asked_for(api: Caller, book: Book) -> None:
    await an_open_invoice(api, book)
    order = {**WORDS, "as_step": "upcoming"}

    first = await api.post("/v1/invoices/INV-1/message", order, Idempotency_Key="m1")
    again = await api.post("/v1/invoices/INV-1/message", order, Idempotency_Key="m1")
    other = await api.post("/v1/invoices/INV-1/message", order, Idempotency_Key="m2")

    assert (first.status_code, first.json()["collection"]["stage"]) == (200, "due"), first.text
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    problem(other, 409, "refused")
    (message,) = (await api.get("/v1/actions", kind="message")).json()["items"]
    assert (message["state"], message["approved_by"]) == ("open", "api: the books")
    assert book.rows("SELECT draft_subject, draft_body, as_step FROM actions") == [
        ("Our call, INV-1", "You owe **€1,000.00**.\nPlease pay.\n", "upcoming")
    ]
    assert book.owed()[-1] == (book.id_of("INV-1"), "invoice_changed")


async def test_a_template_speaks_where_nobody_does(api: Caller, book: Book) -> None:
    await an_open_invoice(api, book)

    answer = await api.post("/v1/invoices/INV-1/message", {"template": "reminder", "subject": "Mine"})

    assert answer.status_code == 200, answer.text
    subject, body = book.one("SELECT draft_subject, draft_body FROM actions")
    assert subject == "Mine"
    assert "INV-1" in body


async def test_what_cannot_be_written_is_refused_and_leaves_nothing(api: Caller, book: Book) -> None:
    await an_open_invoice(api, book)
    path = "/v1/invoices/INV-1/message"

    for wrong in ({"subject": "x"}, {**WORDS, "text": "{{ nobody }}"}, {**WORDS, "as_step": "gone"},
                  {"template": "none such"}):  # fmt: skip
        problem(await api.post(path, wrong), 409, "refused")
    problem(await api.post(path, {**WORDS, "subject": ""}), 422, "invalid")
    problem(await api.with_key("reader", "collections:read").post(path, WORDS), 403, "scope-missing")
    problem(await api.post("/v1/invoices/INV-9/message", WORDS), 404, "not-found")

    assert book.rows("SELECT id FROM actions") == []
