"""What the commands about rules share: where a rule goes, why one cannot be read, and what came of an order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from console.connections.ledger import Ledger
from console.failure import ASKED_WRONGLY, Failure
from console.orders.desk import say_done
from console.terminal.printing import err, printable, say
from console.views.rule_data import rule_data
from db.engine import transaction
from db.operations.rules.smart_rules import Place
from db.queries.calendar import local_date
from db.queries.invoices import invoice_id_of
from db.queries.rule_standings import Explained, LogLine, explained, rule_log
from intake.rule_orders import MisreadRule, RuleTold

LINES_MAX = 10_000


def place_of(*, top: bool, bottom: bool, before: str | None, after: str | None) -> Place | None:
    """Return where a rule goes, None if that is not said. Raises Failure if it is said twice."""
    said = [
        place
        for place, is_said in (
            (Place("top"), top),
            (Place("bottom"), bottom),
            (Place("before", before), before is not None),
            (Place("after", after), after is not None),
        )
        if is_said
    ]
    if len(said) > 1:
        raise Failure("a rule goes to one place", ASKED_WRONGLY)
    return said[0] if said else None


@contextmanager
def say_where(as_json: bool) -> Iterator[None]:
    """Show where in its text a rule cannot be read on, to people."""
    try:
        yield
    except MisreadRule as refusal:
        if as_json:
            raise
        console, at = err(), refusal.misread.column - 1
        start = refusal.text.rfind("\n", 0, at) + 1
        line = refusal.text[start:].partition("\n")[0]
        # What is shown of a character may be longer than itself.
        shown = printable(line[: at - start])
        say(console, f"  {printable(line)}")
        say(console, f"  {' ' * len(shown)}^")
        raise


def say_rule(told: RuleTold, sentence: str, as_json: bool) -> int:
    """Say what was done about a rule; return the exit code."""
    job = {} if told.job_id is None else {"job": told.job_id}
    return say_done(as_json, sentence, changed=told.changed, rule=rule_data(told.line), **job)


def read_explained(ledger: Ledger, number: str) -> Explained:
    """Return how the rules stand to the invoice today. Raises Failure."""
    with transaction(ledger.engine) as session:
        invoice_id = invoice_id_of(session, number)
        if invoice_id is None:
            raise Failure(f"there is no invoice {number!r}", ASKED_WRONGLY)
        return explained(session, invoice_id, local_date(session, datetime.now(UTC)))


def read_log(ledger: Ledger, number: str | None, limit: int) -> list[LogLine]:
    """Return what rules decided last, the oldest of that first. Raises Failure."""
    if not 0 < limit <= LINES_MAX:
        raise Failure(f"--limit is 1 to {LINES_MAX}", ASKED_WRONGLY)
    with transaction(ledger.engine) as session:
        invoice_id = None if number is None else invoice_id_of(session, number)
        if number is not None and invoice_id is None:
            raise Failure(f"there is no invoice {number!r}", ASKED_WRONGLY)
        return rule_log(session, invoice_id, limit)[::-1]
