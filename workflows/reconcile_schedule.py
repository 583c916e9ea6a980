"""When the ledger and the processes are compared: a Temporal Schedule by the organization's clock, or now."""

from datetime import time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowHandle,
)

from activities.interface import BULK_QUEUE, ReconcileReport, ReconcileStart
from workflows.client import RPC_TIMEOUT
from workflows.reconcile import Reconcile

SCHEDULE = "duewell-reconcile"
WORKFLOW = "reconcile"
# After a night in which Temporal was away, the comparison is wanted most.
CATCHUP_WINDOW = timedelta(hours=12)


async def schedule_reconcile(client: Client, at: time, time_zone: ZoneInfo) -> None:
    """Let the comparison begin each day at this time of this zone; it is so already most of the time.

    Raises RPCError.
    """
    spec = _daily(at, time_zone)

    def update(known: ScheduleUpdateInput) -> ScheduleUpdate | None:
        schedule = known.description.schedule
        if _is_same(schedule.spec, spec):
            return None
        # Whoever paused it, or changed what it does, in the Temporal Web UI finds that unchanged.
        schedule.spec = spec
        return ScheduleUpdate(schedule)

    action = ScheduleActionStartWorkflow(Reconcile.run, ReconcileStart(), id=WORKFLOW, task_queue=BULK_QUEUE)
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCHUP_WINDOW)
    try:
        await client.create_schedule(SCHEDULE, Schedule(action=action, spec=spec, policy=policy))
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE).update(update, rpc_timeout=RPC_TIMEOUT)


async def start_reconcile(client: Client, by: str) -> WorkflowHandle[Reconcile, ReconcileReport]:
    """Begin a comparison now. Raises RPCError."""
    return await client.start_workflow(
        Reconcile.run,
        ReconcileStart(by=by),
        id=f"{WORKFLOW}-now-{uuid4()}",
        task_queue=BULK_QUEUE,
        rpc_timeout=RPC_TIMEOUT,
    )


def _daily(at: time, time_zone: ZoneInfo) -> ScheduleSpec:
    hour, minute, second = ([ScheduleRange(part)] for part in (at.hour, at.minute, at.second))
    day = ScheduleCalendarSpec(hour=hour, minute=minute, second=second)
    return ScheduleSpec(calendars=[day], time_zone_name=time_zone.key)


def _is_same(one: ScheduleSpec, other: ScheduleSpec) -> bool:
    def moments(spec: ScheduleSpec) -> list[tuple[object, ...]]:
        return [
            tuple(each.start for part in (day.hour, day.minute, day.second) for each in part)
            for day in spec.calendars
        ]

    return one.time_zone_name == other.time_zone_name and moments(one) == moments(other)
