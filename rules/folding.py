"""How texts are compared: trimmed, without regard to upper and lower case, in Unicode NFC.

The ledger folds by the same table (`db/queries/rule_facts.py`), and not by its own `lower`, which depends on the
server's locale. So the table holds single characters, and ß; it follows Unicode's case folding, which is stable,
in the scripts of business that have upper case. The few other characters that fold to two (ŉ, և) stay as they are.
"""

import unicodedata
from typing import Final

# Written out, because what Python and PostgreSQL take for a space is not the same.
SPACES: Final = "".join(
    map(chr, (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))
) + "".join(map(chr, (0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF)))

# Latin to Armenian, Georgian, Latin and Greek extended, letterlike, circled, Glagolitic to Coptic, full width,
# Deseret. Nothing was added to them since long before the oldest Python and PostgreSQL that we run on.
_BLOCKS = (
    range(0x41, 0x590),
    range(0x10A0, 0x1100),
    range(0x1E00, 0x2000),
    range(0x2100, 0x2190),
    range(0x24B6, 0x24D0),
    range(0x2C00, 0x2D00),
    range(0xFF21, 0xFF3B),
    range(0x10400, 0x10428),
)


def _folded(code: int) -> str | None:
    """Return what the character folds to, if that is another single one and it stands after decomposition."""
    character = chr(code)
    folded = unicodedata.normalize("NFD", character).casefold()
    if unicodedata.normalize("NFD", character) != character or len(folded) != 1 or folded == character:
        return None
    return folded


FOLDED: Final[dict[str, str]] = {chr(code): to for block in _BLOCKS for code in block if (to := _folded(code))}
"""Single characters and what they fold to, for texts in NFD."""

SHARP_S: Final = ("ß", "ẞ")
_TABLE: Final = str.maketrans({**FOLDED, **dict.fromkeys(SHARP_S, "ss")})


def fold(text: str) -> str:
    """Return the text as it is compared; empty if there is nothing but spaces."""
    trimmed = text.strip(SPACES)
    if trimmed.isascii():
        return trimmed.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", trimmed).translate(_TABLE))
