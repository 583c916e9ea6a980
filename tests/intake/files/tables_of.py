"""Small CSV files as tests write them: a header and rows."""

from intake.files.columns import FileKind
from intake.files.reading import Reading, read_file


def lines(*written: str) -> bytes:
    """Return the lines as a file."""
    return ("\n".join(written) + "\n").encode()


def read_lines(kind: FileKind, *written: str) -> Reading:
    """Return the reading of these lines."""
    return read_file(lines(*written), kind=kind)


def problems_of(reading: Reading) -> list[tuple[int, str | None, str]]:
    """Return line, column and wrong of each problem."""
    return [(problem.line, problem.column, problem.wrong) for problem in reading.problems]
