"""The two activities of a collection: plan what comes next, and send what came due.

Both take "now" from the server's clock at the start of the attempt: a retry hours later decides for its own
hour, and a test that skips time lives in the skipped one (docs/decisions/0003).
"""

import time
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.attachments import DrawnAhead
from activities.doubt import MAY_BE_DELIVERED, asks_at_once, counted_anew, doubt
from activities.heartbeat import heartbeats
from activities.interface import PLAN_NEXT, SEND_MESSAGE, Plan, PlanRequest, SendRequest
from activities.letters import write_message
from activities.plans import plan_of
from activities.signals import take_in
from activities.tenure import Tenure
from activities.turns import store_for_turn
from db.engine import Engine, LedgerUnavailable, Session, transaction
from db.operations.change import Change
from db.operations.customer_delay import settle_others
from db.operations.messages.recording import hand_over, record_deferred, record_sent, record_unreachable
from db.operations.messages.sending import Claim, StoredMessage, claim_alone, claim_step
from db.operations.messages.withdrawal import MAYBE_DELIVERED, withdraw
from db.operations.park import park
from db.operations.settle import lock_invoice, settle
from db.queries.calendar import local_date
from dunning.decision import Send
from mailer.addresses import wire_address
from mailer.refusals import CannotRender
from mailer.transport import Accepted, Deferred, Rejected, Transport, Uncertain, Unreachable

# A parked collection looks again by itself, so that a mended release or setting needs no hand on every invoice.
PARKED_FOR = timedelta(hours=1)
# How long the first repeat of a failed attempt waits, and the longest pause between later ones.
RETRY_SECONDS = 5.0
RETRY_SECONDS_MAX = 600.0
RECORD_PAUSES_SECONDS = (0.2, 0.5, 1, 2, 4, 8, 15)
log = structlog.get_logger()


