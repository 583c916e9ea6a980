"""`duewell webhook`: who is told over HTTP of what happens, and how that goes."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from console.options.arguments import Json

LINES_MAX = 500
Webhook = Annotated[int, Parameter(help="The webhook's number in `duewell webhook list`.")]

webhook = App(name="webhook", help="Keep who is told over HTTP of what happens to invoices.", sort_key=9)


@webhook.command(sort_key=1)
def add(
    url: str,
    /,
    *,
    kinds: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    allow_private: bool = False,
    json: Json = False,
) -> int:
    """Let a URL be told of events from now on, and show the secret that signs them, this once.

    Parameters
    ----------
    url
        Where events are posted to, https://…
    kinds
        Kinds of events, or families such as payment.*; without it, it is told of everything.
    allow_private
        It may be in a private network, and without TLS.
    """
    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from intake.webhook_orders import look_up

    with open_desk() as (desk, _):
        added = desk.add_webhook(look_up(url, allows_private=allow_private), kinds or [])
    if json:
        say_json({"webhook": added.id, "url": url, "kinds": added.kinds, "secret": added.secret})
    else:
        say(out(), f"Webhook {added.id} is told of {', '.join(added.kinds) or 'everything'}.")
        say(out(), f"Its secret, which is not shown again: {added.secret}")
    return 0


@webhook.command(name="list", sort_key=2)
def list_webhooks(*, json: bool = False) -> int:
    """List webhooks, and how it goes with each.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from console.terminal.webhook_words import how_it_goes, owed_words
    from db.engine import transaction
    from db.queries.webhooks import endpoint_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = endpoint_lines(session, datetime.now(UTC))
    if json:
        say_json([asdict(line) | {"state": line.state} for line in lines])
        return 0
    table = table_of("webhook", "url", "kinds", "owed", "")
    for line in lines:
        kinds = ", ".join(line.kinds) or "all"
        row(table, line.id, line.url, kinds, owed_words(line), how_it_goes(line, ledger.organization.time_zone))
    if lines:
        out().print(table)
    else:
        say(out(), "There is no webhook; add one with: duewell webhook add URL")
    return 0


@webhook.command(sort_key=3)
def show(number: Webhook, /, *, json: Json = False) -> int:
    """Show a webhook with its newest deliveries."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk
    from console.terminal.printing import out, say_json
    from console.terminal.webhook_words import print_deliveries, print_webhook
    from db.engine import transaction
    from db.queries.webhooks import delivery_lines, endpoint_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = endpoint_lines(session, datetime.now(UTC), number)
        newest = delivery_lines(session, 10, number, failed=False)
    if not lines:
        raise Failure(f"there is no webhook {number}", ASKED_WRONGLY)
    if json:
        say_json(asdict(lines[0]) | {"state": lines[0].state, "deliveries": [asdict(line) for line in newest]})
    else:
        print_webhook(out(), lines[0], ledger.organization.time_zone)
        print_deliveries(out(), newest, ledger.organization.time_zone)
    return 0


@webhook.command(name="test", sort_key=4)
def ping(number: Webhook, /, *, json: Json = False) -> int:
    """Send an event that tells of nothing, to see that it arrives."""
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        delivery = desk.ping_webhook(number)
    sentence = f"delivery {delivery} is on its way; see duewell webhook show {number}"
    return say_done(json, sentence, webhook=number, delivery=delivery)


@webhook.command(sort_key=5)
def deliveries(
    number: int | None = None,
    /,
    *,
    failed: bool = False,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))] = 50,
    json: bool = False,
) -> int:
    """List what was and is to be delivered, the newest first.

    Parameters
    ----------
    number
        Only those of the webhook with this number.
    failed
        Only what was not taken so far, or given up.
    limit
        How many at most, up to 500.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.webhook_words import print_deliveries
    from db.engine import transaction
    from db.queries.webhooks import delivery_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = delivery_lines(session, limit, number, failed=failed)
    if json:
        say_json([asdict(line) for line in lines])
    elif lines:
        print_deliveries(out(), lines, ledger.organization.time_zone)
    else:
        say(out(), "Nothing failed." if failed else "Nothing was to be delivered.")
    return 0


@webhook.command(sort_key=6)
def redeliver(delivery: int | None = None, /, *, given_up_by: int | None = None, json: Json = False) -> int:
    """Deliver once more, under the same id.

    Parameters
    ----------
    delivery
        The delivery's number in `duewell webhook deliveries`.
    given_up_by
        Instead: everything that was given up, of the webhook with this number.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk, say_done

    if (delivery is None) == (given_up_by is None):
        raise Failure("say which delivery, or --given-up-by WEBHOOK, and not both", ASKED_WRONGLY)
    with open_desk() as (desk, _):
        if given_up_by is not None:
            count = desk.redeliver_all_given_up(given_up_by)
            said = f"{count} {'delivery is on its' if count == 1 else 'deliveries are on their'} way again"
            return say_done(json, said, webhook=given_up_by, count=count)
        assert delivery is not None, "one of both was given"
        number = desk.redeliver_webhook(delivery)
    return say_done(json, f"delivery {delivery} is on its way again", webhook=number, count=1)


@webhook.command(sort_key=7)
def rotate(number: Webhook, /, *, json: Json = False) -> int:
    """Make a new secret and show it, this once; for a day the one before signs too."""
    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json

    with open_desk() as (desk, ledger):
        secret, until = desk.rotate_webhook_secret(number)
    if json:
        say_json({"webhook": number, "secret": secret, "both_until": until})
    else:
        shown = until.astimezone(ledger.organization.time_zone)
        say(out(), f"Its secret, which is not shown again: {secret}")
        say(out(), f"Until {shown:%a %Y-%m-%d %H:%M} everything is signed with the one before, too.")
    return 0


@webhook.command(sort_key=8)
def stop(number: Webhook, /, *, json: Json = False) -> int:
    """Send nothing more; what is owed already waits for `duewell webhook start`, and nothing new is owed."""
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.stop_webhook(number)
    sentence = f"webhook {number} is stopped" if changed else "nothing changed"
    return say_done(json, sentence, webhook=number, changed=changed)


@webhook.command(sort_key=9)
def start(number: Webhook, /, *, json: Json = False) -> int:
    """Send again, and at once what waits because it failed."""
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.start_webhook(number)
    sentence = f"webhook {number} is told again" if changed else f"webhook {number} is told, what failed at once"
    return say_done(json, sentence, webhook=number, changed=changed)


@webhook.command(sort_key=10)
def remove(number: Webhook, /, *, json: Json = False) -> int:
    """Forget a webhook with all its deliveries; what is owed to it is not delivered."""
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.remove_webhook(number)
    return say_done(json, f"webhook {number} is removed", webhook=number)


@webhook.command(name="kinds", sort_key=11)
def list_kinds(*, json: bool = False) -> int:
    """List the kinds of events that there are.

    Parameters
    ----------
    json
        Print one JSON document: a list.
    """
    from console.terminal.printing import out, say, say_json
    from db.tables.webhook_events import KINDS

    if json:
        say_json(KINDS)
    else:
        for kind in KINDS:
            say(out(), kind)
    return 0
