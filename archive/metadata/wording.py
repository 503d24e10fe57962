"""Words compared as people mean them, and characters that no file of ours can hold."""

from __future__ import annotations

import re
import unicodedata

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


def fold(text: str) -> str:
    """Without case, accents and doubled spaces: "  Müller's  Łódź" is "muller's lodz"."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return " ".join(plain.translate(_SPECIAL).split())


def unwritable(text: str) -> str:
    """The first character that XML 1.0 cannot hold; empty if there is none."""
    found = _NOT_IN_XML.search(text)
    return found.group() if found else ""


def several(text: str) -> list[str]:
    """The parts of a field that may hold several, divided by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]
