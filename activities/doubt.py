"""What becomes of a message that an earlier attempt may have delivered (docs/decisions/0012)."""

from dataclasses import replace
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import SMTP

from db.engine import Session
from db.operations.messages.sending import Claim
from db.queries.organization import asks_when_uncertain

# A message that was handed over this often without an answer is given to a person, who can ask the customer.
UNANSWERED_MAX = 5
MAY_BE_DELIVERED = "it may have been delivered"


def counted_anew(claim: Claim) -> Claim:
    """Return the claim without the attempts that a person knew of when they said that the message goes out."""
    if claim.settled.is_approved and claim.message is None:
        return replace(claim, unanswered=0)
    return claim


def doubt(session: Session, claim: Claim, remembers_for: timedelta | None, now: datetime) -> str | None:
    """Return why a person must look before the claim is handed over again; None if it may go out.

    `remembers_for` is for how long the transport delivers a repeated message once.
    """
    if not claim.unanswered:
        return None
    if remembers_for is not None:
        if claim.message is None or now < _written_at(claim.message.mime) + remembers_for:
            return None
        hours = round(remembers_for / timedelta(hours=1))
        return f"no answer came in {hours} hours; {MAY_BE_DELIVERED}"
    if asks_when_uncertain(session):
        return f"an attempt ended without an answer; {MAY_BE_DELIVERED}"
    if claim.unanswered >= UNANSWERED_MAX:
        return f"{claim.unanswered} attempts ended without an answer; {MAY_BE_DELIVERED}"
    return None


def asks_at_once(session: Session, remembers_for: timedelta | None) -> bool:
    """Say whether a message without an answer goes to a person right away, without another attempt."""
    return remembers_for is None and asks_when_uncertain(session)


def _written_at(mime: bytes) -> datetime:
    """Return the moment of the attempt that wrote the message: no earlier one can have handed these bytes over."""
    moment: datetime = BytesHeaderParser(policy=SMTP).parsebytes(mime)["Date"].datetime
    return moment
