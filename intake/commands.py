"""Commands from people: each changes the ledger in one transaction and tells the process right after."""

from intake.account_orders import AccountOrders
from intake.address_orders import AddressOrders
from intake.api_keys import ApiKeyOrders
from intake.clerk_orders import Told, tell_process
from intake.field_orders import FieldOrders
from intake.hold_orders import HoldOrders
from intake.inbox_orders import InboxOrders
from intake.invoice_orders import InvoiceOrders
from intake.job_orders import JobOrders
from intake.message_orders import MessageOrders
from intake.organization_orders import OrganizationOrders
from intake.people_orders import PeopleOrders
from intake.rule_orders import RuleOrders
from intake.settlement_orders import SettlementOrders
from intake.step_orders import StepOrders
from intake.todo_orders import TodoOrders
from intake.webhook_orders import WebhookOrders


class Desk(
    AccountOrders,
    AddressOrders,
    ApiKeyOrders,
    FieldOrders,
    HoldOrders,
    InboxOrders,
    InvoiceOrders,
    JobOrders,
    MessageOrders,
    OrganizationOrders,
    PeopleOrders,
    RuleOrders,
    SettlementOrders,
    StepOrders,
    TodoOrders,
    WebhookOrders,
):
    """Where a person works: the ledger, who it is that acts, and all that may be ordered."""

    __slots__ = ()


__all__ = ["Desk", "Told", "tell_process"]
