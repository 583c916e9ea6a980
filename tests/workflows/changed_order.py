"""The workflow with its order changed, as a careless release would have it."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.interface import CollectionStart, Plan
    from workflows.invoice_collection import InvoiceCollection


@workflow.defn(name="InvoiceCollection")
class SleepsFirst(InvoiceCollection):
    """Sleeps before it does anything."""

    @workflow.init
    def __init__(self, start: CollectionStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CollectionStart) -> str:
        """Sleep, then follow the invoice up."""
        await workflow.sleep(timedelta(seconds=1))
        return await super().run(start)


@workflow.defn(name="InvoiceCollection")
class PlansBeforeItWaits(InvoiceCollection):
    """Makes its own first plan although the starter gave it one."""

    @workflow.init
    def __init__(self, start: CollectionStart) -> None:
        super().__init__(start)
        self._plan: Plan | None = None

    @workflow.run
    async def run(self, start: CollectionStart) -> str:
        """Follow the invoice up."""
        return await super().run(start)
