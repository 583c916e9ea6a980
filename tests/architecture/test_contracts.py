"""Each import contract is broken once, to see that it would be noticed; and what imports cannot tell."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTER = PYPROJECT["tool"]["importlinter"]
PACKAGES: list[str] = LINTER["root_packages"]
CONTRACTS: dict[str, str] = {contract["id"]: contract["name"] for contract in LINTER["contracts"]}
PLANTED = "planted_by_a_test.py"
# A module that imports nothing, in each package: what is broken by importing it is broken by that alone.
LEAF = "leaf_of_a_test.py"
LINES_MAX = 400

# (the contract, the package that breaks it, the forbidden import)
BREACHES = [
    ("layers", "console", "import devstack.leaf_of_a_test"),
    ("layers", "intake", "import console.leaf_of_a_test"),
    ("layers", "workflows", "import intake.leaf_of_a_test"),
    ("layers", "activities", "import workflows.leaf_of_a_test"),
    ("layers", "db", "import activities.leaf_of_a_test"),
    ("layers", "db", "import mailer.leaf_of_a_test"),
    ("layers", "mailer", "import db.leaf_of_a_test"),
    ("layers", "dunning", "import db.leaf_of_a_test"),
    ("layers", "rules", "import db.leaf_of_a_test"),
    ("layers", "rules", "import dunning.leaf_of_a_test"),
    ("console-layers", "console/commands", "import console.api.etags"),
    ("console-layers", "console/api", "import console.commands.attach"),
    ("console-layers", "console/orders", "import console.commands.attach"),
    ("console-layers", "console/doctor", "from console.orders import clerk"),
    ("console-layers", "console/terminal", "import console.orders.clerk"),
    ("console-layers", "console/options", "from console.terminal import progress"),
    ("console-layers", "console/connections", "from console.views import amounts"),
    ("terminal-for-commands", "console/api", "from console.terminal.printing import say"),
    ("terminal-for-commands", "console/api", "import console.orders.clerk"),
    ("terminal-for-commands", "console/views", "def shown() -> None:\n    import rich.table"),
    ("terminal-for-commands", "console/connections", "import cyclopts"),
    ("workflows-interface", "workflows", "import db.leaf_of_a_test"),
    ("workflows-interface", "workflows", "from mailer import leaf_of_a_test"),
    ("workflows-interface", "workflows", "from activities.collection import CollectionActivities"),
    ("workflows-interface", "workflows", "import activities.letters"),
    ("sql-only-in-db", "activities", "import sqlalchemy"),
    ("sql-only-in-db", "console", "from sqlalchemy.orm import Session"),
    ("sql-only-in-db", "intake", "import psycopg"),
    ("sql-only-in-db", "workflows", "from alembic import command"),
    ("pure-core", "dunning", "import os"),
    ("pure-core", "rules", "import os"),
    ("pure-core", "dunning", "from time import monotonic"),
    ("pure-core", "dunning", "import random"),
    ("pure-core", "dunning", "def later() -> None:\n    import logging"),
    ("settings-at-the-edge", "activities", "from settings import settings"),
    ("settings-at-the-edge", "db", "import settings"),
    ("settings-at-the-edge", "intake", "from settings import Settings"),
    ("settings-at-the-edge", "workflows", "import worker"),
    ("settings-at-the-edge", "intake", "import starter"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to be broken."""
    copied = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", copied)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copied / package, ignore=shutil.ignore_patterns("__pycache__"))
        (copied / package / LEAF).touch()
    for module in ROOT.glob("*.py"):
        shutil.copy(module, copied)
    return copied


@pytest.fixture
def planting(copy: Path) -> Iterator[Path]:
    """The copy, which is mended after the test."""
    yield copy
    for planted in copy.rglob(PLANTED):
        planted.unlink()


