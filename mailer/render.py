"""Renders a text for one letter: pure, from values to a subject, plain text and HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale

from mailer.formats import locale_for
from mailer.frame import Frame, Look, frame
from mailer.layout import lay_out
from mailer.liquid_limits import (
    BODY_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    TAG_CHARACTERS_MAX,
    TAGS_MAX,
    Liquid,
    Template,
    parse,
    run,
)
from mailer.liquid_marks import LIQUID, without_comments
from mailer.refusals import BadText, CannotRender
from mailer.table import InvoiceTable
from mailer.tags import CustomValue, Letter, Listed
from mailer.texts import Text
from mailer.values import Amount, Amounts, CustomFields, Day, Group, Link, NoAddress, Number, is_web_address

_LISTING = re.compile(r"\b(invoices|invoices_table)\b")
_ABOUT_CUSTOMER = re.compile(r"\bcustomer\s*(\.\s*(outstanding|overdue)|\[)")
_EMPTY_PARAGRAPH = re.compile(r"<(p|ul|ol)\b[^>]*>\s*</\1>\n?")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready to be sent or shown. `body` is its plain text; without HTML that is all there is."""

    subject: str
    body: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class _Compiled:
    subject: Template
    body: Template
    html: Template
    frame: Frame


def render(text: Text, letter: Letter, look: Look) -> Rendered:
    """Render the text for the letter, in the letter's locale if it is one of the text's language.

    Raises CannotRender for a tag without a value, and BadText, a kind of it, for a text that nobody can be sent.
    """
    compiled = _compiled(text, look)
    if letter.listed and not lists_invoices(text):
        raise CannotRender("it is about one invoice alone")
    tags = tags_of(letter, locale_for(letter.locale, text.language))
    subject = " ".join(run(compiled.subject, tags).split())
    body = (
        _EMPTY_LINES.sub("\n\n", "\n".join(map(str.rstrip, run(compiled.body, tags).splitlines()))).strip() + "\n"
    )
    html = _EMPTY_PARAGRAPH.sub("", run(compiled.html, tags))
    return Rendered(subject, body, f"{compiled.frame.before}{html}{compiled.frame.after}")


def fill_in(text: Text, letter: Letter) -> tuple[str, str]:
    """Return subject and body with their tags filled in, and all else as it is written: Markdown stays Markdown.

    Raises CannotRender for a tag without a value, and BadText for a text that nobody can be sent.
    """
    require_bounded(text)
    look = Look("-")
    plain = _environment(False, look.colour, look.ink)
    tags = tags_of(letter, locale_for(letter.locale, text.language))
    subject, body = (run(parse(plain, without_comments(part)), tags) for part in (text.subject, text.body))
    return " ".join(subject.split()), body


def compile_text(text: Text) -> None:
    """Be sure that the text can be laid out. Raises BadText."""
    _compiled(text, Look("-"))


def lists_invoices(text: Text) -> bool:
    """Say whether the text can be about several invoices."""
    return any(_LISTING.search(found[0]) for found in LIQUID.finditer(without_comments(text.body)))


@lru_cache(512)
def asks_for_standing(text: Text) -> bool:
    """Say whether the text says what the customer owes in all. Raises BadText."""
    require_bounded(text)
    return any(
        _ABOUT_CUSTOMER.search(found[0]) for part in (text.subject, text.body) for found in LIQUID.finditer(part)
    )


def require_bounded(text: Text) -> None:
    """Raise BadText for a text that is longer, or has more or longer tags, than any message needs."""
    if len(text.subject) > SUBJECT_CHARACTERS_MAX:
        raise BadText(f"the subject has more than {SUBJECT_CHARACTERS_MAX} characters")
    if len(text.body) > BODY_CHARACTERS_MAX:
        raise BadText(f"the body has more than {BODY_CHARACTERS_MAX:,} characters")
    if not text.subject.strip() or not text.body.strip():
        raise BadText("the subject is empty" if not text.subject.strip() else "the body is empty")
    for part in (text.subject, text.body):
        if part.count("{{") + part.count("{%") > TAGS_MAX:
            raise BadText(f"there are more than {TAGS_MAX} tags")
        for found in LIQUID.finditer(part):
            if len(found[0]) > TAG_CHARACTERS_MAX:
                line = part.count("\n", 0, found.start()) + 1
                raise BadText(f"a tag is longer than {TAG_CHARACTERS_MAX} characters", line)


