"""The forms of dates, by name; a module of its own, so that a command can name them without reading any."""

from typing import Final, Literal, get_args

DateFormat = Literal[
    "YYYY-MM-DD", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD",
    "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY",
    "DD.MM.YY", "DD/MM/YY", "MM/DD/YY",
]  # fmt: skip
DATE_FORMATS: Final[tuple[DateFormat, ...]] = get_args(DateFormat)
ISO: Final[DateFormat] = "YYYY-MM-DD"
