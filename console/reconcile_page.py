"""A comparison of ledger and processes, made from the command line, for people and as data."""

import asyncio
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from console.clerk import clerk
from console.environment import environment
from console.failure import Failure
from console.printing import say
from console.processes import connected
from db.queries.reconciling import Reconciled
from intake.reconcile_words import SAYINGS, sentence_of
from workflows.client import TemporalUnavailable
from workflows.reconcile_schedule import start_reconcile

PATIENCE_SECONDS = 60.0


async def compare_now() -> int | None:
    """Let a worker compare, and return the job that keeps what it found; None if that takes longer than a minute.

    Raises Failure.
    """
    chosen = environment()
    place = f"Temporal at {chosen.temporal_address}"
    try:
        comparison = await start_reconcile(await connected(chosen), clerk())
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await comparison.result()).job_id
    except TimeoutError:
        return None
    except TemporalUnavailable as error:
        raise Failure(str(error)) from error
    except RPCError as error:
        raise Failure(f"{place}: {error.message}") from error
    except WorkflowFailureError as error:
        raise Failure(f"{place}: the comparison failed: {error.cause}") from error


def print_report(console: Console, report: Reconciled, time_zone: ZoneInfo) -> None:
    """Print what was found, with examples."""
    say(console, f"{sentence_of(report)}.", "bold")
    began = report.started_at.astimezone(time_zone)
    took = (
        "" if report.ended_at is None else f", took {(report.ended_at - report.started_at).total_seconds():.0f} s"
    )
    say(console, f"Job {report.id}, begun by {report.by} on {began:%a %Y-%m-%d %H:%M}{took}.")
    for example in report.examples:
        about = example.get("invoice") or example.get("process")
        said = SAYINGS.get(example["found"], example["found"])
        more = f" ({example['said']})" if "said" in example else ""
        say(console, f"  {about} {said}{more}")


def report_data(report: Reconciled) -> dict[str, Any]:
    """Return what was found as data."""
    known = asdict(report)
    del known["order"], known["cursor"]
    return known | {"found": sentence_of(report)}
