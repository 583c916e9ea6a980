"""Sends by Resend's HTTP API, whose idempotency key makes that a repeated message is delivered once."""

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from mailer.resend_payload import fields_of, idempotency_key
from mailer.transport import Accepted, Deferred, ProbeFailed, Rejected, Uncertain, Unreachable, always

URL = "https://api.resend.com"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
# Resend keeps a key for 24 hours. An hour less, because its clock begins when the message arrives there.
REMEMBERS_FOR = timedelta(hours=23)
QUOTA_PAUSE_SECONDS = 3600.0
RETRY_AFTER_SECONDS_MAX = 86_400.0
_ANSWER_BYTES_MAX = 65_536
_KEY_REFUSALS = frozenset({"missing_api_key", "invalid_api_key", "restricted_api_key"})


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
class _Answer:
    """What the API said. `name` is its word for what is wrong; an answer of somebody else on the way has none."""

    status: int
    is_json: bool
    name: str
    text: str
    provider_id: str | None
    retry_after: float | None


class ResendTransport:
    """Hands messages to Resend over a shared pool of connections."""

    def __init__(self, account: ResendAccount, connections: int = 16) -> None:
        self._account = account
        self._url = account.url.rstrip("/")
        self._http = PoolManager(
            maxsize=connections,
            timeout=Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            # The authorities of the machine, as for SMTP.
            ssl_context=ssl.create_default_context() if account.url.startswith("https:") else None,
        )

    @property
    def remembers_for(self) -> timedelta | None:
        """For so long a message may be repeated under its key, and is delivered once."""
        return REMEMBERS_FOR

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Hand the message over; see Transport.send. What broke before the request was made is Deferred."""
        body = json.dumps(fields_of(recipients, message), ensure_ascii=False).encode()
        try:
            answer = self._ask("POST", "/emails", body, {"Idempotency-Key": idempotency_key(message_id)})
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise Deferred(f"Resend: {error}") from error
        except SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Deferred(f"Resend: {error}") from error
            raise Uncertain(f"Resend: {error}") from error
        except (HTTPError, OSError) as error:
            raise Uncertain(f"Resend: {type(error).__name__}: {error}") from error
        if 200 <= answer.status < 300:
            if answer.provider_id is None:
                raise Uncertain(f"Resend: not an answer of its API: {answer.text}")
            return Accepted(answer.text, answer.provider_id)
        raise _refusal(answer)

    def probe(self) -> str:
        """Return what the account may send from. Raises ProbeFailed."""
        try:
            answer = self._ask("GET", "/domains", None, {})
        except (HTTPError, OSError) as error:
            raise ProbeFailed(f"does not answer ({type(error).__name__})", "set RESEND_URL") from error
        if answer.status == 401 and answer.name == "restricted_api_key":
            return "takes the key, which may send and nothing else"
        if answer.status in (401, 403) or answer.name in _KEY_REFUSALS:
            raise ProbeFailed(f"refuses the key: {answer.text}", "set RESEND_API_KEY")
        if answer.status != 200 or not answer.is_json:
            raise ProbeFailed(f"this is not Resend's API: {answer.text}", "set RESEND_URL")
        return "takes the key"

    def close(self) -> None:
        """Close the connections that rest."""
        self._http.clear()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> _Answer:
        headers = {
            "Authorization": f"Bearer {self._account.api_key}",
            "Content-Type": "application/json",
            # Without one, Resend answers 403.
            "User-Agent": "duewell",
            **headers,
        }
        response = self._http.request(
            method,
            self._url + path,
            body=body,
            headers=headers,
            # Whether and when to repeat is decided above; a redirect would show the key to somebody else.
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return _read(response)
        finally:
            response.drain_conn() if response.length_remaining == 0 else response.close()
            response.release_conn()


def _read(response: BaseHTTPResponse) -> _Answer:
    data = response.read(_ANSWER_BYTES_MAX)
    try:
        said: Any = json.loads(data)
    except ValueError:
        said = None
    is_json = isinstance(said, dict)
    said = said if is_json else {}
    name, text, provider_id = (said.get(field) for field in ("name", "message", "id"))
    shown = str(text or provider_id or data[:200].decode(errors="replace")).replace("\n", " ")
    return _Answer(
        status=response.status,
        is_json=is_json,
        name=name if isinstance(name, str) else "",
        text=f"{response.status} {name or ''} {shown}".replace("  ", " "),
        provider_id=provider_id if isinstance(provider_id, str) and provider_id else None,
        retry_after=_seconds(response.headers.get("retry-after") or response.headers.get("ratelimit-reset")),
    )


def _refusal(answer: _Answer) -> Deferred | Uncertain | Unreachable | Rejected:
    """Return what the refusal means. What is not certain to be refused is repeated, to the byte."""
    status, name, text = answer.status, answer.name, f"Resend: {answer.text}"
    if status == 429:
        pause = QUOTA_PAUSE_SECONDS if "quota" in name else None
        return Deferred(text, answer.retry_after or pause)
    if name == "invalid_idempotent_request":
        return Rejected(f"{text}; another form of this message was handed over before and may have been delivered")
    if status >= 500 or status in (408, 409) or status < 300:
        return Uncertain(text, answer.retry_after)
    # A wrong key or address of the API is no fault of the message, nor is what a machine on the way makes of it.
    if status != 413 and (status < 400 or status in (404, 405) or name in _KEY_REFUSALS or not name):
        return Deferred(text, answer.retry_after)
    if name in ("validation_error", "invalid_to_address") and "`to`" in answer.text:
        return Unreachable(text)
    return Rejected(text)


def _seconds(wish: str | None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None if it is neither."""
    if not wish:
        return None
    try:
        seconds = float(wish)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(wish) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 1.0), RETRY_AFTER_SECONDS_MAX) if seconds == seconds else None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
