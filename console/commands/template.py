"""`duewell template`: the texts of messages, and what customers would get."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

template = App(
    name="template",
    help="Write, check and preview the texts of messages; docs/templates.md describes them.",
    sort_key=9,
)


@template.command(name="list", sort_key=1)
def list_templates(*, json: bool = False) -> int:
    """List the templates and their languages: the shipped ones, and those that were saved here.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say_json
    from console.terminal.template_lines import lines_of, print_lines
    from db.engine import transaction

    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            lines = lines_of(session)
        if json:
            say_json(lines)
        else:
            print_lines(out(), lines, ledger.organization.time_zone)
    return 0


@template.command(sort_key=2)
def show(name: str, /, *, language: str = "en", shipped: bool = False, json: bool = False) -> int:
    """Print a text as a file that can be edited and saved.

    Parameters
    ----------
    name
        The template's name.
    language
        The language, such as en, fr, de or es.
    shipped
        Print the text that is shipped, even if another was saved.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import say_json
    from console.terminal.template_lines import find_text, print_text

    with open_ledger() as ledger:
        text = find_text(ledger.engine, name, language, shipped=shipped)
    if json:
        say_json({"template": name, "language": text.language, "subject": text.subject, "body": text.body})
    else:
        print_text(text)
    return 0


@template.command(sort_key=3)
def check(file: Path, /, *, name: str | None = None, json: bool = False) -> int:
    """Say what is wrong in a text, and what may not be meant. Nothing is saved.

    Parameters
    ----------
    file
        The file: a line `Subject: …`, an empty line, the body.
    name
        The template it is for, if that is not the name of the file: which steps use it matters.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.template_lines import read_file, say_findings
    from db.engine import transaction
    from intake.template_orders import findings_in

    text = read_file(file, "en")
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        findings = findings_in(session, name or file.stem, text)
    return say_findings(str(file), findings, None, as_json=json)


@template.command(sort_key=4)
def save(name: str, file: Path, /, *, language: str = "en", json: bool = False) -> int:
    """Save a text as the one in force; what is wrong refuses it, and older editions are kept.

    Parameters
    ----------
    name
        The template's name: a new one, or one that is there.
    file
        The file: a line `Subject: …`, an empty line, the body.
    language
        The language of the text, such as en, fr, de or es.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.orders.clerk import clerk
    from console.terminal.template_lines import read_file, say_findings
    from intake.template_orders import save_text

    text = read_file(file, language)
    with open_ledger() as ledger:
        saved = save_text(ledger.engine, name, text, clerk())
    number = "the same" if saved.number is None and not saved.errors else saved.number
    return say_findings(str(file), saved.findings, f"{name} ({language})", number, as_json=json)


@template.command(sort_key=5)
def preview(
    name: str,
    /,
    *,
    invoice: str,
    language: str | None = None,
    to: str | None = None,
    html: Path | None = None,
    opens: Annotated[bool | None, Parameter(name="--open", negative="--no-open")] = None,
    text: bool = False,
    json: bool = False,
) -> int:
    """Show or open what the customer would get about an invoice, or send it to a colleague. It is no contact.

    Parameters
    ----------
    name
        The template's name.
    invoice
        The invoice's number.
    language
        Write it in this language or locale instead of the customer's, such as de or fr-CA.
    to
        Send it, to this address alone.
    html
        Write the HTML to this file, for a browser.
    opens
        Open the HTML in the browser, as without any other wish where there is a screen.
    text
        Print the plain text, as without any other wish.
    json
        Print one JSON document.
    """
    from console.orders.template_preview import carry_out

    return carry_out(name, invoice, language, to, html, opens=opens, text=text, as_json=json)
