"""Words are the same whatever their case and accents, and rights have one address."""

from __future__ import annotations

import pytest

from archive.metadata import rights
from archive.metadata.wording import fold, several, unwritable


def test_case_accents_and_spaces_do_not_matter() -> None:
    assert fold("  MÜLLER's  Łódź Ærø ") == "muller's lodz aero"
    assert fold("Straße") == fold("STRASSE")


def test_several_are_divided_by_semicolons() -> None:
    assert several("Norway; Sweden;; ") == ["Norway", "Sweden"]


def test_a_character_that_no_file_holds_is_found() -> None:
    assert unwritable("a\x07b") == "\x07"
    assert unwritable("a\tb\nü") == ""


def test_a_rights_statement_has_one_address() -> None:
    wanted = "http://rightsstatements.org/vocab/InC/1.0/"
    assert rights.canonical("https://rightsstatements.org/page/InC/1.0/?language=en") == wanted
    assert rights.in_words(wanted) == "In copyright"
    assert rights.canonical("https://creativecommons.org/publicdomain/mark/1.0/") == (
        "https://creativecommons.org/publicdomain/mark/1.0/"
    )
    with pytest.raises(ValueError, match="InC-OW-EU"):
        rights.canonical("http://rightsstatements.org/vocab/Mine/1.0/")