class CollectionActivities:
    """The activities of `InvoiceCollection`, bound to a ledger and a transport."""

    def __init__(self, engine: Engine, transport: Transport) -> None:
        self._engine = engine
        self._transport = transport
        self._ahead = DrawnAhead(engine)

    @activity.defn(name=PLAN_NEXT)
    def plan_next(self, request: PlanRequest) -> Plan:
        """Take in the signals, bring the collection up to date and return what its process does next.

        Raises LedgerUnavailable, for Temporal to retry. Any other failure parks the collection with its reason.
        """
        now = attempt_started_at()
        try:
            with transaction(self._engine) as session:
                change = _change(session, now)
                if lock_invoice(session, request.invoice_id):
                    for event in request.events:
                        signaled = Change(now, change.on, by=event.by, event_id=event.event_id)
                        take_in(session, request.invoice_id, event, signaled)
                settled = settle(session, request.invoice_id, change)
                if settled is None or not isinstance(settled.decision, Send):
                    # No attempt is under way while its process plans: what a signal called off stays unsent.
                    withdraw(session, request.invoice_id, MAYBE_DELIVERED, change)
                return plan_of(settled)
        except LedgerUnavailable:
            raise
        except Exception as error:
            return self._park(request.invoice_id, error, now)

    # Calling a send off must not tear an attempt apart between the hand-over and its record.
    @activity.defn(name=SEND_MESSAGE, no_thread_cancel_exception=True)
    def send_message(self, request: SendRequest) -> Plan:
        """Send the step that is due, once, record it and return what the process does next.

        Nothing is sent if the ledger does not agree any more. Raises ApplicationError while the ledger is away or
        the mail server does not accept the message, for Temporal to retry. What may have been delivered is
        repeated to the byte or shown to a person (docs/decisions/0012), what certainly was not is written anew,
        always under the same Message-ID.
        """
        with heartbeats():
            try:
                return self._send(request, attempt_started_at())
            except Exception as error:
                raise _again_later(error) from error

    def _send(self, request: SendRequest, now: datetime) -> Plan:
        try:
            prepared = self._prepare(request.invoice_id, now)
        except (LedgerUnavailable, Deferred):
            raise
        except Exception as error:
            return self._park(request.invoice_id, error, now)
        if isinstance(prepared, Plan):
            return prepared
        claim, message = prepared
        tenure = Tenure(self._engine, claim, now)
        try:
            # The ledger keeps addresses as people write them, and servers take domains in ASCII only.
            sender, *recipients = map(wire_address, (message.sender, *message.recipients, *message.copies))
            to = tuple(recipients)
            accepted = self._transport.send(sender, to, message.message_id, message.mime, tenure.holds)
        except Deferred as refused_for_now:
            with transaction(self._engine) as session:
                record_deferred(session, message.action_id, str(refused_for_now), claim.attempt)
            raise
        except Uncertain as broken:
            tenure.confirm()
            plan = self._ask_a_person(claim, broken)
            if plan is None:
                raise
            return plan
        except (Unreachable, Rejected) as refusal:
            tenure.confirm()
            return self._record_refusal(claim, message, refusal)
        plan = self._record_sent(claim, accepted, now)
        if claim.settled.collection.delays_customer:
            self._settle_others(claim.settled.collection.invoice_id, now)
        return plan

    def _prepare(self, invoice_id: int, now: datetime) -> tuple[Claim, StoredMessage] | Plan:
        """Claim the step and store its message, in one transaction that ends before anything is handed over."""
        self._ahead.draw(invoice_id, now)
        with transaction(self._engine) as session:
            change = _change(session, now)
            claimed = claim_step(session, invoice_id, change)
            if not isinstance(claimed, Claim):
                return plan_of(claimed)
            claimed = counted_anew(claimed)
            doubtful = doubt(session, claimed, self._transport.remembers_for, now)
            if doubtful is not None:
                return plan_of(hand_over(session, claimed, doubtful, change))
            try:
                claimed, message = _written(session, claimed, now)
            except CannotRender as obstacle:
                return plan_of(hand_over(session, claim_alone(session, claimed), str(obstacle), change))
            waits = store_for_turn(session, claimed, message, change)
        # What the ledger was told of its turn stays, and only then does the attempt end.
        if isinstance(waits, Deferred):
            raise waits
        return waits or (claimed, message)

    def _record_sent(self, claim: Claim, accepted: Accepted, now: datetime) -> Plan:
        """Record the delivery. A ledger that is away is waited for, because a retry would repeat the message."""
        change = Change(now, claim.settled.collection.facts.calendar.local_date(now))
        for pause_seconds in (*RECORD_PAUSES_SECONDS, None):
            try:
                with transaction(self._engine) as session:
                    return plan_of(record_sent(session, claim, accepted.answer, change, accepted.provider_id))
            except LedgerUnavailable:
                if pause_seconds is None:
                    raise
                log.warning("sent, but the ledger is away", action_id=claim.action_id)
                time.sleep(pause_seconds)
            except Exception as error:
                # What follows cannot be worked out. That it was sent is recorded all the same, or it is repeated.
                with transaction(self._engine) as session:
                    record_sent(session, claim, accepted.answer, change, accepted.provider_id, plans=False)
                return self._park(claim.settled.collection.invoice_id, error, now)
        raise AssertionError("the last round returns or raises")

    def _settle_others(self, invoice_id: int, now: datetime) -> None:
        """Let the customer's other collections know of the contact, after its record and never at its expense."""
        try:
            with transaction(self._engine) as session:
                settle_others(session, invoice_id, _change(session, now))
        except LedgerUnavailable as error:
            # They look again at their own moment anyway.
            log.warning("the customer's other collections were not settled", because=str(error))

    def _record_refusal(self, claim: Claim, message: StoredMessage, refusal: Unreachable | Rejected) -> Plan:
        with transaction(self._engine) as session:
            change = _change(session, attempt_started_at())
            if isinstance(refusal, Unreachable):
                return plan_of(record_unreachable(session, claim, message.recipients, str(refusal), change))
            return plan_of(hand_over(session, claim, str(refusal), change))

    def _ask_a_person(self, claim: Claim, broken: Uncertain) -> Plan | None:
        """Show it to a person, if that is what the organization wants; None if it is repeated."""
        with transaction(self._engine) as session:
            if not asks_at_once(session, self._transport.remembers_for):
                return None
            change = _change(session, attempt_started_at())
            once_more = replace(claim, unanswered=claim.unanswered + 1)
            return plan_of(hand_over(session, once_more, f"{broken}; {MAY_BE_DELIVERED}", change))

    def _park(self, invoice_id: int, error: Exception, now: datetime) -> Plan:
        """Keep the process alive although its plan cannot be made, and ask a person to look (rule 4.5)."""
        reason = f"{type(error).__name__}: {error}"
        log.exception("collection parked", invoice_id=invoice_id, reason=reason)
        with transaction(self._engine) as session:
            change = _change(session, now)
            wake_at = now + PARKED_FOR
            sentence = park(session, invoice_id, reason, wake_at, change)
        return Plan(stage="blocked", sentence=sentence, wake_at=wake_at)


def attempt_started_at() -> datetime:
    """Return the server's time at the start of this attempt."""
    return activity.info().started_time


def _again_later(error: Exception) -> ApplicationError:
    """Return the failure with the pause before the next attempt: what the server wished, or longer each time.

    The workflow's own pause is short and for lost workers only: what died with one must soon be looked at.
    """
    if isinstance(error, ApplicationError):
        return error
    wish = error.retry_after if isinstance(error, Deferred | Uncertain) else None
    pause = min(RETRY_SECONDS * 2.0 ** min(activity.info().attempt - 1, 20), RETRY_SECONDS_MAX)
    delay = timedelta(seconds=pause if wish is None else wish)
    return ApplicationError(str(error), type=type(error).__name__, next_retry_delay=delay)


def _written(session: Session, claim: Claim, now: datetime) -> tuple[Claim, StoredMessage]:
    """Return the message of the claim: the one that may have been delivered, or a new one.

    Where a text about several invoices cannot be made, each goes out by itself. Raises CannotRender.
    """
    if claim.message is not None:
        return claim, claim.message
    if claim.others:
        try:
            return claim, write_message(session, claim, now)
        except CannotRender as obstacle:
            log.warning("not merged", action_id=claim.action_id, because=str(obstacle))
            claim = claim_alone(session, claim)
    return claim, write_message(session, claim, now)


def _change(session: Session, now: datetime) -> Change:
    return Change(now, local_date(session, now))
