"""Installs appear whole or not at all, once."""

import threading
import time
from pathlib import Path

import pytest

from devstack.cache import cache_directory, install


def test_the_cache_is_the_users_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUEWELL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_directory() == Path("/home/someone/.cache/duewell")

    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/someone")
    assert cache_directory() == Path("/var/cache/someone/duewell")

    monkeypatch.setenv("DUEWELL_CACHE", "/elsewhere")
    assert cache_directory() == Path("/elsewhere")


def test_two_installs_at_once_build_once(tmp_path: Path) -> None:
    builds: list[Path] = []
    lines: list[str] = []

    def build(workshop: Path) -> Path:
        builds.append(workshop)
        time.sleep(0.2)
        (workshop / "program").write_text("whole")
        return workshop / "program"

    target = tmp_path / "bin" / "program"

    def run() -> None:
        install(target, build, is_good=Path.exists, report=lines.append)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(builds) == 1
    assert lines == ["waiting for another process that installs program"] * 2
    assert target.read_text() == "whole"


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path) -> None:
    def build(workshop: Path) -> Path:
        (workshop / "half").write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        install(tmp_path / "program", build, is_good=Path.exists)

    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".folder-killed").mkdir()

    def build(workshop: Path) -> Path:
        (workshop / "folder").mkdir()
        return workshop / "folder"

    install(tmp_path / "folder", build, is_good=Path.exists)

    assert not (tmp_path / ".folder-killed").exists()


def test_what_has_gone_bad_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()

    def build(workshop: Path) -> Path:
        (workshop / "folder").mkdir()
        (workshop / "folder" / "new").touch()
        return workshop / "folder"

    install(tmp_path / "folder", build, is_good=lambda folder: (folder / "new").exists())

    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]
