"""The REST API as an application (ASGI)."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from console.api import (
    actions,
    bulk,
    bulk_todos,
    cadences,
    collections,
    contacts,
    credit_notes,
    custom_fields,
    customers,
    invoices,
    jobs,
    payments,
    problems,
    rules,
    timeline,
    webhooks,
)
from console.api.body_limit import BodyLimit
from console.api.documented import DocumentedApp
from console.api.encoded_paths import EncodedPaths
from console.api.service import BODY_BYTES_MAX, Connect, Limits, Processes, Service
from db.engine import Engine, LedgerUnavailable, ping
from mailer.public_addresses import Resolver, resolve

ROUTERS = (
    customers.router,
    contacts.router,
    invoices.router,
    collections.router,
    timeline.router,
    payments.router,
    credit_notes.router,
    bulk_todos.router,
    actions.router,
    custom_fields.router,
    cadences.router,
    rules.router,
    jobs.router,
    bulk.router,
    webhooks.router,
)
_ABOUT = """
What the command line can do, for programs: docs/api.md is its guide.

Amounts are decimal numbers in strings, days are written as 2026-06-01, moments are in UTC. 422 is what cannot be
read, 409 what the ledger refuses.
"""


def make_app(
    engine: Engine, connect: Connect, limits: Limits | None = None, resolver: Resolver = resolve
) -> FastAPI:
    """Return the API on a ledger; `connect` finds the way to the processes when they are to be told something.

    `resolver` says where the names of webhooks lead.
    """
    app = DocumentedApp(
        title="Duewell",
        version=version("duewell"),
        description=_ABOUT.strip(),
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.service = Service(engine, Processes(connect), limits or Limits(), resolver)
    app.add_route("/healthz", _health, methods=["GET"], include_in_schema=False)
    for router in ROUTERS:
        # As they are: to include a router is to analyze all its routes once more, and to match each request twice.
        app.router.routes.extend(router.routes)
    problems.install(app, app.router.routes)
    app.add_middleware(EncodedPaths)
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX)
    return app


async def _health(request: Request) -> Response:
    service: Service = request.app.state.service
    try:
        await service.run(lambda: ping(service.engine))
    except LedgerUnavailable:
        return JSONResponse({"status": "the ledger is away"}, 503)
    return JSONResponse({"status": "ok"})
