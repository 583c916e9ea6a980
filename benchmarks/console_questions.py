"""What the lists of the console may be asked for: random filters, orders and places, each kind by a name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.console_book import CADENCES, TODAY
from db.engine import Session
from db.queries.balances import balances_of
from db.queries.figures.overview import overview
from db.queries.figures.payment_delay import payment_delay
from db.queries.figures.promises import PromiseChoice, PromisePlace, promise_page
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.customer_messages import message_page
from db.queries.lists.customers import CustomerChoice, CustomerPlace, customer_page
from db.queries.lists.invoices import invoice_page
from db.queries.lists.orders import Order, Place
from db.queries.todos import ActionFilter, action_page
from rules.fields import Aging

PAGE_LINES = 50
_WORDS = ("INV-12", "INV-1234", "777", "99", "helios", "marrow & sons a", "0f", "b7c", "nobody", "ostrava steel 1")
Ask = Callable[[Session], Any]


def any_choice(random: Random, customers: int, today: date = TODAY) -> InvoiceChoice:
    """Return what somebody may ask of the list of invoices: mostly one thing or two, sometimes three."""
    parts: list[dict[str, Any]] = [
        {"stages": (random.choice(("waiting", "due", "held", "todo", "exhausted", "blocked")),)},
        {"cadence_id": random.randint(1, CADENCES)},
        {"customer_id": random.choice((1, random.randint(1, customers)))},
        {"currency": random.choice(("EUR", "USD", "GBP", "JPY", "CHF"))},
        {"outstanding_min": Decimal(random.choice((1000, 50_000, 100_000, 170_000)))},
        {"outstanding_max": Decimal(random.choice((20, 100, 1000, 50_000)))},
        {"aging": (random.choice(list(Aging)),)},
        {"aging": (Aging.TO_90, Aging.ABOVE_90)},
        {"words": random.choice(_WORDS)},
        {"owners": (random.choice(("Cash Collectors", f"user{random.randint(1, 24)}@duewell.example")),)},
        {"is_hidden": random.choice((True, False))},
        {"has_cadence": False},
        {"risks": (random.choice(list(Risk)),)},
        {"risks": tuple(Risk)},
        {"state": random.choice(("paid", "void", "draft", "any"))},
        {"next_from": today, "next_to": today, "channels": ("email",), "execution": "automatic"},
    ]
    chosen = InvoiceChoice()
    for part in random.sample(parts, random.choices((0, 1, 2, 3), (1, 5, 3, 1))[0]):
        chosen = replace(chosen, **part)
    return chosen


def questions(random: Random, customers: int) -> dict[str, Callable[[], Ask]]:
    """Return the questions, each of which gives another one of its kind at each call."""

    def customer() -> int:
        return random.choice((1, random.randint(1, customers), random.randint(1, customers)))

    def invoices() -> Ask:
        chosen, order = any_choice(random, customers), random.choice(list(Order))
        return lambda session: invoice_page(session, chosen, TODAY, PAGE_LINES, order)

    def further_invoices() -> Ask:
        chosen, order = any_choice(random, customers), random.choice(list(Order))
        place = any_place(random, order, TODAY)
        return lambda session: invoice_page(session, chosen, TODAY, PAGE_LINES, order, place)

    def plain_invoices() -> Ask:
        order = random.choice(list(Order))
        return lambda session: invoice_page(session, InvoiceChoice(), TODAY, PAGE_LINES, order)

    def customers_page() -> Ask:
        words, is_owing = random.choice((None, None, *_WORDS[4:])), random.random() < 0.3
        after = random.choice((None, CustomerPlace(random.choice("BHLMOQ"), 0)))
        return lambda session: customer_page(session, CustomerChoice(words, is_owing), TODAY, PAGE_LINES, after)

    def messages() -> Ask:
        asked = customer()
        return lambda session: message_page(session, asked, PAGE_LINES)

    def delay() -> Ask:
        asked = customer()
        return lambda session: payment_delay(session, asked, TODAY)

    def balances() -> Ask:
        asked = customer()
        return lambda session: balances_of(session, asked, TODAY)

    def promises() -> Ask:
        asked = PromiseChoice(random.choice((None, "EUR", "JPY")), None, random.choice((None, TODAY)))
        after = random.choice((None, PromisePlace(TODAY, 500)))
        return lambda session: promise_page(session, asked, PAGE_LINES, after)

    def todos() -> Ask:
        owners = random.choice(((), ("Cash Collectors",), ("user7@duewell.example",)))
        return lambda session: action_page(session, ActionFilter(owners=owners, states=("open",)), PAGE_LINES)

    return {
        "overview": lambda: overview,
        "invoices": plain_invoices,
        "invoices, filtered": invoices,
        "invoices, filtered, further on": further_invoices,
        "customers": customers_page,
        "messages of a customer": messages,
        "payment delay of a customer": delay,
        "balances of a customer": balances,
        "promises": promises,
        "to-dos": todos,
    }


def any_place(random: Random, order: Order, today: date) -> Place:
    """Return where a page of the order may begin."""
    acting = today + timedelta(days=random.randint(0, 50))
    keys = {
        Order.OUTSTANDING: str(random.randint(10, 170_000)),
        Order.DUE: str(today - timedelta(days=random.randint(1, 150))),
        Order.CUSTOMER: random.choice(("Borealis 5", "Lumen 0", "Quay Logistics a")),
        Order.NEXT_ACTION: f"{acting} 08:00:00+00:00",
        Order.NEWEST: None,
    }
    return Place(0, keys[order], random.randint(1, 200_000) | 1)
