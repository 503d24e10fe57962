"""The transcript as a Word document, by python-docx; nothing in it depends on when it was made."""

from __future__ import annotations

import datetime
from pathlib import Path

from review.formats.characters import legal_text
from review.formats.edition import Edition
from review.formats.spoken import Spoken
from review.formats.transcript_rows import COLUMNS, transcript_rows

_THEN = datetime.datetime(2000, 1, 1)  # the format keeps no zone


def write_transcript_docx(path: Path, edition: Edition, spoken: Spoken) -> None:
    """Write it as one table under its title and what is known of it. Raises: OSError."""
    import docx  # not before such a document is written: a server's start would load it
    from docx.shared import Pt

    document = docx.Document()
    facts = document.core_properties
    facts.author, facts.title = "Reelproof", legal_text(edition.title)
    facts.created = facts.modified = _THEN
    document.styles["Normal"].font.size = Pt(10)
    document.add_heading(legal_text(f"{edition.title}, {edition.reel}"), level=1)
    document.add_paragraph(legal_text(spoken.note))
    table = document.add_table(rows=1, cols=len(COLUMNS))
    table.style = "Light List"
    for cell, name in zip(table.rows[0].cells, COLUMNS, strict=True):
        cell.text = name
    for row in transcript_rows(edition, spoken):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = legal_text(text)
    document.save(str(path))
