"""The durable process of one invoice: wait until its next trigger, act, and wait again.

It knows no dates and no rules: activities say what comes next (`Plan`), and it waits for that moment or for a
signal, whichever is first. Decisions are recorded results, so that rules may change while histories last.
"""

from datetime import timedelta
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from activities.interface import (
        MESSAGES_QUEUE,
        PLAN_NEXT,
        PROCESS,
        SEND_MESSAGE,
        CollectionStart,
        Event,
        Plan,
        PlanRequest,
        SendRequest,
        SignalName,
        Status,
    )
    from workflows.presentation import details_of, handed_on, search_attributes_of, timer_summary_of

PLAN_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
# For attempts that died with their worker: what they may have delivered is soon looked at. A failed attempt says
# itself how long to wait.
SEND_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=5), backoff_coefficient=1.0)
# After this a send is given up and planned anew, so that no history grows by retries of one day for ever.
SEND_PATIENCE = timedelta(hours=12)
# Without a heartbeat for this long an attempt is lost with its worker, and made again; see activities.heartbeat.
HEARTBEAT_TIMEOUT = timedelta(seconds=15)


@workflow.defn(name=PROCESS)
class InvoiceCollection:
    """Follows one invoice up until it is paid, or nobody wants it followed up any more."""

    @workflow.init
    def __init__(self, start: CollectionStart) -> None:
        self._invoice_id = start.invoice_id
        self._plan = start.plan
        self._inbox = list(start.inbox)
        self._shows_amount = start.shows_amount

    @workflow.run
    async def run(self, start: CollectionStart) -> str:
        """Follow the invoice up, and return the sentence that says why it ended."""
        while True:
            if self._plan is None or self._inbox:
                self._plan = await self._plan_next()
            plan = self._plan
            self._show(plan)
            if plan.ends and not self._inbox:
                return plan.sentence
            if workflow.info().is_continue_as_new_suggested():
                self._continue(plan)
            if await self._is_due(plan):
                self._plan = await self._send(plan) if plan.sends else None

    def _continue(self, plan: Plan) -> NoReturn:
        """Go on in a new run with all that this one knows."""
        workflow.continue_as_new(
            CollectionStart(invoice_id=self._invoice_id, plan=plan, inbox=tuple(self._inbox), shows_amount=False),
            # Left alone, the server hands on a date that was unset as a null, and the SDK cannot read that.
            search_attributes=handed_on(workflow.info().typed_search_attributes),
        )

    async def _plan_next(self) -> Plan:
        """Hand the inbox over and get the next plan; the ledger being away is waited for."""
        taken = tuple(self._inbox)
        plan: Plan = await workflow.execute_activity(
            PLAN_NEXT,
            PlanRequest(invoice_id=self._invoice_id, events=taken),
            result_type=Plan,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=PLAN_RETRIES,
            summary=", ".join(event.signal for event in taken) or None,
        )
        del self._inbox[: len(taken)]
        return plan

    async def _is_due(self, plan: Plan) -> bool:
        """Wait for the plan's moment, and say whether it came before a signal did."""
        timeout = None if plan.wake_at is None else max(plan.wake_at - workflow.now(), timedelta(0))
        try:
            await workflow.wait_condition(
                lambda: bool(self._inbox), timeout=timeout, timeout_summary=timer_summary_of(plan)
            )
        except TimeoutError:
            return True
        return False

    async def _send(self, plan: Plan) -> Plan | None:
        """Send what came due; None if it was given up, or called off between two attempts by a signal."""
        sending = workflow.start_activity(
            SEND_MESSAGE,
            SendRequest(invoice_id=self._invoice_id),
            result_type=Plan,
            task_queue=MESSAGES_QUEUE,
            start_to_close_timeout=timedelta(minutes=3),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            schedule_to_close_timeout=SEND_PATIENCE,
            retry_policy=SEND_RETRIES,
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=timer_summary_of(plan),
        )
        await workflow.wait_condition(lambda: sending.done() or bool(self._inbox))
        if not sending.done():
            # An attempt on its way still ends as it ends; only the next one is called off.
            sending.cancel()
        try:
            following: Plan = await sending
        except (ActivityError, CancelledError):
            return None
        return following

    def _show(self, plan: Plan) -> None:
        """Show the plan to whoever looks at the process, or lists processes, in the Temporal Web UI."""
        workflow.set_current_details(details_of(plan))
        changed = search_attributes_of(
            plan, workflow.info().typed_search_attributes, with_amount=self._shows_amount
        )
        if changed:
            workflow.upsert_search_attributes(changed)

    def _receive(self, signal: SignalName, payload: Any) -> None:
        self._inbox.append(Event.received(signal, payload, fallback_id=str(workflow.uuid4())))

    @workflow.query
    def status(self) -> Status:
        """Return the plan and how many signals wait to be taken in."""
        return Status(plan=self._plan, signals_waiting=len(self._inbox))

    @workflow.signal(description='Stop contact. {"until": "2026-06-30", "reason": "…"}, both may be left out.')
    def pause(self, payload: Any = None) -> None:
        """Queue a pause."""
        self._receive("pause", payload)

    @workflow.signal(description="End a pause. {}")
    def resume(self, payload: Any = None) -> None:
        """Queue the end of a pause."""
        self._receive("resume", payload)

    @workflow.signal(description='Change the cadence. {"cadence": "Standard"}, or {"cadence": null} for none.')
    def reassign(self, payload: Any = None) -> None:
        """Queue a reassignment."""
        self._receive("reassign", payload)

    @workflow.signal(description='End the open to-do. {"step": "call", "outcome": "reached"}, both optional.')
    def complete_action(self, payload: Any = None) -> None:
        """Queue the end of a to-do."""
        self._receive("complete_action", payload)

    @workflow.signal(description="Look at the ledger again. {}")
    def invoice_changed(self, payload: Any = None) -> None:
        """Queue a look at the ledger."""
        self._receive("invoice_changed", payload)
