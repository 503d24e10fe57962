"""The statements of rightsstatements.org (version 1.0), and their addresses in one spelling."""

from __future__ import annotations

import re

_BASE = "http://rightsstatements.org/vocab/{}/1.0/"
_WORDS = {
    "InC": "In copyright",
    "InC-OW-EU": "In copyright, EU orphan work",
    "InC-EDU": "In copyright, educational use permitted",
    "InC-NC": "In copyright, non-commercial use permitted",
    "InC-RUU": "In copyright, rights-holder(s) unlocatable or unidentifiable",
    "NoC-CR": "No copyright, contractual restrictions",
    "NoC-NC": "No copyright, non-commercial use only",
    "NoC-OKLR": "No copyright, other known legal restrictions",
    "NoC-US": "No copyright, United States",
    "CNE": "Copyright not evaluated",
    "UND": "Copyright undetermined",
    "NKC": "No known copyright",
}
STATEMENTS = {_BASE.format(code): words for code, words in _WORDS.items()}
"""Address of each statement and what it says."""

_ADDRESS = re.compile(r"\Ahttps?://(?:www\.)?rightsstatements\.org/(?:vocab|page)/([^/]+)/1\.0/?")


def canonical(address: str) -> str:
    """The address as the vocabulary spells it; another licence's address as it is.

    Raises: ValueError for an address on rightsstatements.org that names none of the statements.
    """
    wanted = address.strip()
    if "rightsstatements.org" not in wanted:
        return wanted
    found = _ADDRESS.match(wanted)
    if found is None or _BASE.format(found[1]) not in STATEMENTS:
        raise ValueError(
            f"{wanted} names no statement of rightsstatements.org. These are its names: "
            f"{', '.join(_WORDS)}; such as {_BASE.format('InC')}"
        )
    return _BASE.format(found[1])


def in_words(address: str) -> str:
    """What the statement says; the address itself where it is another one."""
    return STATEMENTS.get(address, address)
