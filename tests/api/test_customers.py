"""Customers and their contacts over HTTP."""

from tests.api.caller import Caller, problem
from tests.db.book import Book


async def test_a_customer_is_created_changed_and_left(api: Caller) -> None:
    created = await api.put("/v1/customers/C-1", {"name": "Société Hélios", "locale": "fr"})
    changed = await api.put("/v1/customers/C-1", {"name": "Hélios", "payment_term_days": 30})
    left = await api.put("/v1/customers/C-1", {"name": "Hélios"})

    assert [one.status_code for one in (created, changed, left)] == [201, 200, 200]
    outcomes = [one.headers["duewell-outcome"] for one in (created, changed, left)]
    assert outcomes == ["created", "changed", "unchanged"]
    assert created.headers["location"] == "/v1/customers/C-1"
    shown = (await api.get("/v1/customers/C-1")).json()
    assert (shown["name"], shown["locale"], shown["payment_term_days"]) == ("Hélios", "fr", 30)


async def test_an_external_id_may_hold_slashes_and_percent_signs(api: Caller) -> None:
    created = await api.put("/v1/customers/2026%2F17%25a", {"name": "Hélios"})

    assert created.json()["external_id"] == "2026/17%a"
    assert (await api.get(created.headers["location"])).json() == created.json()


async def test_pages_follow_each_other_while_customers_are_added(api: Caller) -> None:
    for number in range(5):
        await api.put(f"/v1/customers/C-{number}", {"name": "x"})

    first = (await api.get("/v1/customers", limit=2)).json()
    await api.put("/v1/customers/A-0", {"name": "comes first by name"})
    second = (await api.get("/v1/customers", limit=2, cursor=first["next_cursor"])).json()
    third = (await api.get("/v1/customers", limit=2, cursor=second["next_cursor"])).json()

    listed = [[one["external_id"] for one in page["items"]] for page in (first, second, third)]
    assert listed == [["C-0", "C-1"], ["C-2", "C-3"], ["C-4", "A-0"]]
    assert third["next_cursor"] is None


async def test_what_is_wrong_is_said_by_pointer(api: Caller) -> None:
    answer = await api.put("/v1/customers/C-1", {"name": "a\x00b", "vip": True, "payment_term_days": 2**63})

    faults = problem(answer, 422, "invalid")["errors"]
    assert {fault["pointer"] for fault in faults} == {"/name", "/vip", "/payment_term_days"}
    problem(await api.get("/v1/customers/C-1"), 404, "not-found")


async def test_contacts_are_known_by_their_own_ids(api: Caller, book: Book) -> None:
    book.invoice()
    path = "/v1/customers/C-1/contacts"

    adopted = await api.put(f"{path}/P-1", {"first_name": "Ana", "email": "Ana@Helios.example"})
    second = await api.put(f"{path}/P-2", {"last_name": "Ruiz", "email": "bo@helios.example", "is_main": True})
    again = await api.put(f"{path}/P-1", {"first_name": "Ana", "email": "bo@helios.example"})

    assert [one.status_code for one in (adopted, second)] == [201, 201]
    problem(again, 409, "refused")
    listed = (await api.get(path)).json()["items"]
    assert [(one["external_id"], one["is_main"]) for one in listed] == [("P-1", False), ("P-2", True)]
    assert (await api.get(f"{path}/P-2")).json()["last_name"] == "Ruiz"
    problem(await api.put("/v1/customers/C-9/contacts/P-1", {}), 404, "not-found")


async def test_a_pause_of_a_customer_is_seen_on_its_invoices(api: Caller, book: Book) -> None:
    book.invoice()

    paused = await api.post("/v1/customers/C-1/pause", {"reason": "insolvent"})

    assert paused.json()["pause"] == {"until": None, "reason": "insolvent", "by": "api: the books"}
    (hold,) = (await api.get("/v1/invoices/INV-1")).json()["holds"]
    assert hold["of_customer"]
    assert (await api.post("/v1/customers/C-1/resume")).json()["pause"] is None
