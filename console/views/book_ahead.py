"""The messages and to-dos ahead of a whole book, counted by day: read page by page, foretold, nothing written."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from console.failure import ASKED_WRONGLY, Failure
from db.engine import Engine, Session, transaction
from db.operations.adoption import adopted_all
from db.operations.cadences import require_cadence
from db.queries.book import count_open_collections, open_invoice_ids
from db.queries.collections import OpenCollection, open_collections
from db.queries.customers import customer_page, open_invoice_ids_of
from db.queries.organization import organization_settings
from db.queries.under import Place, count_under, hold_still, page_under
from dunning.cadence import Channel
from dunning.forecast import Ahead, forecast
from dunning.forecast_customer import forecast_customer
from dunning.likeness import likeness

PAGE = 1000
# A customer has a handful of open invoices.
CUSTOMERS_PAGE = 200
# As many different years ahead are kept in mind; a few hundred bytes each.
FORETOLD_MAX = 50_000
DAYS_AHEAD = 365
DAYS_AHEAD_MAX = 5 * 366
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the book: how far to look, when to-dos get done, and under which cadence alone."""

    now: datetime
    today: date
    until: date
    todo_days: int | None
    cadence: str | None = None


def asked(now: datetime, zone: ZoneInfo, until: date | None, todo_days: int | None) -> Question:
    """Return the question, a year ahead unless said. Raises Failure for a day that is past or too far ahead."""
    today = now.astimezone(zone).date()
    last = today + timedelta(days=DAYS_AHEAD) if until is None else until
    if not today <= last <= today + timedelta(days=DAYS_AHEAD_MAX):
        latest = today + timedelta(days=DAYS_AHEAD_MAX)
        raise Failure(f"--until: expected a day from {today} to {latest}, not {last}", ASKED_WRONGLY)
    return Question(now, today, last, todo_days)


class Kind(NamedTuple):
    """What happens on a day: a message goes out, or a to-do opens."""

    on: date
    channel: Channel
    is_message: bool


@dataclass(slots=True)
class BookAhead:
    """What is ahead of a book: how often each kind of action.

    `undecidable` collections cannot be planned; `foretold` is how many forecasts that took.
    """

    counts: Counter[Kind] = field(default_factory=Counter)
    collections: int = 0
    undecidable: int = 0
    foretold: int = 0

    def take(self, kinds: Sequence[Kind]) -> None:
        """Count a collection that all this is ahead of."""
        self.collections += 1
        self.counts.update(kinds)


def kinds_of(ahead: Ahead) -> list[Kind]:
    """Return what is ahead of a collection. One message about several invoices is one message (rule 2.15)."""
    return [
        Kind(action.on, action.step.channel, action.is_sent)
        for action in ahead.actions
        if action.merged_into is None
    ]


def book_ahead(engine: Engine, question: Question, progress: Progress = lambda _done, _total: None) -> BookAhead:
    """Return what is ahead of the book. Raises Refused for an unknown cadence, and LedgerUnavailable."""
    book = BookAhead()
    with transaction(engine) as session:
        hold_still(session)
        cadence_id = None if question.cadence is None else require_cadence(session, question.cadence)
        total = count_open_collections(session) if cadence_id is None else count_under(session, cadence_id)
        if heed_each_other(session):
            for ids in _pages_of_customers(session):
                _foretell_customers(book, read_all(session, ids), question)
                progress(book.collections + book.undecidable, total)
            return book
        foretold: dict[Hashable, list[Kind] | None] = {}
        for ids in _pages(session) if cadence_id is None else _pages_under(session, cadence_id):
            for collection in read_all(session, ids):
                _foretell(book, collection, question, foretold)
            if len(foretold) > FORETOLD_MAX:
                foretold.clear()
            progress(book.collections + book.undecidable, total)
    return book


def heed_each_other(session: Session) -> bool:
    """Say whether the collections of a customer have an effect on each other (rules 2.14 and 2.15)."""
    settings = organization_settings(session)
    return settings["contact_delay_scope"] == "customer" or bool(settings["merges_same_day"])


def read_all(session: Session, invoice_ids: Sequence[int]) -> list[OpenCollection]:
    """Return the open collections of the invoices, under the versions of their cadences that are in force."""
    return adopted_all(session, open_collections(session, invoice_ids))


def foretell_customer(collections: Sequence[OpenCollection], question: Question) -> list[Ahead]:
    """Return what is ahead of each of one customer's collections. Raises ValueError if that cannot be planned."""
    return forecast_customer(
        [collection.facts for collection in collections],
        question.now,
        question.until,
        question.todo_days,
        delays_customer=any(collection.delays_customer for collection in collections),
        merges_same_day=any(collection.merges_same_day for collection in collections),
    )


def _foretell(
    book: BookAhead,
    collection: OpenCollection,
    question: Question,
    foretold: dict[Hashable, list[Kind] | None],
) -> None:
    """Count the collection; `foretold` is what is ahead of those before it, None where that cannot be planned."""
    key = likeness(collection.facts, question.today)
    if key not in foretold:
        book.foretold += 1
        try:
            ahead = forecast(collection.facts, question.now, question.until, question.todo_days)
            foretold[key] = kinds_of(ahead)
        except ValueError:
            foretold[key] = None
    kinds = foretold[key]
    if kinds is None:
        book.undecidable += 1
    else:
        book.take(kinds)


def _foretell_customers(book: BookAhead, collections: Sequence[OpenCollection], question: Question) -> None:
    by_customer: dict[int, list[OpenCollection]] = {}
    for collection in collections:
        by_customer.setdefault(collection.customer_id, []).append(collection)
    for household in by_customer.values():
        asked = [question.cadence in (None, cadence_name(collection)) for collection in household]
        try:
            book.foretold += len(household)
            aheads = foretell_customer(household, question)
        except ValueError:
            book.undecidable += sum(asked)
            continue
        for ahead, is_asked in zip(aheads, asked, strict=True):
            if is_asked:
                book.take(kinds_of(ahead))


def cadence_name(collection: OpenCollection) -> str | None:
    """Return the name of the cadence that the collection is under."""
    return None if collection.facts.cadence is None else collection.facts.cadence.name


def _pages(session: Session) -> Iterator[Sequence[int]]:
    after_id = 0
    while ids := open_invoice_ids(session, after_id, PAGE):
        yield ids
        after_id = ids[-1]


def _pages_under(session: Session, cadence_id: int) -> Iterator[Sequence[int]]:
    place = Place()
    while page := page_under(session, cadence_id, place, PAGE):
        yield [each.invoice_id for each in page]
        place = page[-1]


def _pages_of_customers(session: Session) -> Iterator[Sequence[int]]:
    after_id = 0
    while customers := customer_page(session, after_id, CUSTOMERS_PAGE):
        yield open_invoice_ids_of(session, customers)
        after_id = customers[-1]
