"""A line for a person that remembers what it was made of, so that it can be said in another language."""

from collections.abc import Mapping


class Phrase(str):
    """A line in English, made of a template and the values in it.

    To commands, the API, logs and the ledger it is that line. The pages say its template in the reader's language,
    with days, amounts of money and numbers as the reader's locale has them; a value that is a phrase is said too.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Phrase":
        line = super().__new__(cls, template.format(**values) if values else template)
        line.template, line.values = template, values
        return line


def phrase(text: str) -> Phrase:
    """Return the text as a phrase; one that is a phrase already keeps what it was made of."""
    return text if isinstance(text, Phrase) else Phrase(text)


def N_(template: str) -> str:  # noqa: N802  # gettext's own name for what is translated later
    """Return the template as it is; the catalogues get to know it."""
    return template
