"""`duewell serve`: the REST API."""


def serve(*, host: str | None = None, port: int | None = None) -> int:
    """Answer programs over HTTP, until it is stopped. docs/api.md is the guide.

    Parameters
    ----------
    host
        The address to listen on; API_HOST, if it is not given.
    port
        The port to listen on; API_PORT, if it is not given.
    """
    from console.api.server import run_server
    from console.environment import environment
    from console.failure import ASKED_WRONGLY, Failure
    from console.ledger import open_ledger

    chosen = environment()
    if port is not None and not 0 <= port <= 65535:
        raise Failure(f"{port} is no port", ASKED_WRONGLY)
    with open_ledger():
        # It is there and of this release; the server has connections of its own.
        pass
    return run_server(chosen, host or chosen.api_host, chosen.api_port if port is None else port)
