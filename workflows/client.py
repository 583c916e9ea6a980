"""The one door to the processes: connect, start, signal."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client, GrpcCompression, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import (
    BULK_QUEUE,
    COLLECTIONS_QUEUE,
    WEBHOOKS_QUEUE,
    CollectionStart,
    JobStart,
    WebhookStart,
)
from workflows.bulk_job import BulkJob
from workflows.invoice_collection import InvoiceCollection
from workflows.presentation import KEYS
from workflows.webhook_delivery import WebhookDelivery

RPC_TIMEOUT = timedelta(seconds=10)
# Servers read their namespaces anew every two seconds, older ones every ten.
_KNOWN_WITHIN_SECONDS = 30.0
_PROCESS_IDS = "invoice-collection/"


class TemporalUnavailable(Exception):
    """Temporal cannot be reached; what was asked for was not delivered."""


async def connect(
    address: str, namespace: str = "default", *, api_key: str | None = None, tls: bool = False
) -> Client:
    """Connect to Temporal with the payload converter that everything here uses. Raises TemporalUnavailable."""
    try:
        return await Client.connect(
            address,
            namespace=namespace,
            data_converter=pydantic_data_converter,
            api_key=api_key,
            tls=tls or api_key is not None,
            # What we send is a few hundred bytes; packing and unpacking them costs both sides more than it saves.
            grpc_compression=GrpcCompression.NONE,
        )
    except RuntimeError as error:
        raise TemporalUnavailable(f"Temporal at {address} does not answer") from error


async def register_search_attributes(client: Client) -> None:
    """Register what processes are listed by, and return when the server takes it; a second time does nothing.

    Raises TemporalUnavailable.
    """
    try:
        registered = await _registered(client)
        missing = [key for key in KEYS if key.name not in registered]
        if missing:
            types = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in missing}
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
            )
            await _until_known(client, types)
    except RPCError as error:
        # Another worker that starts at the same moment may have been faster.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise TemporalUnavailable(error.message) from error


async def _until_known(client: Client, names: Iterable[str]) -> None:
    """Wait until a start may carry what was just registered, because a server keeps its namespaces in memory."""
    asks_for_all = " AND ".join(f"{name} IS NOT NULL" for name in names)
    try:
        async with asyncio.timeout(_KNOWN_WITHIN_SECONDS):
            while True:
                try:
                    await client.count_workflows(asks_for_all)
                except RPCError as error:
                    # The time-skipping test server cannot count, and knows at once.
                    if error.status is RPCStatusCode.UNIMPLEMENTED:
                        return
                    if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                        raise
                    await asyncio.sleep(0.1)
                else:
                    return
    except TimeoutError as error:
        raise TemporalUnavailable("Temporal does not take the search attributes that it registered") from error


async def _registered(client: Client) -> Collection[str]:
    """Return the names of the namespace's search attributes; the time-skipping test server cannot list them."""
    try:
        request = ListSearchAttributesRequest(namespace=client.namespace)
        return (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            return ()
        raise


def workflow_id(invoice_id: int) -> str:
    """Return the id of the invoice's process."""
    return f"{_PROCESS_IDS}{invoice_id}"


def invoice_of(id_of_process: str) -> int | None:
    """Return the invoice whose process has this id, None for any other id."""
    number = id_of_process.removeprefix(_PROCESS_IDS)
    is_one = number != id_of_process and number.isascii() and number.isdecimal() and number[0] != "0"
    return int(number) if is_one and len(number) < 19 else None


def process_of(client: Client, invoice_id: int) -> WorkflowHandle[InvoiceCollection, str]:
    """Return a handle on the invoice's process, running or not."""
    return client.get_workflow_handle_for(InvoiceCollection.run, workflow_id(invoice_id))


async def tell(client: Client, invoice_id: int, signal: str, payload: Mapping[str, Any], *, is_open: bool) -> bool:
    """Give the invoice's process a signal, and say whether there was a process to get it.

    For an open collection a missing process is started with the signal in its inbox; for any other the
    process has ended, and there is nobody left to tell. Raises RPCError.
    """
    if is_open:
        await client.start_workflow(
            InvoiceCollection.run,
            CollectionStart(invoice_id=invoice_id, shows_amount=False),
            id=workflow_id(invoice_id),
            task_queue=COLLECTIONS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal=signal,
            start_signal_args=[dict(payload)],
            rpc_timeout=RPC_TIMEOUT,
        )
        return True
    try:
        await process_of(client, invoice_id).signal(signal, dict(payload), rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


def job_workflow_id(job_id: int) -> str:
    """Return the id of the bulk job's process."""
    return f"bulk-job/{job_id}"


def process_of_job(client: Client, job_id: int) -> WorkflowHandle[BulkJob, str]:
    """Return a handle on the bulk job's process, running or not."""
    return client.get_workflow_handle_for(BulkJob.run, job_workflow_id(job_id))


async def start_job(client: Client, job_id: int, kind: str) -> None:
    """Start the process of a bulk job that has not ended, unless it runs already. Raises RPCError."""
    await client.start_workflow(
        BulkJob.run,
        JobStart(job_id=job_id),
        id=job_workflow_id(job_id),
        task_queue=BULK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        # Whoever terminates it in the Temporal Web UI has not canceled the job.
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        static_summary=f"{kind}, job {job_id}",
        rpc_timeout=RPC_TIMEOUT,
    )


async def tell_webhooks(client: Client, endpoint_id: int) -> None:
    """Let the endpoint's process look for what is owed, and start it if there is none. Raises RPCError."""
    await client.start_workflow(
        WebhookDelivery.run,
        WebhookStart(endpoint_id=endpoint_id),
        id=f"webhooks/{endpoint_id}",
        task_queue=WEBHOOKS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        start_signal="more",
        rpc_timeout=RPC_TIMEOUT,
    )
