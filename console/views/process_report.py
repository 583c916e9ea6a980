"""What the durable process of an invoice says of itself, or why it says nothing."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import Status
from console.connections.processes import connected
from settings import Settings
from workflows.client import TemporalUnavailable, process_of, workflow_id
from workflows.invoice_collection import InvoiceCollection

ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """`state` is running, ended, none or unknown; `plan` is the process's own sentence, if a worker answered.

    `url` is its page in the Temporal Web UI; None where no address of it is set.
    """

    id: str
    state: str
    sentence: str
    plan: str | None = None
    signals_waiting: int | None = None
    url: str | None = None


async def report_of(chosen: Settings, invoice_id: int) -> ProcessReport:
    """Return what there is to say; nothing that Temporal does or does not do is an error here."""
    name = workflow_id(invoice_id)
    url = page_of(chosen, name)
    try:
        client = await connected(chosen)
        return await _ask(client, invoice_id, url)
    except TemporalUnavailable as error:
        return ProcessReport(name, "unknown", str(error), url=url)
    except RPCError as error:
        return ProcessReport(name, "unknown", f"Temporal at {chosen.temporal_address}: {error.message}", url=url)


def page_of(chosen: Settings, workflow: str) -> str | None:
    """Return the address of a process's page in the Temporal Web UI."""
    if chosen.temporal_ui_url is None:
        return None
    namespace = quote(chosen.temporal_namespace, safe="")
    return f"{chosen.temporal_ui_url.rstrip('/')}/namespaces/{namespace}/workflows/{quote(workflow, safe='')}"


async def _ask(client: Client, invoice_id: int, url: str | None) -> ProcessReport:
    name = workflow_id(invoice_id)
    patience = timedelta(seconds=ANSWER_SECONDS)
    process = process_of(client, invoice_id)
    try:
        described = await process.describe(rpc_timeout=patience)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return ProcessReport(name, "none", f"no process {name} in namespace {client.namespace}")
    if described.status is not WorkflowExecutionStatus.RUNNING:
        ended = described.status.name.lower().replace("_", " ") if described.status else "ended"
        return ProcessReport(name, "ended", f"{name} has ended ({ended})", url=url)
    try:
        status: Status = await process.query(InvoiceCollection.status, rpc_timeout=patience)
    except (RPCError, WorkflowQueryFailedError):
        return ProcessReport(name, "running", f"{name} is running; no worker answers for it", url=url)
    plan = status.plan.sentence if status.plan else "it is about to plan"
    waiting = f"; {status.signals_waiting} signals wait to be taken in" if status.signals_waiting else ""
    return ProcessReport(name, "running", f"{name} is running: {plan}{waiting}", plan, status.signals_waiting, url)
