"""Where the steps of a cadence stand on a line from issue to due to overdue; templates draw it."""

from dataclasses import dataclass

from dunning.cadence import Anchor, Cadence, Step

TERMS_DAYS = (15, 30, 45, 60)
TERM_DAYS = 30
WIDTH, NARROW = 1000, 340
_LEFT, _RIGHT = 66, 66
_LABEL_WIDTH = 132
_LEVEL_HEIGHT = 38
_DAY_WIDTH = 34
_TOP = 20


@dataclass(frozen=True, slots=True)
class Mark:
    """A step on the line: `day` counts from the due date, `x` and `y` say where its mark is."""

    step: Step
    number: int
    day: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a cadence for a payment term; `y` is its height."""

    cadence: Cadence
    term_days: int
    width: int
    marks: tuple[Mark, ...]
    issue_x: int
    due_x: int
    end_x: int
    y: int

    @property
    def days(self) -> list[tuple[int, int]]:
        """Return the days that are written below the line, each once and with its place, none over another."""
        written: list[tuple[int, int]] = []
        for mark in self.marks:
            if not written or mark.x - written[-1][1] >= _DAY_WIDTH:
                written.append((mark.day, mark.x))
        return written

    @property
    def channels(self) -> list[str]:
        """Return the channels that the drawing shows."""
        return list(dict.fromkeys(mark.step.channel.value for mark in self.marks))

    @property
    def narrow(self) -> "Line":
        """Return the same line for windows as narrow as a telephone."""
        return line_of(self.cadence, self.term_days, NARROW)

    @property
    def height(self) -> int:
        """Return how high the drawing is."""
        return self.y + 44


def line_of(cadence: Cadence, term_days: int, width: int = WIDTH) -> Line:
    """Return where everything stands; steps that are close to each other stand above each other."""
    days = [_day(step, term_days) for step in cadence.steps]
    first, last = min(-term_days, *days), max(0, *days)
    # An overdue part is drawn even if no step is in it.
    last = max(last, first + round((0 - first) * 1.2) + 1)

    def at(day: int) -> int:
        return round(_LEFT + (width - _LEFT - _RIGHT) * (day - first) / max(1, last - first))

    levels: list[int] = []
    placed: list[tuple[int, int]] = []
    order = sorted(range(len(days)), key=lambda index: (days[index], index))
    for index in order:
        x = at(days[index])
        level = next(
            (number for number, taken in enumerate(levels) if x - taken >= _LABEL_WIDTH),
            len(levels),
        )
        if level == len(levels):
            levels.append(x)
        levels[level] = x
        placed.append((index, level))
    y = _TOP + _LEVEL_HEIGHT * max(1, len(levels)) + 14
    marks = tuple(
        Mark(
            cadence.steps[index],
            index + 1,
            days[index],
            at(days[index]),
            y - 28 - _LEVEL_HEIGHT * level,
        )
        for index, level in placed
    )
    return Line(cadence, term_days, width, marks, at(-term_days), at(0), width - 12, y)


def _day(step: Step, term_days: int) -> int:
    return step.offset_days - (term_days if step.anchor is Anchor.ISSUE_DATE else 0)
