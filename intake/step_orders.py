"""Orders about the steps of an invoice's cadence, and about which cadence it is."""

from datetime import date

from db.operations import assignment, outreach, todos
from db.operations.todos import Ending
from dunning.cadence import Channel
from intake.clerk_orders import Clerk, Told


class StepOrders(Clerk):
    """What a person may order about steps and cadences."""

    __slots__ = ()

    def complete(self, number: str, step: str | None, ending: Ending | str) -> Told:
        """End the invoice's open to-do with an outcome. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: todos.complete_action(session, id_, step, ending, change),
            "complete_action",
            step=step,
            outcome=ending if isinstance(ending, str) else ending.outcome,
        )

    def snooze(self, number: str, step: str, until: date) -> Told:
        """Put the open to-do of the step out of sight until a day. Raises Refused."""
        return self._about_invoice(
            number, lambda session, id_, change: todos.snooze(session, id_, step, until, change), "invoice_changed"
        )

    def contact(self, number: str, channel: Channel, as_step: str | None = None, note: str | None = None) -> Told:
        """Log a contact made outside the cadence, perhaps in place of a step. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: outreach.log_contact(session, id_, channel, as_step, note, change),
            "invoice_changed",
        )

    def reassign(self, number: str, cadence: str | None) -> Told:
        """Put the invoice under another cadence or none; the one it is under already is left. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: assignment.reassign(session, id_, cadence, change),
            "reassign",
            cadence=cadence,
        )

    def release_to_rules(self, number: str) -> Told:
        """Let rules manage the invoice's cadence again, and ask them at once. Raises Refused."""
        return self._about_invoice(number, assignment.release_to_rules, "invoice_changed")

    def restart(self, number: str) -> Told:
        """Begin the invoice's cadence anew. Raises Refused."""
        return self._about_invoice(number, assignment.restart, "invoice_changed")
