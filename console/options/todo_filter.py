"""Which actions a list shows, or a bulk order is about: the options that those commands share."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from cyclopts import Parameter

from console.options.arguments import Day

# Spelled out for --help, which cannot wait for the ledger's modules; a test compares them.
ListedChannel = Literal["email", "sms", "letter", "call", "task"]
Status = Literal["sending", "open", "done", "ignored", "expired", "canceled"]
Kind = Literal["step", "reply", "message", "parked"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Which:
    """The filters; one that is not given does not filter."""

    owner: Annotated[
        str | None,
        Parameter(help="Only those of a user (by e-mail address; with those of their groups) or group."),
    ] = None
    cadence: Annotated[str | None, Parameter(help="Only those under the cadence of this name.")] = None
    channel: Annotated[ListedChannel | None, Parameter(help="Only those of this channel.")] = None
    customer: Annotated[str | None, Parameter(help="Only those of the customer with this number.")] = None
    invoice: Annotated[str | None, Parameter(help="Only those of the invoice with this number.")] = None
    kind: Annotated[Kind | None, Parameter(help="Only steps, replies to answer, messages, or what is parked.")] = (
        None
    )
    due_after: Annotated[Day | None, Parameter(help="Only those due after this day, as YYYY-MM-DD.")] = None
    due_before: Annotated[Day | None, Parameter(help="Only those due before this day, as YYYY-MM-DD.")] = None

    @property
    def is_everything(self) -> bool:
        """Say whether nothing is filtered."""
        return self == UNFILTERED

    @property
    def written(self) -> str:
        """Return the filters for whoever reads later what was ordered."""
        given = ((field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)


# The default of the commands' options, made once.
UNFILTERED = Which()
