"""Runs the API and the pages as one server (uvicorn)."""

import asyncio
import gc
import socket
from collections.abc import Callable
from functools import partial
from threading import Thread
from urllib.parse import urlsplit

import structlog
import uvicorn
from temporalio.client import Client

from console.api.app import make_app
from console.api.service import Limits, Processes
from console.failure import ASKED_WRONGLY, Failure
from console.views.process_report import page_of
from console.web.app import Site, make_web
from console.web.provider import Provider
from console.web.service import Web
from db.engine import make_engine
from logs import configure_logs
from mailer.choice import transport_of, way_out_of
from mailer.transport import Transport
from settings import Settings
from workflows.client import connect

# What is on its way when the server is stopped has this long to end.
GRACE_SECONDS = 30
IDLE_SECONDS = 30
# The newest objects are looked through for garbage as Python does by itself, but all that is kept a hundred times
# less often: that takes 50 ms, and would be in the way of one in a hundred pages.
GARBAGE = (700, 10, 1000)
log = structlog.get_logger()


def run_server(chosen: Settings, host: str, port: int) -> int:
    """Answer until a signal ends it; return the exit code. Raises Failure if the address cannot be had."""

    async def connected() -> Client:
        return await connect(
            chosen.temporal_address,
            chosen.temporal_namespace,
            api_key=chosen.temporal_api_key,
            tls=chosen.temporal_tls,
        )

    provider, public_url = _provider(chosen), _public_url(chosen)
    configure_logs(chosen.log_format)
    limits = Limits(requests_per_minute=chosen.api_requests_per_minute)
    engine = make_engine(chosen.database_url, limits.connections)
    # Programs that ask for all they can get leave the pages their own connections.
    engine_of_pages = make_engine(chosen.database_url, limits.connections)
    listening = listening_on(host, port)

    def transport() -> Transport:
        return transport_of(chosen.smtp_url, chosen.resend_api_key, chosen.resend_url, connections=1)

    web = Web(
        engine_of_pages,
        Processes(connected),
        provider,
        public_url,
        partial(page_of, chosen),
        transport=transport,
        way_out=way_out_of(chosen.smtp_url, chosen.resend_api_key, chosen.bounces_to),
    )
    config = uvicorn.Config(
        Site(make_app(engine, connected, limits), make_web(web)),
        log_config=None,
        access_log=False,
        server_header=False,
        # Whose word on who is asking counts; it matters for the limit of failed authentications.
        forwarded_allow_ips=chosen.api_trusted_proxies,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )
    Thread(target=prepare, args=[web.templates.load], name="preparing", daemon=True).start()
    server = uvicorn.Server(config)
    log.info("API and pages listen", host=host, port=listening.getsockname()[1])
    try:
        asyncio.run(server.serve(sockets=[listening]))
    except KeyboardInterrupt:
        # Uvicorn has ended in order, and then passes the signal on.
        pass
    finally:
        engine.dispose()
        engine_of_pages.dispose()
        listening.close()
    return 0


def prepare(load: Callable[[], None]) -> None:
    """Load what everybody will use, so that whoever comes first need not wait for it.

    What there is then stays as long as the server does: to look through it for garbage, a quarter of a second in
    which nobody is answered, would find nothing, each time anew. What is kept later is looked through seldom.
    """
    load()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def listening_on(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises Failure if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # It has to say that it speaks TCP: else asyncio leaves Nagle's algorithm on, and the body of each answer waits
    # up to 40 ms until the reader's machine acknowledges its head.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Failure(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    return listening


def _provider(chosen: Settings) -> Provider | None:
    """Return the provider by which people sign in, if one is named. Raises Failure for half of one."""
    given = (chosen.oidc_issuer, chosen.oidc_client_id, chosen.oidc_client_secret)
    issuer, client_id, client_secret = given
    if not any(given):
        return None
    if not issuer or not client_id or not client_secret:
        raise Failure("set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them", ASKED_WRONGLY)
    try:
        return Provider(issuer, client_id, client_secret)
    except ValueError as error:
        raise Failure(str(error), ASKED_WRONGLY) from error


def _public_url(chosen: Settings) -> str | None:
    """Return where people find the pages. Raises Failure for what is no such address."""
    if chosen.console_url is None:
        return None
    try:
        parts = urlsplit(chosen.console_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Failure("CONSOLE_URL looks like https://duewell.company.example, without a path", ASKED_WRONGLY)
    return chosen.console_url.rstrip("/")
