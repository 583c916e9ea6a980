"""Speaks to Resend's HTTP API: one request, one answer, and what became of a connection."""

import json
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, Timeout

from mailer.retry_after import seconds_of

URL = "https://api.resend.com"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
# The longest answer is a page of a hundred messages, each with its subject and all its recipients.
_ANSWER_BYTES_MAX = 4 * 1024 * 1024
_SHOWN_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class ResendAccount:
    """Whose messages they are, and where the API is."""

    api_key: str
    url: str = URL

    def __post_init__(self) -> None:
        """Raise ValueError, without the key, for a URL that is none or that would show the key to others."""
        parts = urlsplit(self.url)
        is_plain = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
        if not parts.hostname or parts.query or parts.username or not (parts.scheme == "https" or is_plain):
            raise ValueError("RESEND_URL looks like https://api.resend.com; http:// only to this machine")
        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            raise ValueError("RESEND_API_KEY holds a character that no key has")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said, in `said` if it was JSON; `retry_after` is its wish in seconds.

    `name` is its word for what is wrong; an answer of somebody else on the way has none.
    """

    status: int
    is_json: bool
    name: str
    text: str
    said: dict[str, Any]
    retry_after: float | None


class ResendApi:
    """The API over a shared pool of connections."""

    def __init__(self, account: ResendAccount, connections: int) -> None:
        self._account = account
        self._url = account.url.rstrip("/")
        self._http = PoolManager(
            maxsize=connections,
            timeout=Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            # The authorities of the machine, as for SMTP.
            ssl_context=ssl.create_default_context() if account.url.startswith("https:") else None,
        )

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Make one request, once. Raises urllib3's HTTPError and OSError for what breaks on the way."""
        headers = {
            "Authorization": f"Bearer {self._account.api_key}",
            "Content-Type": "application/json",
            # Without one, Resend answers 403.
            "User-Agent": "duewell",
            **(headers or {}),
        }
        response = self._http.request(
            method,
            self._url + path,
            body=body,
            headers=headers,
            # Whether and when to repeat is the caller's to decide; a redirect would show the key to somebody else.
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return _read(response)
        finally:
            response.drain_conn() if response.length_remaining == 0 else response.close()
            response.release_conn()

    def close(self) -> None:
        """Close the connections that rest."""
        self._http.clear()


def _read(response: BaseHTTPResponse) -> Answer:
    data = response.read(_ANSWER_BYTES_MAX)
    try:
        said: Any = json.loads(data)
    except ValueError:
        said = None
    is_json = isinstance(said, dict)
    said = said if is_json else {}
    name, text = said.get("name"), said.get("message") or said.get("id")
    shown = str(text or data[:_SHOWN_CHARACTERS_MAX].decode(errors="replace")).replace("\n", " ")
    return Answer(
        status=response.status,
        is_json=is_json,
        name=name if isinstance(name, str) else "",
        text=f"{response.status} {name or ''} {shown}".replace("  ", " "),
        said=said,
        retry_after=seconds_of(response.headers.get("retry-after") or response.headers.get("ratelimit-reset")),
    )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
