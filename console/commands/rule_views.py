"""The commands of `duewell rule` that only look: at rules, at how they stand to an invoice, and at their log."""


def list_rules(*, json: bool = False) -> int:
    """List the rules from the top.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say, say_json
    from console.terminal.rule_table import rules_table
    from console.views.rule_data import rule_data
    from db.engine import transaction
    from db.queries.smart_rules import rule_lines

    with open_ledger() as ledger, transaction(ledger.engine) as session:
        lines = rule_lines(session)
    if json:
        say_json([rule_data(line) for line in lines])
    elif not lines:
        say(out(), "There are no rules yet, see duewell rule add.")
    else:
        out().print(rules_table(lines))
    return 0


def show(name: str, /, *, json: bool = False) -> int:
    """Show a rule: what it says, and who made and changed it.

    Parameters
    ----------
    name
        The rule's name.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say_json
    from console.terminal.rule_table import print_rule
    from console.views.rule_data import rule_data
    from db.engine import transaction
    from db.operations.rules.smart_rules import require_rule

    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            line = require_rule(session, name)
        if json:
            say_json(rule_data(line))
        else:
            print_rule(out(), line, ledger.organization.time_zone)
    return 0


def explain(invoice: str, /, *, json: bool = False) -> int:
    """Explain for an invoice which rules match it and which win, condition by condition.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.orders.rule_orders import read_explained
    from console.terminal.printing import out, say_json
    from console.terminal.rule_table import print_explained
    from console.views.rule_data import explained_data

    with open_ledger() as ledger:
        found = read_explained(ledger, invoice)
        if json:
            say_json(explained_data(found))
        else:
            print_explained(out(), found, ledger.organization.time_zone)
    return 0


def log(invoice: str | None = None, /, *, limit: int = 50, json: bool = False) -> int:
    """Show what rules decided, the newest last.

    Parameters
    ----------
    invoice
        The invoice's number; without it, what they decided for all.
    limit
        How many lines at most.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.orders.rule_orders import read_log
    from console.terminal.printing import out, say, say_json
    from console.terminal.rule_table import log_table

    with open_ledger() as ledger:
        lines = read_log(ledger, invoice, limit)
        if json:
            say_json([asdict(line) for line in lines])
        elif not lines:
            say(out(), "Rules have decided nothing yet.")
        else:
            out().print(log_table(lines, ledger.organization.time_zone))
    return 0
