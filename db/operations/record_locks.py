"""Locks what programs change under a condition, by the names that they know it by."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.operations.settlement.under_lock import lock_money
from db.tables.actions import Action
from db.tables.customers import Customer
from db.tables.invoices import CreditNote, Invoice, Payment
from db.tables.jobs import Job
from db.tables.people import Group, Sender, User
from db.tables.webhooks import WebhookDelivery, WebhookEndpoint


def lock_customer_record(session: Session, external_id: str) -> int | None:
    """Return the customer's id, None if there is none; until the transaction ends, nobody changes its row."""
    # Invoices may refer to it meanwhile.
    statement = select(Customer.id).where(Customer.external_id == external_id).with_for_update(key_share=True)
    return session.scalar(statement)


def lock_invoice_record(session: Session, external_id: str) -> tuple[int, str] | None:
    """Return the invoice's id and number, None if there is none; until the transaction ends it is locked."""
    statement = select(Invoice.id, Invoice.number).where(Invoice.external_id == external_id).with_for_update()
    row = session.execute(statement).one_or_none()
    return None if row is None else (row.id, row.number)


def lock_invoice_of_action(session: Session, action_id: int) -> bool:
    """Lock the invoice that the action is about, and say whether there is such an action."""
    of_action = select(Action.invoice_id).where(Action.id == action_id).scalar_subquery()
    return session.scalar(select(Invoice.id).where(Invoice.id == of_action).with_for_update()) is not None


def lock_job_record(session: Session, job_id: int) -> bool:
    """Lock the job, behind the page under way, and say whether there is such a job."""
    return session.scalar(select(Job.id).where(Job.id == job_id).with_for_update()) is not None


def lock_webhook_record(session: Session, webhook: int) -> bool:
    """Keep others from changing the webhook, and say whether it is there; what happens to invoices goes on."""
    statement = select(WebhookEndpoint.id).where(
        WebhookEndpoint.id == webhook, WebhookEndpoint.removed_at.is_(None)
    )
    return session.scalar(statement.with_for_update(key_share=True)) is not None


def lock_webhook_delivery(session: Session, webhook: int, delivery_id: int) -> bool:
    """Lock the delivery, and say whether the webhook has such a one."""
    of_it = WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == webhook
    is_there = select(WebhookEndpoint.id).where(
        WebhookEndpoint.id == webhook, WebhookEndpoint.removed_at.is_(None)
    )
    statement = select(WebhookDelivery.id).where(*of_it, is_there.exists())
    return session.scalar(statement.with_for_update()) is not None


def lock_user(session: Session, email: str) -> bool:
    """Lock the user with the address (uq_users_email), and say whether there is one."""
    statement = select(User.id).where(func.lower(User.email) == email.lower()).with_for_update()
    return session.scalar(statement) is not None


def lock_group(session: Session, name: str) -> bool:
    """Lock the group with the name (uq_groups_name), as whoever changes its members does; say whether it is."""
    return session.scalar(select(Group.id).where(Group.name == name).with_for_update()) is not None


def lock_sender(session: Session, email: str) -> bool:
    """Lock the sender with the address (uq_senders_email), and say whether there is one."""
    statement = select(Sender.id).where(func.lower(Sender.email) == email.lower()).with_for_update()
    return session.scalar(statement) is not None


def lock_payment_record(session: Session, payment_id: int) -> bool:
    """Lock all money of the payment's customer, as whoever moves it does; say whether there is such a payment."""
    return _lock_money(session, session.scalar(select(Payment.customer_id).where(Payment.id == payment_id)))


def lock_credit_note_record(session: Session, credit_note_id: int) -> bool:
    """Lock all money of the credit note's customer; say whether there is such a credit note."""
    statement = select(CreditNote.customer_id).where(CreditNote.id == credit_note_id)
    return _lock_money(session, session.scalar(statement))


def _lock_money(session: Session, customer_id: int | None) -> bool:
    if customer_id is None:
        return False
    lock_money(session, [customer_id])
    return True
