"""`duewell attach`: the PDF of an invoice."""

from pathlib import Path


def attach(invoice: str, file: Path | None = None, /, *, remove: bool = False, json: bool = False) -> int:
    """Keep the PDF of an invoice, which goes with every message about it from now on.

    Parameters
    ----------
    invoice
        The invoice's number.
    file
        The PDF, of at most 10 MB; it takes the place of an older one.
    remove
        Forget the invoice's PDF instead.
    json
        Print one JSON document.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk, say_done

    if (file is None) is not remove:
        raise Failure("say a file, or --remove", ASKED_WRONGLY)
    with open_desk() as (desk, _):
        changed = desk.attach(invoice, file)
    name = None if file is None else file.name
    done = f"{name} goes with messages about {invoice}" if file else f"no PDF goes with messages about {invoice}"
    return say_done(json, done if changed else "nothing changed", invoice=invoice, file=name, changed=changed)
