"""Reads a cadence file for a command."""

from pathlib import Path

from console.failure import ASKED_WRONGLY, Failure
from dunning.cadence import Cadence
from intake.cadence_file import BadCadence, read_cadence


def read(file: Path) -> Cadence:
    """Return the cadence of a file. Raises Failure."""
    try:
        return read_cadence(file)
    except BadCadence as error:
        raise Failure(str(error), ASKED_WRONGLY) from error
