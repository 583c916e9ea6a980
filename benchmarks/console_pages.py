"""What people ask the console for: requests of each page, with random filters, orders, places and objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from urllib.parse import urlencode

from sqlalchemy import text

from benchmarks.console_office import LONG_LIFE, VISITOR
from benchmarks.console_questions import any_choice, any_place
from benchmarks.rule_application import RULES
from console.web.pages.invoices.filters import Asked
from console.web.pages.invoices.listing import VIEWS
from db.engine import Engine
from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.orders import Order

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
OPEN_TODO_OWNERS = ("Cash Collectors", "user9@duewell.example", VISITOR)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; with a form it is a POST."""

    path: str
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is in the ledger to be asked for."""

    today: date
    invoices: int
    todos: Sequence[int]
    cadences: Sequence[int]
    customers: int
    report_job: int


def known_of(engine: Engine, today: date) -> Known:
    """Return what there is."""
    with engine.connect() as connection:
        todos = connection.execute(text("SELECT id FROM actions WHERE state = 'open' ORDER BY id")).scalars().all()
        cadences = connection.execute(text("SELECT id FROM cadences ORDER BY id")).scalars().all()
        counts = text("SELECT (SELECT max(id) FROM invoices), (SELECT max(id) FROM customers)")
        invoices, customers = connection.execute(counts).one()
        job = connection.execute(text("SELECT max(job_id) FROM job_rows")).scalar_one()
    return Known(today, invoices, todos, cadences, customers, job)


def pages(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    """Return the pages by name, each of which gives another request of its kind at each call."""
    return {
        **_actions(random, known),
        **_invoices(random, known),
        **_customers(random, known),
        **_overview(random, known),
        **_cadences_and_texts(random, known),
        **_rules(random, known),
        **_office(random, known),
    }


def _actions(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def filters(view: str) -> dict[str, str]:
        parts: list[dict[str, str]] = [
            {"cadence": f"Cadence {random.randint(2, 20)}"},
            {"channel": random.choice(("email", "sms", "letter", "call", "task"))},
            {"customer": f"C-{random.choice((1, random.randint(1, known.customers)))}"},
            {"min": random.choice(("100", "5000", "100000"))},
            {"max": random.choice(("50", "5000"))},
            {"age": random.choice(("not-due", "1-30", "31-60", "61-90", "91"))},
            {"owner": random.choice(("@all", "@me", *OPEN_TODO_OWNERS))},
        ]
        if view == "all":
            parts.append({"status": random.choice(("open", "done", "ignored", "expired", "canceled"))})
        chosen: dict[str, str] = {}
        for part in random.sample(parts, random.choices((0, 1, 2, 3), (1, 4, 3, 1))[0]):
            chosen |= part
        return chosen

    def sort() -> dict[str, str]:
        return random.choice(({}, {"sort": "value"}, {"sort": "due"}, {"sort": "newest"}))

    def place(asked: Mapping[str, str], view: str) -> dict[str, str]:
        day = known.today - timedelta(days=random.randint(0, 200))
        after = f"{day}_{random.randint(1, 1_000_000)}"
        by_value = asked.get("sort", "value" if view == "todo" else "newest") == "value"
        return {"after": f"{after}_{random.randint(100, 10_000_000)}" if by_value else after}

    def listed(view: str, *more: dict[str, str], is_deep: bool = False) -> Ask:
        asked = {**sort(), **(more[0] if more else filters(view))}
        if is_deep:
            asked |= place(asked, view)
        return Ask(f"{'/actions' if view == 'todo' else '/actions/all'}?{urlencode(asked)}")

    def coming() -> Ask:
        asked = {"status": "coming", **random.choice(({}, {"channel": "email"}, {"cadence": "Cadence 7"}))}
        if random.random() < 0.5:
            asked["after"] = f"{known.today + timedelta(days=random.randint(0, 50))}T08:00:00+00:00_1000"
        return Ask(f"/actions/all?{urlencode(asked)}")

    def todo() -> int:
        return random.choice(known.todos)

    return {
        "to-do: mine and my groups'": lambda: listed("todo", {}),
        "to-do: a group's": lambda: listed("todo", {"owner": random.choice(OPEN_TODO_OWNERS)}),
        "to-do: everybody's": lambda: listed("todo", {"owner": "@all"}),
        "to-do, filtered": lambda: listed("todo"),
        "to-do, filtered, further on": lambda: listed("todo", is_deep=True),
        "all actions": lambda: listed("all", {}),
        "all actions, filtered": lambda: listed("all"),
        "all actions, filtered, further on": lambda: listed("all", is_deep=True),
        "coming actions": coming,
        "to-do opened beside its list": lambda: Ask(f"/actions?owner=@all&open={todo()}"),
        "to-do opened": lambda: Ask(f"/actions/{todo()}/pane?back=/actions", headers=HTMX),
    }


def _invoices(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def choice() -> InvoiceChoice:
        return any_choice(random, known.customers, known.today)

    def filtered(*, is_deep: bool) -> Ask:
        order = random.choice(list(Order))
        after = any_place(random, order, known.today) if is_deep else None
        return Ask(Asked(choice(), order).address(after=after))

    def ordered() -> Ask:
        return Ask(Asked(InvoiceChoice(), random.choice(list(Order))).address())

    def words() -> Ask:
        number = random.randint(1, known.invoices)
        said = random.choice((f"INV-{number}", str(number)[:3], "helios", "ostrava steel", "0f", "nobody at all"))
        return Ask(Asked(InvoiceChoice(words=said), Order.OUTSTANDING).address())

    def counted() -> Ask:
        path = Asked(choice(), Order.OUTSTANDING).address().replace("/invoices", "/invoices/count", 1)
        return Ask(path, headers=HTMX)

    def one() -> Ask:
        return Ask(f"/invoices/{random.randrange(1, known.invoices, random.choice((1, 2)))}")

    def long_life() -> Ask:
        before = random.choice(("", f"?before={random.randint(10**5, 10**7)}"))
        return Ask(f"/invoices/{LONG_LIFE}{before}")

    return {
        "invoices, each view": lambda: Ask(Asked(random.choice(VIEWS)[1], Order.OUTSTANDING).address()),
        "invoices, each order": ordered,
        "invoices, filtered": lambda: filtered(is_deep=False),
        "invoices, filtered, further on": lambda: filtered(is_deep=True),
        "invoices by words": words,
        "invoices counted": counted,
        "invoice": one,
        "invoice with a long life": long_life,
    }


def _customers(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def listed() -> Ask:
        asked = {"words": random.choice(("", "", "helios", "marrow & sons a", "0f", "ostrava steel 1"))}
        if random.random() < 0.3:
            asked["owing"] = "yes"
        if random.random() < 0.5:
            asked |= {"after_name": random.choice("BHLMOQ"), "after_id": "0"}
        return Ask(f"/customers?{urlencode(asked)}")

    return {
        "customers": listed,
        "customer": lambda: Ask(f"/customers/{random.randint(2, known.customers)}"),
        "customer with thousands of invoices": lambda: Ask("/customers/1"),
    }


def _overview(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def promises() -> Ask:
        asked = {"currency": random.choice(("", "EUR", "JPY"))}
        if random.random() < 0.5:
            asked |= {"after_day": str(known.today), "after": "500"}
        return Ask(f"/overview/promises?{urlencode(asked)}")

    return {
        "overview, fresh": lambda: Ask("/overview"),
        "overview, stale": lambda: Ask("/overview"),
        "promises": promises,
    }


def _cadences_and_texts(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def cadence() -> int:
        return random.choice(known.cadences)

    def invoice() -> str:
        return f"INV-{random.randrange(1, known.invoices, 2)}"

    def text_path() -> str:
        name = random.choice(("reminder", "final-notice", "text-7", "text-23"))
        return f"/templates/{name}/{random.choice(('en', 'fr'))}"

    return {
        "cadences": lambda: Ask("/cadences"),
        "cadence": lambda: Ask(f"/cadences/{cadence()}"),
        "cadence's editor": lambda: Ask(f"/cadences/{cadence()}/edit"),
        "templates": lambda: Ask("/templates"),
        "template": lambda: Ask(text_path()),
        "template's mail": lambda: Ask(f"/templates/reminder/en/mail?invoice={invoice()}"),
    }


def _rules(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def typed(path: str) -> Ask:
        return Ask(path, {"text": random.choice(RULES), "was": ""}, HTMX)

    def log() -> Ask:
        asked = random.choice(({}, {"before": random.randint(1, 300_000)}, {"invoice": f"INV-{LONG_LIFE}"}))
        return Ask(f"/rules/log?{urlencode(asked)}")

    def explained() -> Ask:
        return Ask(f"/rules/explain?invoice=INV-{random.randint(1, known.invoices)}")

    return {
        "rules": lambda: Ask("/rules"),
        "rule": lambda: Ask(f"/rules/{random.randint(1, len(RULES))}"),
        "rule's reach": lambda: Ask(f"/rules/{random.randint(1, len(RULES))}/reach", headers=HTMX),
        "rule's editor": lambda: Ask(f"/rules/{random.randint(1, len(RULES))}/edit"),
        "rule's text, checked as one types": lambda: typed("/rules/check"),
        "rule's text, counted as one types": lambda: typed("/rules/count"),
        "rules about an invoice": explained,
        "rule log": log,
        "rules' notifications": lambda: Ask("/rules/notifications"),
    }


def _office(random: Random, known: Known) -> dict[str, Callable[[], Ask]]:
    def audit() -> Ask:
        asked: dict[str, str] = {}
        if random.random() < 0.5:
            asked["who"] = random.choice(("user9@duewell.example", "nobody"))
        if random.random() < 0.5:
            asked["what"] = random.choice(("invoice paused", "signed in"))
        if random.random() < 0.5:
            asked["before"] = str(random.randint(1, 300_000))
        return Ask(f"/audit?{urlencode(asked)}")

    def report() -> Ask:
        asked = random.choice(({}, {"only": "refused"}, {"after": str(random.randint(0, 100_000))}))
        return Ask(f"/jobs/{known.report_job}?{urlencode(asked)}")

    settings = ("organization", "calendar", "senders", "groups", "users", "api-keys", "webhooks")
    return {
        "jobs": lambda: Ask(f"/jobs?{urlencode(random.choice(({}, {'only': 'running'}, {'before': '200'})))}"),
        "job with 100,000 rows": report,
        "intake": lambda: Ask("/intake"),
        "audit log": audit,
        "settings": lambda: Ask(f"/settings/{random.choice(settings)}"),
        "account": lambda: Ask("/account"),
    }
