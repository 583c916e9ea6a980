"""To-dos, rules, cadences, fields and jobs over HTTP."""

from datetime import time, timedelta
from typing import Any

import pytest

from db.engine import transaction
from db.operations.jobs import open_job
from intake.jobs.driver import drive
from tests.api.caller import Caller, an_invoice, problem
from tests.db.book import Book

STEPS = [
    {"id": "S1", "anchor": "due_date", "offset": 3, "channel": "email", "template": "reminder"},
    {"id": "S2", "anchor": "due_date", "offset": 18, "channel": "call"},
]


async def a_todo(api: Caller, book: Book) -> dict[str, Any]:
    """Let an invoice be so late that it is to be called about, and return the to-do."""
    # To-dos open at the send time; the clock is the server's own, and a test has no hours.
    book.set(send_time=time(0), jitter_minutes=0)
    today = book.one("SELECT current_date")
    draft = {"logic": "contextual", "steps": [{"id": "S1", "anchor": "due_date", "offset": 1, "channel": "call"}]}
    await api.put("/v1/cadences/Calls/draft", draft)
    published = await api.post("/v1/cadences/Calls/publish", {"default": True})
    assert published.status_code == 200, published.text
    await api.invoice(issued_on=str(today - timedelta(days=60)), due_on=str(today - timedelta(days=30)))
    (todo,) = (await api.get("/v1/actions", state="open", invoice="INV-1")).json()["items"]
    return dict(todo)


async def test_a_todo_is_handed_on_and_done_once(api: Caller, book: Book) -> None:
    todo = await a_todo(api, book)
    path = f"/v1/actions/{todo['id']}"
    nobody = await api.post(f"{path}/reassign", {"owner": "nobody@helios.example"})
    until = str(book.one("SELECT current_date") + timedelta(days=2))

    snoozed = await api.post(f"{path}/snooze", {"until": until})
    wrong = await api.post(f"{path}/complete", {"outcome": "promised"})
    done = await api.post(f"{path}/complete", {"outcome": "reached", "note": "pays tomorrow"})
    late = await api.post(f"{path}/ignore")

    problem(nobody, 409, "refused")
    assert snoozed.json()["listed_on"] == until
    problem(wrong, 409, "refused")
    assert (done.json()["state"], done.json()["outcome"], done.json()["ended_by"]) == (
        "done",
        "reached",
        "api: the books",
    )
    problem(late, 409, "refused")
    problem(await api.post("/v1/actions/99/ignore"), 404, "not-found")


async def test_actions_are_paged_behind_each_other(api: Caller, book: Book) -> None:
    todo = await a_todo(api, book)
    for number in range(2, 5):
        await api.invoice(
            f"INV-{number}", **{"issued_on": "2026-01-01", "due_on": "2026-01-31", "customer": f"C-{number}"}
        )
    seen: list[int] = []
    cursor: dict[str, str] = {}

    while True:
        page = (await api.get("/v1/actions", limit=1, order="newest", **cursor)).json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(seen) == len(set(seen)) == 4
    assert todo["id"] in seen


async def test_a_rule_lives_its_life(api: Caller) -> None:
    text = "outstanding > 500 EUR then assign Standard"
    added = await api.post("/v1/rules", {"text": text, "name": "big", "is_active": True})
    second = await api.post("/v1/rules", {"text": "currency is EUR then hide", "place": {"where": "top"}})
    misread = await api.post("/v1/rules", {"text": "outstanding over 500 then jump"})
    await api.invoice()

    edited = await api.patch("/v1/rules/big", {"text": "outstanding > 900 EUR then assign Standard"})
    moved = await api.post("/v1/rules/big/move", {"where": "top"})
    explained = (await api.get("/v1/invoices/INV-1/rules")).json()
    applied = await api.post("/v1/rules/hide/activate", {"applies": True})
    deleted = await api.delete("/v1/rules/big")

    assert (added.status_code, added.headers["location"]) == (201, "/v1/rules/big")
    assert second.json()["position"] == 1
    assert "cannot be read" in problem(misread, 409, "refused")["detail"]
    assert "900" in edited.json()["text"]
    assert moved.json()["position"] == 1
    assert explained["decided_by"] == {"cadence": "big"}
    assert [one["name"] for one in explained["rules"]] == ["big", "hide"]
    job = (await api.get(f"/v1/jobs/{applied.json()['job']}")).json()
    assert (job["kind"], job["state"], job["by"]) == ("apply rules", "running", "api: the books")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [one["name"] for one in (await api.get("/v1/rules")).json()["items"]] == ["hide"]


