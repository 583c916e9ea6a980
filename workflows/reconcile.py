"""The nightly comparison of the ledger with the processes that run: one activity that keeps at it to its end.

Where it is, the ledger knows: an attempt that dies with its worker is gone on with.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.interface import RECONCILE, RECONCILE_PROCESSES, ReconcileReport, ReconcileStart

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
# A million processes take about an hour where hardly any of them has to be mended.
ATTEMPT_MAX = timedelta(hours=12)
# What could not be done in a day is left to the next night.
PATIENCE = timedelta(hours=23)
# Without a heartbeat for this long an attempt is lost with its worker, and made again; see activities.heartbeat.
HEARTBEAT_TIMEOUT = timedelta(seconds=15)


@workflow.defn(name=RECONCILE)
class Reconcile:
    """Compares once."""

    @workflow.run
    async def run(self, start: ReconcileStart) -> ReconcileReport:
        """Compare, mend what can be mended, and return what was found."""
        report: ReconcileReport = await workflow.execute_activity(
            RECONCILE_PROCESSES,
            start,
            result_type=ReconcileReport,
            start_to_close_timeout=ATTEMPT_MAX,
            schedule_to_close_timeout=PATIENCE,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RETRIES,
        )
        workflow.set_current_details(report.sentence)
        return report
