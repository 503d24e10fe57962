"""The notes of a reel to print and file: each with its thread, and what was drawn on its frame."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Pictures
from reportlab.graphics.shapes import Drawing, Image, Line, Polygon, PolyLine, Rect
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from review import drawings
from review.drawings import ARROW, PEN, Shape
from review.formats.edition import Remark
from review.formats.note_sheet import NoteSheet, turn_in_words
from review.formats.paper import MARGIN, page_number, style

_WIDTHS = (36, 106, 40)
"""Millimetres: where, what was said, what was drawn."""
_SKETCH = 36 * mm
_GROUND, _EDGE = (colors.HexColor(each) for each in ("#efefef", "#999999"))
_INK, _HALO = "#222222", "#ffffff"
"""A line has a light edge, so that it is seen on dark film too."""


def write_notes_pdf(path: Path, sheet: NoteSheet) -> None:
    """Write them as A4, upright; the same notes give the same bytes. Raises: OSError."""
    title = f"Notes: {sheet.name}"
    document = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN,
        bottomMargin=MARGIN, title=title, author="Reelproof", invariant=1,
    )  # fmt: skip
    still_open = sum(not remark.resolved for remark in sheet.remarks)
    count = len(sheet.remarks)
    about = (
        f"{count} note{'s' if count != 1 else ''}, {still_open} open. {sheet.scan.rate} frames a "
        f"second. Scan {sheet.scan.sha256}"
    )
    if any(remark.drawing for remark in sheet.remarks):
        of_scan = "Drawings lie on the first frame of their note, as the scan has it."
        about += f". {sheet.pictureless or of_scan}"
    body = [Paragraph(escape(title), style(13)), Spacer(1, 2 * mm)]
    body += [Paragraph(escape(about), style(8)), Spacer(1, 4 * mm)]
    if sheet.remarks:
        body.append(_table(sheet))
    document.build(body, onFirstPage=page_number, onLaterPages=page_number)


def _table(sheet: NoteSheet) -> Any:
    head = style(7, bold=True)
    rows: list[list[Any]] = [[Paragraph(name, head) for name in ("where", "note", "drawing")]]
    rows += [[_where(sheet, each), _said(each), _sketch(sheet, each)] for each in sheet.remarks]
    table = Table(rows, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _EDGE),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return table


def _where(sheet: NoteSheet, remark: Remark) -> list[Any]:
    last = remark.end_frame - 1
    frames = f"frame {remark.start_frame}"
    if last != remark.start_frame:
        frames = f"frames {remark.start_frame} to {last}"
    scene = sheet.scene_of(remark)
    place = f"scene {scene}, {frames}" if scene else frames
    lines = [sheet.timecode(remark.start_frame), place]
    return [Paragraph(escape(lines[0]), style(9)), Paragraph(escape(lines[1]), style(7, bold=True))]


def _said(remark: Remark) -> list[Any]:
    head = f"{remark.by}, {remark.at[:16].replace('T', ' ')}"
    head += f" · resolved by {remark.resolved_by or 'somebody'}" if remark.resolved else " · open"
    text = escape(remark.text).replace("\n", "<br/>")
    return [
        Paragraph(text, style(9)),
        Paragraph(escape(head), style(7, bold=True)),
        *(Paragraph(escape(turn_in_words(turn)), style(8, before=1)) for turn in remark.thread),
    ]


def _sketch(sheet: NoteSheet, remark: Remark) -> Any:
    """The shapes on the note's first frame, in its outline alone where there is no picture."""
    if not remark.drawing:
        return ""
    scan = sheet.scan
    shapes = drawings.parse(list(remark.drawing), width=scan.width, height=scan.height)
    scale = _SKETCH / max(scan.width, scan.height)
    wide, high = scan.width * scale, scan.height * scale
    sketch = Drawing(wide, high)
    sketch.add(Rect(0, 0, wide, high, fillColor=_GROUND, strokeColor=_EDGE, strokeWidth=0.5))
    found = sheet.picture(remark.start_frame)
    if found is not None:
        with Pictures.open(BytesIO(found)) as picture:
            sketch.add(Image(0, 0, wide, high, picture.convert("RGB")))
    for shape in shapes:
        points = [((x + 0.5) * scale, high - (y + 0.5) * scale) for x, y in shape.points]
        for thick, colour in ((2.4, _HALO), (1, shape.colour or _INK)):
            ink = {"strokeColor": colors.HexColor(colour), "strokeWidth": thick}
            for part in _parts(shape, points, scale, high, ink):
                sketch.add(part)
    return sketch


def _parts(
    shape: Shape,
    points: list[tuple[float, float]],
    scale: float,
    high: float,
    ink: dict[str, Any],
) -> list[Any]:
    if shape.kind == PEN:
        start = points if len(points) > 1 else points * 2
        return [PolyLine([each for point in start for each in point], **ink)]
    if shape.kind == ARROW:
        (x0, y0), (x1, y1) = points
        return [
            Line(x0, y0, x1, y1, **ink),
            *(Line(x1, y1, *tip, **ink) for tip in _barbs(x0, y0, x1, y1)),
        ]
    corners = [((x + 0.5) * scale, high - (y + 0.5) * scale) for x, y in shape.polygon]
    return [Polygon([each for point in corners for each in point], fillColor=None, **ink)]


def _barbs(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """The ends of an arrow's two barbs, 4 points long."""
    length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    dx, dy = 4 * (x1 - x0) / length, 4 * (y1 - y0) / length
    return [(x1 - dx + 0.5 * dy, y1 - dy - 0.5 * dx), (x1 - dx - 0.5 * dy, y1 - dy + 0.5 * dx)]