@cache
def _environment(is_html: bool, colour: str, ink: str) -> Liquid:
    return Liquid(is_html=is_html, colour=colour, ink=ink)


@lru_cache(512)
def _compiled(text: Text, look: Look) -> _Compiled:
    require_bounded(text)
    plain, styled = (_environment(is_html, look.colour, look.ink) for is_html in (False, True))
    # The body itself is parsed first, because its lines are those that people know.
    parse(plain, without_comments(text.body))
    laid = lay_out(text.body)
    return _Compiled(
        subject=parse(plain, without_comments(text.subject)),
        body=parse(plain, laid.text),
        html=parse(styled, laid.html),
        frame=frame(look, text.language),
    )


def tags_of(letter: Letter, locale: Locale) -> dict[str, object]:
    """Return the tags that texts see, with their values."""
    own = _own(letter)
    invoice = {
        **_invoice(own, locale),
        "days_overdue": letter.days_overdue,
        "days_until_due": letter.days_until_due,
        "custom": CustomFields("invoice.custom", _custom(letter.invoice_custom, locale)),
    }
    groups: dict[str, dict[str, object]] = {
        "customer": _customer(letter, locale),
        "contact": {"first_name": letter.contact_first_name, "last_name": letter.contact_last_name},
        "sender": {
            "name": letter.sender_name or letter.organization_name,
            "email": letter.sender_email or letter.organization_email,
            "phone": letter.sender_phone,
            "signature": letter.sender_signature,
        },
        "organization": {
            "name": letter.organization_name,
            "email": letter.organization_email,
            "address": letter.organization_address,
            "bank_details": letter.bank_details,
        },
        "step": {"number": letter.step_number, "of": letter.step_of, "name": letter.step_name},
        "history": {
            "reminders_sent": letter.reminders_sent,
            "last_contact_date": None if letter.last_contact_on is None else Day(letter.last_contact_on, locale),
        },
        "invoice": invoice,
    }
    tags: dict[str, object] = {name: Group(name, values) for name, values in groups.items()}
    listed = letter.listed
    tags["invoices"] = [Group("invoice", _invoice(one, locale)) for one in listed] or [tags["invoice"]]
    tags["totals"] = Amounts(letter.totals, locale)
    tags["invoices_table"] = InvoiceTable(listed or (own,), len(listed) or 1, locale)
    tags["today"] = Day(letter.today, locale)
    tags["locale_"] = locale
    return tags


def _own(letter: Letter) -> Listed:
    return Listed(
        number=letter.invoice_number,
        po_number=letter.po_number,
        issued_on=letter.issued_on,
        due_on=letter.due_on,
        total=letter.total,
        paid=letter.paid,
        outstanding=letter.outstanding,
        pay_link=letter.pay_link,
        view_link=letter.view_link,
    )


def _invoice(one: Listed, locale: Locale) -> dict[str, object]:
    return {
        "number": one.number,
        "po_number": one.po_number,
        "issue_date": Day(one.issued_on, locale),
        "due_date": None if one.due_on is None else Day(one.due_on, locale),
        "total": Amount(one.total, locale),
        "paid": Amount(one.paid, locale),
        "outstanding": Amount(one.outstanding, locale),
        "is_partly_paid": one.paid.amount > 0,
        "currency": one.total.currency,
        "pay_link": _link("invoice.pay_link", one.pay_link),
        "view_link": _link("invoice.view_link", one.view_link),
    }


def _link(tag: str, address: str | None) -> object:
    if address is None or is_web_address(address):
        return None if address is None else Link(address)
    return NoAddress(tag, address)


def _customer(letter: Letter, locale: Locale) -> dict[str, object]:
    standing = letter.standing
    table = (
        InvoiceTable(standing.overdue_listed, standing.overdue_count, locale) if standing.overdue_count else None
    )
    return {
        "name": letter.customer_name,
        "external_id": letter.customer_external_id,
        "outstanding": Amounts(standing.outstanding, locale),
        "overdue": Amounts(standing.overdue, locale),
        "overdue_count": standing.overdue_count,
        "overdue_table": table,
        "custom": CustomFields("customer.custom", _custom(letter.customer_custom, locale)),
    }


def _custom(values: Mapping[str, CustomValue], locale: Locale) -> dict[str, object]:
    return {key: _custom_value(value, locale) for key, value in values.items()}


def _custom_value(value: CustomValue, locale: Locale) -> object:
    if isinstance(value, Decimal):
        return Number(value, locale)
    return Day(value, locale) if isinstance(value, date) else value
