"""A table of invoices, in the words of a language."""

from collections.abc import Sequence
from functools import cached_property

from babel import Locale

from mailer.formats import format_day, format_money
from mailer.tags import Listed
from mailer.values import Styled, Table
from mailer.words import TableWords, table_words


class InvoiceTable(Styled):
    """A table of invoices that is made when a text asks for it. `count` are all of them, listed or not."""

    def __init__(self, listed: Sequence[Listed], count: int, locale: Locale) -> None:
        self._listed = listed
        self._count = count
        self._locale = locale

    @cached_property
    def _table(self) -> Table:
        return invoice_table(self._listed, self._count, self._locale)

    def __str__(self) -> str:
        return str(self._table)

    def as_html(self) -> str:
        """Return the table."""
        return self._table.as_html()


def invoice_table(listed: Sequence[Listed], count: int, locale: Locale) -> Table:
    """Return the invoices with number, due date and open amount; `count` are all of them, listed or not."""
    words = table_words(str(locale.language))
    return Table(
        heads=(words.invoice, words.due, words.outstanding),
        rows=tuple(_row(one, words, locale) for one in listed),
        lines=tuple(_line(one, words, locale) for one in listed),
        more=words.more.format(count=count - len(listed)) if count > len(listed) else None,
    )


def _row(one: Listed, words: TableWords, locale: Locale) -> tuple[tuple[str, tuple[str, ...]], ...]:
    remarks = (_order(one, words), _paid(one, words, locale))
    return (
        (one.number, tuple(remark[0].upper() + remark[1:] for remark in remarks if remark)),
        ("" if one.due_on is None else format_day(one.due_on, locale, "medium"), ()),
        (format_money(one.outstanding, locale), ()),
    )


def _line(one: Listed, words: TableWords, locale: Locale) -> str:
    parts = [f"{one.number} {words.dated.format(day=format_day(one.issued_on, locale))}"]
    if one.due_on is not None:
        parts.append(words.due_on.format(day=format_day(one.due_on, locale)))
    order = _order(one, words)
    said = ", ".join(parts) + (f" ({order})" if order else "")
    paid = _paid(one, words, locale)
    return f"{said}: {format_money(one.outstanding, locale)}" + (f", {paid}" if paid else "")


def _order(one: Listed, words: TableWords) -> str:
    return words.order.format(number=one.po_number) if one.po_number else ""


def _paid(one: Listed, words: TableWords, locale: Locale) -> str:
    return words.paid.format(amount=format_money(one.paid, locale)) if one.paid.amount > 0 else ""
