"""A ledger of payments and credit notes as anybody could keep it, in cents: all is added up anew each time."""

from dataclasses import dataclass, field
from itertools import count

# What is to go where: None is as much as possible.
Named = dict[int, int | None]


class Nonsense(Exception):
    """The naive ledger does not take it."""


@dataclass
class Booking:
    """What was booked on one invoice alone, by a person or by the column `paid`."""

    order: int
    cents: int
    by_person: bool


@dataclass
class NaiveInvoice:
    """An invoice. `column` is what the column `paid` said last."""

    customer: str
    currency: str
    total: int
    column: int = 0
    bookings: list[Booking] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        """What the column said, and no payment stands for."""
        return sum(one.cents for one in self.bookings if not one.by_person)


@dataclass
class Purse:
    """A payment or a credit note."""

    is_payment: bool
    customer: str
    currency: str
    amount: int
    order: int
    stated: tuple[int, Named]
    on: dict[int, int] = field(default_factory=dict)
    led_to: dict[int, int] = field(default_factory=dict)
    # Whether it was stated that the rest goes to what is due longest; if that changes, something new is stated.
    is_oldest: bool = False
    is_over: bool = False

    @property
    def left(self) -> int:
        """What could still settle something."""
        return 0 if self.is_over else self.amount - sum(self.on.values())


