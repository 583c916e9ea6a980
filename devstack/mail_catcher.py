"""A real SMTP server that keeps every message and shows it on a page.

`python -m devstack.mail_catcher --home DIR --smtp-port N --http-port N` serves until it is asked to end;
`MailCatcher` is the owner's side: it starts that process and reads what it caught.
"""

import argparse
import asyncio
import json
import signal
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from devstack.leased_server import LeasedServer
from devstack.leashed_process import LeashedProcess
from devstack.mail_store import PAGE_SIZE_MAX, CaughtMessage, MailStore
from devstack.ports import HOST, lease_port

MESSAGE_BYTES_MAX = 10 * 1024 * 1024
ANSWER_SECONDS_MAX = 10.0


class MailCatcher(LeasedServer):
    """A mail catcher in a process of its own; what it caught is in `home` and survives a restart."""

    def __init__(
        self,
        home: Path,
        *,
        smtp_port: int | None = None,
        http_port: int | None = None,
        held_locks: Sequence[int] = (),
    ) -> None:
        """Prepare a catcher. The ports are preferences: a taken one is replaced by a free one."""
        super().__init__()
        self.home = home.absolute()
        self._preferred = (smtp_port, http_port)
        self._held_locks = held_locks

    @property
    def smtp_url(self) -> str:
        """Return where to send mail."""
        return f"smtp://{HOST}:{self._port(0)}"

    @property
    def page_url(self) -> str:
        """Return the address of the page."""
        return f"http://{HOST}:{self._port(1)}"

    def start(self) -> Self:
        """Start the catcher and wait until it takes mail; raises ProcessFailed."""
        if not self._leases:
            self._leases = [lease_port(preferred) for preferred in self._preferred]
        ports = ("--smtp-port", str(self._port(0)), "--http-port", str(self._port(1)))
        self.process = LeashedProcess(
            "The mail catcher",
            [sys.executable, "-m", "devstack.mail_catcher", "--home", str(self.home), *ports],
            log=self.home / "mail-catcher.log",
            directory=Path(__file__).parent.parent,
            held_locks=self._held_locks,
        ).start()
        self.process.wait_until_ready(self._is_ready)
        return self

    def messages(self, after: int = 0) -> list[CaughtMessage]:
        """Return all messages with a number greater than `after`, oldest first."""
        found: list[CaughtMessage] = []
        while True:
            last = found[-1].id if found else after
            page = json.loads(self._get(f"/api/messages?after={last}&limit={PAGE_SIZE_MAX}"))
            found += [CaughtMessage.from_json(values) for values in page]
            if len(page) < PAGE_SIZE_MAX:
                return found

    def raw(self, message_id: int) -> bytes:
        """Return a message's bytes as they were received; raises urllib.error.HTTPError for no such one."""
        return self._get(f"/api/messages/{message_id}/raw")

    def _port(self, which: int) -> int:
        assert self._leases, "the mail catcher has not been started"
        return self._leases[which].number

    def _is_ready(self) -> bool:
        try:
            return self._get("/api/healthz") == b"ok\n"
        except OSError:
            return False

    def _get(self, path: str) -> bytes:
        # Never through a proxy: the address is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.page_url + path, timeout=ANSWER_SECONDS_MAX) as answer:
            content: bytes = answer.read()
            return content


class _Handler:
    """Takes messages from aiosmtpd."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the message before the sender is told that it was taken."""
        try:
            stored = self._store.add(
                envelope.content, envelope_sender=envelope.mail_from or "", recipients=envelope.rcpt_tos
            )
        except OSError as error:
            return f"452 4.3.1 The message could not be stored: {error.strerror}"
        return f"250 2.0.0 Caught as {stored.id}"


async def _serve(home: Path, smtp_port: int, http_port: int) -> None:
    from aiosmtpd.smtp import SMTP

    from devstack.mail_web import start_pages

    store = MailStore(home / "messages")
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)

    def session() -> Any:
        return SMTP(
            _Handler(store),
            data_size_limit=MESSAGE_BYTES_MAX,
            enable_SMTPUTF8=True,
            hostname="duewell-mail-catcher.localhost",
            ident="Duewell mail catcher",
        )

    mail = await loop.create_server(session, HOST, smtp_port)
    # The pages answer last: whoever gets an answer from them can send mail too.
    pages = start_pages(store, http_port, smtp_address=f"{HOST}:{smtp_port}")
    await end.wait()
    mail.close()
    await loop.run_in_executor(None, pages.shutdown)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.mail_catcher", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory that keeps the messages")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options.home, options.smtp_port, options.http_port))


if __name__ == "__main__":
    main()
