"""Reads from Resend what became of the messages that it took, and says what that means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from urllib3.exceptions import HTTPError

from mailer.incoming import Kind
from mailer.resend_api import ResendAccount, ResendApi

PAGE = 100


class StatusesUnavailable(Exception):
    """Resend does not say now what became of messages; `retry_after` is its wish in seconds, if any."""

    def __init__(self, error: str, retry_after: float | None = None) -> None:
        super().__init__(error)
        self.retry_after = retry_after


class TooManyRequests(StatusesUnavailable):
    """Resend takes no further request for now: the same one may be made again."""


@dataclass(frozen=True, slots=True)
class Status:
    """The last event of a message, by Resend's id of it, and when Resend took the message, if it says so."""

    provider_id: str
    event: str
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Statuses, those of the newest messages first; `after` asks for the next page, None if this is the last."""

    statuses: Sequence[Status]
    after: str | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event means for us. The API names no recipient: without `of_all` it is one of them.

    `is_dead` says that the address itself is at fault.
    """

    kind: Kind
    reason: str
    is_dead: bool = False
    of_all: bool = False


# Every other event is good news, or none. A cancelled message was scheduled, which ours never are.
MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "bounced": Meaning(Kind.BOUNCE, "Resend says that it bounced", is_dead=True),
        "suppressed": Meaning(
            Kind.BOUNCE,
            "Resend keeps the address on its suppression list, after an earlier bounce or complaint",
            is_dead=True,
        ),
        "failed": Meaning(Kind.BOUNCE, "Resend says that it could not be sent", of_all=True),
        "complained": Meaning(Kind.COMPLAINT, "Resend says that it was reported as unwanted"),
        "delivery_delayed": Meaning(Kind.DELAY, "Resend still tries to deliver it", of_all=True),
    }
)


class ResendStatuses:
    """Asks for statuses, a page at a time."""

    def __init__(self, account: ResendAccount) -> None:
        self._api = ResendApi(account, connections=1)

    def page(self, after: str | None = None) -> Page:
        """Return the newest messages, or those older than the one with the id. Raises StatusesUnavailable."""
        query = urlencode({"limit": PAGE, **({} if after is None else {"after": after})})
        try:
            answer = self._api.ask("GET", f"/emails?{query}")
        except (HTTPError, OSError) as error:
            raise StatusesUnavailable(f"Resend: {type(error).__name__}: {error}") from error
        if answer.status == 429:
            raise TooManyRequests(f"Resend: {answer.text}", answer.retry_after)
        if answer.name == "restricted_api_key":
            raise StatusesUnavailable("RESEND_API_KEY may send only; to see what bounces, it needs full access")
        data = answer.said.get("data")
        if answer.status != 200 or not isinstance(data, list):
            raise StatusesUnavailable(f"Resend: {answer.text}", answer.retry_after)
        statuses = [status for one in data if (status := _status(one)) is not None]
        goes_on = answer.said.get("has_more") is True and statuses
        return Page(statuses, statuses[-1].provider_id if goes_on else None)


def _status(said: Any) -> Status | None:
    if not isinstance(said, dict) or not isinstance(said.get("id"), str):
        return None
    return Status(said["id"], str(said.get("last_event")), _moment(said.get("created_at")))


def _moment(said: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