async def test_a_cadence_is_published_as_it_was_seen(api: Caller) -> None:
    drafted = await api.put("/v1/cadences/Late/draft", {"steps": STEPS})
    seen = drafted.headers["etag"]
    again = await api.put("/v1/cadences/Late/draft", {"steps": STEPS})
    await api.put("/v1/cadences/Late/draft", {"steps": STEPS[:1]})

    overtaken = await api.post("/v1/cadences/Late/publish", {}, If_Match=seen)
    published = await api.post("/v1/cadences/Late/publish", {})
    nothing = await api.post("/v1/cadences/Late/publish", {})

    assert (drafted.status_code, again.headers["duewell-outcome"]) == (201, "unchanged")
    problem(overtaken, 412, "has-changed")
    cadence = published.json()["cadence"]
    assert (cadence["published"]["version"], cadence["draft"]) == (1, None)
    assert [step["id"] for step in cadence["published"]["steps"]] == ["S1"]
    problem(nothing, 409, "refused")


async def test_a_draft_that_no_file_could_state_is_refused(api: Caller) -> None:
    twice = await api.put("/v1/cadences/Late/draft", {"steps": [STEPS[0], STEPS[0]]})
    no_text = await api.put("/v1/cadences/Late/draft", {"steps": [{**STEPS[0], "template": "nothing"}]})
    bad = await api.put("/v1/cadences/Late/draft", {"steps": [{**STEPS[0], "offset": "3"}]})
    # It is a name, and never a file of the server.
    await api.put("/v1/cadences/..%2Fx.yaml/draft", {"steps": STEPS})

    assert "steps.1.id" in problem(twice, 409, "refused")["detail"]
    problem(no_text, 409, "refused")
    assert problem(bad, 422, "invalid")["errors"][0]["pointer"] == "/steps/0/offset"
    assert (await api.post("/v1/cadences/..%2Fx.yaml/publish", {})).json()["cadence"]["name"] == "../x.yaml"


async def test_custom_fields_are_defined_filled_and_deleted(api: Caller) -> None:
    plan = {"type": "select", "label": "Plan", "options": ["VIP", "basic"]}
    await api.put("/v1/custom-fields/customer/plan", plan)
    await api.put("/v1/custom-fields/invoice/weight", {"type": "number", "label": "Weight"})
    await api.put("/v1/customers/C-1", {"name": "Hélios", "custom": {"plan": "VIP"}})

    filled = await api.invoice(custom={"weight": "12.50"})
    wrong = await api.put("/v1/invoices/INV-2", an_invoice(custom={"weight": "heavy"}))
    in_use = await api.put("/v1/custom-fields/customer/plan", {**plan, "options": ["basic"]})
    retyped = await api.put("/v1/custom-fields/customer/plan", {"type": "text", "label": "Plan"})
    deleted = await api.delete("/v1/custom-fields/customer/plan")

    assert filled["custom"] == {"weight": "12.5"}
    problem(wrong, 409, "refused")
    problem(in_use, 409, "refused")
    problem(retyped, 409, "refused")
    assert deleted.status_code == 204
    assert (await api.get("/v1/customers/C-1")).json()["custom"] == {}


async def test_a_job_is_canceled(api: Caller) -> None:
    with transaction(api.engine) as session:
        job_id = open_job(session, "pause invoices", "ana", {})

    canceled = await api.post(f"/v1/jobs/{job_id}/cancel")

    assert (canceled.json()["state"], canceled.json()["canceled_by"]) == ("canceled", "api: the books")
    assert [job["id"] for job in (await api.get("/v1/jobs")).json()["items"]] == [job_id]
    assert (await api.get("/v1/jobs", running="true")).json()["items"] == []


