"""`duewell organization`: the settings that the whole book shares."""

from typing import Annotated

from cyclopts import Parameter


def organization(
    *,
    settings: Annotated[list[str] | None, Parameter(name="--set")] = None,
    logo: str | None = None,
    json: bool = False,
) -> int:
    """Show the organization's settings, or change some; then every open collection looks again.

    Parameters
    ----------
    settings
        A setting to change, as NAME=VALUE; may be repeated.
    logo
        The file of an image for messages, PNG, JPEG or GIF of at most 200 KB; `none` takes it away.
    json
        Print one JSON document.
    """
    from pathlib import Path

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.clerk import clerk
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.queries.organization import organization_logo, organization_settings
    from intake.commands import Desk
    from intake.logo import read_logo
    from intake.organization_orders import look_again
    from intake.organization_settings import WrongSetting, read_settings, shown

    with open_ledger() as ledger:
        desk = Desk(ledger.engine, clerk())
        try:
            image = None if logo in (None, "none") else read_logo(Path(logo))
            changed, is_about_when = desk.change_settings(read_settings(settings or []))
        except (WrongSetting, ValueError) as wrong:
            raise Failure(str(wrong), ASKED_WRONGLY) from wrong
        if logo is not None and desk.change_logo(image):
            changed.append("logo")
        # Also if nothing differs: an earlier change may have been interrupted before all were told.
        count = look_again(ledger.engine, desk.by) if is_about_when or (settings and not changed) else 0
        with transaction(ledger.engine) as session:
            now = shown(organization_settings(session))
            has_logo = organization_logo(session)
        if has_logo is not None:
            now["logo"] = f"{has_logo[1]}, {len(has_logo[0]) / 1024:.1f} KB"
    if json:
        say_json({"settings": now, "changed": changed, "looking_again": count})
        return 0
    console = out()
    if not settings and logo is None:
        width = max(map(len, now))
        for name, value in now.items():
            say(console, f"{name:{width}}  {value}".rstrip())
        return 0
    for name in changed:
        say(console, f"{name} is now {now.get(name, 'none')}.")
    if not changed:
        say(console, "Nothing changed.")
    if count:
        say(console, f"{count} open {'collection looks' if count == 1 else 'collections look'} again.")
    return 0
