"""Gives invoices back to the smart rules, whose cadences people or an import chose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from db.engine import Session
from db.operations.assignment import release_to_rules
from db.operations.change import Change
from db.queries.calendar import local_date
from db.queries.catalogue import version_of
from db.queries.rule_facts import invoice_facts
from db.queries.rule_standings import read_standings
from db.queries.smart_rules import active_rules
from dunning.events import Event, Reassigned
from dunning.facts import Facts
from intake.jobs.over_invoices import InvoiceWork, OverInvoices
from rules.index import Event as Asked
from rules.outcomes import Recorded, evaluate
from rules.rule import Slot


class BulkRelease(InvoiceWork[OverInvoices]):
    """Lets rules manage the cadences of invoices again (rule 5.5); those that they manage stay as they are."""

    name = "bulk release"

    def is_so_already(self, order: OverInvoices, facts: Facts, at: datetime) -> bool:
        """Leave it to the operation, which knows who chose the cadence."""
        return False

    def events(
        self, session: Session, order: OverInvoices, invoice_ids: Sequence[int], at: datetime
    ) -> Mapping[int, Event | None]:
        """Return the cadence that each would get by the rules; None where the one that it is under stays."""
        index = active_rules(session)
        standings = read_standings(session, invoice_ids)
        locked = {id_: one.recorded for id_, one in standings.items() if one.is_locked}
        found: dict[int, Event | None] = dict.fromkeys(locked)
        for id_, facts in invoice_facts(session, locked, local_date(session, at)).items():
            outcome = evaluate(index, facts, _without_cadence(locked[id_]), Asked.UPDATED)
            if outcome.facts.cadence != facts.cadence:
                found[id_] = self._reassigned(session, outcome.facts.cadence, at)
        return found

    def _reassigned(self, session: Session, name: str | None, at: datetime) -> Event | None:
        if name is None:
            return Reassigned(at, None)
        version = version_of(session, name, "published")
        return None if version is None else Reassigned(at, version.cadence)

    def do(self, session: Session, invoice_id: int, order: OverInvoices, change: Change) -> bool:
        """Release the invoice, and let the rules act at once."""
        return release_to_rules(session, invoice_id, change)


def _without_cadence(recorded: Recorded) -> Recorded:
    """Return what is recorded without the last winner of the cadence, so that whoever wins now acts."""
    winners: dict[Slot, int] = {slot: id_ for slot, id_ in recorded.winners.items() if slot is not Slot.CADENCE}
    return replace(recorded, winners=winners)
