"""Which processes of invoices run, as Temporal lists them, and how one of them stands.

Lists lag behind and are rationed; what is known of one process is exact. So lists say where to look.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import PROCESS
from workflows.client import RPC_TIMEOUT, invoice_of, process_of
from workflows.presentation import NEXT_ACTION_AT, STAGE

RUNNING = f"WorkflowType = '{PROCESS}' AND ExecutionStatus = 'Running'"
LIST_PAGE = 1000
# Temporal lists ten times a second for a whole namespace, unless told otherwise: half of that is left to people.
LIST_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Shown:
    """The plan as the process shows it: its stage, None before the first plan, and when it wakes by itself."""

    stage: str | None
    wakes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A running process as a list has it. `invoice_id` is None for an id that no invoice's process has."""

    workflow_id: str
    invoice_id: int | None
    shown: Shown


@dataclass(frozen=True, slots=True)
class Process:
    """A running process as it is. One that sleeps has taken in all it was told, and waits."""

    sleeps: bool
    shown: Shown


async def running_processes(client: Client) -> AsyncIterator[list[Listed]]:
    """Yield the running processes page by page; what changes meanwhile may be missed. Raises RPCError."""
    listing = client.list_workflows(RUNNING, page_size=LIST_PAGE, rpc_timeout=RPC_TIMEOUT)
    while True:
        await listing.fetch_next_page()
        yield [
            Listed(one.id, invoice_of(one.id), _shown(one.typed_search_attributes))
            for one in listing.current_page or ()
        ]
        if listing.next_page_token is None:
            return
        await asyncio.sleep(LIST_SECONDS)


async def look_at(client: Client, invoice_id: int) -> Process | None:
    """Return the invoice's process, None if none is running. Raises RPCError."""
    try:
        described = await process_of(client, invoice_id).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return None
    raw = described.raw_description
    is_busy = bool(raw.pending_activities) or raw.HasField("pending_workflow_task")
    return Process(not is_busy, _shown(described.typed_search_attributes))


def _shown(attributes: TypedSearchAttributes) -> Shown:
    return Shown(attributes.get(STAGE), attributes.get(NEXT_ACTION_AT))
