"""Chooses the text of a template: saved before shipped, the reader's language before English (rule 8.6)."""

from db.engine import Session
from db.queries.templates import saved_texts
from mailer.formats import FALLBACK_LANGUAGE
from mailer.refusals import BadText
from mailer.texts import Text, shipped_text


def text_of(session: Session, name: str, language: str) -> Text:
    """Return the template's text in the language, else in English. Raises BadText if there is none at all.

    The text bears its own language, so that words and formats go together.
    """
    saved = saved_texts(session, name)
    for wanted in (language, FALLBACK_LANGUAGE):
        if wanted in saved:
            return Text(saved[wanted].subject, saved[wanted].body, wanted)
        shipped = shipped_text(name, wanted)
        if shipped is not None:
            return shipped
    if saved:
        # Saved in other languages alone: its words are wrong for the reader, and better than none.
        chosen = min(saved)
        return Text(saved[chosen].subject, saved[chosen].body, chosen)
    raise BadText(f"there is no template {name!r}")
