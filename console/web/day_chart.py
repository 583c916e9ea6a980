"""The chart of the days ahead: messages upwards, to-dos downwards, each channel in its own filling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from console.web.chart_tables import Cell, Chart, ChartTable, Listed
from console.web.chart_words import CHANNEL_NAMES, day_of_month, day_of_week, short_number
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
    width_of,
    words,
)
from console.web.words import N_
from db.queries.figures.coming_days import ComingDay, ComingDays

WIDE: Final = 640
# What a day is made of is told by where it is drawn, and by its filling: no colour says anything.
FILLS: Final = {"email": FULL, "sms": HATCHED, "letter": LINED, "call": DOTTED, "task": EMPTY}
_TALLEST: Final = 90.0
_GAP: Final = 16.0
_COUNT: Final = SMALL - 1


def coming_days_chart(ahead: ComingDays, reader: Reader, chart: str, width: float = WIDE) -> Chart:
    """Return the days as columns: what goes out above the days, what people have to do below them.

    `chart` is the id of the chart on its page. Both sides have the same scale.
    """
    above = _Side(N_("%(day)s: %(count)s messages (%(channel)s)"), -1, tuple(day.messages for day in ahead.days))
    below = _Side(N_("%(day)s: %(count)s to-dos (%(channel)s)"), 1, tuple(_todos_of(day) for day in ahead.days))
    scale = _TALLEST / max(above.most, below.most, 1)
    names = reader.text("Messages"), reader.text("To-dos")
    left = max(width_of(name, SMALL) for name in names) + 4
    step = (width - left) / max(1, len(ahead.days))
    upper = 36 + above.most * scale
    lower = upper + _GAP
    drawn = _legend(ahead, reader, chart)
    drawn += [words(0, upper - 4, names[0], size=SMALL), words(0, lower + 10, names[1], size=SMALL)]
    for side, base in ((above, upper), (below, lower)):
        labeled = side.labeled(step, reader)
        for number, (day, counts) in enumerate(zip(ahead.days, side.counts, strict=True)):
            x = left + number * step
            drawn += _column(x, step, base, scale, counts, chart, day, side, reader)
            if number in labeled:
                end = base + side.direction * side.total(number) * scale
                y = end - 4 if side.direction < 0 else end + 9
                said = short_number(side.total(number), reader)
                middle = min(x + step / 2, width - width_of(said, _COUNT) / 2)
                drawn.append(words(middle, y, said, "middle", _COUNT))
    drawn += _dates(ahead, reader, left, step, upper + 11.5, width)
    drawn += [line(left, upper, width, upper), line(left, lower, width, lower)]
    height = lower + below.most * scale + 14
    days = {"first": reader.day(ahead.first), "last": reader.day(ahead.last)}
    title = reader.text(
        "%(messages)s messages and %(todos)s to-dos from %(first)s to %(last)s",
        messages=reader.number(above.in_all),
        todos=reader.number(below.in_all),
        **days,
    )
    description = "; ".join(
        reader.text(
            "%(day)s: %(messages)s messages, %(todos)s to-dos",
            day=day_of_week(day, reader),
            messages=reader.number(above.total(number)),
            todos=reader.number(below.total(number)),
        )
        for number, day in enumerate(ahead.days)
        if above.total(number) or below.total(number)
    )
    svg = picture(chart, width, height, title, description or reader.text("Nothing is ahead."), drawn)
    return Chart(ahead.definition, svg, coming_days_table(ahead, reader))


def coming_days_table(ahead: ComingDays, reader: Reader) -> ChartTable:
    """Return the same as a table: a row for each day and channel of which there is anything."""
    rows = []
    for day in ahead.days:
        on = Cell(day_of_week(day, reader), is_number=False)
        for channel in FILLS:
            counted: tuple[tuple[int, Listed], ...] = (
                (day.messages.get(channel, 0), day.messages_listed(channel)),
                (day.open.get(channel, 0), day.open_listed(channel)),
                (day.open_then.get(channel, 0), day.open_then_listed(channel)),
            )
            if any(number for number, _ in counted):
                cells = (Cell(reader.number(number), listed if number else None) for number, listed in counted)
                rows.append((on, Cell(reader.text(CHANNEL_NAMES[channel]), is_number=False), *cells))
    columns = (N_("Day"), N_("Channel"), N_("Messages"), N_("To-dos open"), N_("To-dos to come"))
    caption = reader.text("From %(first)s to %(last)s", first=reader.day(ahead.first), last=reader.day(ahead.last))
    return ChartTable(caption, tuple(reader.text(column) for column in columns), tuple(rows))


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of the chart: how it is said, whether it goes up (-1) or down (1), and each day by channel."""

    what: str
    direction: int
    counts: tuple[Mapping[str, int], ...]

    def total(self, number: int) -> int:
        """Return how many the day has."""
        return sum(self.counts[number].values())

    @property
    def most(self) -> int:
        """Return the most of a day."""
        return max((self.total(number) for number in range(len(self.counts))), default=0)

    @property
    def in_all(self) -> int:
        """Return how many all days have."""
        return sum(self.total(number) for number in range(len(self.counts)))

    def labeled(self, step: float, reader: Reader) -> set[int]:
        """Return the days whose number is written: all, or the highest of each week where that is too tight."""
        there = [number for number in range(len(self.counts)) if self.total(number)]
        if all(width_of(short_number(self.total(number), reader), _COUNT) <= step + 1 for number in there):
            return set(there)
        weeks: dict[int, int] = {}
        for number in there:
            if self.total(number) > self.total(weeks.setdefault(number // 7, number)):
                weeks[number // 7] = number
        return set(weeks.values())


def _column(
    x: float,
    step: float,
    base: float,
    scale: float,
    counts: Mapping[str, int],
    chart: str,
    day: ComingDay,
    side: _Side,
    reader: Reader,
) -> list[Element]:
    """Return the column of a day, from the base on."""
    drawn, reached = [], 0.0
    gap = min(2.0, step * 0.15)
    for channel, fill in FILLS.items():
        if count := counts.get(channel, 0):
            height = count * scale
            y = base - reached - height if side.direction < 0 else base + reached
            said = reader.text(
                side.what,
                day=day_of_week(day, reader),
                count=reader.number(count),
                channel=reader.text(CHANNEL_NAMES[channel]),
            )
            drawn.append(area(x + gap, y, step - 2 * gap, height, fill, chart, said))
            reached += height
    return drawn


def _dates(ahead: ComingDays, reader: Reader, left: float, step: float, y: float, width: float) -> list[Element]:
    """Return the first day and the Mondays, as far as there is room for their names."""
    drawn, free_from = [], 0.0
    for number, day in enumerate(ahead.days):
        said, x = day_of_month(day, reader), left + number * step + 1
        if (number == 0 or day.on.weekday() == 0) and x >= free_from and x + width_of(said, SMALL) <= width:
            drawn.append(words(x, y, said, size=SMALL))
            free_from = x + width_of(said, SMALL) + 4
    return drawn


def _legend(ahead: ComingDays, reader: Reader, chart: str) -> list[Element]:
    """Return a sample of each filling that is drawn, with its channel beside it."""
    there = {channel for day in ahead.days for channel in (*day.messages, *day.open, *day.open_then)}
    drawn, x = [], 0.0
    for channel, fill in FILLS.items():
        if channel in there:
            name = reader.text(CHANNEL_NAMES[channel])
            drawn += [area(x, 4, 14, 10, fill, chart, name), words(x + 19, 13, name)]
            x += 19 + width_of(name) + 14
    return drawn


def _todos_of(day: ComingDay) -> dict[str, int]:
    return {
        channel: number
        for channel in FILLS
        if (number := day.open.get(channel, 0) + day.open_then.get(channel, 0))
    }
