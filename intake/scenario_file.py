"""Reads scenarios from a file: YAML documents, or JSON objects one per line (docs/scenarios.md)."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path

from dunning.calendar import ONE_DAY, Calendar
from dunning.facts import HoldDays, Invoice
from dunning.simulate import Scenario
from intake.documents import BadDocument, Document, Misplaced, take
from intake.json_lines import json_lines
from intake.scenario_events import Cast
from intake.stated_cadence import cadence_of
from intake.stated_scenario import WEEKDAYS, StatedOrganization, StatedScenario
from intake.yaml_documents import yaml_documents

HOLIDAYS_IN_A_ROW_MAX = 180
_LAST_MINUTE = time(23, 59, 59)


class BadScenario(Exception):
    """A file of scenarios that cannot be taken; the text is one line that names file, place and what is wrong."""


def read_scenarios(path: Path) -> list[Scenario]:
    """Return the scenarios of a .yaml, .yml or .jsonl file, in order. Raises BadScenario."""
    try:
        return [take(document, StatedScenario, _scenario) for document in _documents(path)]
    except BadDocument as error:
        raise BadScenario(str(error)) from error


def _documents(path: Path) -> Iterator[Document]:
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return yaml_documents(path)
        case ".jsonl":
            return json_lines(path)
        case _:
            raise BadDocument(f"{path}: expected a file of scenarios, .yaml, .yml or .jsonl")


def _scenario(stated: StatedScenario) -> Scenario:
    calendar = _calendar(stated.organization)
    if stated.until < stated.enters:
        raise Misplaced(("until",), f"{stated.until} is before {stated.enters}, when the invoice enters")
    cadence = cadence_of(stated.cadence, ("cadence",))
    cadences = {cadence.name: cadence}
    for index, further in enumerate(stated.cadences):
        if further.name in cadences:
            raise Misplaced(("cadences", index, "name"), f"{further.name!r} is the name of an earlier cadence")
        cadences[further.name] = cadence_of(further, ("cadences", index))
    cast = Cast(calendar, cadences, stated.enters)
    events = [cast.event(line, ("events", index)) for index, line in enumerate(stated.events)]
    organization = stated.organization
    return Scenario(
        name=stated.name,
        calendar=calendar,
        cadence=cadence,
        invoice=_invoice(stated),
        enters=stated.enters,
        until=stated.until,
        # A stable order: the events of one day keep the order given.
        events=tuple(sorted(events, key=lambda event: event.at.date())),
        hold_days=HoldDays(
            partial_payment=organization.partial_payment_hold_days,
            promise_grace=organization.promise_grace_days,
            reversal_grace=organization.reversal_grace_days,
        ),
        tolerance=organization.tolerance,
    )


def _calendar(organization: StatedOrganization) -> Calendar:
    calendar = Calendar(
        time_zone=organization.time_zone,
        send_time=organization.send_time,
        # A scenario runs once a day, at the send time: the day's hours must not be over by then.
        send_until=_LAST_MINUTE,
        business_days=frozenset(map(WEEKDAYS.index, organization.business_days)),
        holidays=frozenset(organization.holidays),
        jitter_minutes=0,
    )
    # Shorter lists cannot fill half a year, even where one day a week is a business day.
    if len(calendar.holidays) > HOLIDAYS_IN_A_ROW_MAX // 7:
        _expect_business_days(calendar)
    return calendar


def _expect_business_days(calendar: Calendar) -> None:
    """Raise Misplaced where holidays follow each other for so long that no day could be worked out."""
    for holiday in calendar.holidays:
        if all(not calendar.is_business_day(holiday + ONE_DAY * ahead) for ahead in range(HOLIDAYS_IN_A_ROW_MAX)):
            wrong = f"no business day within {HOLIDAYS_IN_A_ROW_MAX} days of {holiday}"
            raise Misplaced(("organization", "holidays"), wrong)


def _invoice(stated: StatedScenario) -> Invoice:
    invoice = stated.invoice
    if invoice.due is not None and invoice.due < invoice.issued:
        raise Misplaced(("invoice", "due"), f"{invoice.due} is before {invoice.issued}, the issue date")
    return Invoice(1, invoice.number, invoice.issued, invoice.due, invoice.total, invoice.currency)
