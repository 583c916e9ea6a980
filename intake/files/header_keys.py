"""Header keys: what is left of a header cell when spelling, punctuation and small words are taken away."""

import re

from intake.files.values import without_accents

_NUMBER = {"no", "nr", "num", "number", "numero", "nummer", "nro", "n"}
_SMALL = {
    "a",
    "am",
    "au",
    "d",
    "de",
    "del",
    "der",
    "des",
    "du",
    "el",
    "l",
    "la",
    "le",
    "of",
    "on",
    "the",
    "to",
    "in",
}
_NUMBER_AT_END = re.compile("(?<=[a-z]{3})(?:number|nummer|nr)$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W_]+")
_SIGNS = str.maketrans({"#": " no ", "№": " no ", "°": " ", "º": " ", "ª": " "})


def header_words(written: str) -> tuple[str, ...]:
    """Return the words of a header that say something; "number" in all its spellings is one word of its own."""
    plain = without_accents(_CAMEL.sub(" ", written.strip()[:200].translate(_SIGNS))).casefold()
    found: list[str] = []
    for word in _WORD.findall(plain):
        if word in _NUMBER:
            found.append("number")
        elif _NUMBER_AT_END.search(word):
            found += [_NUMBER_AT_END.sub("", word), "number"]
        else:
            found.append(word)
    if found[-1:] == ["du"]:
        found[-1] = "due"  # "Montant dû", also without its accent: nothing follows that it could belong to.
    return tuple(word for word in found if word not in _SMALL) or tuple(found)


def header_key(written: str) -> str:
    """Return what two spellings of one header have in common."""
    return "".join(header_words(written))


def without_remark(written: str) -> str:
    """Return a header without what stands in brackets, such as a currency."""
    return _REMARK.sub(" ", written)
