"""How work on many invoices is ordered: the options that its commands share."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Manner:
    """Only shown, without a question, without waiting for the job, or as JSON."""

    dry_run: Annotated[bool, Parameter(help="Only show what it would change, and what that would send.")] = False
    yes: Annotated[bool, Parameter(help="Do not ask, and do not work out beforehand what it changes.")] = False
    follow: Annotated[
        bool,
        Parameter(
            help="Show how far the job is until it is done; with --no-follow only order it.",
            negative="--no-follow",
            show_default=lambda _: "--follow",
        ),
    ] = True
    json: Annotated[bool, Parameter(help="Print one JSON document.")] = False


# The default of the commands' options, made once.
AS_USUAL = Manner()
