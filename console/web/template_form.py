"""The text of a template as a form has it, the tags that may be put into it, and words about all that."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Path

from console.web.words import N_
from db.engine import Session
from db.queries.templates import saved_texts
from mailer.known_tags import KNOWN, MAY_BE_EMPTY
from mailer.texts import Text, shipped_text

PATH = "/templates"
SUBJECT_CHARACTERS_MAX = 2_000
BODY_CHARACTERS_MAX = 100_000
FORM_BYTES_MAX = 1024 * 1024
VERBS = (N_("template saved"), N_("test message sent"))
KINDS = (N_("template"),)
DETAILS = (N_("language"), N_("edition"), N_("invoice"), N_("to"))
GROUPS = (
    *(N_("Invoice"), N_("Customer"), N_("Contact"), N_("Sender"), N_("Organization"), N_("Step")),
    *(N_("History"), N_("Day"), N_("Several invoices"), N_("Custom fields")),
)
_HEADINGS = dict(
    zip(
        ("invoice", "customer", "contact", "sender", "organization", "step", "history", "today"),
        GROUPS,
        strict=False,
    )
)
# How a tag is best written where a bare one would be refused or look odd.
_WRITTEN = {
    "invoice.pay_link": '{% if invoice.pay_link %}{{ invoice.pay_link | button: "Pay now" }}{% endif %}',
}

Name = Annotated[str, Path(max_length=40, pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Language = Annotated[str, Path(max_length=3, pattern="^[a-z]{2,3}$")]
Subject = Annotated[str, Form(max_length=SUBJECT_CHARACTERS_MAX)]
Body = Annotated[str, Form(max_length=BODY_CHARACTERS_MAX)]
Number = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag to choose: what it is called, and what is put into the text."""

    name: str
    written: str


@dataclass(frozen=True, slots=True)
class InForce:
    """A text that is in force in just one language; edition 0 is the shipped one."""

    text: Text
    edition: int
    saved_by: str | None


def in_force(session: Session, name: str, language: str) -> InForce | None:
    """Return the text of the template in the language, None if there is none in it."""
    saved = saved_texts(session, name).get(language)
    if saved is not None:
        return InForce(Text(saved.subject, saved.body, language), saved.number, saved.saved_by)
    shipped = shipped_text(name, language)
    return None if shipped is None else InForce(shipped, 0, None)


def typed(subject: str, body: str, language: str) -> Text:
    """Return the text that was typed; browsers send line ends of their own."""
    return Text(subject.strip(), body.replace("\r\n", "\n").strip("\n") + "\n", language)


def tags(custom: dict[str, frozenset[str]]) -> list[tuple[str, list[Tag]]]:
    """Return the tags by group, the organization's own fields last."""
    groups = []
    for group, heading in _HEADINGS.items():
        names = [f"{group}.{one}" if one else group for one in KNOWN[group] or ("",)]
        names = [name for name in names if not name.endswith((".custom", ".is_partly_paid"))]
        groups.append((heading, [Tag(name, _written(name)) for name in names]))
    lists = [Tag("invoices_table", "{{ invoices_table }}")] if "invoices_table" in KNOWN else []
    if lists:
        groups.append(("Several invoices", lists))
    own = [f"{entity}.custom.{key}" for entity in sorted(custom) for key in sorted(custom[entity])]
    if own:
        groups.append(("Custom fields", [Tag(name, f'{{{{ {name} | default: "" }}}}') for name in own]))
    return groups


def _written(name: str) -> str:
    if name in _WRITTEN:
        return _WRITTEN[name]
    return f'{{{{ {name} | default: "" }}}}' if name in MAY_BE_EMPTY else f"{{{{ {name} }}}}"
