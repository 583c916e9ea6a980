"""Doctor: Temporal, the namespace, what processes are listed by, and who works for them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    GetSystemInfoRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import COLLECTIONS_QUEUE, MESSAGES_QUEUE
from console.connections.processes import connected
from console.doctor.check import Check
from settings import Settings
from workflows.client import TemporalUnavailable
from workflows.presentation import KEYS
from workflows.survey import RUNNING

WORKER = "python -m worker"
ASK_SECONDS = 5.0
# A worker asks again at least once a minute; the server remembers it for five after it has gone.
SILENCE_MAX = timedelta(seconds=75)
_WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
QUEUES = (
    (COLLECTIONS_QUEUE, _WORKFLOW, "processes"),
    (COLLECTIONS_QUEUE, _ACTIVITY, "planning"),
    (MESSAGES_QUEUE, _ACTIVITY, "sending"),
)


@dataclass(frozen=True, slots=True)
class TemporalReport:
    """The checks, and how many processes run; None if that cannot be known."""

    checks: tuple[Check, ...]
    processes: int | None = None


async def examine(chosen: Settings) -> TemporalReport:
    """Return how Temporal is."""
    mend = "start Temporal, or set TEMPORAL_ADDRESS (and TEMPORAL_TLS or TEMPORAL_API_KEY)"
    try:
        client = await connected(chosen)
        async with asyncio.timeout(ASK_SECONDS):
            return await _examine(client, chosen)
    except TemporalUnavailable as error:
        found = str(error)
    except TimeoutError:
        found = f"Temporal at {chosen.temporal_address} does not answer in time"
    except RPCError as error:
        found = f"Temporal at {chosen.temporal_address}: {error.message}"
    return TemporalReport((Check("Temporal", "missing", found, mend),))


def compare(open_collections: int, processes: int) -> Check:
    """Return whether every open collection has its process; Temporal counts with a delay, so it only warns."""
    found = f"{processes} running for {open_collections} open collections"
    if processes < open_collections:
        return Check("processes", "warn", found, "python -m starter")
    return Check("processes", "ok", found)


async def _examine(client: Client, chosen: Settings) -> TemporalReport:
    info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    place = f"{chosen.temporal_address}, server {info.server_version}"
    namespace = chosen.temporal_namespace
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        mend = f"temporal operator namespace create --namespace {namespace}, or set TEMPORAL_NAMESPACE"
        missing = Check("namespace", "missing", f"there is no namespace {namespace}", mend)
        return TemporalReport((Check("Temporal", "ok", place), missing))
    attributes, *queues = await asyncio.gather(_attributes(client), *(_worker(client, *queue) for queue in QUEUES))
    counted = None
    if attributes.state == "ok":
        counted = (await client.count_workflows(RUNNING)).count
    server = Check("Temporal", "ok", f"{place}, namespace {namespace}")
    return TemporalReport((server, attributes, *queues), counted)


async def _attributes(client: Client) -> Check:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [key.name for key in KEYS if key.name not in known]
    if missing:
        return Check(
            "search attributes", "missing", f"not registered: {', '.join(missing)}", f"{WORKER}, it registers them"
        )
    return Check("search attributes", "ok", f"all {len(KEYS)} registered")


async def _worker(client: Client, queue: str, kind: TaskQueueType.ValueType, work: str) -> Check:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(request)
    now = datetime.now(UTC)
    seen = {poller.identity: now - poller.last_access_time.ToDatetime(UTC) for poller in answer.pollers}
    here = sorted(identity for identity, silence in seen.items() if silence <= SILENCE_MAX)
    what = f"worker {work}"
    if not here:
        return Check(what, "missing", f"nobody works on the queue {queue}", WORKER)
    return Check(what, "ok", f"{len(here)} on the queue {queue}: {', '.join(here)}")
