"""The conservation report of a reel, to file: what was found, done and decided, and by whom."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from restoration.overlay import INKS
from restoration.provenance import Label
from review.formats.edition import Edition
from review.formats.paper import LINE, MARGIN, numbered, signed_by, style
from review.formats.plates import Plate, chosen_scenes, make_plate
from review.formats.record import NAME as RECORD
from review.formats.record import Circumstances
from review.formats.report_parts import (
    MEANS,
    at,
    captions_of,
    decision_rows,
    object_rows,
    rule_rows,
    share_rows,
    treatment_rows,
)
from review.shares import percent

NAME = "conservation-report.pdf"
Progress = Callable[[int, int], None]
"""Called with (plates done, plates in all); may raise to stop."""
_WIDTH = A4[0] - 2 * MARGIN - 12  # a frame keeps 6 points free on both sides
_PLAIN = colors.HexColor("#d8d8d8")


def write_report(
    path: Path, edition: Edition, circumstances: Circumstances, *, progress: Progress
) -> None:
    """Write it as A4, upright.

    Raises: MediaError, ProvenanceError, OSError.
    """
    title = f"Conservation report: {edition.title}, {edition.reel}"
    document = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN,
        bottomMargin=MARGIN, title=title, author="Reelproof", invariant=1,
    )  # fmt: skip
    body = [*_head(edition, circumstances), *_found(edition), *_done(edition), *_shares(edition)]
    body += [*_plates(edition, progress), *_decided(edition), signed_by(_WIDTH)]
    document.build(body, canvasmaker=numbered(f"{title} ({edition.tape})"))


def _head(edition: Edition, circumstances: Circumstances) -> Iterator[Flowable]:
    yield Paragraph("Conservation report", style(9, bold=True))
    yield Paragraph(_plain(f"{edition.title}, {edition.reel}"), style(17, heavy=True))
    yield Spacer(1, 2 * mm)
    when = circumstances.made[:10]
    yield Paragraph(
        _plain(
            f"{edition.version.capitalize()} as it left for {edition.use} on {when}, "
            f"let out by {circumstances.by}."
        ),
        style(9),
    )
    yield HRFlowable(_WIDTH, 1.2, color=colors.black, spaceBefore=4, spaceAfter=4, hAlign="LEFT")


def _found(edition: Edition) -> Iterator[Flowable]:
    yield _title("The object")
    yield _table(None, object_rows(edition), (34, 148))
    yield _title("Condition as it was found")
    if not edition.condition:
        yield Paragraph("Nothing was recorded at accession or by the detection.", style(9))
    for sentence in edition.condition:
        line = style(9)
        line.leftIndent = 3 * mm
        yield Paragraph(_plain(sentence), line, bulletText="•")


def _done(edition: Edition) -> Iterator[Flowable]:
    yield _title("Treatments")
    heads = ("stage", "scenes", "what it added", "with")
    yield _table(heads, treatment_rows(edition), (24, 30, 84, 44))
    yield Paragraph(f"What each stage was told stands in {RECORD}.", style(8, before=1))


def _shares(edition: Edition) -> Iterator[Flowable]:
    rows = list(share_rows(edition))
    body: list[Flowable] = [_title("Where every pixel comes from")]
    for words, shares in (("picture", [row[2] for row in rows]),
                          ("colour", [row[3] for row in rows])):  # fmt: skip
        body += [Paragraph(words, style(7, bold=True)), _bar([row[0] for row in rows], shares)]
    body.append(Spacer(1, 2 * mm))
    heads = ("", "label", "of the picture", "of the colour")
    cells = [
        (
            _swatch(label),
            f"{label}: {MEANS[label]}",
            percent(structure),
            percent(colour),
        )
        for label, _, structure, colour in rows
        if structure or colour
    ]
    body.append(_table(heads, cells, (8, 114, 30, 30)))
    yield KeepTogether(body)


def _bar(labels: Sequence[str], shares: Sequence[float]) -> Drawing:
    """As wide as the page, each label at least a hair's breadth."""
    drawing, x = Drawing(_WIDTH, 7 * mm), 0.0
    widths = [max(share * _WIDTH, 0.8) if share else 0.0 for share in shares]
    scale = _WIDTH / sum(widths) if sum(widths) else 1.0
    for label, width in zip(labels, widths, strict=True):
        if width:
            drawing.add(Rect(x, 1 * mm, width * scale, 5 * mm, fillColor=_ink(label),
                             strokeColor=None))  # fmt: skip
        x += width * scale
    return drawing