class NaiveLedger:
    """Keeps invoices and purses, and adds up."""

    def __init__(self, invoices: list[NaiveInvoice]) -> None:
        self.invoices = invoices
        self.purses: dict[str, Purse] = {}
        self._order = count()

    def outstanding(self, number: int) -> int:
        """What is left to pay of an invoice."""
        invoice = self.invoices[number]
        booked = sum(one.cents for one in invoice.bookings)
        return invoice.total - booked - sum(one.on.get(number, 0) for one in self._counting())

    def _counting(self, payments: bool = False) -> list[Purse]:
        return [one for one in self.purses.values() if not one.is_over and (one.is_payment or not payments)]

    def _put(self, purse: Purse, after: dict[int, int]) -> None:
        """Have it settle just that, if it reaches and the invoices take it."""
        if sum(after.values()) > purse.amount:
            raise Nonsense
        explained: dict[int, int] = {}
        for number, cents in after.items():
            more = cents - purse.on.get(number, 0)
            if more <= 0 or purse.is_over:
                continue
            explained[number] = min(more, self.invoices[number].unnamed) if purse.is_payment else 0
            if not self._fits(purse, number) or more - explained[number] > self.outstanding(number):
                raise Nonsense
        for number, cents in explained.items():
            for booking in self.invoices[number].bookings[::-1]:
                part = 0 if booking.by_person else min(booking.cents, cents)
                booking.cents, cents = booking.cents - part, cents - part
        places = [*purse.on, *(number for number in after if number not in purse.on)]
        purse.on = {number: after[number] for number in places if after.get(number)}

    def _fits(self, purse: Purse, number: int) -> bool:
        invoice = self.invoices[number]
        return (invoice.customer, invoice.currency) == (purse.customer, purse.currency)

    def _filled(self, purse: Purse, after: dict[int, int], numbers: list[int]) -> dict[int, int]:
        """Give each as much more as there is, and as it takes."""
        for number in numbers:
            if not self._fits(purse, number):
                raise Nonsense
            room = self.outstanding(number) + (self.invoices[number].unnamed if purse.is_payment else 0)
            room += purse.on.get(number, 0) - after.get(number, 0)
            more = max(min(room, purse.amount - sum(after.values())), 0)
            after = {**after, number: after.get(number, 0) + more}
        return after

    def state(self, name: str, purse: Purse, named: Named, *, oldest: list[int] | None = None) -> None:
        """Take a statement in; with `oldest`, what is left of a new one goes to these."""
        asked = {number: cents for number, cents in named.items() if cents is not None}
        if purse.amount <= 0 or any(cents <= 0 for cents in asked.values()) or sum(asked.values()) > purse.amount:
            raise Nonsense
        if not all(self._fits(purse, number) for number in named):
            raise Nonsense
        known = self.purses.get(name)
        if known is None:
            filled = [number for number, cents in named.items() if cents is None]
            further = [one for one in oldest or () if one not in named and self._fits(purse, one)]
            further = [one for one in further if self.outstanding(one) > 0]
            self._put(purse, self._filled(purse, asked, [*filled, *further]))
            purse.led_to, purse.order = dict(purse.on), next(self._order)
            purse.is_oldest = oldest is not None
            self.purses[name] = purse
        elif (known.customer, known.currency) != (purse.customer, purse.currency):
            raise Nonsense
        elif known.stated != (purse.amount, named) or known.is_oldest != (oldest is not None):
            self._restate(known, purse.amount, named)
            known.is_oldest = oldest is not None

    def _restate(self, purse: Purse, amount: int, named: Named) -> None:
        amount_before, before = purse.stated
        was, amount_after = purse.amount, purse.amount + amount - amount_before
        if amount_after <= 0:
            raise Nonsense
        stays: dict[int, int] = {}
        news: dict[int, int] = {}
        filled: list[int] = []
        by_people = {one for one in purse.on | purse.led_to if purse.on.get(one, 0) != purse.led_to.get(one, 0)}
        for number in [*purse.on, *(one for one in purse.led_to | named if one not in purse.on)]:
            cents, is_old = named.get(number), number in before and before[number] == named.get(number)
            if purse.is_over or (number in named and is_old and (number in by_people or cents is not None)):
                stays[number] = purse.on.get(number, 0)
            elif number in named and cents is None:
                filled.append(number)
            elif number in named and cents is not None:
                news[number] = cents
            elif number not in before and (number in by_people or not named):
                stays[number] = purse.on.get(number, 0)
        over = sum(stays.values()) + sum(news.values()) - amount_after
        for number in [*stays][::-1]:
            part = min(stays[number], max(over, 0))
            stays[number], over = stays[number] - part, over - part
        purse.amount = amount_after
        try:
            self._put(purse, self._filled(purse, {**stays, **news}, filled))
        except Nonsense:
            purse.amount = was
            raise
        kept = by_people & stays.keys()
        of_statement = {number: cents for number, cents in purse.on.items() if number not in kept}
        purse.led_to = of_statement | {one: purse.led_to[one] for one in kept & purse.led_to.keys()}
        purse.stated = amount, named

    def allocate(self, name: str, number: int, cents: int | None) -> None:
        """Let more of it settle an invoice."""
        purse = self.purses.get(name)
        if purse is None or purse.is_over or (cents is not None and not 0 < cents <= purse.left):
            raise Nonsense
        if not self._fits(purse, number):
            raise Nonsense
        if cents is None:
            self._put(purse, self._filled(purse, dict(purse.on), [number]))
        else:
            self._put(purse, {**purse.on, number: purse.on.get(number, 0) + cents})

    def unallocate(self, name: str, number: int) -> None:
        """Take it off an invoice."""
        purse = self.purses.get(name)
        if purse is None or number not in purse.on:
            raise Nonsense
        del purse.on[number]

    def end(self, name: str) -> None:
        """Take it back as a whole."""
        purse = self.purses.get(name)
        if purse is None or purse.is_over:
            raise Nonsense
        purse.is_over = True

    def pay(self, number: int, cents: int) -> None:
        """A person books a payment on one invoice."""
        if not 0 < cents <= self.outstanding(number):
            raise Nonsense
        self.invoices[number].bookings.append(Booking(next(self._order), cents, by_person=True))

    def reverse(self, number: int, cents: int) -> None:
        """A person takes some of what was paid on an invoice back, the newest first."""
        bookings = self.invoices[number].bookings
        purses = [one for one in self._counting(payments=True) if number in one.on]
        paid = sum(one.cents for one in bookings) + sum(one.on[number] for one in purses)
        if not 0 < cents <= paid:
            raise Nonsense
        newest: list[Booking | Purse] = [*bookings, *purses]
        for one in sorted(newest, key=lambda one: -one.order):
            part = min(cents, one.cents if isinstance(one, Booking) else one.on[number])
            cents -= part
            if isinstance(one, Booking):
                one.cents -= part
            elif part and part == one.amount:
                one.is_over = True
            elif part:
                one.amount -= part
                one.on = {place: had - part * (place == number) for place, had in one.on.items()}
                one.on = {place: had for place, had in one.on.items() if had}

    def column(self, number: int, total: int, paid: int) -> None:
        """Take a row of an invoice file in."""
        invoice = self.invoices[number]
        settled = invoice.total - self.outstanding(number)
        booked = invoice.unnamed + sum(one.on.get(number, 0) for one in self._counting(payments=True))
        further = max(min(paid - invoice.column, paid - booked), 0)
        if (total != invoice.total and settled > total) or (further and settled + further > total):
            raise Nonsense
        if paid < invoice.column and booked > paid:
            raise Nonsense
        invoice.total, invoice.column = total, paid
        if further:
            invoice.bookings.append(Booking(next(self._order), further, by_person=False))
