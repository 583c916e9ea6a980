"""What is ahead of a book by day, as data and as CSV."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from console.views.book_ahead import BookAhead, Question
from dunning.cadence import Channel


@dataclass(slots=True)
class Ahead:
    """What happens on one day, or on some days from `begins_on`: messages and to-dos, by their channel."""

    begins_on: date
    messages: Counter[Channel] = field(default_factory=Counter)
    todos: Counter[Channel] = field(default_factory=Counter)


def by_day(book: BookAhead, question: Question) -> list[Ahead]:
    """Return every day from today to the last one that was asked for."""
    first = question.today
    days = [Ahead(first + timedelta(days=number)) for number in range((question.until - first).days + 1)]
    for kind, count in book.counts.items():
        day = days[(kind.on - first).days]
        (day.messages if kind.is_message else day.todos)[kind.channel] += count
    return days


def forecast_data(book: BookAhead, days: Sequence[Ahead], question: Question) -> dict[str, Any]:
    """Return the forecast as data."""
    return {
        "until": question.until,
        "todos_after_days": question.todo_days,
        "cadence": question.cadence,
        "collections": book.collections,
        "undecidable": book.undecidable,
        "messages": sum(day.messages.total() for day in days),
        "todos": sum(day.todos.total() for day in days),
        "days": [
            {"day": day.begins_on, "messages": _by_channel(day.messages), "todos": _by_channel(day.todos)}
            for day in days
        ],
    }


def csv_text(days: Sequence[Ahead]) -> str:
    """Return a table of CSV, a row for each day: all messages, all to-dos, and each of them by channel."""
    text = io.StringIO()
    writer = csv.writer(text)
    # A call and a task are never sent.
    sent = [channel for channel in Channel if channel.may_be_automatic]
    columns = [f"{channel.value}_messages" for channel in sent] + [f"{channel.value}_todos" for channel in Channel]
    writer.writerow(["day", "messages", "todos", *columns])
    for day in days:
        counts = [day.messages[channel] for channel in sent] + [day.todos[channel] for channel in Channel]
        writer.writerow([day.begins_on.isoformat(), day.messages.total(), day.todos.total(), *counts])
    return text.getvalue()


def _by_channel(counts: Counter[Channel]) -> dict[str, int]:
    return {channel.value: counts[channel] for channel in Channel if counts[channel]}
