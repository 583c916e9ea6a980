"""`duewell migrate`: bring the ledger to this release."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.engine import Engine


def migrate(*, name: str | None = None, email: str | None = None, json: bool = False) -> int:
    """Bring the ledger's schema to this release, and set up a new ledger. Repeat it as often as you like.

    Parameters
    ----------
    name
        What a new organization is called in messages to its customers.
    email
        The address from which a new organization writes.
    json
        Print one JSON document.
    """
    from console.connections.environment import environment, place_of
    from console.connections.ledger import reached, read_revision, require_current
    from console.failure import NOT_DONE, Failure
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.queries.organization import organization_view

    given = _given(name, email)
    with reached() as engine:
        before = read_revision(engine)
        if before.is_foreign:
            require_current(before)
        is_new = _set_up(engine, given)
        after = read_revision(engine)
        with transaction(engine) as session:
            organization = organization_view(session)
    if organization is None:
        raise Failure("the ledger has no organization; run: duewell migrate", NOT_DONE)
    if json:
        say_json(
            {
                "ledger": place_of(environment().database_url),
                "revision_before": before.current,
                "revision": after.current,
                "organization": organization.name,
                "email": organization.email,
                "is_new_organization": is_new,
            }
        )
        return 0
    console = out()
    if before.current == after.current:
        schema = f"the schema is at revision {after.current} already"
    elif before.current is None:
        schema = f"the schema is set up at revision {after.current}"
    else:
        schema = f"the schema went from revision {before.current} to {after.current}"
    say(console, f"{place_of(environment().database_url)}: {schema}.")
    writes = f"{organization.name} writes as {organization.email}"
    if is_new:
        say(console, f"New organization: {writes}.")
        return 0
    say(console, f"The organization was left as it is: {writes}.")
    if given:
        say(console, "--name and --email are for a new organization; they changed nothing.", "yellow")
    return 0


def _given(name: str | None, email: str | None) -> dict[str, str]:
    """Return what was said of a new organization. Raises Failure for what cannot be one."""
    from console.failure import ASKED_WRONGLY, Failure
    from intake.cells import parse_email
    from intake.problems import Wrong
    from intake.typed_text import typed_line

    given = {}
    if name is not None:
        read = typed_line(name)
        if not read or isinstance(read, Wrong):
            raise Failure("--name: expected the organization's name in one line", ASKED_WRONGLY)
        given["name"] = read
    if email is not None:
        address = parse_email(email)
        if isinstance(address, Wrong):
            raise Failure(f"--email: {email!r} is {address.wrong}; expected {address.expected}", ASKED_WRONGLY)
        given["email"] = address
    return given


def _set_up(engine: "Engine", given: dict[str, str]) -> bool:
    from intake.setup import set_up

    return set_up(engine, **given)
