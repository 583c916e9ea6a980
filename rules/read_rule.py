"""Reads a rule from its readable form. The text is cut and compared, never evaluated as code."""

from typing import Final, Literal, cast

from rules.catalogue import Catalogue
from rules.conditions import Condition
from rules.reading import CannotRead, Cursor, Misread
from rules.reading_conditions import read_condition, read_value
from rules.rule import CONDITIONS_MAX, Action, Assign, Definition, Notify, Show, Trigger
from rules.tokens import tokens

# Longer than any rule that keeps the limits of `rules.rule` and is written by `written`.
TEXT_LENGTH_MAX: Final = 100_000
CHANNELS: Final = ("email", "webhook")


def read_rule(text: str, catalogue: Catalogue) -> Definition | Misread:
    """Read a rule such as `status is overdue and outstanding > 5000 EUR then assign W-KEY`.

    Before the conditions may stand `when created:`; without conditions the rule says `always`.
    """
    if len(text) > TEXT_LENGTH_MAX:
        return Misread(TEXT_LENGTH_MAX + 1, f"a rule has at most {TEXT_LENGTH_MAX} characters")
    cursor = Cursor(list(tokens(text)))
    try:
        return _read(cursor, catalogue)
    except CannotRead as stopped:
        return stopped.misread


def read_conditions(text: str, catalogue: Catalogue) -> tuple[Condition, ...] | Misread:
    """Read conditions alone, such as `status is overdue and outstanding > 5000 EUR`."""
    if len(text) > TEXT_LENGTH_MAX:
        return Misread(TEXT_LENGTH_MAX + 1, f"conditions have at most {TEXT_LENGTH_MAX} characters")
    cursor = Cursor(list(tokens(text)))
    try:
        conditions = _read_conditions(cursor, catalogue)
        if cursor.token.kind != "end":
            raise cursor.failure('"and"; texts of several words are quoted')
    except CannotRead as stopped:
        return stopped.misread
    return conditions


def _read(cursor: Cursor, catalogue: Catalogue) -> Definition:
    start = cursor.token
    trigger = _read_trigger(cursor)
    conditions = () if cursor.passes("always") else _read_conditions(cursor, catalogue)
    if not cursor.passes("then"):
        raise cursor.failure('"then"' if not conditions else '"and" or "then"; texts of several words are quoted')
    action = _read_action(cursor)
    if cursor.token.kind != "end":
        raise cursor.failure("the end, because a rule does one thing")
    return cursor.make(start, lambda: Definition(trigger=trigger, conditions=conditions, action=action))


def _read_trigger(cursor: Cursor) -> Trigger:
    if not cursor.passes("when"):
        return Trigger.CREATED_OR_UPDATED
    if not cursor.passes("created"):
        raise cursor.failure('"created" or "created or updated"')
    trigger = Trigger.CREATED_OR_UPDATED if cursor.passes("or", "updated") else Trigger.CREATED
    if not cursor.passes_sign(":"):
        raise cursor.failure('":"')
    return trigger


def _read_conditions(cursor: Cursor, catalogue: Catalogue) -> tuple[Condition, ...]:
    found = [read_condition(cursor, catalogue)]
    while cursor.is_at("and"):
        if len(found) == CONDITIONS_MAX:
            raise cursor.failure(f"at most {CONDITIONS_MAX} conditions")
        cursor.take()
        found.append(read_condition(cursor, catalogue))
    return tuple(found)


def _read_action(cursor: Cursor) -> Action:
    start = cursor.token
    if cursor.passes("assign"):
        if cursor.passes("none"):
            return Assign(cadence=None)
        name = read_value(cursor, "the name of a cadence, or none")
        return cursor.make(start, lambda: Assign(cadence=name))
    if cursor.passes("hide"):
        return Show(visible=False)
    if cursor.passes("show"):
        return Show(visible=True)
    if not cursor.passes("notify"):
        raise cursor.failure("assign, hide, show or notify")
    recipient = read_value(cursor, "a group, or the e-mail address of a user")
    cursor.require("by")
    channel = cursor.token.value.lower()
    if cursor.token.kind != "word" or channel not in CHANNELS:
        raise cursor.failure("email or webhook")
    cursor.take()
    text = cursor.token
    if text.kind != "text":
        raise cursor.failure("a text in quotes")
    cursor.take()
    by = cast(Literal["email", "webhook"], channel)
    return cursor.make(start, lambda: Notify(recipient=recipient, channel=by, text=text.value))
