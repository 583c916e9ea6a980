"""Starts processes by the thousand: the request that the SDK would build, with less work of this machine.

Half of what the SDK's own `start_workflow` costs here goes into encoding the search attributes
(docs/benchmarks.md). Signals, and starts by signal, use the SDK's.
"""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from temporalio.api.common.v1 import Payload, Payloads, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import COLLECTIONS_QUEUE, PROCESS, CollectionStart, Plan
from workflows.client import RPC_TIMEOUT, workflow_id
from workflows.presentation import attributes_of

WORKFLOW_TYPE = WorkflowType(name=PROCESS)
TASK_QUEUE = TaskQueue(name=COLLECTIONS_QUEUE)
JSON = {"encoding": b"json/plain"}
_TYPE_NAMES = {
    SearchAttributeIndexedValueType.KEYWORD: b"Keyword",
    SearchAttributeIndexedValueType.DATETIME: b"Datetime",
}


async def start(client: Client, invoice_id: int, plan: Plan) -> bool:
    """Start the invoice's process with its first plan, and say whether it is new.

    Call it only for an open collection: a process that ended for an earlier one is followed by a new run.
    Raises RPCError.
    """
    # What the pydantic converter would make of it, without what is as it is by default.
    start_with = CollectionStart(invoice_id=invoice_id, plan=plan, shows_amount=False)
    stated = start_with.model_dump_json(exclude_defaults=True).encode()
    request = StartWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_id=workflow_id(invoice_id),
        workflow_type=WORKFLOW_TYPE,
        task_queue=TASK_QUEUE,
        input=Payloads(payloads=[Payload(metadata=JSON, data=stated)]),
        identity=client.identity,
        request_id=str(uuid4()),
        workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
        workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
        search_attributes=SearchAttributes(indexed_fields=_encoded(plan)),
    )
    try:
        await client.workflow_service.start_workflow_execution(request, retry=True, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return False
        raise
    return True


def _encoded(plan: Plan) -> dict[str, Payload]:
    """Return the plan's search attributes as the server stores them: JSON with the name of its type."""
    return {key.name: _payload(key, value) for key, value in attributes_of(plan).items()}


# Of a book's stages, cadences, customers and days there are few.
@lru_cache(maxsize=4096)
def _payload(key: SearchAttributeKey[Any], value: str | float | datetime) -> Payload:
    metadata = JSON | {"type": _TYPE_NAMES[key.indexed_value_type]}
    stated = value.isoformat() if isinstance(value, datetime) else value
    return Payload(metadata=metadata, data=json.dumps(stated).encode())
