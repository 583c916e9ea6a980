"""Reads a cadence file for a command."""

from pathlib import Path

from console.failure import ASKED_WRONGLY, Failure
from dunning.cadence import Cadence
from intake.cadence_file import BadCadence, read_cadence


def _saved_names() -> frozenset[str]:
    """Return the templates that were saved; none without a ledger, so that most files need no server."""
    from console.connections.ledger import open_ledger
    from db.engine import transaction
    from db.queries.templates import saved_names

    try:
        with open_ledger() as ledger, transaction(ledger.engine) as session:
            return saved_names(session)
    except Failure:
        return frozenset()


def read(file: Path) -> Cadence:
    """Return the cadence of a file. Raises Failure."""
    try:
        return read_cadence(file, _saved_names)
    except BadCadence as error:
        raise Failure(str(error), ASKED_WRONGLY) from error
