"""`duewell sender`: the addresses that messages go out from."""

from cyclopts import App

sender = App(
    name="sender", help="Keep the addresses that messages go out from, and how much each may send.", sort_key=9
)


@sender.command(name="list", sort_key=1)
def list_senders(*, json: bool = False) -> int:
    """List the senders. Without any, messages go out from the organization's own address.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.senders import sender_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = sender_lines(session)
    if json:
        say_json([asdict(line) for line in lines])
        return 0
    table = table_of("sender", "name", "of", "a minute", "a day", "replies to", "")
    for line in lines:
        state = "not verified" if line.verified_at is None else "default" if line.is_default else ""
        row(table, line.email, line.name, line.user, line.minute_max, line.day_max, line.reply_to, state)
    if lines:
        out().print(table)
    if not any(line.is_default for line in lines):
        own = f"the organization's own address, {ledger.organization.name} <{ledger.organization.email}>"
        who = "What names no sender goes" if lines else "There is no sender: messages go"
        say(out(), f"{who} out from {own}.")
    return 0


@sender.command(sort_key=2)
def add(
    email: str,
    /,
    *,
    name: str,
    user: str | None = None,
    phone: str | None = None,
    signature: str | None = None,
    reply_to: str | None = None,
    minute_max: int | None = None,
    day_max: int | None = None,
    json: bool = False,
) -> int:
    """Add an address that messages may go out from. Nothing does before it is verified.

    Parameters
    ----------
    email
        The address.
    name
        The name that customers see beside it.
    user
        The e-mail address of the user whose it is; phone and signature are theirs unless said.
    phone
        A phone number for texts.
    signature
        What texts end with.
    reply_to
        Where replies go, if not to the address itself.
    minute_max
        The most messages that it sends in a minute, over all workers.
    day_max
        The most messages that it sends in a day.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done
    from db.operations.messages.senders import NewSender

    new = NewSender(email, name, user, phone, signature, reply_to, minute_max, day_max)
    with open_desk() as (desk, _):
        is_verified = desk.add_sender(new)
    then = "" if is_verified else f"; verify it with: duewell sender verify {email}"
    return say_done(json, f"{email} is a sender{then}", sender=email, verified=is_verified)


@sender.command(sort_key=3)
def change(
    email: str,
    /,
    *,
    name: str | None = None,
    phone: str | None = None,
    signature: str | None = None,
    reply_to: str | None = None,
    minute_max: int | None = None,
    day_max: int | None = None,
    json: bool = False,
) -> int:
    """Change a sender; what is not given stays, an empty text takes it away, and 0 takes a limit away.

    Parameters
    ----------
    email
        The sender's address.
    name
        The name that customers see beside it.
    phone
        A phone number for texts.
    signature
        What texts end with.
    reply_to
        Where replies go, if not to the address itself.
    minute_max
        The most messages that it sends in a minute, over all workers.
    day_max
        The most messages that it sends in a day.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.change_sender(email, name, phone, signature, reply_to, minute_max, day_max)
    return say_done(json, f"{email} is changed" if changed else "nothing changed", sender=email, changed=changed)


@sender.command(sort_key=4)
def verify(email: str, /, *, code: str | None = None, trusted: bool = False, json: bool = False) -> int:
    """Verify that messages may go out from an address: send a code to it, then give that code.

    Parameters
    ----------
    email
        The sender's address.
    code
        The code that the address got.
    trusted
        Without a code: another sender of the same domain is verified.
    json
        Print one JSON document.
    """
    import asyncio

    from console.connections.environment import environment
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.delivering import deliver_all
    from console.orders.desk import open_desk, say_done
    from console.terminal.printing import err, out, say
    from intake.people_orders import send_code
    from mailer.choice import transport_of

    if code is not None and trusted:
        raise Failure("say --code or --trusted, not both", ASKED_WRONGLY)
    chosen = environment()
    with open_desk() as (desk, ledger):
        if code is None and not trusted:
            try:
                transport = transport_of(chosen.smtp_url, chosen.resend_api_key, chosen.resend_url)
            except ValueError as error:
                raise Failure(str(error), ASKED_WRONGLY) from error
            try:
                send_code(desk.make_code(email), transport)
            finally:
                transport.close()
            sentence = f"a code was sent to {email}; give it with: duewell sender verify {email} --code CODE"
            return say_done(json, sentence, sender=email, verified=False)
        count = desk.trust_sender(email) if code is None else desk.confirm_code(email, code)
        delivery = asyncio.run(deliver_all(ledger, chosen, err())) if count else None
    looking = f"; {count} {'invoice looks' if count == 1 else 'invoices look'} again" if count else ""
    say_done(json, f"{email} is verified{looking}", sender=email, verified=True, looking_again=count)
    if delivery is not None and not delivery.is_complete and not json:
        say(out(), delivery.sentence, "yellow")
    return 0


@sender.command(sort_key=5)
def default(email: str, /, *, json: bool = False) -> int:
    """Let messages go out from a sender unless their step names another one.

    Parameters
    ----------
    email
        The sender's address; `none` is the organization's own address.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    chosen = None if email == "none" else email
    with open_desk() as (desk, ledger):
        changed = desk.set_default_sender(chosen)
    named = chosen or ledger.organization.email
    sentence = f"messages go out from {named}" if changed else "nothing changed"
    return say_done(json, sentence, sender=chosen, changed=changed)


@sender.command(sort_key=6)
def delete(email: str, /, *, json: bool = False) -> int:
    """Delete a sender. It is refused while it is the default, or a step in force is sent from it.

    Parameters
    ----------
    email
        The sender's address.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.delete_sender(email)
    return say_done(json, f"{email} is no sender any more", sender=email)


@sender.command(sort_key=7)
def check(domain: str | None = None, /, *, selector: str | None = None, json: bool = False) -> int:
    """Look up whether the domains of senders have published SPF, DKIM and DMARC.

    Parameters
    ----------
    domain
        The domain of a sender; all of them if none is named.
    selector
        The selector of the domain's DKIM key, as the mail provider calls it; it is kept for the next time.
    json
        Print one JSON document: a list of objects.
    """
    from console.connections.environment import environment
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.domain_orders import look_at_domains

    if selector is not None and domain is None:
        raise Failure("say whose selector it is: duewell sender check DOMAIN --selector NAME", ASKED_WRONGLY)
    return look_at_domains(environment(), domain, selector, as_json=json)
