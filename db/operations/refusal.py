"""The answer to a command that cannot be carried out."""


class Refused(Exception):
    """The command makes no sense for the ledger as it is; the text is one clear line for a person."""
