"""Claims about what is counted beside pages."""

from threading import Event

import pytest

from console.web import beside
from console.web.beside import Beside


def test_who_asks_is_not_held_up_and_gets_the_count_when_it_is_there() -> None:
    counts, may_end, asked = Beside(), Event(), []

    def count() -> int:
        asked.append(1)
        may_end.wait(60)
        return 42

    assert counts.ask("a", count) is None
    assert counts.ask("a", count) is None
    may_end.set()

    assert counts.ask("a", count, None) == 42
    assert len(asked) == 1


def test_an_answer_is_asked_for_anew_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, numbers = Beside(), iter((1, 2))
    assert counts.ask("a", lambda: next(numbers), None) == 1
    monkeypatch.setattr(beside, "KEPT_SECONDS", -1.0)

    assert counts.ask("a", lambda: next(numbers), None) == 2


def test_what_went_wrong_is_told_and_not_kept() -> None:
    counts = Beside()

    def fails() -> int:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        counts.ask("a", fails, None)

    assert counts.ask("a", lambda: 1, None) == 1


def test_the_oldest_that_wait_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "COUNTS_MAX", 3)
    counts, may_end, begun = Beside(), Event(), []

    def count(number: int) -> int:
        begun.append(number)
        may_end.wait(60)
        return number

    for number in range(6):
        assert counts.ask(number, lambda number=number: count(number), 0) is None  # type: ignore[misc]
    may_end.set()

    assert counts.ask(5, lambda: 0, None) == 5
    assert 2 not in begun
