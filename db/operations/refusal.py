"""The answer to a command that cannot be carried out."""

from phrase import Phrase, phrase


class Refused(Exception):
    """The command makes no sense for the ledger as it is; the text is one clear line for a person.

    It is told as a template and its values, such as `Refused("{number} is not paid", number=number)`, and reads as
    the line that they make; `said` keeps them, so that pages can say it in other languages.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        self.said = Phrase(template, **values) if values else phrase(template)
        super().__init__(self.said)
