"""The batch starter: a running process for every open invoice.

Run it as often as you like: what runs already is left alone, and what an interrupted run left out is started.
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from temporalio.client import Client

from db.engine import Engine, LedgerUnavailable, make_engine, transaction
from db.queries.book import count_not_eligible, count_open_collections, open_invoice_ids
from intake.starting import Page, Starts, forget_covered, plan_page
from settings import settings
from workflows.client import TemporalUnavailable, connect, register_search_attributes

# With more at once the development server starts no more each second.
CONCURRENCY = 32
PAGE = 200
PAGES_UNDER_WAY_MAX = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of the starter did, in invoices."""

    started: int = 0
    already_running: int = 0
    not_eligible: int = 0
    failed: int = 0


async def start_all(
    engine: Engine,
    client: Client,
    *,
    concurrency: int = CONCURRENCY,
    progress: Callable[[int], None] = lambda _: None,
    failure: Callable[[int, str], None] = lambda _invoice_id, _error: None,
) -> Summary:
    """Start a process for every open collection that has none, and return the counts.

    `progress` is told how many more invoices are through, `failure` which one failed and why. Raises
    LedgerUnavailable; a Temporal that goes away makes failures.
    """
    starts = Starts(client, concurrency, progress, failure)
    summary = Summary()
    underway: deque[tuple[Page, asyncio.Task[dict[int, bool | None]]]] = deque()

    async def finish_oldest() -> None:
        nonlocal summary
        page, starting = underway.popleft()
        outcomes = await starting
        started = [invoice_id for invoice_id, is_new in outcomes.items() if is_new]
        await asyncio.to_thread(forget_covered, engine, started, page.newest_owed)
        summary = replace(
            summary,
            started=summary.started + len(started),
            already_running=summary.already_running + list(outcomes.values()).count(False),
            failed=summary.failed + list(outcomes.values()).count(None),
        )

    # The next page begins while the last starts of one are under way, so that the server is never idle.
    async for page in _pages(engine):
        underway.append((page, asyncio.create_task(starts.of(page))))
        if len(underway) > PAGES_UNDER_WAY_MAX:
            await finish_oldest()
    while underway:
        await finish_oldest()
    return replace(summary, not_eligible=await asyncio.to_thread(_not_eligible, engine))


async def _pages(engine: Engine) -> AsyncIterator[Page]:
    """Yield pages in order of invoice ids; the next one is planned while the last one is being started."""
    planning = asyncio.create_task(asyncio.to_thread(_next_page, engine, 0))
    try:
        while (page := await planning).plans:
            planning = asyncio.create_task(asyncio.to_thread(_next_page, engine, max(page.plans)))
            yield page
    finally:
        await asyncio.wait({planning})


def _next_page(engine: Engine, after_id: int) -> Page:
    with transaction(engine) as session:
        return plan_page(session, open_invoice_ids(session, after_id, PAGE), datetime.now(UTC))


def _not_eligible(engine: Engine) -> int:
    with transaction(engine) as session:
        return count_not_eligible(session)


def _counts(engine: Engine) -> tuple[int, int]:
    with transaction(engine) as session:
        return count_open_collections(session), count_not_eligible(session)


app = App(name="starter", help="Start a process for every open invoice.", result_action="return_value")


@app.default
def main(
    *,
    dry_run: bool = False,
    json: bool = False,
    concurrency: Annotated[int, Parameter(validator=Number(gte=1, lte=256))] = CONCURRENCY,
) -> int:
    """Start a process for every open invoice that has none.

    Parameters
    ----------
    dry_run
        Only say how many invoices there are to start.
    json
        Print the summary as one line of JSON.
    concurrency
        How many starts are under way at once.
    """
    out, err = Console(), Console(stderr=True)
    chosen = settings()
    engine = make_engine(chosen.database_url)
    try:
        to_start, not_eligible = _counts(engine)
        if dry_run:
            said = {"open": to_start, "not_eligible": not_eligible}
            _say(
                out, said, json, f"{to_start} open invoices would get a process; {not_eligible} are not eligible."
            )
            return 0
        summary = asyncio.run(_run(engine, err, to_start, concurrency))
    except (LedgerUnavailable, TemporalUnavailable) as error:
        err.print(f"starter: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    text = (
        f"{summary.started} started, {summary.already_running} already running, "
        f"{summary.not_eligible} not eligible, {summary.failed} failed."
    )
    _say(out, asdict(summary), json, text)
    return 1 if summary.failed else 0


async def _run(engine: Engine, err: Console, to_start: int, concurrency: int) -> Summary:
    chosen = settings()
    client = await connect(
        chosen.temporal_address,
        chosen.temporal_namespace,
        api_key=chosen.temporal_api_key,
        tls=chosen.temporal_tls,
    )
    await register_search_attributes(client)
    columns = (
        TextColumn("starting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("starting", total=to_start, rate="")

        def advance(count: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, advance=count, rate="" if speed is None else f"{speed:.0f}/s")

        def failed(invoice_id: int, error: str) -> None:
            said = f"invoice {invoice_id} was not started: {error}"
            bar.console.print(said, style="red", highlight=False, soft_wrap=True)

        return await start_all(engine, client, concurrency=concurrency, progress=advance, failure=failed)


def _say(out: Console, said: dict[str, int], as_json: bool, text: str) -> None:
    if as_json:
        out.print_json(data=said, indent=None)
    else:
        out.print(text, soft_wrap=True)


if __name__ == "__main__":
    code = app()
    sys.stdout.flush()
    # Temporal's client leaves threads behind that may abort or hang a Python that takes itself down in order
    # (temporalio/sdk-python issue 300); everything is committed and printed by now.
    os._exit(code if isinstance(code, int) else 0)
