"""The cue sheet as a page to print, sign and file; the CSV beside it has every column.

The same edition gives the same bytes: no dates and no random identifiers are in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from review.formats.cue_sheet import COLUMNS, cue_rows
from review.formats.edition import Edition, rate_text
from review.formats.paper import LINE, numbered, signed_by, style
from review.shares import percent

NAME = "cue-sheet.pdf"
SHOWN = {
    "cue": 9, "timecode in": 22, "timecode out": 22, "scene": 12, "made by": 22, "description": 44,
    "frames affected": 16, "largest share of a frame": 18, "software": 34, "model and weights": 40,
    "decided by": 28,
}  # fmt: skip
"""Columns of the page, and their widths in millimetres."""


def write_cue_sheet_pdf(path: Path, edition: Edition) -> None:
    """Write the sheet as A4, landscape. Raises: OSError."""
    title = f"Cue sheet: {edition.title}, {edition.reel}"
    document = SimpleDocTemplate(
        str(path), pagesize=landscape(A4), leftMargin=14 * mm, rightMargin=14 * mm,
        topMargin=14 * mm, bottomMargin=14 * mm, title=title, author="Reelproof", invariant=1,
    )  # fmt: skip
    body: list[Flowable] = [Paragraph(escape(title), style(14, heavy=True)), Spacer(1, 2 * mm)]
    body += [Paragraph(escape(line), style(8)) for line in _about(edition)]
    body += [Spacer(1, 4 * mm), _table(cue_rows(edition)), signed_by(240 * mm)]
    document.build(body, canvasmaker=numbered(f"{title} ({edition.tape})"))


def _about(edition: Edition) -> Iterable[str]:
    scan, shares = edition.scan, edition.totals.shares()
    made = ", ".join(f"{percent(shares[plane]['made_up'])} of the {word}" for plane, word in
                     (("structure", "picture"), ("colour", "colour")))  # fmt: skip
    rate = str(scan.rate) if scan.rate.denominator == 1 else rate_text(scan.rate)
    yield f"Delivered for {edition.use}, {edition.version}; {rate} frames a second."
    yield f"Source: scan {scan.sha256}"
    yield f"Rights of the source: {'; '.join(edition.rights) or 'not recorded'}"
    yield f"Made up in all, with no evidence for it: {made}."
    if (override := edition.override) is not None:
        yield f"{override.by} let it leave against {'; '.join(override.rules)}: {override.reason}"
    yield "Timecode out is the first frame after. Settings, digests and shares: cue-sheet.csv."


def _table(rows: Iterable[list[str]]) -> Any:
    cell, head = style(7), style(7, bold=True)
    places = [COLUMNS.index(name) for name in SHOWN]
    body = [[Paragraph(escape(name), head) for name in SHOWN]]
    for row in rows:
        body.append([Paragraph(_breakable(row[place]), cell) for place in places])
    table = Table(
        body, colWidths=[width * mm for width in SHOWN.values()], repeatRows=1, splitInRow=1
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return table


def _breakable(text: str) -> str:
    """Digests have no place to break at: cut to what tells them apart, whole in the CSV."""
    words = [word if len(word) < 40 else f"{word[:12]}..." for word in text.split(" ")]
    return escape(" ".join(words))
