"""Profile: how a kind of file is to be read, settled once and applied to the next file without guessing.

It is plain JSON, to be shown, edited and saved.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from intake.cells import InvoiceStatus
from intake.complaints import complaint_of
from intake.files.columns import FileKind, column_of, columns_of
from intake.files.date_formats import ISO, DateFormat
from intake.files.formats import PLAIN, NumberFormat

Name = Annotated[str, Field(min_length=1, max_length=500)]


class ProfileColumn(BaseModel):
    """Where a column is found, or the value that it has in all rows; and the form of its dates or numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: Name | None = None
    value: Name | None = None
    dates: DateFormat | None = None
    numbers: NumberFormat | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> "ProfileColumn":
        if (self.header is None) == (self.value is None):
            raise ValueError("a column has either a header or a value")
        return self


class Profile(BaseModel):
    """How files of one kind are read: what holds the table, the header of each column, and the forms of values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    kind: FileKind
    # Of a CSV file; in the profile of a workbook both are empty.
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: Name | None = None
    # Of a workbook; without a name its first sheet that is visible.
    sheet: Name | None = None
    columns: dict[Name, ProfileColumn]
    # Headers that are left out knowingly: nothing is said about them.
    left_out: tuple[str, ...] = ()
    statuses: dict[Name, InvoiceStatus] = Field(default_factory=dict)

    @property
    def is_of_workbook(self) -> bool:
        """Say whether it reads a sheet of a workbook."""
        return self.delimiter is None

    def dates_of(self, column: str) -> DateFormat:
        """Return the form of a column's dates."""
        return (self.columns[column].dates if column in self.columns else None) or ISO

    def numbers_of(self, column: str) -> NumberFormat:
        """Return the form of a column's numbers."""
        return (self.columns[column].numbers if column in self.columns else None) or PLAIN

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Profile":
        if (self.delimiter is None) != (self.encoding is None):
            raise ValueError("a delimiter and an encoding go together")
        for name in self.columns:
            if column_of(self.kind, name) is None:
                raise ValueError(f"{name} is no column of {self.kind}")
        for column in columns_of(self.kind):
            if column.is_required and column.name not in self.columns:
                raise ValueError(
                    f"{column.name} is needed in {self.kind}: give its header, or a value for all rows"
                )
        headers = [column.header for column in self.columns.values() if column.header is not None]
        for header in headers:
            if headers.count(header) > 1:
                raise ValueError(f"the header '{header}' is used twice")
        return self


def as_json(profile: Profile) -> str:
    """Return the profile as it is saved."""
    return profile.model_dump_json(indent=2, exclude_defaults=True) + "\n"


def read_profile(text: str | bytes) -> Profile:
    """Return the profile that was saved. Raises ValueError with a sentence that says what to mend."""
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        path, wrong = complaint_of(error, Profile)
        where = ".".join(map(str, path))
        raise ValueError(f"the profile cannot be used: {where + ': ' if where else ''}{wrong}") from error
