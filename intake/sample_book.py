"""Sample book: an invented but believable book of invoices, to try the product on."""

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Literal, assert_never

from dunning.currencies import CURRENCY_DECIMALS
from intake.cells import InvoiceStatus
from intake.sample_markets import MARKET_COUNT, MARKETS, Market

Kind = Literal["not_due", "due_today", "overdue", "partly_paid", "disputed", "paid"]

# The first six are all kinds there are, so that even the smallest book has each.
_KINDS: tuple[Kind, ...] = (
    "overdue", "not_due", "due_today", "paid", "partly_paid", "disputed",
    "overdue", "not_due", "overdue", "not_due", "paid", "overdue", "not_due", "overdue", "not_due", "overdue",
    "partly_paid", "not_due", "overdue", "paid",
)  # fmt: skip
_TERMS_DAYS = (45, 30, 14)


@dataclass(frozen=True, slots=True)
class _Customer:
    customer_id: str
    name: str
    email: str
    first_name: str
    last_name: str
    role: str
    term_days: int
    market: Market


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the book; the fields are its columns."""

    invoice_number: str
    customer_id: str
    customer_name: str
    issue_date: date
    due_date: date
    currency: str
    total: Decimal
    paid: Decimal
    status: InvoiceStatus
    po_number: str
    email: str
    contact_first_name: str
    contact_last_name: str
    contact_role: str
    locale: str
    payment_term_days: int


def sample_book(today: date, *, invoices: int = 200, customers: int = 40, seed: int = 1) -> str:
    """Return a book as CSV text in the canonical columns; the same for the same arguments.

    It has invoices not due yet (up to 45 days ahead), due today, 1 to 90 days overdue, paid, partly paid and
    disputed, in five currencies and four languages. One customer has no address, and open invoices on either
    side of their due date. Raises ValueError for a book too small to have all that.
    """
    if customers < MARKET_COUNT + 1 or invoices < max(customers + 1, len(_KINDS)):
        raise ValueError(
            f"a sample book has at least {MARKET_COUNT + 1} customers, {len(_KINDS)} invoices "
            "and more invoices than customers"
        )
    chance = Random(seed)  # noqa: S311  # An invented book holds no secrets, and must be the same every time.
    *reachable, silent = _customers(customers, chance)
    silent = replace(silent, email="")
    lines = []
    for place in range(invoices):
        kind = _KINDS[place % len(_KINDS)]
        if place < 2:  # The first two kinds are overdue and not due: both to the customer without an address.
            customer = silent
        elif place - 2 < len(reachable):
            customer = reachable[place - 2]
        else:
            customer = chance.choice([*reachable, silent])
        lines.append(_line(kind, customer, today, chance))
    lines.sort(key=lambda line: line.issue_date)
    return _as_csv(lines)


def _customers(count: int, chance: Random) -> list[_Customer]:
    """Return that many customers of different names, from all markets."""
    customers = []
    drawn: Counter[tuple[str, str]] = Counter()
    for place, market in zip(range(count), cycle(MARKETS), strict=False):
        lap, company = divmod(drawn[market.locale, market.currency], len(market.companies))
        drawn[market.locale, market.currency] += 1
        name = market.companies[company] + (f" {lap + 1}" if lap else "")
        first, last = chance.choice(market.first_names), chance.choice(market.last_names)
        customers.append(
            _Customer(
                customer_id=f"C-{place + 1:03}",
                name=name,
                email=f"{_ascii(first)}.{_ascii(last)}@{_domain(name)}",
                first_name=first,
                last_name=last,
                role="billing" if place % 4 == 3 else "main",
                term_days=_TERMS_DAYS[place % len(_TERMS_DAYS)],
                market=market,
            )
        )
    return customers


def _line(kind: Kind, customer: _Customer, today: date, chance: Random) -> _Line:
    """Return an invoice of that kind, not numbered yet."""
    due_date = today + timedelta(days=_days_until_due(kind, customer.term_days, chance))
    currency = customer.market.currency
    total = _total(currency, chance)
    paid = Decimal(0)
    if kind == "paid":
        paid = total
    elif kind == "partly_paid":
        paid = _rounded(total * chance.randint(20, 70) / 100, currency)
    return _Line(
        invoice_number="",
        customer_id=customer.customer_id,
        customer_name=customer.name,
        issue_date=due_date - timedelta(days=customer.term_days),
        due_date=due_date,
        currency=currency,
        total=total,
        paid=paid,
        status="paid" if kind == "paid" else "disputed" if kind == "disputed" else "open",
        po_number=f"PO-{chance.randint(10_000, 99_999)}" if chance.random() < 0.6 else "",
        email=customer.email,
        contact_first_name=customer.first_name,
        contact_last_name=customer.last_name,
        contact_role=customer.role,
        locale=customer.market.locale,
        payment_term_days=customer.term_days,
    )


def _days_until_due(kind: Kind, term_days: int, chance: Random) -> int:
    """Return how far the due date is ahead: never more than the term, since nothing is issued after today."""
    match kind:
        case "not_due":
            return chance.randint(1, term_days)
        case "due_today":
            return 0
        case "overdue":
            return -chance.randint(1, 90)
        case "partly_paid" | "disputed":
            return chance.randint(-60, 10)
        case "paid":
            return chance.randint(-90, 10)
    assert_never(kind)


def _total(currency: str, chance: Random) -> Decimal:
    """Return a total: mostly some hundreds or thousands, now and then a large one."""
    euros = min(max(chance.lognormvariate(7.2, 1.0), 40.0), 90_000.0)
    return _rounded(Decimal(round(euros * 100)) / 100 * (160 if currency == "JPY" else 1), currency)


def _rounded(amount: Decimal, currency: str) -> Decimal:
    """Return the amount in whole units of the currency's smallest decimal."""
    return amount.quantize(Decimal(1).scaleb(-CURRENCY_DECIMALS[currency]))


def _ascii(text: str) -> str:
    """Return the text in small letters of ASCII, as people write it in addresses."""
    return unicodedata.normalize("NFKD", text.replace("ß", "ss").lower()).encode("ascii", "ignore").decode()


def _domain(name: str) -> str:
    """Return the company's domain: the words that tell it from others, not its legal form."""
    words = re.findall("[a-z]{4,}", _ascii(name))[:2] + re.findall("[0-9]+", name)
    return "-".join(words) + ".example"


def _as_csv(lines: list[_Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in fields(_Line))
    for place, line in enumerate(lines, start=1):
        writer.writerow(astuple(replace(line, invoice_number=f"INV-{place:04}")))
    return text.getvalue()
