"""Settings: who is told over HTTP of what happens, and how that goes."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Form, Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_frame import refused, require_version, show, version_of
from console.web.visit import Visit, Visiting
from console.web.work import Work
from db.engine import Session, transaction
from db.operations.record_locks import lock_webhook_delivery, lock_webhook_record
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.webhooks import EndpointLine, delivery_lines, endpoint_lines
from db.tables.webhook_events import FAMILIES, KINDS
from intake.webhook_orders import Place, look_up

PATH = "/settings/webhooks"
PAGE_DELIVERIES = 25
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Cursor = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Text = Annotated[str, Form(max_length=4000)]
Kinds = Annotated[list[str], Form(default_factory=list, max_length=200)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def webhooks(visit: Visiting) -> Response:
    """List the webhooks."""
    return _show_all(visit)


@router.post(PATH, **needs(Role.ADMIN))
def add_webhook(visit: Visiting, url: Text, kinds: Kinds) -> Response:
    """Let a URL be told of events, and show the secret that signs them, this once."""
    added = None
    with refused() as why:
        # A name server may take long: no transaction is open meanwhile.
        place = _found(visit, url)
        with visit.work() as work:
            added = work.desk.add_webhook(place, kinds)
    if added is None:
        return _show_all(visit, problem=why[0], url=url, kinds=kinds)
    return _show_one(visit, added.id, secret=added.secret)


@router.get(f"{PATH}/{{webhook}}", **needs(Role.ADMIN))
def webhook_page(visit: Visiting, webhook: Id, before: Cursor = None, failed: bool = False) -> Response:
    """Show a webhook with its last deliveries."""
    return _show_one(visit, webhook, before=before, failed=failed)


@router.post(f"{PATH}/{{webhook}}/change", **needs(Role.ADMIN))
def change_webhook(visit: Visiting, webhook: Id, version: Text, url: Text, kinds: Kinds) -> Response:
    """Let it be elsewhere, or be told of other kinds."""
    with refused() as why:
        with transaction(visit.web.engine) as session:
            is_moved = _webhook(session, visit, webhook).url != url.strip()
        place = _found(visit, url) if is_moved else None
        with visit.work() as work:
            lock_webhook_record(work.session, webhook)
            require_version(visit, version, *_facts(_webhook(work.session, visit, webhook)))
            if not work.desk.change_webhook(webhook, place, kinds):
                work.nothing_changed()
    if why:
        return _show_one(visit, webhook, problem=why[0])
    return visit.go(_at(webhook), said=visit.text("The webhook is saved."))


@router.post(f"{PATH}/{{webhook}}/rotate", **needs(Role.ADMIN))
def rotate_secret(visit: Visiting, webhook: Id, version: Text) -> Response:
    """Sign with a new secret, which is shown this once; a form that is sent twice makes one."""
    secret = None
    with refused() as why, visit.work() as work:
        lock_webhook_record(work.session, webhook)
        require_version(visit, version, *_facts(_webhook(work.session, visit, webhook)))
        secret, _ = work.desk.rotate_webhook_secret(webhook)
    if why:
        return _show_one(visit, webhook, problem=why[0])
    return _show_one(visit, webhook, secret=secret)


@router.post(f"{PATH}/{{webhook}}/stop", **needs(Role.ADMIN))
def stop_webhook(visit: Visiting, webhook: Id) -> Response:
    """Send nothing more there."""
    said = visit.text("The webhook is stopped: nothing is sent, and nothing new is owed to it.")
    return _order(visit, webhook, said, lambda work: work.desk.stop_webhook(webhook))


@router.post(f"{PATH}/{{webhook}}/start", **needs(Role.ADMIN))
def start_webhook(visit: Visiting, webhook: Id) -> Response:
    """Send there again, at once."""
    said = visit.text("The webhook is told again, at once.")
    return _order(visit, webhook, said, lambda work: work.desk.start_webhook(webhook))


@router.post(f"{PATH}/{{webhook}}/ping", **needs(Role.ADMIN))
def ping(visit: Visiting, webhook: Id) -> Response:
    """Send an event that tells of nothing."""

    def order(work: Work) -> bool:
        work.desk.ping_webhook(webhook)
        work.note("webhook tested", "webhook", str(webhook))
        return True

    return _order(visit, webhook, visit.text("A test event is on its way; it is listed below."), order)


@router.post(f"{PATH}/{{webhook}}/redeliver", **needs(Role.ADMIN))
def redeliver(visit: Visiting, webhook: Id, delivery: Annotated[int, Form(ge=1, le=2**63 - 1)]) -> Response:
    """Deliver once more, under the same id."""

    def order(work: Work) -> bool:
        if not lock_webhook_delivery(work.session, webhook, delivery):
            raise Refused("This delivery is not there any more.")
        work.desk.redeliver_webhook(delivery)
        work.note("delivered again", "webhook", str(webhook), delivery=delivery)
        return True

    return _order(visit, webhook, visit.text("The delivery is on its way again."), order)


@router.post(f"{PATH}/{{webhook}}/remove", **needs(Role.ADMIN))
def remove_webhook(visit: Visiting, webhook: Id) -> Response:
    """Forget the webhook and all its deliveries."""
    with refused() as why, visit.work() as work:
        work.desk.remove_webhook(webhook)
    if why:
        return _show_all(visit, problem=why[0])
    return visit.go(PATH, said=visit.text("The webhook is removed."))


def _order(visit: Visit, webhook: int, said: str, order: Callable[[Work], bool]) -> Response:
    with refused() as why, visit.work() as work:
        if not order(work):
            work.nothing_changed()
    if why:
        return _show_one(visit, webhook, problem=why[0])
    return visit.go(_at(webhook), said=said)


def _found(visit: Visit, url: str) -> Place:
    """Return where the URL leads, on the public internet alone. Raises Refused."""
    try:
        return look_up(url.strip(), resolver=visit.web.resolver)
    except Refused as refusal:
        # Whoever runs the server may allow it by command; a page must not reach into its network.
        raise Refused(str(refusal).partition("; allow it with")[0].replace(" (--allow-private)", "")) from refusal


def _show_all(
    visit: Visit, problem: Refused | None = None, url: str = "", kinds: list[str] | None = None
) -> Response:
    with transaction(visit.web.engine) as session:
        lines = endpoint_lines(session, visit.now)
    return show(
        visit,
        "webhooks",
        problem=problem,
        webhooks=lines,
        url=url,
        kinds=kinds or [],
        by_family=_by_family(),
    )


def _show_one(
    visit: Visit,
    webhook: int,
    problem: Refused | None = None,
    secret: str | None = None,
    before: int | None = None,
    *,
    failed: bool = False,
) -> Response:
    with transaction(visit.web.engine) as session:
        line = _webhook(session, visit, webhook)
        found = delivery_lines(session, PAGE_DELIVERIES + 1, webhook, before, failed=failed)
    deliveries = found[:PAGE_DELIVERIES]
    chosen = "failed=true&" if failed else ""
    older = f"{_at(webhook)}?{chosen}before={deliveries[-1].id}" if len(found) > PAGE_DELIVERIES else None
    newest = None if before is None else _at(webhook) + ("?failed=true" if failed else "")
    return show(
        visit,
        "webhook",
        problem=problem,
        one=line,
        version=version_of(*_facts(line)),
        secret=secret,
        deliveries=deliveries,
        failed=failed,
        older=older,
        newest=newest,
        by_family=_by_family(),
    )


def _webhook(session: Session, visit: Visit, webhook: int) -> EndpointLine:
    found = endpoint_lines(session, visit.now, webhook)
    if not found:
        raise HTTPException(404)
    return found[0]


def _facts(line: EndpointLine) -> tuple[object, ...]:
    """Return what the forms of a webhook are about; what is owed to it changes by itself."""
    return line.id, line.url, line.kinds, line.two_secrets_until


def _by_family() -> dict[str, list[str]]:
    return {family: [kind for kind in KINDS if kind.partition(".")[0] == family] for family in FAMILIES}


def _at(webhook: int) -> str:
    return f"{PATH}/{webhook}"
