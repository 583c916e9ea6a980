"""A real PostgreSQL of one's own: any installed programs, root or not, gone with its owner."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from devstack.home_lock import HomeLock
from devstack.leashed_process import LeashedProcess, ProcessFailed
from devstack.ports import HOST, PortLease, lease_port
from devstack.postgres_binaries import disguise, find_postgres
from devstack.postgres_pid_file import disarm_pid_file
from devstack.postgres_sockets import make_socket_directory, remove_socket_directory
from devstack.tool import output_of

SUPERUSER = "postgres"
DEFAULT_PORT = 5432
CONNECTIONS_MAX = 200

# A killed server still loses nothing, only a power cut would: the switches synchronous_commit and
# full_page_writes are left alone, because they would give up the first for little speed.
FAST_NOT_DURABLE = {"fsync": "off"}

# macOS has no C.UTF-8; the encoding is UTF-8 either way.
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
ENVIRONMENT = {"LC_ALL": LOCALE, "TZ": "UTC"}


class EmbeddedPostgres:
    """A PostgreSQL server whose data are in `home`.

    It listens on a Unix socket in a private directory, where it trusts its own user. With a `port` (a
    preference) it also listens on 127.0.0.1 and asks for the password that `tcp_url` holds.
    """

    def __init__(
        self, home: Path, durable: bool = True, port: int | None = None, held_locks: Sequence[int] = ()
    ) -> None:
        self.home = home.absolute()
        self.durable = durable
        self._preferred_port = port
        self._held_locks = held_locks
        self._lock = HomeLock(self.home)
        self._lease: PortLease | None = None
        self._sockets: Path | None = None
        self.process: LeashedProcess | None = None

    @property
    def data(self) -> Path:
        """Return PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def port(self) -> int | None:
        """Return the TCP port on 127.0.0.1, or None when there is only the Unix socket."""
        return self._lease.number if self._lease else None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database over the Unix socket."""
        assert self._sockets is not None, "the server is not running"
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._sockets))}{port}"

    def tcp_url(self, database: str = "postgres") -> str | None:
        """Return the URL of a database over TCP, its password included, or None without a port."""
        if self.port is None:
            return None
        password = (self.home / "password").read_text().strip()
        return f"postgresql://{SUPERUSER}:{password}@{HOST}:{self.port}/{quote(database)}"

    def start(self) -> Self:
        """Start the server and wait until it accepts connections; makes the data on the first start.

        Raises HomeInUse, ToolMissing or ProcessFailed.
        """
        self._lock.acquire()
        try:
            self._own_files()
            if not (self.data / "PG_VERSION").exists():
                self._make_data()
            if self._preferred_port is not None and self._lease is None:
                self._lease = lease_port(self._preferred_port)
            self._clear_sockets()
            self._start_server()
        except BaseException:
            self.close()
            raise
        return self

    def stop(self) -> None:
        """Stop the server in order (a fast shutdown) and free its home; a next `start` has the same URLs."""
        if self.process is not None:
            self.process.stop()
            self.process = None
        self._lock.release()

    def crash(self) -> None:
        """Kill the server at once (SIGKILL), wait until all of it is gone; `start` recovers the data."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
        self.stop()

    def stop_immediately(self) -> None:
        """End the server by `pg_ctl stop -m immediate` (SIGQUIT, no checkpoint); `start` recovers the data."""
        if self.process is not None:
            # As the server's own user: pg_ctl refuses to run as root.
            pg_ctl, data = self._program("pg_ctl"), f"--pgdata={self.data}"
            done = _run([*disguise().prefix, pg_ctl, "stop", "--mode=immediate", data])
            if done.returncode != 0:
                raise ProcessFailed(f"PostgreSQL could not be stopped.\n{done.stdout}{done.stderr}".strip())
        self.stop()

    def close(self) -> None:
        """Stop the server, and give its port and its socket directory back."""
        self.stop()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make the database, as a copy of `template`, unless it exists; return its URL or raise ProcessFailed."""
        copied = () if template is None else ("--template", template)
        place = ["-h", str(self._sockets), "-p", str(self.port or DEFAULT_PORT), "-U", SUPERUSER]
        done = _run([self._program("createdb"), *place, *copied, name])
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise ProcessFailed(f"The database {name} could not be made.\n{done.stderr}")
        return self.url(name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_server(self) -> None:
        program = self._program("postgres")
        settings = {
            "listen_addresses": HOST if self.port else "",
            "port": str(self.port or DEFAULT_PORT),
            "unix_socket_directories": str(self._sockets),
            "max_connections": str(CONNECTIONS_MAX),
            **({} if self.durable else FAST_NOT_DURABLE),
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        deadline = time.monotonic() + 20
        while True:
            disarm_pid_file(self.data)
            self.process = LeashedProcess(
                "PostgreSQL",
                [*disguise().prefix, program, "-D", self.data, *options],
                log=self.home / "postgres.log",
                env={**os.environ, **ENVIRONMENT},
                stop_signal=signal.SIGINT,
                grace_seconds=20,
                held_locks=(self._lock.fileno(), *self._held_locks),
            ).start()
            try:
                self.process.wait_until_ready(self._is_ready)
            except ProcessFailed as failure:
                # Children of a killed server hold its shared memory for the blink that they need to end.
                if "shared memory block" not in str(failure) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _is_ready(self) -> bool:
        place = ["-h", str(self._sockets), "-p", str(self.port or DEFAULT_PORT)]
        return output_of([self._program("pg_isready"), "-q", *place]) is not None

    def _program(self, name: str) -> Path:
        marker = self.data / "PG_VERSION"
        major = int(marker.read_text()) if marker.exists() else None
        return find_postgres(major).path / name

    def _make_data(self) -> None:
        """Run initdb beside the final place, so that half-made data are never taken for a database."""
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(18))
        prefix, half_made = disguise().prefix, self.home / "data.new"
        shutil.rmtree(half_made, ignore_errors=True)
        self._own_files()
        options = [f"--pgdata={half_made}", f"--username={SUPERUSER}", f"--locale={LOCALE}", "--encoding=UTF8"]
        options += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"]
        done = _run([*prefix, self._program("initdb"), *options, *([] if self.durable else ["--no-sync"])])
        if done.returncode != 0:
            raise ProcessFailed(f"PostgreSQL's data could not be made.\n{done.stdout}{done.stderr}".strip())
        half_made.rename(self.data)

    def _clear_sockets(self) -> None:
        """Have an empty directory for the sockets: what a killed server left in it would be in the way."""
        note = self.home / "socket-directory"
        if self._sockets is not None and self._sockets.is_dir():
            for leftover in self._sockets.iterdir():
                leftover.unlink()
        else:
            remove_socket_directory(note)
            self._sockets = make_socket_directory(note, disguise().owner)

    def _own_files(self) -> None:
        """Give the home to the user as whom the server runs; only root ever has to."""
        owner = disguise().owner
        if owner is None:
            return
        places = (
            [self.home, *self.home.rglob("*")] if self.home.stat().st_uid != owner else [self.home / "password"]
        )
        for place in places:
            with contextlib.suppress(FileNotFoundError):
                os.chown(place, owner, owner, follow_symlinks=False)


def _run(command: Sequence[str | os.PathLike[str]]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own program or a server that was found, and no shell
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
    )
