"""Doctor: this machine's Python, packages and tools."""

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from console.doctor.check import Check

PYTHON_MIN = (3, 11)
PACKAGES = ("temporalio", "sqlalchemy", "psycopg", "pydantic", "cyclopts", "rich")
# Only development needs these: the embedded servers and the tests that live through a year.
TOOLS = {
    "temporal": "the Temporal command line; the demo and the tests get one of their own",
    "java": "runs the time-skipping test server",
    "mvn": "fetches the time-skipping test server",
}


def examine_packages() -> list[Check]:
    """Return what runs here."""
    python = f"{platform.python_version()} at {sys.executable}"
    is_new_enough = sys.version_info >= PYTHON_MIN
    needed = ".".join(map(str, PYTHON_MIN))
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return [
        Check("duewell", "ok", _version("duewell")),
        Check("Python", "ok", python)
        if is_new_enough
        else Check("Python", "missing", python, f"install Python {needed} or newer"),
        Check("packages", "ok", versions),
    ]


def examine_tools() -> list[Check]:
    """Return which tools for development are there; none is needed to run."""
    checks = []
    for name, use in TOOLS.items():
        place = shutil.which(name)
        checks.append(Check(name, "ok", place) if place else Check(name, "optional", f"not here: {use}"))
    return checks


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
