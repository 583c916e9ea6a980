"""One thread shows the server that attempts are alive: each until it ends, whatever becomes of the others."""

from threading import Event
from time import sleep

import pytest
from temporalio.testing import ActivityEnvironment

from activities import heartbeat
from activities.heartbeat import Pulse, heartbeats

BEAT_SECONDS = 0.02
PATIENCE_SECONDS = 10


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beat often, from a thread of the test's own."""
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", BEAT_SECONDS)
    monkeypatch.setattr(heartbeat, "_pulse", Pulse())


def beating(until: Event, said: list[None], first: Event | None = None) -> None:
    """Live as an activity that heartbeats until the event, and note each beat."""

    def on_heartbeat(*_details: object) -> None:
        said.append(None)
        if first is not None:
            first.set()

    def attempt() -> None:
        with heartbeats():
            assert until.wait(PATIENCE_SECONDS)

    environment = ActivityEnvironment()
    environment.on_heartbeat = on_heartbeat
    environment.run(attempt)


def test_an_attempt_beats_until_it_ends_and_not_after() -> None:
    beat, said = Event(), list[None]()

    beating(beat, said, first=beat)
    after = len(said)
    sleep(5 * BEAT_SECONDS)

    assert after >= 1
    assert len(said) == after


def test_an_attempt_whose_beat_fails_takes_no_other_with_it() -> None:
    alive, said = Event(), list[None]()

    def fails(*_details: object) -> None:
        raise RuntimeError("the loop is closed")

    def attempt() -> None:
        with heartbeats():
            beating(alive, said, first=alive)

    broken = ActivityEnvironment()
    broken.on_heartbeat = fails
    broken.run(attempt)

    assert said


def test_a_short_attempt_costs_no_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 3600.0)
    ended, said = Event(), list[None]()
    ended.set()

    beating(ended, said)

    assert said == []
