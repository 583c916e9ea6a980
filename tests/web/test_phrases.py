"""Lines of core and ledger in other languages: what was refused, what is wrong with a file."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, nodes

from console.web.languages import LANGUAGES, SOURCE, Reader, catalogue_of, reader_for
from console.web.phrases import in_words
from console.web.templating import EXTENSIONS, TEMPLATES, Templates
from db.operations.refusal import Refused
from dunning.money import Money
from phrase import Phrase, phrase
from tests.db.book import Book
from tests.web.browser import MEMBER, Browser
from tests.web.lines import lines, said_lines

PARIS = ZoneInfo("Europe/Paris")
HOSTILE = "<script>alert(1)</script>%(x)s{x}"
SAYING = {"_", "gettext", "ngettext", "pgettext"}
# What is refused in the words of others: where, what stands there, and why there is no template.
TOLD_ELSEWHERE = {
    ("console/api/actions.py", "result.because"): "why an order was refused, kept for each to-do",
    ("console/web/pages/action_orders.py", "result.because"): "why an order was refused, kept for each to-do",
    ("console/web/pages/settings_senders.py", "str(error)"): "a setting of the mail server that cannot be read",
    ("console/web/pages/settings_webhooks.py", "str(refusal)"): "a refusal, without the commands that it names",
    ("console/web/settings_saving.py", "str(wrong)"): "what the settings as a whole contradict",
    ("db/operations/admission.py", "because"): "the core's objection is a phrase",
    ("db/operations/customer_holds.py", "because"): "the core's objection is a phrase",
    ("db/operations/messages/drafts.py", "ANOTHER"): "a phrase that two modules say",
    ("db/operations/messages/drafts.py", "because"): "the core's objection is a phrase",
    ("db/operations/messages/writing.py", "ANOTHER"): "a phrase that two modules say",
    ("db/operations/messages/writing.py", "UNFOLLOWED"): "a phrase at the head of the module",
    ("db/operations/messages/writing.py", "because"): "the core's objection is a phrase",
    ("db/operations/open_todos.py", "because"): "a phrase of the lines above it",
    ("intake/imports/choosing.py", "str(error)"): "an encoding that Python does not know",
    ("intake/imports/importing.py", "phrase(ended.failed_because)"): "why a job failed, as the ledger keeps it",
    ("intake/message_orders.py", "str(obstacle)"): "why a message cannot be written, in the words of the mailer",
    ("intake/people_orders.py", "str(bad)"): "an address that cannot be written to, in the words of the mailer",
    ("intake/publishing.py", "problem"): "a finding in a text, with the place where it is",
    ("intake/rule_orders.py", "objection"): "what the rules' own check objects to",
    ("intake/statements.py", "taken.said"): "why the invoice was refused, kept as a phrase",
    (
        "intake/webhook_orders.py",
        "str(refusal)",
    ): "no address of a webhook, in the words of the mailer",
}


def _reader(locale: str) -> Reader:
    return reader_for(locale, None, PARIS)


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_what_is_refused_is_a_template_with_its_values() -> None:
    refusals = [said for said in said_lines() if said.maker == "Refused"]
    others = {(said.place.partition(":")[0], _without_call(said.source)) for said in refusals if not said.template}

    assert len(refusals) > 200
    assert not [said for said in refusals if said.is_f_string]
    assert others == {(place, _without_call(source)) for place, source in TOLD_ELSEWHERE}


def _without_call(source: str) -> str:
    return source.partition(".partition(")[0]


def test_a_template_has_the_values_that_it_names_and_no_others() -> None:
    for said in said_lines():
        if said.maker in ("Refused", "Phrase") and said.template and said.given:
            assert _fields(said.template) == said.given, said.place


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != SOURCE])
def test_translated_lines_have_the_values_of_their_templates(language: str) -> None:
    kept = catalogue_of(language)
    for line in lines():
        entry = kept.get(line)
        assert entry is not None, line
        if all(name.isidentifier() or name.isdigit() for name in _fields(line)):
            assert _fields(str(entry.string)) == _fields(line), line


def test_a_refusal_reads_as_an_english_line_and_pages_say_it_as_the_reader_has_it() -> None:
    refusal = Refused(
        "it was issued on {issued_on}, and cannot be due on {due_on} before that",
        issued_on=date(2026, 5, 2),
        due_on=date(2026, 4, 1),
    )

    assert str(refusal) == "it was issued on 2026-05-02, and cannot be due on 2026-04-01 before that"
    assert in_words(_reader("en_GB"), refusal.said) == (
        "it was issued on 2 May 2026, and cannot be due on 1 Apr 2026 before that"
    )
    assert in_words(_reader("fr_FR"), refusal.said) == (
        "la facture a été émise le 2 mai 2026, et ne peut pas être échue dès le 1 avr. 2026"
    )


def test_money_names_and_phrases_in_a_refusal_are_said_each_in_its_way() -> None:
    reader = _reader("fr_FR")
    too_much = Phrase(
        "{amount} is more than the {at_most} {of_what}",
        amount=Decimal("1234.5678"),
        at_most=Money(Decimal(1000), "EUR"),
        of_what=Phrase("outstanding on {number}", number="F-1"),
    )

    assert too_much == "1234.5678 is more than the 1000.00 EUR outstanding on F-1"
    said = in_words(reader, too_much).replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert said == "1 234,5678 dépasse le maximum de 1 000,00 € (encours de F-1)"
    # A name is what it is, also one that reads like a word of ours.
    assert in_words(reader, Phrase("there is a group {name!r} already", name="payment")) == (
        "il y a déjà un groupe « payment »"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("it has nothing to collect", "il n’y a rien à recouvrer"),
        ("it is due on 2026-06-01 already", "l’échéance est déjà le 1 juin 2026"),
        ("there is no invoice 'INV-1'", "il n’y a pas de facture « INV-1 »"),
        (
            "column due_date: '31/02' is no day of the calendar; expected a value",
            "colonne due_date : « 31/02 » : pas un jour du calendrier ; attendu : une valeur",
        ),
        ("the sender a@x.example is not verified", "l’expéditeur a@x.example n’est pas vérifié"),
        ("ana@x.example wrote: paid", "ana@x.example a écrit : paid"),
        ("550 no such user here (a1)", "550 no such user here (a1)"),
        ("", ""),
    ],
)
def test_a_line_that_the_ledger_keeps_is_read_back_by_the_template_it_was_made_of(line: str, said: str) -> None:
    assert in_words(_reader("fr_FR"), line) == said
    assert in_words(_reader("en_GB"), line) == line


def test_a_phrase_that_is_refused_anew_keeps_what_it_was_made_of() -> None:
    because = Phrase("step {step} is not done", step="S1")

    assert Refused(because).said is because
    assert phrase(because) is because
    assert in_words(_reader("fr_FR"), Refused(because).said) == "l’étape S1 n’est pas faite"


@pytest.mark.parametrize("locale", ["en_GB", "fr_FR"])
def test_what_is_put_into_messages_and_lines_never_becomes_markup(locale: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '{{ _("Table: %(caption)s", caption=hostile) }} {{ line }} {{ refusal }} {{ kept|word }}'
        " {{ hostile|word }}"
        ' {% set about = _("Table: %(caption)s", caption=hostile) %}<p title="{{ about }}">{{ line|trim }}</p>'
        ' {{ pgettext("user", "active") }}'
        ' {{ ngettext("about %(num)s minute left", "about %(num)s minutes left", 2) }}'
    )
    shown = Templates(tmp_path).render(
        "page.html",
        _reader(locale),
        {
            "hostile": HOSTILE,
            "line": Phrase("there is no user {email!r}", email=HOSTILE),
            "refusal": Refused("{because}; to-do {id_} {ended}", because=phrase(HOSTILE), id_=1, ended=HOSTILE),
            "kept": f"there is no invoice '{HOSTILE}'",
        },
    )

    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;%(x)s{x}") == 8


def test_only_texts_of_ours_are_messages_in_templates() -> None:
    # What is said as a message counts as markup: a variable must be said by `word`, which does not.
    environment = Environment(extensions=EXTENSIONS, autoescape=True)
    asked = [
        (path.name, call.lineno, argument)
        for path in sorted(TEMPLATES.rglob("*.html"))
        for call in environment.parse(path.read_text()).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SAYING
        for argument in call.args[: 2 if call.node.name in ("ngettext", "pgettext") else 1]
    ]

    assert len(asked) > 500
    assert [where for *where, argument in asked if not isinstance(argument, nodes.Const)] == []


async def test_a_french_page_says_in_french_why_something_was_refused(book: Book, browser: Browser) -> None:
    invoice_id = book.invoice("INV-1")
    await browser.sign_in(MEMBER)
    await browser.post("/account/profile", {"name": "Max Doe", "locale": "fr_FR"})
    page = (await browser.get(f"/invoices/{invoice_id}")).text
    version = page.split('name="version" value="', 1)[1].split('"', 1)[0]

    refused = await browser.post(f"/invoices/{invoice_id}/resume", {"version": version})

    assert "la facture n’est pas en pause" in refused.text
