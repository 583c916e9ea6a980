"""`duewell serve`: the REST API and the pages."""


def serve(*, host: str | None = None, port: int | None = None) -> int:
    """Serve the pages to people and the REST API to programs, until it is stopped.

    docs/console.md and docs/api.md are their guides.

    Parameters
    ----------
    host
        The address to listen on; API_HOST, if it is not given.
    port
        The port to listen on; API_PORT, if it is not given.
    """
    from console.connections.environment import environment
    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.server import run_server

    chosen = environment()
    if port is not None and not 0 <= port <= 65535:
        raise Failure(f"{port} is no port", ASKED_WRONGLY)
    with open_ledger():
        # It is there and of this release; the server has connections of its own.
        pass
    return run_server(chosen, host or chosen.api_host, chosen.api_port if port is None else port)
