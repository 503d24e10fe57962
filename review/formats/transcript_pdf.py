"""The transcript to print and file."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from review.formats.edition import Edition
from review.formats.paper import MARGIN, page_number, style
from review.formats.spoken import Spoken
from review.formats.transcript_rows import COLUMNS, transcript_rows

_WIDTHS = (24, 28, 92, 38)
"""Millimetres."""


def write_transcript_pdf(path: Path, edition: Edition, spoken: Spoken) -> None:
    """Write it as A4, upright. Raises: OSError."""
    title = f"Transcript: {edition.title}, {edition.reel}"
    document = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN,
        bottomMargin=MARGIN, title=title, author="Reelproof", invariant=1,
    )  # fmt: skip
    head, cell = style(7, bold=True), style(9)
    rows = [[Paragraph(escape(name), head) for name in COLUMNS]]
    rows += [
        [Paragraph(escape(text), cell) for text in row] for row in transcript_rows(edition, spoken)
    ]
    table = Table(rows, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#999999")),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    body = [Paragraph(escape(title), style(13)), Spacer(1, 2 * mm)]
    body += [Paragraph(escape(spoken.note), style(8)), Spacer(1, 4 * mm), table]
    document.build(body, onFirstPage=page_number, onLaterPages=page_number)
