"""Checks a text before it is saved: what is wrong is an error, what may not be meant a warning (rule 8.7)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from dunning.cadence import Anchor, Channel
from dunning.money import Money
from mailer.frame import Look
from mailer.known_tags import (
    IN_LOOPS,
    KNOWN,
    LISTS,
    MAY_BE_EMPTY,
    OVERDUE,
    all_tags,
    block_names,
    filter_names,
    nearest,
)
from mailer.liquid_limits import TAGS, Liquid, parse
from mailer.liquid_marks import LIQUID, without_comments
from mailer.refusals import BadText, CannotRender
from mailer.render import render, require_bounded
from mailer.tag_paths import Mention, Mentions, mentions_of
from mailer.tags import Letter, Listed, Standing
from mailer.texts import Text

PAYMENT_TERM_DAYS_MAX = 60
_BLOCK = re.compile(r"\{%-?\s*(\w+)")
_OPENING = frozenset({"if", "unless", "case", "for"})
_ENDS = frozenset({"endif", "endunless", "endcase", "endfor", "comment", "endcomment"})
_LIST_PARTS = frozenset({"size", "first", "last"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a text. `line` counts from 1 in the body; None is the subject, or the text as a whole."""

    severity: Literal["error", "warning"]
    problem: str
    part: Literal["subject", "body"] = "body"
    line: int | None = None

    def __str__(self) -> str:
        where = "subject: " if self.part == "subject" else "" if self.line is None else f"line {self.line}: "
        return f"{where}{self.problem}"


@dataclass(frozen=True, slots=True)
class StepUse:
    """A step that uses the text: when it triggers, and how it reaches the customer."""

    name: str
    anchor: Anchor
    offset_days: int
    channel: Channel

    @property
    def may_be_early(self) -> bool:
        """Say whether the step can run on or before the due date, at the longest usual payment term."""
        return self.offset_days <= (0 if self.anchor is Anchor.DUE_DATE else PAYMENT_TERM_DAYS_MAX)


def check(
    text: Text, uses: Iterable[StepUse] = (), fields: Mapping[str, frozenset[str]] | None = None
) -> tuple[Finding, ...]:
    """Return what is found in the text, errors first.

    `uses` are the steps that use it; `fields` the organization's own fields by entity, None if they are not known.
    """
    try:
        require_bounded(text)
        read = {"subject": _mentions(text.subject), "body": _mentions(text.body)}
    except _Wrong as error:
        return (error.finding,)
    except BadText as error:
        return (Finding("error", error.problem, line=error.line),)
    used = tuple(uses)
    found = [
        *_check_part("subject", text.subject, read["subject"], used, fields),
        *_check_part("body", text.body, read["body"], used, fields),
        *_check_whole(read, used),
    ]
    if not any(finding.severity == "error" for finding in found):
        found += _try_out(text)
    return tuple(
        sorted(found, key=lambda finding: (finding.severity, finding.part != "subject", finding.line or 0))
    )