def _swatch(label: str) -> Drawing:
    drawing = Drawing(4 * mm, 3 * mm)
    drawing.add(Rect(0, 0, 4 * mm, 3 * mm, fillColor=_ink(label), strokeColor=None))
    return drawing


def _ink(label: str) -> colors.Color:
    ink = INKS.get(Label[label])
    return colors.Color(*(part / 255 for part in ink[0])) if ink else _PLAIN


def _plates(edition: Edition, progress: Progress) -> Iterator[Flowable]:
    scenes = chosen_scenes(edition)
    head: list[Flowable] = [_title("Before and after")]
    if len(scenes) < len(edition.scenes):
        words = f"{len(scenes)} of {len(edition.scenes)} scenes, those in which most was made."
        head.append(Paragraph(words, style(9)))
    for done, scene in enumerate(scenes, start=1):
        # The heading goes with the first of them: it must not end a page.
        yield KeepTogether([*head, *_plate(edition, make_plate(edition, scene))])
        head = []
        progress(done, len(scenes))


def _plate(edition: Edition, plate: Plate) -> list[Flowable]:
    gap = 2 * mm
    width = (_WIDTH - 2 * gap) / 3
    height = width * plate.size[1] / plate.size[0]
    stills = [Image(io.BytesIO(data), width, height) for data in
              (plate.before, plate.after, plate.marked)]  # fmt: skip
    captions = [Paragraph(words, style(7, bold=True)) for words in captions_of(plate)]
    table = Table([stills, captions], colWidths=[width + gap, width + gap, width])
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0),
                               (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 2)]))  # fmt: skip
    table.hAlign = "LEFT"
    where = at(edition, plate.scene).split("\n")[0]
    words = f"Scene {plate.scene.number}, from {where}; frame {plate.frame}"
    return [Paragraph(_plain(words), style(9, before=2)), table]


def _decided(edition: Edition) -> Iterator[Flowable]:
    yield _title("Decisions")
    heads = ("scene", "from", "take", "decision", "notes")
    yield _table(heads, decision_rows(edition), (13, 30, 30, 64, 45))
    yield _title(f"Rules of the use: {edition.use}")
    yield _table(("rule", "allowed", "measured", ""), rule_rows(edition), (50, 56, 50, 26))
    if (override := edition.override) is not None:
        words = f"{override.by} overrode {'; '.join(override.rules)}: {override.reason}"
        yield Paragraph(_plain(words), style(9, before=2))


def _title(words: str) -> Paragraph:
    made = style(12, before=5, heavy=True)
    made.spaceAfter, made.keepWithNext = 2 * mm, 1
    return Paragraph(_plain(words), made)


def _table(
    heads: Sequence[str] | None, rows: Iterable[Sequence[Any]], widths: Sequence[float]
) -> Table:
    """Cells of text, or of something drawn; widths against each other."""
    head, cell = style(7, bold=True), style(8)
    body: list[list[Any]] = [[Paragraph(_plain(each), head) for each in heads]] if heads else []
    body += [
        [Paragraph(_plain(each), cell) if isinstance(each, str) else each for each in row]
        for row in rows
    ]
    table = Table(
        body or [["nothing"]],
        colWidths=[_WIDTH * width / sum(widths) for width in widths] if body else None,
        repeatRows=1 if heads else 0,
        splitInRow=1,
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
    table.hAlign = "LEFT"
    return table


def _plain(text: str) -> str:
    return escape(text).replace("\n", "<br/>")
