"""`duewell forecast`: the messages and to-dos ahead of the whole book, day by day."""

from typing import Annotated

from cyclopts import Parameter

from console.options.arguments import Day
from console.options.todo_days import TodoDays


def forecast(
    *,
    until: Day | None = None,
    todos_after: TodoDays = 0,
    cadence: str | None = None,
    # A lone hyphen is stdout, and no option.
    csv: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    json: bool = False,
) -> int:
    """Count the messages and to-dos ahead of the whole book, and draw them as a chart.

    Parameters
    ----------
    until
        The last day to look at; a year from today unless said.
    todos_after
        After how many days a to-do gets done, or never.
    cadence
        Only what follows from the cadence of this name.
    csv
        Write the counts of each day to this file instead; - writes them to stdout.
    json
        Print one JSON document instead.
    """
    import sys
    from dataclasses import replace
    from datetime import UTC, datetime
    from pathlib import Path

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.forecast_chart import print_forecast
    from console.terminal.printing import err, out, say, say_json
    from console.terminal.progress import Bar
    from console.views.book_ahead import asked, book_ahead
    from console.views.forecast_days import by_day, csv_text, forecast_data

    if csv is not None and json:
        raise Failure("forecast: --csv or --json, not both", ASKED_WRONGLY)
    with open_ledger() as ledger:
        question = asked(datetime.now(UTC), ledger.organization.time_zone, until, todos_after)
        question = replace(question, cadence=cadence)
        with Bar(err(), "looking ahead") as bar:
            book = book_ahead(ledger.engine, question, bar.show)
    days = by_day(book, question)
    if json:
        say_json(forecast_data(book, days, question))
    elif csv == "-":
        sys.stdout.write(csv_text(days))
    elif csv is not None:
        try:
            Path(csv).write_text(csv_text(days), encoding="utf-8", newline="")
        except OSError as error:
            raise Failure(f"{csv} cannot be written: {error.strerror}", ASKED_WRONGLY) from error
        say(out(), f"{csv}: {len(days)} days written.")
    else:
        print_forecast(out(), book, days, question)
    return 0
