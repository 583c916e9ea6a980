"""`duewell field`: what an organization notes of its customers and invoices beside what every invoice has."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

field = App(
    name="field", help="Keep your own fields of customers and invoices, which rules can ask for.", sort_key=9
)
# Spelled out for --help, which cannot wait for the modules of the ledger.
Of = Literal["customer", "invoice"]
Type = Literal["text", "number", "date", "boolean", "select"]


@field.command(name="list", sort_key=1)
def list_fields(*, json: bool = False) -> int:
    """List your own fields.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.custom_fields import field_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = field_lines(session)
    if json:
        say_json([_data(line) for line in lines])
        return 0
    if not lines:
        say(out(), "There are no fields yet, see duewell field add.")
        return 0
    table = table_of("field", "type", "label", "options")
    for line in lines:
        row(table, f"{line.entity} {line.key}", line.type, line.label, ", ".join(line.options))
    out().print(table)
    return 0


@field.command(sort_key=2)
def add(
    of: Of,
    key: str,
    /,
    *,
    kind: Annotated[Type, Parameter(name="--type")] = "text",
    label: str | None = None,
    option: Annotated[list[str] | None, Parameter(name="--option")] = None,
    json: bool = False,
) -> int:
    """Add a field, or bring one to another label or other options; its type never changes.

    Parameters
    ----------
    of
        customer or invoice: whose field it is.
    key
        What rules and files know it by: small letters, digits and _.
    kind
        What it holds; a select has one of its options.
    label
        What people call it; without it, the key.
    option
        A value that a select may have; may be repeated. One that something has does not go.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.put_field(of, key, kind, label, option or [])
    sentence = f"{key} is a {kind} field of {of}s" if changed else "nothing changed"
    return say_done(json, sentence, entity=of, key=key, type=kind, changed=changed)


@field.command(sort_key=3)
def show(of: Of, key: str, /, *, json: bool = False) -> int:
    """Show a field, with the rules that ask for it.

    Parameters
    ----------
    of
        customer or invoice: whose field it is.
    key
        The field's key.
    json
        Print one JSON document.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.queries.custom_fields import field_lines
    from db.queries.smart_rules import rules_that_name

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        line = next((one for one in field_lines(session) if (one.entity, one.key) == (of, key)), None)
        rules = rules_that_name(session, of, key)
    if line is None:
        raise Failure(f"there is no custom field {key!r} of {of}s", ASKED_WRONGLY)
    if json:
        say_json({**_data(line), "rules": rules})
        return 0
    say(out(), f"{line.label}: {line.key}, a {line.type} field of {of}s.")
    if line.options:
        say(out(), f"Options: {', '.join(line.options)}.")
    say(out(), f"Rules that ask for it: {', '.join(rules) or 'none'}.")
    return 0


@field.command(sort_key=4)
def remove(of: Of, key: str, /, *, json: bool = False) -> int:
    """Remove a field with all its values. It is refused while a rule asks for it.

    Parameters
    ----------
    of
        customer or invoice: whose field it is.
    key
        The field's key.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.delete_field(of, key)
    return say_done(json, f"the field {key} of {of}s is removed", entity=of, key=key)


def _data(line: object) -> dict[str, object]:
    names = ("entity", "key", "type", "label", "options")
    return {name: getattr(line, name) for name in names}
