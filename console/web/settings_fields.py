"""The organization's settings as forms show them: labels, hints, and in which form they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.datastructures import FormData

from console.web.words import N_
from intake.organization_settings import NONE, SETTINGS
from intake.stated_scenario import WEEKDAYS

Kind = Literal[
    "line", "lines", "email", "time", "number", "amount", "zone", "days", "dates", "yes", "choice", "owner"
]


@dataclass(frozen=True, slots=True)
class Field:
    """A setting in a form."""

    name: str
    label: str
    kind: Kind = "line"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    needs_value: bool = True


@dataclass(frozen=True, slots=True)
class FieldForm:
    """Settings that are saved together."""

    name: str
    title: str
    fields: tuple[Field, ...]


DAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))

WHO = FieldForm(
    "who",
    N_("Who you are"),
    (
        Field("name", N_("Name")),
        Field("email", N_("E-mail address"), "email", N_("Messages go out from it where no sender is chosen.")),
        Field("address", N_("Postal address"), "lines", needs_value=False),
        Field(
            "bank_details",
            N_("Bank details"),
            "lines",
            N_("Shown in messages, so that people can pay."),
            needs_value=False,
        ),
        Field(
            "locale",
            N_("Language of messages"),
            hint=N_("Such as en, fr or de-CH; a customer may have their own."),
        ),
        Field("todo_owner", N_("To-dos without an owner go to"), "owner", N_("A group or a user.")),
    ),
)
LOOK = FieldForm(
    "look",
    N_("How messages look"),
    (
        Field("colour", N_("Colour"), hint=N_("Six digits behind #, such as #1F4E79.")),
        Field(
            "pay_link",
            N_("Link to pay"),
            hint=N_("May hold {number} and {external_id} of the invoice."),
            needs_value=False,
        ),
        Field(
            "view_link",
            N_("Link to the invoice"),
            hint=N_("May hold {number} and {external_id} of the invoice."),
            needs_value=False,
        ),
        Field("attaches_invoice", N_("Attach the invoice’s file, if it has one"), "yes"),
        Field(
            "marks_replies",
            N_("Mark the address for replies, to know what they answer"),
            "yes",
            N_("Your mail server must accept addresses with + in them."),
        ),
    ),
)
CALENDAR = FieldForm(
    "calendar",
    N_("Calendar"),
    (
        Field("time_zone", N_("Time zone"), "zone"),
        Field("business_days", N_("Business days"), "days"),
        Field("send_time", N_("Messages go out from"), "time"),
        Field("send_until", N_("Messages go out until"), "time"),
        Field(
            "jitter_minutes",
            N_("Spread over, in minutes"),
            "number",
            N_("A morning’s messages leave within this time, not all at once."),
        ),
        Field(
            "holiday_calendar",
            N_("Public holidays of"),
            hint=N_("A country such as FR, or a part of one such as DE-BY."),
            needs_value=False,
        ),
        Field(
            "holidays",
            N_("Other days off"),
            "dates",
            N_("One day in each line, such as 2026-12-24."),
            needs_value=False,
        ),
    ),
)
SENDING = FieldForm(
    "sending",
    N_("Contact and sending"),
    (
        Field(
            "sends_automatically",
            N_("Send by itself what cadences say"),
            "yes",
            N_("Without it no message goes out by itself."),
        ),
        Field("merges_same_day", N_("Merge messages of one step to one customer on the same day"), "yes"),
        Field(
            "contact_delay_scope",
            N_("The minimum contact delay is kept"),
            "choice",
            choices=(("collection", N_("for each invoice by itself")), ("customer", N_("for the whole customer"))),
        ),
        Field(
            "when_uncertain",
            N_("When nobody knows whether a message arrived"),
            "choice",
            choices=(("repeat", N_("send the same message again")), ("ask", N_("ask a person"))),
        ),
        Field(
            "bulk_signals_per_second",
            N_("Bulk work: invoices told each second"),
            "number",
            N_("How fast imports and other bulk work reach the running collections."),
        ),
    ),
)
MONEY = FieldForm(
    "money",
    N_("Payments and promises"),
    (
        Field(
            "payment_term_days",
            N_("Payment term where an invoice states none, in days"),
            "number",
            needs_value=False,
        ),
        Field(
            "tolerance",
            N_("Amount that counts as paid"),
            "amount",
            N_("An outstanding amount up to this is not followed up."),
        ),
        Field("partial_payment_hold_days", N_("Days without contact after a partial payment"), "number"),
        Field("promise_grace_days", N_("Days of grace after a promise to pay"), "number"),
        Field("reversal_grace_days", N_("Days of grace after a payment was reversed"), "number"),
        Field("reconcile_time", N_("Nightly comparison of ledger and processes"), "time"),
    ),
)
# What a value should have been, as settings say it.
EXPECTED = (
    N_("some text in one line"),
    N_("an IANA time zone, such as Europe/Madrid"),
    N_("a time of the day, such as 08:30"),
    N_("one or more days, such as mon,tue,wed,thu,fri"),
    N_("days such as 2026-12-24,2026-12-31, or none"),
    N_("a country such as FR, with a part of it where holidays differ, such as DE-BY, or none"),
    N_("a whole number from 0 to 365"),
    N_("a whole number from 0 to 1440"),
    N_("a whole number from 0 to 3650"),
    N_("a whole number from 1 to 1000"),
    N_("an amount in plain digits, such as 0.50"),
    N_("a colour such as #1F4E79"),
    N_("a web address such as https://pay.company.example/{number}, or none"),
    N_("no other parts in it than {number} and {external_id}, after the host, or none"),
)


def written(form: FieldForm, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the form's settings as it shows them."""
    shown = {field.name: SETTINGS[field.name].write(settings[field.name]) for field in form.fields}
    for field in form.fields:
        if not field.needs_value and shown[field.name] == NONE:
            shown[field.name] = ""
        if field.kind == "dates":
            shown[field.name] = "\n".join(shown[field.name].split(","))
    return shown


def typed(form: FieldForm, sent: FormData) -> dict[str, str]:
    """Return what was typed into the form, by setting; what is missing is empty, and a box without tick is no."""
    values: dict[str, str] = {}
    for field in form.fields:
        given = [value.strip() for value in sent.getlist(field.name) if isinstance(value, str)]
        if field.kind == "yes":
            values[field.name] = "yes" if "yes" in given else "no"
        elif field.kind == "days":
            values[field.name] = ",".join(given)
        else:
            values[field.name] = given[0].replace("\r\n", "\n") if given else ""
    return values


def read(form: FieldForm, values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings that were typed, and for those that make no sense what was expected."""
    sound: dict[str, Any] = {}
    expected: dict[str, str] = {}
    for field in form.fields:
        text = values[field.name]
        if field.kind == "dates":
            text = ",".join(text.replace(",", " ").split()) or NONE
        try:
            sound[field.name] = SETTINGS[field.name].read(text)
        except ValueError as error:
            expected[field.name] = str(error)
    return sound, expected


def weekdays() -> Sequence[tuple[str, str]]:
    """Return each day of the week: as settings write it, and its name."""
    return tuple(zip(WEEKDAYS, DAYS, strict=True))
