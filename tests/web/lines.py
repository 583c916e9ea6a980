"""The lines of core and ledger that pages say in other languages, as the syntax trees of the code have them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.installation import ROOT

PACKAGES = ("activities", "console", "db", "dunning", "intake", "mailer", "rules")
# What makes a line, and which of its arguments are lines: templates, texts, or f-strings.
MAKERS = {
    "Refused": (0,),
    "Phrase": (0,),
    "N_": (0,),
    "phrase": (0,),
    "Wrong": (0, 1),
    "Finding": (1,),
    "BadText": (0,),
    "CannotRender": (0,),
    "Misplaced": (1,),
}
# Here plain errors are told to people: what is wrong with a rule, a cadence, a profile, a setting.
TELLING = ("rules/", "dunning/cadence.py", "intake/files/profile.py", "intake/organization_settings.py")
# Scenarios are read by the command line alone.
_UNSHOWN = ("scenario_", "stated_scenario")


@dataclass(frozen=True, slots=True)
class Said:
    """A line that is said at a place of the code; `template` is None where it is made elsewhere."""

    place: str
    maker: str
    template: str | None
    source: str
    given: frozenset[str]
    is_f_string: bool


@cache
def said_lines() -> tuple[Said, ...]:
    """Return whatever is said, by place."""
    return tuple(
        said
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.name.startswith(_UNSHOWN)
        for said in _in_module(path, path.relative_to(ROOT).as_posix())
    )


def lines() -> dict[str, list[str]]:
    """Return each line with the places where it is said. What pages say by `N_` is in their own messages."""
    found: dict[str, list[str]] = {}
    for said in said_lines():
        is_of_pages = said.maker == "N_" and said.place.startswith("console/web/")
        if said.template and any(map(str.isalpha, said.template)) and not is_of_pages:
            found.setdefault(said.template, []).append(said.place)
    return found


def _in_module(path: Path, name: str) -> Iterator[Said]:
    tree = ast.parse(path.read_text())
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        maker = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        wanted = MAKERS.get(maker, (0,) if maker == "ValueError" and name.startswith(TELLING) else ())
        for place in wanted:
            if len(node.args) > place:
                told = constants.get(ast.unparse(node.args[place]), node.args[place])
                given = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                is_f_string = isinstance(told, ast.JoinedStr)
                yield Said(f"{name}:{node.lineno}", maker, _template(told), ast.unparse(told), given, is_f_string)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the texts that stand at the head of a module, by their names."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            told = node.value
            if isinstance(told, ast.Call) and ast.unparse(told.func) == "N_":
                told = told.args[0]
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                yield node.targets[0].id, told


def _template(node: ast.expr) -> str | None:
    """Return a text as it stands, and an f-string with its values numbered."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    written, count = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            written += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            written += f"{{{count}!r}}" if part.conversion == ord("r") else f"{{{count}}}"
            count += 1
    return written
