"""What can be wrong with a run, in the checker's words."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A promise that was broken."""

    WHILE_PAUSED = "contact while paused"
    WHILE_DISPUTED = "contact while disputed"
    WHILE_HELD = "contact while held otherwise"
    AFTER_PAYMENT = "contact after payment"
    WRITTEN_OFF = "contact about an invoice that is void or written off"
    HIDDEN = "contact about a hidden invoice"
    BEFORE_ITS_DATE = "contact before its date"
    OUTSIDE_HOURS = "contact outside the send hours"
    NO_BUSINESS_DAY = "contact on a day that is no business day"
    TWICE = "sent twice without need"
    REPEAT_DIFFERS = "a repeat that is not the same to the byte"
    NOT_AS_RECORDED = "sent otherwise than recorded"
    TOO_CLOSE = "closer than the minimum contact delay"
    OVER_THE_THROTTLE = "over the sender's throttle"
    LOST = "due, not blocked, and never sent"
    NOT_RECORDED = "sent, but not recorded"
    NOT_SENT = "recorded, but not sent"
    WRONG_RECIPIENT = "sent to a wrong or unreachable recipient"
    NOT_REVIEWED = "uncertain, and not shown to a person in time"


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation: what it is about, an invoice's number or a Message-ID, and what was seen."""

    kind: Kind
    about: str
    seen: str
