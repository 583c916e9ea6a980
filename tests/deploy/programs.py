"""Whether a command that somebody is told to type, or a container to run, is there to be run."""

import importlib.util
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def root_packages() -> list[str]:
    """Return what the distribution is made of: packages and single modules, as they are called in the root."""
    listed: list[str] = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    return listed


def assert_runs(argv: Sequence[str]) -> None:
    """Fail unless `argv` starts a module of ours, or is a command line that `duewell` accepts."""
    program, *arguments = argv
    if program == "python":
        assert arguments[0] == "-m", argv
        _assert_module(arguments[1])
    else:
        assert program == "duewell", argv
        assert program in project()["project"]["scripts"]
        assert_accepted(arguments)


def assert_accepted(arguments: Sequence[str]) -> None:
    """Fail unless `duewell` knows the command and takes these arguments for it."""
    from console.app import app

    if arguments[:1] in (["--help"], ["--version"]):
        return
    assert arguments[0] in app, f"duewell has no command {arguments[0]}"
    app.parse_args(list(arguments), exit_on_error=False, print_error=False)


def _assert_module(name: str) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None, name
    assert found.origin is not None, name
    inside = Path(found.origin).resolve().relative_to(ROOT.resolve())
    assert inside.parts[0] in root_packages(), f"{name} is not in the distribution"
    assert '__name__ == "__main__"' in Path(found.origin).read_text(encoding="utf-8"), f"{name} runs nothing"