async def test_bulk_work_is_foretold_ordered_and_done(api: Caller, book: Book) -> None:
    for number, total in (("INV-1", "6000.00"), ("INV-2", "10.00")):
        await api.invoice(number, total=total)
    where = "outstanding > 5000 EUR"
    stated = [{"kind": "amount", "field": "outstanding", "operator": ">", "amount": "5000", "currency": "EUR"}]
    pause = {"kind": "bulk pause", "where": where, "reason": "talking"}

    dry = await api.post("/v1/jobs", {**pause, "dry_run": True})
    none = await api.get("/v1/jobs")
    ordered = await api.post("/v1/jobs", pause, Idempotency_Key="k")
    repeat = await api.post("/v1/jobs", pause, Idempotency_Key="k")
    drive(api.engine, ordered.json()["id"])
    job = (await api.get(ordered.headers["location"])).json()

    said = dry.json()
    assert (dry.status_code, said["where"], none.json()["items"]) == (200, where, [])
    assert [said[name] for name in ("matching", "foretold", "changed", "refused")] == [1, 1, 1, 0]
    assert (ordered.status_code, ordered.json()["state"]) == (202, "running")
    assert (repeat.status_code, repeat.json()) == (202, ordered.json())
    assert (job["state"], job["by"], job["counts"]["changed"]) == ("done", "api: the books", 1)
    assert book.rows("SELECT i.number FROM holds h JOIN invoices i ON i.id = h.invoice_id") == ["INV-1"]
    resumed = await api.post("/v1/jobs", {"kind": "bulk resume", "conditions": stated})
    assert resumed.json()["order"]["conditions"] == job["order"]["conditions"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "bulk hide"},
        {"kind": "bulk hide", "where": "currency is EUR", "conditions": []},
        {"kind": "bulk hide", "where": "currency is"},
        {"kind": "bulk hide", "where": "customer.custom.plan is VIP"},
        {"kind": "bulk hide", "conditions": [{"kind": "text", "field": "number", "operator": "is"}]},
        {
            "kind": "bulk hide",
            "conditions": [{"field": "customer", "operator": "is any of", "values": ["\u0000"]}],
        },
        {"kind": "bulk hide", "where": "currency is EUR", "cadence": "Standard"},
        {"kind": "bulk resume", "where": "currency is EUR", "reason": "why"},
        {"kind": "bulk assign", "where": "currency is EUR"},
        {"kind": "bulk assign", "where": "currency is EUR", "cadence": "nothing"},
        {"kind": "bulk pause", "where": "currency is EUR", "until": "2020-01-01"},
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_bulk_work_that_makes_no_sense_is_refused(api: Caller, body: dict[str, Any], dry_run: bool) -> None:
    problem(await api.post("/v1/jobs", {**body, "dry_run": dry_run}), 409, "refused")

    assert (await api.get("/v1/jobs")).json()["items"] == []


async def test_the_same_is_ordered_of_many_to_dos_and_each_has_a_result(api: Caller, book: Book) -> None:
    todo = await a_todo(api, book)
    due_on = str(book.one("SELECT current_date") - timedelta(days=30))
    await api.invoice("INV-2", due_on=due_on)
    where = {"channel": ["call"], "customer": todo["customer"]}
    order = {"kind": "complete to-dos", "where": where, "outcome": "voicemail"}

    dry = (await api.post("/v1/bulk/todos", {**order, "dry_run": True})).json()
    kinds = [job["kind"] for job in (await api.get("/v1/jobs")).json()["items"]]
    ordered = await api.post("/v1/bulk/todos", order)
    by_ids = await api.post("/v1/bulk/todos", {"kind": "ignore to-dos", "ids": [todo["id"], 999]})
    for answer in (ordered, by_ids):
        drive(api.engine, answer.json()["id"])
    jobs = [(await api.get(answer.headers["location"])).json() for answer in (ordered, by_ids)]

    assert [dry[name] for name in ("matching", "foretold", "done", "contacts", "refused")] == [2, 2, 2, 2, []]
    assert (dry["where"], kinds) == (f"customer {todo['customer']}, channel call", ["publish"])
    assert [(job["state"], job["counts"]["changed"], job["counts"]["failed"]) for job in jobs] == [
        ("done", 2, 0),
        ("done", 0, 2),
    ]
    assert book.rows("SELECT DISTINCT outcome || ', ' || ended_by FROM actions") == ["voicemail, api: the books"]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_an_order_about_many_to_dos_that_makes_no_sense_is_refused(api: Caller, dry_run: bool) -> None:
    asked: list[dict[str, Any]] = [
        {"kind": "send to-dos"},
        {"kind": "send to-dos", "ids": [1], "where": {}},
        {"kind": "send to-dos", "ids": [1], "outcome": "done"},
        {"kind": "snooze to-dos", "ids": [1]},
        {"kind": "snooze to-dos", "ids": [1], "until": "2020-01-01"},
        {"kind": "assign to-dos", "ids": [1], "owner": "nobody"},
        {"kind": "assign to-dos", "ids": [1], "owner": "Cash Collectors", "note": "why"},
    ]

    for body in asked:
        problem(await api.post("/v1/bulk/todos", {**body, "dry_run": dry_run}), 409, "refused")

    assert (await api.get("/v1/jobs")).json()["items"] == []
