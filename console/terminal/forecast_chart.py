"""What is ahead of a book as a chart of bars: messages solid, to-dos light, so that it needs no colour."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from rich.console import Console
from rich.text import Text

from console.options.todo_days import todos_words
from console.terminal.printing import say
from console.views.book_ahead import BookAhead, Question
from console.views.forecast_days import Ahead
from dunning.cadence import Channel

# More bars than that are no picture any more: then a bar is a week, or a month.
BARS_MAX = 60
DAYS_MAX = 45
BAR_WIDTH_MIN = 10


def print_forecast(console: Console, book: BookAhead, days: Sequence[Ahead], question: Question) -> None:
    """Draw the bars, and say the totals and what was assumed."""
    unit, bars = _bars(days)
    under = "" if question.cadence is None else f" under {question.cadence}"
    span = f"{days[0].begins_on:%a %Y-%m-%d} to {question.until:%a %Y-%m-%d}"
    say(console, f"{_counted(book.collections, 'open collection')}{under}, {span}, by {unit}", "bold")
    say(console, todos_words(question.todo_days), "dim")
    solid, light = ("█", "░") if console.encoding.lower().startswith("utf") else ("#", "-")
    longest = max(bar.messages.total() + bar.todos.total() for bar in bars)
    if longest:
        say(console, f"{solid} messages  {light} to-dos", "dim")
        most = (
            max(len(str(bar.messages.total())) for bar in bars),
            max(len(str(bar.todos.total())) for bar in bars),
        )
        # Both bars of a line are rounded, together to one more than the width at most.
        width = max(BAR_WIDTH_MIN, console.width - len("Mon 2026-06-01   +  ") - sum(most) - 1)
        last = max(number for number, bar in enumerate(bars) if bar.messages or bar.todos)
        for bar in bars[: last + 1]:
            console.print(_line(bar, width / longest, most, solid, light), soft_wrap=True)
        if last + 1 < len(bars):
            say(console, f"Nothing from {bars[last + 1].begins_on:%a %Y-%m-%d} on.", "dim")
    _print_totals(console, days)
    if book.undecidable:
        say(
            console, f"{_counted(book.undecidable, 'collection')} cannot be planned, and is not counted.", "yellow"
        )


def _line(bar: Ahead, scale: float, most: tuple[int, int], solid: str, light: str) -> Text:
    messages, todos = bar.messages.total(), bar.todos.total()
    # A single message among thousands still shows.
    sent, open_ = (max(1, round(count * scale)) if count else 0 for count in (messages, todos))
    line = Text(f"{bar.begins_on:%a %Y-%m-%d}  {messages:>{most[0]}} + {todos:<{most[1]}} ")
    return line.append(solid * sent, style="green").append(light * open_, style="yellow")


def _print_totals(console: Console, days: Sequence[Ahead]) -> None:
    messages, todos = Counter[Channel](), Counter[Channel]()
    for day in days:
        messages += day.messages
        todos += day.todos
    sent = f"{_counted(messages.total(), 'message')}{_by_channel(messages)}"
    say(console, f"In all: {sent}, {_counted(todos.total(), 'to-do')}{_by_channel(todos)}.")
    busiest = max(days, key=lambda day: day.messages.total())
    if busiest.messages:
        say(console, f"Most messages on one day: {busiest.messages.total()} on {busiest.begins_on:%a %Y-%m-%d}.")


def _bars(days: Sequence[Ahead]) -> tuple[str, list[Ahead]]:
    """Return what a bar stands for, and the bars."""
    if len(days) <= DAYS_MAX:
        return "day", list(days)
    unit = "week" if len(days) <= 7 * BARS_MAX else "month"
    bars: dict[date, Ahead] = {}
    for day in days:
        on = day.begins_on
        begins_on = on - timedelta(days=on.weekday()) if unit == "week" else on.replace(day=1)
        bar = bars.setdefault(begins_on, Ahead(max(begins_on, days[0].begins_on)))
        bar.messages += day.messages
        bar.todos += day.todos
    return unit, list(bars.values())


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _by_channel(counts: Counter[Channel]) -> str:
    listed = ", ".join(f"{count} {channel.value}" for channel, count in counts.most_common())
    return f" ({listed})" if listed else ""
