"""The durable process of one endpoint that is owed events: a round, a wait, and the next round, until all is told.

It knows no pauses and no reasons: the activity says when the next round is. It is there only while something is
owed; whoever looks for what is owed starts it, or wakes it.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.interface import DELIVER_WEBHOOKS, WEBHOOK_PROCESS, WebhookRound, WebhookStart

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
# Without a heartbeat for this long an attempt is lost with its worker, and made again; see activities.heartbeat.
HEARTBEAT_TIMEOUT = timedelta(seconds=15)
# A round takes some seconds, and one more post.
ROUND_TIMEOUT = timedelta(minutes=3)


@workflow.defn(name=WEBHOOK_PROCESS)
class WebhookDelivery:
    """Delivers to one endpoint until nothing is owed to it."""

    @workflow.init
    def __init__(self, start: WebhookStart) -> None:
        self._start = start
        self._has_more = False

    @workflow.run
    async def run(self, start: WebhookStart) -> str:
        """Deliver in rounds, and return the sentence that says why it ended."""
        while True:
            self._has_more = False
            done: WebhookRound = await workflow.execute_activity(
                DELIVER_WEBHOOKS,
                self._start,
                result_type=WebhookRound,
                start_to_close_timeout=ROUND_TIMEOUT,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=RETRIES,
            )
            workflow.set_current_details(done.sentence)
            if done.wake_at is None and not self._has_more:
                return done.sentence
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._start)
            pause = timedelta(0) if done.wake_at is None else done.wake_at - workflow.now()
            if pause > timedelta(0):
                await self._rest(pause)

    async def _rest(self, pause: timedelta) -> None:
        """Wait for the next round, or until somebody says that more is owed."""
        try:
            await workflow.wait_condition(
                lambda: self._has_more, timeout=pause, timeout_summary="until the next attempt"
            )
        except TimeoutError:
            return

    @workflow.signal(description="Look for what is owed again. {}")
    def more(self, payload: object = None) -> None:
        """Look again."""
        self._has_more = True
