"""What stands beside the list: an action, its message or call sheet, its customer, and what happened so far."""

from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from activities.drafts import DraftText, draft_text
from console.api.actions import shown
from console.api.etags import etag_of
from console.web.words import N_
from db.engine import Session
from db.operations.messages.drafts import Draft, draft_of
from db.operations.todos import outcomes_of
from db.queries.balances import Balance, balances_of
from db.queries.customers import ContactLine, contact_lines
from db.queries.invoices import InvoiceView, invoice_view
from db.queries.lists.plans import planned_once
from db.queries.todos import ActionLine, action_line
from dunning.cadence import Channel
from dunning.writing import MESSAGE
from mailer.written import shown_as_written

HISTORY_ENTRIES = 12
OUTCOME_WORDS = (
    N_("done"),
    N_("reached"),
    N_("no answer"),
    N_("voicemail"),
    N_("promised"),
    N_("disputed"),
    N_("wrong number"),
    N_("ignored"),
)
KIND_WORDS = (N_("step"), N_("reply"), N_("message"), N_("parked"), N_("automatic"), N_("manual"))
HISTORY_WORDS = (
    N_("address mended"),
    N_("collection closed"),
    N_("collection exhausted"),
    N_("collection parked"),
    N_("collection reopened"),
    N_("collection started"),
    N_("cycle begun"),
    N_("dispute resolved"),
    N_("draft edited"),
    N_("due date changed"),
    N_("file attached"),
    N_("hidden"),
    N_("invoice changed"),
    N_("invoice created"),
    N_("message approved"),
    N_("message refused"),
    N_("message sent"),
    N_("message written"),
    N_("message withdrawn"),
    N_("paid"),
    N_("paused"),
    N_("payment announced"),
    N_("payment reversed"),
    N_("reassigned"),
    N_("restarted"),
    N_("resumed"),
    N_("step expired"),
    N_("step skipped"),
    N_("to-do assigned"),
    N_("to-do canceled"),
    N_("to-do ended"),
    N_("to-do opened"),
    N_("to-do snoozed"),
)


def laid_out_of(body: str) -> Markup:
    """Return a message's text as it will look. The writer lets no HTML of the text itself through."""
    return Markup(shown_as_written(body))  # noqa: S704


@dataclass(frozen=True, slots=True)
class Pane:
    """An action with what belongs to it. `version` is what changes are made under; `message` what would go
    out, and `laid_out` the same as HTML.
    """

    line: ActionLine
    version: str
    message: DraftText | None
    laid_out: Markup
    outcomes: tuple[str, ...]
    contacts: list[ContactLine]
    balances: list[Balance]
    invoice: InvoiceView
    overdue_days: int | None

    @property
    def is_open(self) -> bool:
        """Say whether it is to be done."""
        return self.line.state == "open"

    @property
    def is_written(self) -> bool:
        """Say whether there is a message to write, and not a script to speak by."""
        return Channel(self.line.channel).is_written and self.line.kind != "parked"

    @property
    def can_be_sent(self) -> bool:
        """Say whether its message goes out from here."""
        is_a_message = self.line.kind == "step" or self.line.step == MESSAGE
        return is_a_message and self.line.channel == Channel.EMAIL.value


def version_of(line: ActionLine, draft: Draft | None) -> str:
    """Return the tag of the action as it stands, with what people made of its message."""
    body = shown(line).model_dump_json().encode()
    return etag_of(body + repr(draft).encode()).strip('"')


def read_pane(session: Session, action_id: int, now: datetime, today: date) -> Pane | None:
    """Return the action, or None if there is none."""
    planned_once(session)
    line = action_line(session, action_id)
    if line is None:
        return None
    draft = draft_of(session, action_id)
    message = draft_text(session, line, draft, now) if line.state == "open" else None
    invoice = invoice_view(session, line.invoice, HISTORY_ENTRIES)
    assert invoice is not None, "an action is about an invoice"
    return Pane(
        line=line,
        version=version_of(line, draft),
        message=message,
        laid_out=laid_out_of(message.body) if message else Markup(),
        outcomes=tuple(one for one in outcomes_of(line.kind, Channel(line.channel)) if one != "ignored"),
        contacts=contact_lines(session, line.customer_id),
        balances=[one for one in balances_of(session, line.customer_id, today) if one.outstanding or one.balance],
        invoice=invoice,
        overdue_days=None if invoice.due_on is None else (today - invoice.due_on).days,
    )


def changed_draft(message: DraftText | None, subject: str, body: str) -> Draft:
    """Return what of the message is not as it was shown; what is None stays as it is."""
    was_subject, was_body = (message.subject, message.body) if message else ("", "")
    return Draft(
        None if _same(subject, was_subject) else subject,
        None if _same(body, was_body) else body,
    )


def _same(one: str, other: str) -> bool:
    # Browsers send lines that end in CR and LF.
    return "\n".join(one.splitlines()).strip() == "\n".join(other.splitlines()).strip()
