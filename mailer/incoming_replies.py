"""Tells people's replies from machines', and finds what a reply says besides what it quotes."""

import re
from email.message import Message

from mailer.incoming_parts import header, headers, parts_of

EXCERPT_CHARACTERS_MAX = 2000

# Out of office, automatic reply: what mail programs and people put before the subject, and whole subjects of them.
_SUBJECTS = re.compile(
    r"^\W{0,5}(?:"
    r"auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|out of (?:the )?office|on (?:annual )?(?:leave|vacation)"
    r"|away from (?:the |my )?(?:office|desk)|vacation (?:reply|notice)|i am (?:currently )?away"
    r"|r[ée]ponse automatique|(?:message|notification) d['’]absence|absence du bureau|absent\(?e?\)? du bureau"
    r"|je suis (?:actuellement )?absent|accus[ée] de r[ée]ception automatique"
    r"|automatische (?:antwort|r[üu]ckmeldung)|abwesenheits(?:notiz|meldung|nachricht|assistent)"
    r"|abwesend\b|nicht im (?:b[üu]ro|haus)|urlaubs(?:benachrichtigung|vertretung|meldung)"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|ausencia (?:de|en) la oficina|ausente de la oficina"
    r"|estoy (?:fuera|ausente)"
    r")",
    re.IGNORECASE,
)
_PRECEDENCE = ("bulk", "junk", "auto_reply", "auto-reply")
_RESPONDERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Mail-Autoreply",
    "X-FC-Machinegenerated",
)
_REPLIES = re.compile(r"^\s*(?:re|aw|antw|rv|sv|r[ée]p|tr|wg|fw|fwd)\s?(?:\[\d{1,3}\])?\s?:", re.IGNORECASE)

# The line before a quotation, as mail programs write it in four languages; it may be broken over two lines.
_INTRODUCTIONS = re.compile(
    r"^(?:>?\s{0,5})(?:"
    r"on [^\n]{5,200}(?:\n[^\n]{0,200})?\bwrote\s?:"
    r"|le [^\n]{5,200}(?:\n[^\n]{0,200})?\ba [ée]crit\s?:"
    r"|am [^\n]{5,200}(?:\n[^\n]{0,200})?\bschrieb\b[^\n]{0,200}(?:\n[^\n]{0,200})?:"
    r"|el [^\n]{5,200}(?:\n[^\n]{0,200})?\bescribi[óo]\s?:"
    r"|[^\n]{3,200}<[^<>\n]{3,200}@[^<>\n]{3,200}>\s(?:wrote|schrieb|a [ée]crit|escribi[óo])[^\n]{0,100}:"
    r")[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# Outlook's way: a rule, or a small header, and then the whole message below.
_RULES = re.compile(
    r"^[ \t]*(?:-{2,}[ \t]*(?:original message|message d['’]origine|urspr[üu]ngliche nachricht|mensaje original"
    r"|forwarded message|message transf[ée]r[ée]|weitergeleitete nachricht)[ \t]*-{2,}"
    r"|_{20,}"
    r"|\*{0,2}(?:from|de|von|expediteur|exp[ée]diteur)\s?:\*{0,2}[ \t][^\n]{2,300}\n"
    r"\*{0,2}(?:sent|date|envoy[ée]|gesendet|datum|enviado(?: el)?|fecha|to|[àa]|an|para)\s?:)",
    re.IGNORECASE | re.MULTILINE,
)


def is_automatic(message: Message) -> bool:
    """Say whether a machine answered: by RFC 3834, by the headers machines set, or by the subject."""
    submitted = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(headers(message, name) for name in _RESPONDERS):
        return True
    if header(message, "Precedence").strip().lower() in _PRECEDENCE:
        return True
    if any(part.get_content_type() == "message/disposition-notification" for part in parts_of(message)):
        return True
    # A list's messages are no answers to us, but a person's reply may come by way of a shared mailbox.
    is_listed = bool(header(message, "List-Id") or header(message, "List-Unsubscribe"))
    if (is_listed or header(message, "Precedence").strip().lower() == "list") and not answers(message):
        return True
    subject = _REPLIES.sub("", header(message, "Subject"))
    return bool(_SUBJECTS.search(subject))


def answers(message: Message) -> bool:
    """Say whether the message names another one that it answers."""
    return bool(header(message, "In-Reply-To") or header(message, "References"))


def is_reply(message: Message) -> bool:
    """Say whether the message looks like an answer to something."""
    return answers(message) or bool(_REPLIES.match(header(message, "Subject")))


def excerpt(text: str) -> str:
    """Return what the text says itself, without what it quotes, shortened; all of it if it is all quotation."""
    text = text.replace("\r\n", "\n").strip()
    cut = min(
        (found.start() for pattern in (_INTRODUCTIONS, _RULES) if (found := pattern.search(text))), default=None
    )
    own = text if cut is None else text[:cut]
    lines = [line.rstrip() for line in own.split("\n") if not line.lstrip().startswith(">")]
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return _shortened(said or text)


def _shortened(text: str) -> str:
    return text if len(text) <= EXCERPT_CHARACTERS_MAX else text[: EXCERPT_CHARACTERS_MAX - 1].rstrip() + "…"
