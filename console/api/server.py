"""Runs the API as a server (uvicorn)."""

import asyncio
import socket

import structlog
import uvicorn
from temporalio.client import Client

from console.api.app import make_app
from console.api.service import Limits
from console.failure import Failure
from db.engine import make_engine
from logs import configure_logs
from settings import Settings
from workflows.client import connect

# What is on its way when the server is stopped has this long to end.
GRACE_SECONDS = 30
IDLE_SECONDS = 30
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

    configure_logs(chosen.log_format)
    limits = Limits(requests_per_minute=chosen.api_requests_per_minute)
    engine = make_engine(chosen.database_url, limits.connections)
    listening = _listening(host, port)
    config = uvicorn.Config(
        make_app(engine, connected, limits),
        log_config=None,
        access_log=False,
        server_header=False,
        # Whose word on who is asking counts; it matters for the limit of failed authentications.
        forwarded_allow_ips=chosen.api_trusted_proxies,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    log.info("the API listens", host=host, port=listening.getsockname()[1])
    try:
        asyncio.run(server.serve(sockets=[listening]))
    except KeyboardInterrupt:
        # Uvicorn has ended in order, and then passes the signal on.
        pass
    finally:
        engine.dispose()
        listening.close()
    return 0


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Failure(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    return listening
