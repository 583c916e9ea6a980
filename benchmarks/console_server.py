"""`duewell serve` as a process of its own, a person who is signed in there, and what each request costs."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import text

from benchmarks.console_office import PASSWORD, VISITOR
from benchmarks.console_pages import Ask
from benchmarks.measuring import without_own_servers
from db.engine import Engine
from devstack.leashed_process import LeashedProcess
from devstack.ports import HOST, lease_port

PATIENCE_SECONDS = 60
BETWEEN_LOOKS_SECONDS = 0.1
_BACKENDS = text("SELECT pid FROM pg_stat_activity WHERE application_name = 'duewell' AND pid <> pg_backend_pid()")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request took, in milliseconds: by the clock of who asks, and of CPU in server and database."""

    wall: float
    server: float
    database: float

    @property
    def cpu(self) -> float:
        """Return the CPU of both."""
        return self.server + self.database


@dataclass(slots=True)
class Visitor:
    """Somebody who is signed in, on one connection that stays open."""

    connection: http.client.HTTPConnection
    server: int
    engine: Engine
    cookie: str
    databases: set[int] = field(default_factory=set)

    def look(self) -> bool:
        """Look for the processes of the database that answer the server; return whether they are those known."""
        known = self.databases
        with self.engine.connect() as looking:
            self.databases = set(looking.execute(_BACKENDS).scalars())
        return self.databases == known

    def ask(self, asked: Ask, language: str) -> Cost:
        """Make the request, read the whole answer, and return what it cost. An answer that is no page fails."""
        headers = {"Cookie": self.cookie, "Accept-Language": language, **asked.headers}
        body = None
        if asked.form is not None:
            body = urlencode(asked.form)
            headers |= {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        server, database = cpu_ms([self.server]), cpu_ms(self.databases)
        started = time.perf_counter()
        is_whole = self._answered(asked, body, headers)
        wall = (time.perf_counter() - started) * 1000
        cost = Cost(wall, cpu_ms([self.server]) - server, cpu_ms(self.databases) - database)
        # What is counted beside the page must not be there for the next one already, nor be in its way.
        while not is_whole:
            time.sleep(BETWEEN_LOOKS_SECONDS)
            is_whole = self._answered(asked, body, headers)
        return cost

    def _answered(self, asked: Ask, body: str | None, headers: Mapping[str, str]) -> bool:
        """Make the request; return whether it was answered, and nothing is still being counted for it."""
        self.connection.request("GET" if body is None else "POST", asked.path, body, dict(headers))
        response = self.connection.getresponse()
        response.read()
        assert response.status in (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT), (asked, response.status)
        return response.status == http.HTTPStatus.OK


def cpu_ms(pids: Iterable[int]) -> float:
    """Return the CPU that all threads of these processes have used so far, in milliseconds (Linux)."""
    used = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e6


@contextmanager
def served(database_url: str, engine: Engine, home: Path) -> Iterator[Visitor]:
    """Serve the ledger as the product does, and sign somebody in."""
    lease = lease_port()
    lease.release()
    env = {**without_own_servers(), "DATABASE_URL": database_url, "TEMPORAL_ADDRESS": f"{HOST}:1"}
    argv = [sys.executable, "-m", "console.main", "serve", "--port", str(lease.number)]
    server = LeashedProcess("served", argv, log=home / "served.log", env=env, directory=Path.cwd()).start()
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not _listens(lease.number):
            assert server.is_running, server.log_tail()
            assert time.monotonic() < end, "the server does not listen"
            time.sleep(0.05)
        connection = http.client.HTTPConnection(HOST, lease.number, timeout=PATIENCE_SECONDS)
        cookie = _sign_in(connection)
        yield Visitor(connection, server.pid, engine, cookie)
    finally:
        server.stop()


def _sign_in(connection: http.client.HTTPConnection) -> str:
    form = urlencode({"email": VISITOR, "password": PASSWORD})
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in", form, headers)
    response = connection.getresponse()
    response.read()
    assert response.status == http.HTTPStatus.SEE_OTHER, response.status
    kept = [one.partition(";")[0] for one in response.headers.get_all("Set-Cookie") or ()]
    return "; ".join(kept)


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex((HOST, port)) == 0


def unit_ms() -> float:
    """Return the CPU of a fixed piece of work in milliseconds: how fast the machine is at this moment."""
    taken = []
    for _ in range(5):
        started = time.thread_time()
        sum(number * number for number in range(20_000))
        taken.append((time.thread_time() - started) * 1000)
    return round(sorted(taken)[2], 2)


def load() -> float:
    """Return the machine's load of the last minute."""
    return round(os.getloadavg()[0], 1)
