"""An invoice as the command line shows it: its facts, where it stands, and what comes next in a sentence."""

from dataclasses import dataclass

from console.failure import ASKED_WRONGLY, Failure
from console.views.amounts import plain
from db.engine import Engine, transaction
from db.queries.incoming import Delivery, deliveries
from db.queries.invoices import InvoiceView, invoice_view
from db.queries.standing import Standing, standing_of


@dataclass(frozen=True, slots=True)
class Shown:
    """An invoice, where it stands (None if no cadence ever followed it up), and how its messages fared."""

    view: InvoiceView
    standing: Standing | None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def outstanding(self) -> str:
        """Return what is outstanding, in plain digits."""
        return plain(self.view.outstanding, self.view.currency)

    @property
    def following(self) -> str:
        """Return what comes next, or why nothing does."""
        view, standing = self.view, self.standing
        if standing is not None and standing.is_open:
            return standing.sentence or "It is planned as soon as its process runs"
        if view.state != "open":
            return f"Nothing, the invoice is {view.state.replace('_', ' ')}"
        if view.outstanding <= 0:
            return "Nothing, the invoice is paid"
        return f"Nothing, no cadence follows it up; to change that: duewell reassign {view.number} CADENCE"


def read_invoice(engine: Engine, number: str, timeline_entries: int = 20) -> Shown:
    """Return the invoice. Raises Failure if there is none, and LedgerUnavailable."""
    with transaction(engine) as session:
        view = invoice_view(session, number, timeline_entries)
        if view is None:
            raise Failure(f"there is no invoice {number!r}", ASKED_WRONGLY)
        return Shown(view, standing_of(session, view.id), tuple(deliveries(session, view.id)))
