"""`duewell rule`: smart rules, which put invoices under cadences, hide them, and tell people."""

from typing import Annotated

from cyclopts import App, Parameter

from console.commands import rule_notifications, rule_views
from console.options.manner import AS_USUAL, Manner

rule = App(name="rule", help="Keep smart rules; docs/smart-rules.md has their language.", sort_key=9)
rule.command(rule_views.list_rules, name="list", sort_key=2)
rule.command(rule_views.show, sort_key=3)
rule.command(rule_views.explain, sort_key=9)
rule.command(rule_views.log, sort_key=10)
rule.command(rule_notifications.notifications, sort_key=11)


@rule.command(sort_key=1)
def add(
    text: str,
    /,
    *,
    name: str | None = None,
    top: bool = False,
    before: str | None = None,
    after: str | None = None,
    active: bool = False,
    json: bool = False,
) -> int:
    """Add a rule at the bottom. Nothing is asked of it before it is active.

    Parameters
    ----------
    text
        What it says, such as "status is overdue and outstanding > 5000 EUR then assign W-KEY".
    name
        What it is called; without it, what it does.
    top
        Put it at the top.
    before
        Put it before the rule of this name.
    after
        Put it after the rule of this name.
    active
        Let it be asked from now on.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk
    from console.orders.rule_orders import place_of, say_rule, say_where
    from db.operations.rules.smart_rules import AT_BOTTOM

    place = place_of(top=top, bottom=False, before=before, after=after) or AT_BOTTOM
    with open_desk() as (desk, _), say_where(json):
        told = desk.add_rule(text, name, place, is_active=active)
    state = "is active" if told.line.rule.is_active else "is added, and not active yet"
    return say_rule(told, f"{told.line.rule.name} {state}", json)


@rule.command(sort_key=4)
def edit(
    name: str,
    text: str | None = None,
    /,
    *,
    new_name: Annotated[str | None, Parameter(name="--name")] = None,
    notify: bool = False,
    json: bool = False,
) -> int:
    """Let a rule say something else, or be called something else, from now on.

    Parameters
    ----------
    name
        The rule's name.
    text
        What it says from now on.
    new_name
        What it is called from now on.
    notify
        If it notifies: also tell of what it matches already.
    json
        Print one JSON document.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk
    from console.orders.rule_orders import say_rule, say_where

    if text is None and new_name is None:
        raise Failure("give the text that the rule says from now on, or --name", ASKED_WRONGLY)
    with open_desk() as (desk, _), say_where(json):
        told = desk.edit_rule(name, text, new_name, notifies=notify)
    sentence = f"{told.line.rule.name} is changed" if told.changed else "nothing changed, it says so already"
    return say_rule(told, sentence, json)


@rule.command(sort_key=5)
def move(
    name: str,
    /,
    *,
    top: bool = False,
    bottom: bool = False,
    before: str | None = None,
    after: str | None = None,
    json: bool = False,
) -> int:
    """Put a rule in another place: the first that matches wins.

    Parameters
    ----------
    name
        The rule's name.
    top
        To the top.
    bottom
        To the bottom.
    before
        Before the rule of this name.
    after
        After the rule of this name.
    json
        Print one JSON document.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk
    from console.orders.rule_orders import place_of, say_rule

    place = place_of(top=top, bottom=bottom, before=before, after=after)
    if place is None:
        raise Failure("say where: --top, --bottom, --before RULE or --after RULE", ASKED_WRONGLY)
    with open_desk() as (desk, _):
        told = desk.move_rule(name, place)
    stands = f"{told.line.rule.name} is moved" if told.changed else "nothing changed, it stands there already"
    return say_rule(told, stands, json)


@rule.command(sort_key=6)
def activate(
    name: str,
    /,
    *,
    apply_to_existing: bool = False,
    notify: bool = False,
    manner: Manner = AS_USUAL,
) -> int:
    """Let a rule be asked from now on. Applied to what is there, it first shows what that changes, and asks.

    Parameters
    ----------
    name
        The rule's name.
    apply_to_existing
        Also apply it to all invoices that match it already; a job does that.
    notify
        With `--apply-to-existing`: notifications go out for them too.
    """
    from console.orders.rule_activation import carry_out

    return carry_out(name, manner, applies=apply_to_existing, notifies=notify)


@rule.command(sort_key=7)
def deactivate(name: str, /, *, json: bool = False) -> int:
    """Let a rule not be asked any more. What it did stays.

    Parameters
    ----------
    name
        The rule's name.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk
    from console.orders.rule_orders import say_rule

    with open_desk() as (desk, _):
        told = desk.deactivate_rule(name)
    sentence = f"{name} is not active any more" if told.changed else "nothing changed, it is not active"
    return say_rule(told, sentence, json)


@rule.command(sort_key=8)
def delete(name: str, /, *, json: bool = False) -> int:
    """Delete a rule. What it did stays, and the log names it still.

    Parameters
    ----------
    name
        The rule's name.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.delete_rule(name)
    return say_done(json, f"{name} is deleted", rule=name)
