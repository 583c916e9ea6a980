"""Sends by Resend's HTTP API, whose idempotency key makes that a repeated message is delivered once."""

import json
from collections.abc import Callable
from datetime import timedelta

from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from mailer.resend_api import Answer, ResendAccount, ResendApi
from mailer.resend_payload import fields_of, idempotency_key
from mailer.transport import Accepted, Deferred, ProbeFailed, Rejected, Uncertain, Unreachable, always

# Resend keeps a key for 24 hours. An hour less, because its clock begins when the message arrives there.
REMEMBERS_FOR = timedelta(hours=23)
QUOTA_PAUSE_SECONDS = 3600.0
_KEY_REFUSALS = frozenset({"missing_api_key", "invalid_api_key", "restricted_api_key"})


class ResendTransport:
    """Hands messages to Resend over a shared pool of connections."""

    def __init__(self, account: ResendAccount, connections: int = 16) -> None:
        self._api = ResendApi(account, connections)

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
            answer = self._api.ask("POST", "/emails", body, {"Idempotency-Key": idempotency_key(message_id)})
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise Deferred(f"Resend: {error}") from error
        except SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Deferred(f"Resend: {error}") from error
            raise Uncertain(f"Resend: {error}") from error
        except (HTTPError, OSError) as error:
            raise Uncertain(f"Resend: {type(error).__name__}: {error}") from error
        if 200 <= answer.status < 300:
            provider_id = answer.said.get("id")
            if not isinstance(provider_id, str) or not provider_id:
                raise Uncertain(f"Resend: not an answer of its API: {answer.text}")
            return Accepted(answer.text, provider_id)
        raise _refusal(answer)

    def probe(self) -> str:
        """Return what the account may do. Raises ProbeFailed."""
        try:
            answer = self._api.ask("GET", "/emails?limit=1")
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
        self._api.close()


def _refusal(answer: Answer) -> Deferred | Uncertain | Unreachable | Rejected:
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


__all__ = ["QUOTA_PAUSE_SECONDS", "REMEMBERS_FOR", "ResendAccount", "ResendTransport"]