class _Wrong(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def _mentions(source: str) -> Mentions:
    part: Literal["subject", "body"] = "body" if "\n" in source else "subject"
    plain = without_comments(source)
    for block in _BLOCK.finditer(plain):
        if block[1] not in TAGS | _ENDS:
            problem = f"there is no {{% {block[1]} %}}{nearest(block[1], block_names())}"
            raise _Wrong(Finding("error", problem, part, _line(plain, block.start(), part)))
    for piece in LIQUID.finditer(plain):
        if "{{" in piece[0][2:] or "{%" in piece[0][2:]:
            raise _Wrong(
                Finding("error", f"'{piece[0][:2]}' is not closed", part, _line(plain, piece.start(), part))
            )
    try:
        return mentions_of(parse(Liquid(is_html=False), plain))
    except BadText as error:
        line = (error.line or _broken_line(plain)) if part == "body" else None
        raise _Wrong(Finding("error", error.problem, part, line)) from error


def _broken_line(source: str) -> int | None:
    """Return the line of the first piece of Liquid that cannot be, or that nothing closes."""
    opened: list[tuple[str, int]] = []
    for found in LIQUID.finditer(source):
        name = _BLOCK.match(found[0])
        line = source.count("\n", 0, found.start()) + 1
        if name is None:
            alone = found[0]
        elif name[1] in _OPENING:
            opened.append((name[1], line))
            alone = (
                f"{found[0]}{{% when 1 %}}{{% endcase %}}"
                if name[1] == "case"
                else f"{found[0]}{{% end{name[1]} %}}"
            )
        elif name[1].startswith("end"):
            if not opened or opened.pop()[0] != name[1].removeprefix("end"):
                return line
            continue
        else:
            continue
        try:
            parse(Liquid(is_html=False), alone)
        except BadText:
            return line
    return opened[-1][1] if opened else None


def _line(source: str, position: int, part: str) -> int | None:
    return source.count("\n", 0, max(position, 0)) + 1 if part == "body" else None


def _check_part(
    part: Literal["subject", "body"],
    source: str,
    read: Mentions,
    uses: tuple[StepUse, ...],
    fields: Mapping[str, frozenset[str]] | None,
) -> Iterator[Finding]:
    plain = without_comments(source)
    for name, position in read.filters:
        if name not in filter_names():
            problem = f"there is no filter {name}{nearest(name, filter_names())}"
            yield Finding("error", problem, part, _line(plain, position, part))
    early = [use for use in uses if use.may_be_early]
    for mention in read.tags:
        line = _line(plain, mention.position, part)
        unknown = _unknown(mention, read.names, fields)
        if unknown is not None:
            yield Finding("error", unknown, part, line)
        elif mention.is_written and not mention.is_guarded and _may_be_empty(mention):
            fallback = f'{{{{ {mention.name} | default: "…" }}}}'
            problem = (
                f"{mention.name} can be without a value; write {fallback}, or {{% if {mention.name} %}} around it"
            )
            yield Finding("error", problem, part, line)
        if mention.is_written and _tag(mention) in OVERDUE and not mention.is_guarded and early:
            yield _too_early(mention, early, part, line)


def _too_early(
    mention: Mention, early: list[StepUse], part: Literal["subject", "body"], line: int | None
) -> Finding:
    surely = [use for use in early if use.anchor is Anchor.DUE_DATE]
    use = (surely or early)[0]
    problem = f"{mention.name} says that it is overdue, and {use.name} can run before that"
    return Finding("error" if surely else "warning", problem, part, line)


def _tag(mention: Mention) -> str:
    return ".".join(str(segment) for segment in mention.path[:2])


def _may_be_empty(mention: Mention) -> bool:
    return _tag(mention) in MAY_BE_EMPTY or (len(mention.path) > 2 and mention.path[1] == "custom")


def _unknown(
    mention: Mention, names: Mapping[str, str | None], fields: Mapping[str, frozenset[str]] | None
) -> str | None:
    """Return what is wrong with a tag's name, None if it is known."""
    first, *rest = mention.path
    if any(not isinstance(segment, str | int) for segment in mention.path):
        return f"{mention.name}: a tag is written by its name"
    if first == "forloop" or (first in names and first not in KNOWN):
        over = names.get(str(first))
        if over == "invoices" and rest and rest[0] not in IN_LOOPS:
            return f"an invoice of a list has no tag {rest[0]}{nearest(str(rest[0]), tuple(sorted(IN_LOOPS)))}"
        return None
    if first not in KNOWN:
        return f"there is no tag {mention.name}{nearest(mention.name, all_tags())}"
    tags = KNOWN[str(first)]
    if not tags:
        return _unknown_in_list(mention, str(first), rest)
    if not rest:
        return f"{first} is a group of tags{nearest(f'{first}.', all_tags())}" if mention.is_written else None
    if rest[0] not in tags:
        return f"there is no tag {mention.name}{nearest(mention.name, all_tags())}"
    if rest[0] == "custom":
        return _unknown_field(mention, str(first), rest[1:], fields)
    if len(rest) > 1 and not (len(rest) == 2 and rest[1] in _LIST_PARTS):
        return f"there is no tag {mention.name}; {first}.{rest[0]} has no parts"
    return None


def _unknown_in_list(mention: Mention, first: str, rest: list[object]) -> str | None:
    if not rest or (len(rest) == 1 and (rest[0] in _LIST_PARTS or isinstance(rest[0], int))):
        return None
    if first == "invoices" and len(rest) == 2 and rest[0] != "size" and rest[1] in IN_LOOPS:
        return None
    return f"there is no tag {mention.name}{nearest(mention.name, all_tags())}"


def _unknown_field(
    mention: Mention, entity: str, rest: list[object], fields: Mapping[str, frozenset[str]] | None
) -> str | None:
    if len(rest) != 1 or not isinstance(rest[0], str):
        return f"{entity}.custom needs the name of one field behind it"
    if fields is None or rest[0] in fields.get(entity, frozenset()):
        return None
    known = tuple(f"{entity}.custom.{key}" for key in sorted(fields.get(entity, ())))
    return f"the organization has no field {mention.name}{nearest(mention.name, known)}"


def _check_whole(read: Mapping[str, Mentions], uses: tuple[StepUse, ...]) -> Iterator[Finding]:
    tags = {_tag(mention) for part in read.values() for mention in part.tags}
    is_spoken = bool(uses) and not any(use.channel.is_written for use in uses)
    if not is_spoken and "invoice.pay_link" not in tags:
        yield Finding("warning", 'there is no pay link: {{ invoice.pay_link | button: "Pay now" }} shows one')
    for tag in sorted(tags & LISTS):
        yield Finding("warning", f"{tag} lists other invoices too, and the text is about one of them")


def _try_out(text: Text) -> Iterator[Finding]:
    """Render the text for letters of all sorts: filters that cannot be used so show then."""
    for letter in _samples():
        try:
            render(text, letter, Look("Sample"))
        except BadText as error:
            # One is enough: what is wrong may also be what takes long.
            yield Finding("error", error.problem, line=error.line)
            return
        except CannotRender:
            # A value that a real letter may have: that is looked at above, tag by tag.
            continue


_DUE = date(2026, 6, 1)
_INVOICE = Listed(
    number="INV-7",
    po_number="PO-77",
    issued_on=_DUE - timedelta(days=30),
    due_on=_DUE,
    total=Money(Decimal(10_000), "EUR"),
    paid=Money(Decimal(6_000), "EUR"),
    outstanding=Money(Decimal(4_000), "EUR"),
    pay_link="https://pay.example/INV-7",
    view_link="https://pay.example/INV-7/view",
)


def _samples() -> Iterator[Letter]:
    letter = Letter(
        locale="en",
        today=_DUE + timedelta(days=10),
        organization_name="Sample",
        organization_email="ar@sample.example",
        organization_address="1 Sample Street\n10000 Sample",
        bank_details="IBAN 1",
        customer_name="Customer",
        contact_first_name="Ana",
        contact_last_name="Lima",
        invoice_number=_INVOICE.number,
        po_number=_INVOICE.po_number,
        issued_on=_INVOICE.issued_on,
        due_on=_INVOICE.due_on,
        total=_INVOICE.total,
        paid=_INVOICE.paid,
        outstanding=_INVOICE.outstanding,
        step_number=2,
        step_of=5,
        reminders_sent=1,
        customer_external_id="C-1",
        pay_link=_INVOICE.pay_link,
        view_link=_INVOICE.view_link,
        sender_phone="1",
        sender_signature="Sample",
        step_name="Reminder",
        last_contact_on=_DUE,
        standing=Standing((_INVOICE.outstanding,), (_INVOICE.outstanding,), 2, (_INVOICE, _INVOICE)),
    )
    yield letter
    yield replace(letter, today=_DUE - timedelta(days=3), contact_first_name=None, po_number=None, pay_link=None)
    yield replace(letter, listed=(_INVOICE, replace(_INVOICE, number="INV-8")))
