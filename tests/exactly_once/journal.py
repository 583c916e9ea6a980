"""The log of a provider: what arrived on each connection, up to which protocol step, and who was killed when."""

import json
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Victim(StrEnum):
    """What a fault hit."""

    WORKER = "worker"
    CONNECTION = "connection"
    SMTP_NETWORK = "network to the provider"
    POSTGRES = "postgresql"
    POSTGRES_IMMEDIATE = "postgresql, by -m immediate"
    POSTGRES_NETWORK = "network to postgresql"
    TEMPORAL = "temporal"
    TEMPORAL_NETWORK = "network to temporal"


@dataclass(frozen=True, slots=True)
class Handover:
    """One message on one connection, as far as it came.

    `dot_at` is when its final dot (for HTTP: the end of its body) arrived, None if it never did. `kept` says that
    the provider took it over, whether or not it could answer; `answer` is what it answered, if anything.
    """

    number: int
    connection: int
    begun_at: datetime
    sender: str = ""
    recipients: tuple[str, ...] = ()
    message_id: str = ""
    content: bytes = b""
    dot_at: datetime | None = None
    kept: bool = False
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A kill, a cut or a broken connection, and the connection at which it came, if at one."""

    at: datetime
    victim: Victim
    where: str
    connection: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient that was refused for good."""

    at: datetime
    recipient: str


@dataclass(frozen=True, slots=True)
class ProviderLog:
    """All that the provider and those who did harm wrote down, in order."""

    handovers: tuple[Handover, ...]
    incidents: tuple[Incident, ...]
    refusals: tuple[Refusal, ...]

    @property
    def kept(self) -> tuple[Handover, ...]:
        """Return the messages that the provider took over, in the order of their final dots."""
        kept = [handover for handover in self.handovers if handover.kept]
        return tuple(sorted(kept, key=lambda handover: (handover.dot_at or handover.begun_at, handover.number)))

    def of_victim(self, *victims: Victim) -> list[Incident]:
        """Return what befell these."""
        return [incident for incident in self.incidents if incident.victim in victims]


class Journal:
    """Writes the log, a line for each step, each on the disk before anything else happens. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, step: str, **data: Any) -> None:
        """Add a line."""
        with self._lock:
            entry = {"at": datetime.now(UTC).isoformat(), "step": step, **data}
            os.write(self._file, json.dumps(entry).encode() + b"\n")
            os.fdatasync(self._file)

    def incident(self, victim: Victim, where: str, connection: int | None = None) -> None:
        """Add that somebody was hurt; to be called before it is done, so that nothing precedes its cause."""
        self.note("incident", victim=victim.value, where=where, connection=connection)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def packed(content: bytes) -> str:
    """Return bytes as a line of JSON can hold them."""
    return b64encode(content).decode()


def read_journal(path: Path) -> ProviderLog:
    """Read the log of a provider back."""
    return _provider_log(json.loads(line) for line in path.read_text().splitlines())


def _provider_log(entries: Iterable[Mapping[str, Any]]) -> ProviderLog:
    handovers: dict[int, Handover] = {}
    incidents: list[Incident] = []
    refusals: list[Refusal] = []
    for entry in entries:
        at = datetime.fromisoformat(entry["at"])
        match entry["step"]:
            case "mail":
                number = entry["handover"]
                handovers[number] = Handover(number, entry["connection"], at)
            case "refused":
                refusals.append(Refusal(at, entry["recipient"]))
            case "dot":
                handovers[entry["handover"]] = replace(
                    handovers[entry["handover"]],
                    sender=entry["sender"],
                    recipients=tuple(entry["recipients"]),
                    message_id=entry["message_id"],
                    content=b64decode(entry["content"]),
                    dot_at=at,
                    kept=entry["kept"],
                )
            case "answered":
                handovers[entry["handover"]] = replace(handovers[entry["handover"]], answer=entry["answer"])
            case "incident":
                incidents.append(Incident(at, Victim(entry["victim"]), entry["where"], entry["connection"]))
            case "connected" | "data" | "closed":
                pass
            case other:
                raise AssertionError(f"unknown step {other!r} in the provider's log")
    return ProviderLog(tuple(handovers.values()), tuple(incidents), tuple(refusals))