def verdicts(copy: Path) -> dict[str, str]:
    """Return KEPT or BROKEN for each contract, by its name."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--cache-dir", "cache", "--config", "pyproject.toml"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        for name in CONTRACTS.values():
            if line.startswith(name) and (words := line.removeprefix(name).split()):
                found.setdefault(name, words[0])
    assert found.keys() == set(CONTRACTS.values()), done.stdout + done.stderr
    assert (done.returncode != 0) == ("BROKEN" in found.values()), done.stdout + done.stderr
    return found


def test_the_packages_keep_every_contract(copy: Path) -> None:
    assert verdicts(copy) == dict.fromkeys(CONTRACTS.values(), "KEPT")


@pytest.mark.parametrize(("contract", "package", "forbidden"), BREACHES)
def test_a_forbidden_import_breaks_just_its_contract(
    planting: Path, contract: str, package: str, forbidden: str
) -> None:
    (planting / package / PLANTED).write_text(forbidden + "\n")

    found = verdicts(planting)

    assert {name for name, verdict in found.items() if verdict != "KEPT"} == {CONTRACTS[contract]}


def test_no_contract_goes_unproven() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(CONTRACTS)


def test_every_package_stands_under_the_contracts() -> None:
    """A new package at the root is part of the architecture from its first day."""
    outside = {"tests", "benchmarks"}
    found = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - outside

    assert found == set(PACKAGES)
    layers = next(contract["layers"] for contract in LINTER["contracts"] if contract["id"] == "layers")
    assert {package for layer in layers for package in layer.split(" | ")} == found


def test_everything_of_the_console_stands_in_its_layers() -> None:
    """What is new there says at once what it may import, and who may import it."""
    console = ROOT / "console"
    found = {path.stem for path in console.glob("*.py")} | {path.parent.name for path in console.glob("*/*.py")}

    layers = next(contract["layers"] for contract in LINTER["contracts"] if contract["id"] == "console-layers")
    assert {module for layer in layers for module in layer.split(" | ")} == found - {"__init__"}


# What imports cannot tell: the core may import datetime for its types, and must not ask it for the time.
PURE = sorted(module for package in ("dunning", "rules") for module in (ROOT / package).rglob("*.py"))

CLOCK_AND_CHANCE = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
NOT_PURE = {"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint", "globals"}
# `hash` of a text and `id` differ from process to process.
NOT_PURE |= {"hash", "id"}


def impurities(source: str) -> list[str]:
    """Return the lines of a module's calls that ask for the time, for chance or for the world outside."""
    found = []
    tree = ast.parse(source)
    # How a value is spread over a dict's buckets differs from process to process, and decides nothing.
    hashing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__hash__"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hashing:
            continue
        asked = (
            (isinstance(node, ast.Attribute) and node.attr in CLOCK_AND_CHANCE)
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NOT_PURE)
            or (isinstance(node, ast.Name) and node.id in {"random", "secrets", "uuid4"})
        )
        if asked:
            assert isinstance(node, ast.expr)
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("module", PURE, ids=lambda path: path.stem)
def test_the_core_asks_nobody_for_the_time_or_for_chance(module: Path) -> None:
    assert impurities(module.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.date.today()",
        "from datetime import datetime\nclock = datetime.utcnow",
        "from random import random\nrandom()",
        "hash('INV-1') % 60",
        "print('hello')",
        "open('/etc/hosts')",
    ],
)
def test_a_core_that_asks_would_be_noticed(source: str) -> None:
    assert len(impurities(source)) == 1


def modules() -> list[Path]:
    """Return the product's modules, without migrations, which are as long as what they change."""
    migrations = ROOT / "db" / "migrations" / "versions"
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")] + list(ROOT.glob("*.py"))
    return sorted(path for path in found if migrations not in path.parents)


def test_a_package_holds_a_docstring_at_most() -> None:
    for module in modules():
        if module.name == "__init__.py":
            body = ast.parse(module.read_text()).body
            assert len(body) <= 1, module
            assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body), (
                module
            )


def test_every_module_says_what_it_knows() -> None:
    assert [path for path in modules() if ast.get_docstring(ast.parse(path.read_text())) is None] == []


def test_no_module_is_too_long_to_be_read() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}

    assert {module: lines for module, lines in lengths.items() if lines > LINES_MAX} == {}
