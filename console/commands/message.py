"""`duewell message`: writing to a customer outside the cadence."""

from pathlib import Path


def message(
    invoice: str,
    /,
    *,
    subject: str | None = None,
    body: str | None = None,
    body_file: Path | None = None,
    template: str | None = None,
    as_step: str | None = None,
    preview: bool = False,
    json: bool = False,
) -> int:
    """Write to the customer of an invoice outside its cadence; the invoice's process sends it, once.

    Parameters
    ----------
    invoice
        The invoice's number.
    subject
        The subject; the tags of templates are filled in.
    body
        The text, in Markdown; the tags of templates are filled in.
    body_file
        A file with the text; `-` reads it from stdin.
    template
        A template whose subject and text are taken where none is given.
    as_step
        A step that is done by it, so that the cadence goes on after it; it goes to those whom the step writes to.
    preview
        Show it as it would go out now, and send nothing.
    json
        Print one JSON document.
    """
    from console.orders.message_writing import asked_wish, show, write

    wish = asked_wish(subject, body, body_file, template, as_step)
    return show(invoice, wish, json) if preview else write(invoice, wish, json)
