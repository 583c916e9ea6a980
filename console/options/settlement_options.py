"""What the commands about payments and those about credit notes share: where money goes, and which are listed."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from console.options.arguments import Lines


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Towards:
    """Where money goes."""

    to: Annotated[
        tuple[str, ...],
        Parameter(
            help="An invoice that it settles as far as it reaches, or INVOICE=AMOUNT; may be given several times.",
            consume_multiple=False,
            negative=(),
        ),
    ] = ()
    oldest: Annotated[bool, Parameter(help="Let the rest settle what is due longest.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Listed:
    """Which of them a list shows."""

    customer: Annotated[str | None, Parameter(help="Only those of the customer with this number.")] = None
    limit: Annotated[Lines, Parameter(help="How many at most, up to 10000.")] = 50
    after: Annotated[int | None, Parameter(help="Where the page before ended.")] = None


# The defaults of the commands' options, made once.
NOWHERE = Towards()
NEWEST = Listed()
