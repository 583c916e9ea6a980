"""What may be ordered, as it is sent: for an invoice's collection and for single actions alike."""

from typing import Annotated, Literal

from pydantic import Field

from activities.own_words import Wish
from console.api.fields import Body, Day, LongLine, MessageText, Name, Note, PositiveAmount, ShortLine
from db.operations.todos import Ending
from dunning.events import Resolution

# Which of them a to-do can have depends on its channel.
Outcome = Literal["done", "reached", "no answer", "voicemail", "promised", "disputed", "wrong number", "ignored"]


class PauseBody(Body):
    """A pause: until the first active day, or until it is ended."""

    until: Day | None = None
    reason: LongLine | None = None


class ReassignBody(Body):
    """The name of a published cadence, or null for none."""

    cadence: Name | None


class DisputeBody(Body):
    """What the customer disputes."""

    reason: LongLine | None = None


class ResolveBody(Body):
    """How collecting goes on once a dispute is resolved."""

    then: Annotated[Resolution, Field(strict=False)] = Resolution.RESUME


class PromiseBody(Body):
    """What the customer promised: all that is outstanding, or an amount, by a day."""

    promised_for: Day
    amount: PositiveAmount | None = None


class AnnounceBody(Body):
    """Until when a payment is expected that is on its way."""

    until: Day


class MessageBody(Body):
    """What is written to the customer, in Markdown with the tags of templates; what is missing is the template's.

    The message goes out as an e-mail to those whom the step writes to that it is used as, or to the main contact.
    """

    subject: LongLine | None = None
    text: MessageText | None = None
    template: Name | None = None
    as_step: ShortLine | None = None

    @property
    def wish(self) -> Wish:
        """Return it as the desk knows it."""
        return Wish(self.subject, self.text, self.template, self.as_step)


class DueDateBody(Body):
    """The day on which the invoice falls due from now on."""

    due_on: Day


class EndingBody(Body):
    """How a to-do ended. With the outcome `promised` come a day and perhaps an amount."""

    outcome: Outcome = "done"
    promised_for: Day | None = None
    amount: PositiveAmount | None = None
    note: Note | None = None

    @property
    def ending(self) -> Ending:
        """Return it as the ledger's operations know it."""
        return Ending(self.outcome, self.promised_for, self.amount, self.note)


class CompleteBody(EndingBody):
    """How the to-do of a step ended; without a step it is the only open one."""

    step: ShortLine | None = None


class SnoozeBody(Body):
    """Until when a to-do is put off."""

    until: Day


class SnoozeStepBody(SnoozeBody):
    """Until when the open to-do of a step is put off."""

    step: ShortLine
