"""The mail catcher's HTTP side: pages for people, JSON for tests."""

import json
import threading
from email.message import EmailMessage
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devstack.mail_page import (
    MESSAGE_POLICY,
    PAGE_POLICY,
    list_page,
    message_page,
    missing_page,
    part_text,
    payload_bytes,
)
from devstack.mail_store import PAGE_SIZE_MAX, CaughtMessage, MailStore, attachments, parse
from devstack.ports import HOST

HTML = "text/html; charset=utf-8"
ASSETS = {"mail.css": "text/css", "mail.js": "text/javascript", "mail.svg": "image/svg+xml"}


def start_pages(store: MailStore, port: int, *, smtp_address: str) -> ThreadingHTTPServer:
    """Serve the store's messages on the port in a background thread; end it with `shutdown`."""
    server = ThreadingHTTPServer((HOST, port), partial(_Pages, store, smtp_address))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    return server


class _Pages(BaseHTTPRequestHandler):
    server_version = "DuewellMailCatcher"
    protocol_version = "HTTP/1.1"

    def __init__(self, store: MailStore, smtp_address: str, *arguments: Any) -> None:
        self._store = store
        self._smtp_address = smtp_address
        super().__init__(*arguments)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        try:
            query = {key: int(values[0]) for key, values in parse_qs(address.query).items()}
        except ValueError:
            return self._answer(b"numbers only\n", "text/plain", status=HTTPStatus.BAD_REQUEST)
        match address.path.strip("/").split("/"):
            case [""]:
                return self._list(query.get("before"))
            case ["static", name] if name in ASSETS:
                return self._answer((Path(__file__).parent / "static" / name).read_bytes(), ASSETS[name])
            case ["api", "healthz"]:
                return self._answer(b"ok\n", "text/plain")
            case ["api", "messages"]:
                limit = min(query.get("limit", PAGE_SIZE_MAX), PAGE_SIZE_MAX)
                found = self._store.after(query.get("after", 0), limit=max(limit, 0))
                return self._json([message.to_json() for message in found])
            case ["api", "messages", number, "raw"] if message := self._find(number):
                return self._file(self._store.raw(message.id), "message/rfc822", f"{message.id:06}.eml")
            case ["messages", number] if message := self._find(number):
                return self._html(message_page(message, self._parsed(message)))
            case ["messages", number, "html"] if message := self._find(number):
                html = part_text(self._parsed(message), "html") or ""
                return self._answer(html.encode(errors="replace"), HTML, policy=MESSAGE_POLICY)
            case ["messages", number, "files", which] if (message := self._find(number)) and which.isdigit():
                files = list(attachments(self._parsed(message)))
                if int(which) < len(files):
                    part = files[int(which)]
                    return self._file(
                        payload_bytes(part), "application/octet-stream", part.get_filename() or "file"
                    )
        return self._html(missing_page(), status=HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Keep requests out of the log: the probe alone would fill it."""

    def _find(self, number: str) -> CaughtMessage | None:
        return self._store.get(int(number)) if number.isascii() and number.isdigit() else None

    def _parsed(self, message: CaughtMessage) -> EmailMessage:
        return parse(self._store.raw(message.id))

    def _list(self, before: int | None) -> None:
        self._html(
            list_page(
                self._store.newest(before=before),
                total=len(self._store),
                smtp_address=self._smtp_address,
                is_first=before is None,
            )
        )

    def _html(self, page: str, *, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(page.encode(errors="replace"), HTML, status=status)

    def _json(self, value: object) -> None:
        self._answer(json.dumps(value).encode(), "application/json")

    def _file(self, content: bytes, kind: str, name: str) -> None:
        plain = "".join(character for character in name if character.isalnum() or character in "-_. ")
        safe = plain.encode("ascii", errors="ignore").decode() or "file"
        self._answer(content, kind, {"Content-Disposition": f'attachment; filename="{safe}"'})

    def _answer(
        self,
        content: bytes,
        kind: str,
        headers: dict[str, str] | None = None,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = PAGE_POLICY,
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
