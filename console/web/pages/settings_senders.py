"""Settings: the addresses that messages go out from, and how much each may send."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.domain_reports import of_domains
from console.web.guard import needs, page_router
from console.web.settings_frame import refused, require_version, show, version_of
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations.messages.senders import NewSender
from db.operations.record_locks import lock_sender
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.organization import organization_view
from db.queries.people import user_lines
from db.queries.senders import SenderLine, sender_lines
from intake.people_orders import CodeMessage, send_code

PATH = "/settings/senders"
Text = Annotated[str, Form(max_length=4000)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def senders(visit: Visiting) -> Response:
    """List the senders."""
    return show_senders(visit)


@router.post(PATH, **needs(Role.ADMIN))
def add_sender(visit: Visiting, email: Text, name: Text, user: Text = "", reply_to: Text = "") -> Response:
    """Add a sender; nothing goes out from it before it is verified."""
    with refused() as why, visit.work() as work:
        work.desk.add_sender(NewSender(email, name, user=user or None, reply_to=reply_to or None))
    if why:
        given = {"email": email, "name": name, "user": user, "reply_to": reply_to}
        return show_senders(visit, problem=why[0], given=given)
    with transaction(visit.web.engine) as session:
        added = [line.email for line in sender_lines(session) if line.email.lower() == email.strip().lower()]
    said = visit.text("%(email)s is added.", email=email.strip())
    return visit.go(_at(added[0]) if added else PATH, said=said)


@router.post(f"{PATH}/default", **needs(Role.ADMIN))
def choose_default(visit: Visiting, email: Text = "") -> Response:
    """Let messages go out from the sender unless a step names another; without, from the organization's own."""
    with refused() as why, visit.work() as work:
        if not work.desk.set_default_sender(email or None):
            work.nothing_changed()
    if why:
        return show_senders(visit, problem=why[0])
    return visit.go(PATH, said=visit.text("The default sender is saved."))


@router.get(f"{PATH}/{{email:path}}", **needs(Role.ADMIN))
def sender(visit: Visiting, email: str) -> Response:
    """Show a sender."""
    return _show_one(visit, email)


@router.post(f"{PATH}/change", **needs(Role.ADMIN))
def change_sender(
    visit: Visiting,
    email: Text,
    version: Text,
    name: Text,
    phone: Text = "",
    signature: Text = "",
    reply_to: Text = "",
    minute_max: Text = "",
    day_max: Text = "",
) -> Response:
    """Change how a sender signs, where replies go, and how much it sends."""
    with refused() as why, visit.work() as work:
        lock_sender(work.session, email)
        require_version(visit, version, *_facts(_sender(work.session, email)))
        limits = _limit(visit, minute_max), _limit(visit, day_max)
        if not work.desk.change_sender(email, name, phone, signature, reply_to, *limits):
            work.nothing_changed()
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(_at(email), said=visit.text("%(name)s is saved.", name=name.strip()))


@router.post(f"{PATH}/code", **needs(Role.ADMIN))
def ask_for_code(visit: Visiting, email: Text) -> Response:
    """Send a code to the address."""
    with refused() as why:
        with visit.work() as work:
            message = work.desk.make_code(email)
        _send(visit, message)
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(_at(email), said=visit.text("A code was sent to %(email)s.", email=email))


@router.post(f"{PATH}/verify", **needs(Role.ADMIN))
def verify(visit: Visiting, email: Text, code: Text) -> Response:
    """Verify a sender by the code that its address got."""
    with refused() as why, visit.work() as work:
        work.desk.confirm_code(email, code)
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(
        _at(email), said=visit.text("%(email)s is verified; what waited for it goes out.", email=email)
    )


@router.post(f"{PATH}/trust", **needs(Role.ADMIN))
def trust(visit: Visiting, email: Text) -> Response:
    """Verify a sender because another one of its domain is."""
    with refused() as why, visit.work() as work:
        work.desk.trust_sender(email)
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(
        _at(email), said=visit.text("%(email)s is verified; what waited for it goes out.", email=email)
    )


@router.post(f"{PATH}/delete", **needs(Role.ADMIN))
def delete_sender(visit: Visiting, email: Text) -> Response:
    """Delete a sender that nothing goes out from."""
    with refused() as why, visit.work() as work:
        work.desk.delete_sender(email)
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(PATH, said=visit.text("%(email)s is no sender any more.", email=email))


def _send(visit: Visit, message: CodeMessage) -> None:
    if visit.web.transport is None:
        raise Refused("No mail server is set here.")
    try:
        transport = visit.web.transport()
    except ValueError as error:
        raise Refused(str(error)) from error
    try:
        send_code(message, transport)
    finally:
        transport.close()


def _limit(visit: Visit, text: str) -> int:
    """Return a limit, 0 for none. Raises Refused."""
    plain = text.strip() or "0"
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 7):
        raise Refused("{text} is no limit; take a whole number, or nothing.", text=text)
    return int(plain)


def show_senders(visit: Visit, problem: Refused | None = None, given: dict[str, str] | None = None) -> Response:
    """Show all senders and their domains; with why something could not be done."""
    with transaction(visit.web.engine) as session:
        lines, users = sender_lines(session), user_lines(session)
        own = organization_view(session)
        of_all_domains = of_domains(visit, session)
    assert own is not None, "somebody is signed in to it"
    return show(
        visit,
        "senders",
        problem=problem,
        senders=lines,
        own=own,
        users=[user for user in users if user.is_active],
        given=given or {"email": "", "name": "", "user": "", "reply_to": ""},
        has_default=any(line.is_default for line in lines),
        at=_at,
        **of_all_domains,
    )


def _show_one(visit: Visit, email: str, problem: Refused | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        line, lines = _sender(session, email), sender_lines(session)
    domain = _domain(line)
    return show(
        visit,
        "sender",
        problem=problem,
        one=line,
        version=version_of(*_facts(line)),
        is_trusted=any(other.verified_at is not None and _domain(other) == domain for other in lines),
    )


def _domain(line: SenderLine) -> str:
    return line.email.rpartition("@")[2].lower()


def _sender(session: Session, email: str) -> SenderLine:
    found = [line for line in sender_lines(session) if line.email == email]
    if not found:
        raise HTTPException(404)
    return found[0]


def _facts(line: SenderLine) -> tuple[object, ...]:
    """Return what the form of a sender shows; its next free slot changes by itself."""
    return line.email, line.name, line.phone, line.signature, line.reply_to, line.minute_max, line.day_max


def _at(email: str) -> str:
    return f"{PATH}/{quote(email, safe='@+')}"
