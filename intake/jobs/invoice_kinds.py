"""What can be done to many invoices at once: assign a cadence or none, pause, resume, hide, show and release."""

from datetime import UTC, date, datetime
from typing import Any

from db.engine import Session
from db.operations.assignment import reassign
from db.operations.change import Change
from db.operations.entering import published_cadence_id
from db.operations.holds import pause, resume
from db.operations.invoice_states import set_hidden
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from db.queries.catalogue import version_of
from dunning.events import Event, Paused, Reassigned, Resumed, VisibilityChanged
from dunning.facts import Facts, HoldKind
from dunning.holds import is_held, standing
from intake.jobs.over_invoices import InvoiceWork, OverInvoices, SameForAll
from intake.jobs.release import BulkRelease


class AssignOrder(OverInvoices):
    """Put the invoices under the published cadence of this name, or under none."""

    cadence: str | None = None


class PauseOrder(OverInvoices):
    """Pause the invoices until the first active day, or until they are resumed."""

    until: date | None = None
    reason: str | None = None


class BulkAssign(SameForAll[AssignOrder]):
    """Assigns a cadence or none, as a person who reassigns one invoice does (rule 5.2)."""

    name = "bulk assign"

    def check(self, session: Session, order: AssignOrder) -> None:
        """Raise Refused unless the cadence is published."""
        if order.cadence is not None:
            published_cadence_id(session, order.cadence)

    def is_so_already(self, order: AssignOrder, facts: Facts, at: datetime) -> bool:
        """Leave it to the operation, which knows what is under a cadence and what was."""
        return False

    def event(self, session: Session, order: AssignOrder, at: datetime) -> Event:
        """Return that the invoice gets the cadence."""
        if order.cadence is None:
            return Reassigned(at, None)
        self.check(session, order)
        version = version_of(session, order.cadence, "published")
        assert version is not None, "it was published a moment ago"
        return Reassigned(at, version.cadence)

    def do(self, session: Session, invoice_id: int, order: AssignOrder, change: Change) -> bool:
        """Reassign the invoice."""
        return reassign(session, invoice_id, order.cadence, change)


class BulkPause(SameForAll[PauseOrder]):
    """Pauses (rule 3.1). One that is paused until the same day stays so; until another day is refused."""

    name = "bulk pause"

    def check(self, session: Session, order: PauseOrder) -> None:
        """Raise Refused for a day that is not ahead any more."""
        if order.until is not None and order.until <= local_date(session, datetime.now(UTC)):
            raise Refused("a pause ends on a day after today, and {until} is none", until=order.until)

    def is_so_already(self, order: PauseOrder, facts: Facts, at: datetime) -> bool:
        """Say whether it is paused until the same day."""
        hold = standing(facts.holds, HoldKind.PAUSE)
        return hold is not None and _is_paused(facts, at) and hold.until == order.until

    def event(self, session: Session, order: PauseOrder, at: datetime) -> Event:
        """Return that the invoice is paused."""
        return Paused(at, order.until)

    def do(self, session: Session, invoice_id: int, order: PauseOrder, change: Change) -> bool:
        """Pause the invoice."""
        pause(session, invoice_id, order.until, order.reason, change)
        return True


class BulkResume(SameForAll[OverInvoices]):
    """Ends pauses of invoices; the pause of a customer stays."""

    name = "bulk resume"

    def is_so_already(self, order: OverInvoices, facts: Facts, at: datetime) -> bool:
        """Say whether it is not paused."""
        return not _is_paused(facts, at)

    def event(self, session: Session, order: OverInvoices, at: datetime) -> Event:
        """Return that the invoice is resumed."""
        return Resumed(at)

    def do(self, session: Session, invoice_id: int, order: OverInvoices, change: Change) -> bool:
        """Resume the invoice."""
        resume(session, invoice_id, change)
        return True


class BulkVisibility(SameForAll[OverInvoices]):
    """Hides invoices from their customers, or shows them again (rule 3.7)."""

    is_hidden: bool

    def is_so_already(self, order: OverInvoices, facts: Facts, at: datetime) -> bool:
        """Say whether it is hidden or shown as ordered."""
        return facts.invoice.is_hidden == self.is_hidden

    def event(self, session: Session, order: OverInvoices, at: datetime) -> Event:
        """Return that the invoice is hidden or shown."""
        return VisibilityChanged(at, self.is_hidden)

    def do(self, session: Session, invoice_id: int, order: OverInvoices, change: Change) -> bool:
        """Hide or show the invoice."""
        return set_hidden(session, invoice_id, self.is_hidden, change)


class BulkHide(BulkVisibility):
    """Hides."""

    name = "bulk hide"
    is_hidden = True


class BulkShow(BulkVisibility):
    """Shows."""

    name = "bulk show"
    is_hidden = False


def _is_paused(facts: Facts, at: datetime) -> bool:
    return is_held(facts, HoldKind.PAUSE, facts.calendar.local_date(at))


INVOICE_KINDS: tuple[InvoiceWork[Any], ...] = (
    BulkAssign(AssignOrder),
    BulkPause(PauseOrder),
    BulkResume(OverInvoices),
    BulkHide(OverInvoices),
    BulkShow(OverInvoices),
    BulkRelease(OverInvoices),
)
