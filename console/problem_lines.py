"""A problem of an imported file in one line."""

from intake.problems import Problem

# What intake expects of a row that is good by itself and that the ledger contradicts; `wrong` is a sentence then.
_LEDGER = "what agrees with the ledger"


def line_of(problem: Problem) -> str:
    """Return the problem as people read it: where, what is there, and what was expected instead."""
    place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
    if problem.expected == _LEDGER:
        return f"{place}: {problem.wrong}; expected {problem.expected}"
    found = f"'{problem.value}' is {problem.wrong}" if problem.value else problem.wrong
    return f"{place}: {found}; expected {problem.expected}"
