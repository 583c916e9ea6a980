"""The tags that texts may use (rule 8.5), and what is known of each before any letter."""

from difflib import get_close_matches

from mailer.filters import FILTERS
from mailer.liquid_limits import TAGS
from phrase import Phrase

_INVOICE = (
    "number",
    "po_number",
    "issue_date",
    "due_date",
    "total",
    "paid",
    "outstanding",
    "is_partly_paid",
    "currency",
    "pay_link",
    "view_link",
)
KNOWN: dict[str, tuple[str, ...]] = {
    "invoice": (*_INVOICE, "days_overdue", "days_until_due", "custom"),
    "customer": (*("name", "external_id", "outstanding", "overdue", "overdue_count", "overdue_table", "custom"),),
    "contact": ("first_name", "last_name"),
    "sender": ("name", "email", "phone", "signature"),
    "organization": ("name", "email", "address", "bank_details"),
    "step": ("number", "of", "name"),
    "history": ("last_contact_date", "reminders_sent"),
    "today": (),
    "invoices": (),
    "invoices_table": (),
    "totals": (),
}
# What some letters have no value for: such a tag needs a fallback, or a condition around it.
MAY_BE_EMPTY = frozenset(
    {
        *("invoice.po_number", "invoice.pay_link", "invoice.view_link"),
        *("customer.overdue", "customer.overdue_table"),
        *("contact.first_name", "contact.last_name", "sender.phone", "sender.signature"),
        *("organization.address", "organization.bank_details", "step.name", "history.last_contact_date"),
    }
)
# Wrong before the due date: they count from it, or say what is overdue.
OVERDUE = frozenset(
    {"invoice.days_overdue", "customer.overdue", "customer.overdue_count", "customer.overdue_table"}
)
# Lists of the customer's invoices, in a text about one of them.
LISTS = frozenset({"customer.overdue_table"})
# The invoices of a loop have the tags of one, but those that are reckoned from the letter's day.
IN_LOOPS = frozenset(_INVOICE)


def all_tags() -> tuple[str, ...]:
    """Return all tags as they are written, such as invoice.number."""
    return tuple(f"{group}.{tag}" if tag else group for group, tags in KNOWN.items() for tag in tags or ("",))


def hinting(problem: Phrase, word: str, known: tuple[str, ...]) -> Phrase:
    """Return the problem with a hint at the word that may be meant."""
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return Phrase("{problem}; did you mean {word}?", problem=problem, word=close[0]) if close else problem


def filter_names() -> tuple[str, ...]:
    """Return the names of all filters."""
    return tuple(sorted(FILTERS))


def block_names() -> tuple[str, ...]:
    """Return the names of what stands in {% … %}."""
    return tuple(sorted(TAGS - {"#"}))
