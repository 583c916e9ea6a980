"""The socket that `duewell serve` listens on."""

import asyncio
import socket
from contextlib import closing

import pytest

from console.failure import Failure
from console.server import listening_on


class _Accepted(asyncio.Protocol):
    """Keeps the socket of whoever came."""

    def __init__(self, came: "asyncio.Future[socket.socket]") -> None:
        self._came = came

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._came.set_result(transport.get_extra_info("socket"))


async def test_the_body_of_an_answer_does_not_wait_until_its_head_was_acknowledged() -> None:
    loop = asyncio.get_running_loop()
    came: asyncio.Future[socket.socket] = loop.create_future()
    listening = listening_on("127.0.0.1", 0)
    server = await loop.create_server(lambda: _Accepted(came), sock=listening)
    async with server:
        _, writer = await asyncio.open_connection(*listening.getsockname())
        accepted = await came

        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

        writer.close()


def test_a_port_is_had_once() -> None:
    with closing(listening_on("127.0.0.1", 0)) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(Failure, match=f"cannot listen on 127.0.0.1, port {port}: Address already in use"):
            listening_on("127.0.0.1", port)
