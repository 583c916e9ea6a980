"""The ladder to the `temporal` program: each rung is taken when those before it fail."""

import time
from pathlib import Path

import pytest

from devstack import sdk_download, temporal_cli
from devstack.long_build import BuildFailed
from devstack.temporal_cli import find_temporal
from devstack.tool import ToolMissing

GOOD = """#!/bin/sh
case "$*" in
  --version) echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)" ;;
  *) echo "--sqlite-pragma stringArray" ;;
esac
"""
TOO_OLD = "#!/bin/sh\necho '--db-filename'\n"
BROKEN = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only directory on PATH besides the shell's own; the cache is empty, the network away."""
    programs = tmp_path / "path"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.setenv("DUEWELL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sdk_download, "DOWNLOAD_HOST", "127.0.0.1")
    monkeypatch.setattr(temporal_cli, "GO_FROM_PYPI", "./no-such-directory")
    return programs


def program(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def a_go_that_builds(directory: Path) -> str:
    """Return a `go` that notes what it was asked for and builds a good program."""
    good = program(directory / "good", GOOD)
    return f"""#!/bin/sh
echo "$@" >> {directory}/said
while [ $# -gt 0 ]; do
  [ "$1" = -o ] && mkdir -p "$(dirname "$2")" && cp {good} "$2"
  shift
done
exit 0
"""


def test_a_program_on_path_comes_first(path: Path, tmp_path: Path) -> None:
    program(tmp_path / "cache" / "bin" / temporal_cli.CACHE_NAME, GOOD)
    wanted = program(path / "temporal", GOOD)

    found = find_temporal()

    assert (found.path, found.origin, found.version) == (wanted, "on PATH", "server 1.29.1")


@pytest.mark.parametrize("unfit", [TOO_OLD, BROKEN])
def test_an_unfit_program_on_path_is_passed_over_for_the_cache(path: Path, tmp_path: Path, unfit: str) -> None:
    program(path / "temporal", unfit)
    wanted = program(tmp_path / "cache" / "bin" / temporal_cli.CACHE_NAME, GOOD)

    found = find_temporal()

    assert (found.path, found.origin) == (wanted, "cache")


def test_go_builds_it_once_when_nothing_can_be_downloaded(path: Path, tmp_path: Path) -> None:
    program(path / "go", a_go_that_builds(tmp_path))
    lines: list[str] = []

    found = find_temporal(lines.append)

    assert (found.path, found.origin) == (tmp_path / "cache" / "bin" / temporal_cli.CACHE_NAME, "built with Go")
    said = (tmp_path / "said").read_text().splitlines()
    assert said[:2] == [
        "mod init duewell.local/temporal",
        "get github.com/temporalio/cli/cmd/temporal@v1.5.1 modernc.org/sqlite@v1.44.3",
    ]
    assert said[2].startswith("build -ldflags -s -w -o ")
    assert said[2].endswith("/bin/temporal github.com/temporalio/cli/cmd/temporal")
    assert lines[-1] == "building Temporal with Go, usually 7 minutes on 2 cores, once"
    assert find_temporal().origin == "cache"


def test_a_broken_program_in_the_cache_is_built_anew(path: Path, tmp_path: Path) -> None:
    program(tmp_path / "cache" / "bin" / temporal_cli.CACHE_NAME, BROKEN)
    program(path / "go", a_go_that_builds(tmp_path))

    assert find_temporal().origin == "built with Go"


def test_when_nothing_helps_the_message_says_what_to_do(path: Path) -> None:
    program(path / "go", "#!/bin/sh\necho no room on device\nexit 1\n")

    with pytest.raises(ToolMissing) as missing:
        find_temporal()

    assert "https://127.0.0.1 cannot be reached" in str(missing.value)
    assert "no room on device" in str(missing.value)
    assert "TEMPORAL_ADDRESS" in str(missing.value)


def test_without_go_the_one_from_pypi_is_tried(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{path}:/bin")

    with pytest.raises(ToolMissing, match=r"there is no `go` on PATH, and none could be installed"):
        find_temporal()


def test_a_network_that_swallows_packets_costs_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An address of TEST-NET-1: nobody answers there, and nobody refuses either.
    monkeypatch.setattr(sdk_download, "DOWNLOAD_HOST", "192.0.2.1")
    started = time.monotonic()

    with pytest.raises(BuildFailed, match="cannot be reached"):
        sdk_download.download("development", tmp_path, report=lambda line: None)

    assert time.monotonic() - started < 4
