"""What tags stand for: each value knows how it is written in a text, and in HTML where that differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from babel import Locale
from markupsafe import escape

from dunning.money import Money
from mailer import formats
from mailer.refusals import CannotRender


class Styled:
    """A value that is more than its text in HTML."""

    __slots__ = ()

    def as_html(self) -> str:
        """Return the value as HTML."""
        raise NotImplementedError


class NoValue:
    """A tag without a value: false where a text asks for it, and no text where it should be written (rule 8.5)."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def __liquid__(self) -> None:
        return None

    def __str__(self) -> str:
        raise CannotRender(f"{self.tag} has no value")


class Group(dict[str, object]):
    """The tags of one name, such as invoice; what has no value is a NoValue."""

    def __init__(self, name: str, values: dict[str, object]) -> None:
        super().__init__({tag: NoValue(f"{name}.{tag}") if _is_nothing(v) else v for tag, v in values.items()})
        self._name = name

    def __str__(self) -> str:
        raise CannotRender(f"{self._name} is a group of tags and cannot be written itself")


class CustomFields(Group):
    """The fields that an organization added; one that is not there has no value."""

    def __missing__(self, key: str) -> NoValue:
        return NoValue(f"{self._name}.{key}")


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str | list) and not value)


class Amount:
    """An amount of money; texts compare it by its number."""

    __slots__ = ("_written", "locale", "money")

    def __init__(self, money: Money, locale: Locale) -> None:
        self.money = money
        self.locale = locale
        self._written: str | None = None

    def __liquid__(self) -> Decimal:
        return self.money.amount

    def __str__(self) -> str:
        # A message says the same amount in its subject, its text and its HTML, and Babel takes its time.
        if self._written is None:
            self._written = formats.format_money(self.money, self.locale)
        return self._written


class Amounts(list[Amount]):
    """Amounts of several currencies, which are never added."""

    def __init__(self, amounts: Sequence[Money], locale: Locale) -> None:
        super().__init__(Amount(amount, locale) for amount in amounts)
        self._locale = locale

    def __str__(self) -> str:
        return formats.format_enumeration([str(amount) for amount in self], self._locale)


@dataclass(frozen=True, slots=True)
class Day:
    """A day; texts compare it as YYYY-MM-DD."""

    date: date
    locale: Locale

    def __liquid__(self) -> str:
        return self.date.isoformat()

    def __str__(self) -> str:
        return formats.format_day(self.date, self.locale)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from a custom field."""

    number: Decimal
    locale: Locale

    def __liquid__(self) -> Decimal:
        return self.number

    def __str__(self) -> str:
        return formats.format_number(self.number, self.locale)


SCHEMES = ("http", "https", "mailto", "tel")


def is_web_address(address: str) -> bool:
    """Say whether the text is an address that can be followed safely from a message."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_whole = parts.netloc if parts.scheme.lower() in ("http", "https") else parts.path
    return bool(parts.scheme.lower() in SCHEMES and is_whole and address.isprintable() and " " not in address)


@dataclass(frozen=True, slots=True)
class NoAddress:
    """What stands where a web address should; it is there, and nobody can be sent to it."""

    tag: str
    said: str

    def __str__(self) -> str:
        raise CannotRender(f"{self.tag} is no web address: {self.said[:60]!r}")


LINK_STYLE = "color:inherit;text-decoration:underline"


class Link(str, Styled):
    """A web address that is known to be one."""

    __slots__ = ()

    def as_html(self) -> str:
        """Return it as a link to itself."""
        address = escape(str(self))
        return f'<a class="link" href="{address}" style="{LINK_STYLE}">{address}</a>'


@dataclass(frozen=True, slots=True)
class Labeled(Styled):
    """A link with a text of its own. A button is a link that is easy to hit."""

    label: str
    address: str
    is_button: bool
    colour: str
    ink: str

    def __str__(self) -> str:
        return f"{self.label}: {self.address}"

    def as_html(self) -> str:
        """Return it as a link or a button; a table cell, because mail programs give a link no room."""
        label, address = escape(self.label), escape(self.address)
        if not self.is_button:
            return f'<a class="link" href="{address}" style="{LINK_STYLE}">{label}</a>'
        return (
            '<table role="presentation" border="0" cellpadding="0" cellspacing="0" style="margin:8px 0 24px">'
            f'<tr><td class="button" bgcolor="{self.colour}" style="background:{self.colour};border-radius:6px">'
            f'<a href="{address}" style="display:inline-block;padding:12px 28px;border:1px solid {self.colour};'
            f'border-radius:6px;color:{self.ink};font-weight:bold;text-decoration:none">{label}</a></td></tr></table>'
        )


CELL_STYLE = (
    "padding:8px 12px 8px 0;border-bottom:1px solid #e3e6ea;text-align:{align};vertical-align:top;font-size:15px"
)
HEAD_STYLE = "padding:0 12px 6px 0;border-bottom:2px solid #c9ced6;text-align:{align};font-size:13px;color:#5b6470"
TABLE_STYLE = "width:100%;border-collapse:collapse;margin:0 0 20px"


@dataclass(frozen=True, slots=True)
class Table(Styled):
    """Invoices as a table in HTML and as lines in text. The first column may break, the last one is an amount."""

    heads: tuple[str, ...]
    rows: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    lines: tuple[str, ...]
    more: str | None = None

    def __str__(self) -> str:
        return "\n".join([*(f"- {line}" for line in self.lines), *([self.more] if self.more else [])])

    def as_html(self) -> str:
        """Return the table. A cell is a text and remarks in small print."""
        last = len(self.heads) - 1
        aligns = ["right" if index == last else "left" for index in range(len(self.heads))]
        heads = "".join(
            f'<th class="head" style="{HEAD_STYLE.format(align=align)}">{escape(head)}</th>'
            for head, align in zip(self.heads, aligns, strict=True)
        )
        rows = "".join(
            "<tr>" + "".join(_cell(*cell, align) for cell, align in zip(row, aligns, strict=True)) + "</tr>"
            for row in self.rows
        )
        more = f'<p class="small" style="margin:0 0 20px">{escape(self.more)}</p>' if self.more else ""
        return f'<table class="list" style="{TABLE_STYLE}"><tr>{heads}</tr>{rows}</table>{more}'


def _cell(said: str, remarks: tuple[str, ...], align: str) -> str:
    small = "".join(
        f'<br /><span class="small" style="font-size:13px;color:#5b6470">{escape(remark)}</span>'
        for remark in remarks
    )
    style = CELL_STYLE.format(align=align)
    if not remarks:
        # A day or an amount that is broken in two is hard to read on a phone.
        style += ";white-space:nowrap"
    return f'<td class="cell" style="{style}">{escape(said)}{small}</td>'
