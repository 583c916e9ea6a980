"""The charts of the overview as SVG, each with the table behind it: aging, and what cadences achieve.

A chart is drawn `width` units wide, in which a line of text is about eleven high: 640 for the width of a page, 340
for that of a telephone. It grows with its place on the page; whoever places it says up to which width.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from console.web.chart_tables import Cell, Chart, ChartTable
from console.web.chart_words import BUCKET_NAMES, CHANNEL_NAMES, invoices, percent, short_number, whole_percent
from console.web.languages import Reader
from console.web.svg import (
    DOTTED,
    EMPTY,
    FULL,
    HATCHED,
    LINED,
    SMALL,
    area,
    line,
    picture,
    shortened,
    width_of,
    words,
)
from console.web.words import N_
from db.queries.figures.aging import AgingBalance
from db.queries.figures.effectiveness import PaidWithin, StepEffect
from rules.fields import Aging

WIDE: Final = 640
# The older, the fuller: what is not due is empty, and what is overdue by months is full.
_BUCKET_FILLS: Final = {
    Aging.NOT_DUE: EMPTY,
    Aging.TO_30: DOTTED,
    Aging.TO_60: LINED,
    Aging.TO_90: HATCHED,
    Aging.ABOVE_90: FULL,
}
_WITHIN_FILLS: Final = (FULL, HATCHED, EMPTY)
_ROW: Final = 24.0


def aging_chart(balance: AgingBalance, reader: Reader, chart: str, width: float = WIDE) -> Chart:
    """Return the aging balance of a currency: a bar for each bucket, with its amount and its share.

    `chart` is the id of the chart on its page.
    """
    outstanding, currency = balance.outstanding, balance.currency
    most = max((amount.outstanding for amount in balance.amounts), default=Decimal(0))
    names = [reader.text(BUCKET_NAMES[amount.bucket]) for amount in balance.amounts]
    said = [
        f"{short_number(amount.outstanding, reader)} · {_share_of(outstanding, amount.outstanding, reader)}"
        for amount in balance.amounts
    ]
    left = max(width_of(name) for name in names) + 8
    right = max(width_of(one) for one in said) + 8
    scale = float(width - left - right) / float(most or 1)
    drawn, y = [], 4.0
    for name, words_of_bar, amount in zip(names, said, balance.amounts, strict=True):
        length = float(amount.outstanding) * scale
        full = f"{name}: {reader.money(amount.outstanding, currency)}, {invoices(amount.count, reader)}"
        drawn.append(words(left - 8, y + 14, name, "end"))
        if amount.outstanding:
            fill = _BUCKET_FILLS[amount.bucket]
            drawn.append(area(left, y + 2, max(length, 1.0), _ROW - 7, fill, chart, full))
        drawn.append(words(left + length + 6, y + 14, words_of_bar))
        y += _ROW
    drawn.append(line(left, 2, left, y))
    description = "; ".join(
        f"{name} {reader.money(amount.outstanding, currency)}"
        for name, amount in zip(names, balance.amounts, strict=True)
    )
    said_in_all = reader.money(outstanding, currency)
    title = reader.text(
        "Aging balance, %(currency)s: %(amount)s outstanding", currency=currency, amount=said_in_all
    )
    svg = picture(chart, width, y + 4, title, description, drawn)
    return Chart(balance.definition, svg, aging_table([balance], reader))


def aging_table(balances: Sequence[AgingBalance], reader: Reader) -> ChartTable:
    """Return the aging balances as a table: a row for each currency, a column for each bucket."""
    rows = []
    for one in balances:
        cells = [Cell(reader.money(amount.outstanding, one.currency), amount.listed) for amount in one.amounts]
        total = Cell(reader.money(one.outstanding, one.currency), one.listed)
        rows.append((Cell(one.currency, is_number=False), *cells, total))
    buckets = (reader.text(name) for name in BUCKET_NAMES.values())
    columns = (reader.text("Currency"), *buckets, reader.text("In all"))
    return ChartTable(reader.text("Aging balance"), columns, tuple(rows))


def effectiveness_chart(effects: Sequence[StepEffect], reader: Reader, chart: str, width: float = WIDE) -> Chart:
    """Return what each step achieves: a bar of the shares paid within 7, 14 and 30 days, by cadence.

    Who paid within 7 days paid within 14: a bar reaches to the share of the longest time, and is parted where
    those of the shorter ones end.
    """
    end = max([Decimal(10), *(_share(within) for effect in effects for within in effect.within)])
    left = min(max([width_of(_named(effect)) for effect in effects] + [60.0]) + 10, width * 0.34)
    right = max([width_of(_said(effect, reader), SMALL) for effect in effects] + [60.0]) + 10
    scale = (width - left - right) / float(end)
    drawn, y = _legend(effects, reader, chart), 26.0
    for cadence, steps in groupby(effects, key=lambda effect: effect.cadence):
        drawn.append(words(0, y + 14, shortened(cadence, width), bold=True))
        y += 20
        top = y
        for effect in steps:
            drawn.append(words(left - 8, y + 14, shortened(_named(effect), left - 10), "end"))
            drawn += _parts(left, y + 2, scale, chart, effect, reader)
            longest = max(float(_share(within)) for within in effect.within) * scale
            drawn.append(words(left + longest + 6, y + 13, _said(effect, reader), size=SMALL))
            y += _ROW
        drawn.append(line(left, top, left, y))
        y += 4
    description = "; ".join(f"{effect.cadence}, {_named(effect)}: {_said(effect, reader)}" for effect in effects)
    svg = picture(chart, width, y + 4, reader.text("Paid in full after each step, in percent"), description, drawn)
    return Chart(StepEffect.definition, svg, effectiveness_table(effects, reader))


def effectiveness_table(effects: Sequence[StepEffect], reader: Reader) -> ChartTable:
    """Return the same as a table: a row for each step, how often it was carried out and the shares."""
    days = [within.days for within in effects[0].within] if effects else []
    rows = []
    for effect in effects:
        shares = [Cell(percent(within.share_percent, reader)) for within in effect.within]
        names = (Cell(effect.cadence, is_number=False), Cell(_named(effect), is_number=False))
        times = Cell(reader.number(effect.executed), effect.listed)
        channel = Cell(reader.text(CHANNEL_NAMES[effect.channel]), is_number=False)
        rows.append((*names, channel, times, *shares))
    named = [reader.text(name) for name in (N_("Cadence"), N_("Step"), N_("Channel"), N_("Times"))]
    columns = (*named, *(reader.text("Paid within %(days)s days", days=one) for one in days))
    return ChartTable(reader.text("Paid in full after each step"), columns, tuple(rows))


def _parts(x: float, y: float, scale: float, chart: str, effect: StepEffect, reader: Reader) -> list[Element]:
    """Return the bar of a step."""
    drawn, reached = [], 0.0
    for within, fill in zip(effect.within, _WITHIN_FILLS, strict=True):
        length = float(_share(within)) * scale - reached
        # Of the youngest only 7 days are known, so that the share of a longer time may be the smaller one.
        if length > 0:
            said = reader.text(
                "%(step)s: %(paid)s of %(times)s paid within %(days)s days",
                step=_named(effect),
                paid=reader.number(within.paid),
                times=reader.number(within.executed),
                days=within.days,
            )
            drawn.append(area(x + reached, y, length, _ROW - 7, fill, chart, said))
            reached += length
    return drawn


def _legend(effects: Sequence[StepEffect], reader: Reader, chart: str) -> list[Element]:
    drawn, x = [], 0.0
    days = [within.days for within in effects[0].within] if effects else []
    for number, fill in zip(days, _WITHIN_FILLS, strict=False):
        said = reader.text("in %(days)s days", days=number)
        drawn += [area(x, 4, 14, 10, fill, chart, said), words(x + 19, 13, said)]
        x += 19 + width_of(said) + 14
    return drawn


def _named(effect: StepEffect) -> str:
    return effect.name or effect.step


def _share(within: PaidWithin) -> Decimal:
    return within.share_percent or Decimal(0)


def _said(effect: StepEffect, reader: Reader) -> str:
    shares = " · ".join(whole_percent(within.share_percent, reader) for within in effect.within)
    return reader.text("%(shares)s of %(times)s", shares=shares, times=short_number(effect.executed, reader))


def _share_of(whole: Decimal, part: Decimal, reader: Reader) -> str:
    return whole_percent(100 * part / whole if whole else Decimal(0), reader)
