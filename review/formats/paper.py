"""What every page that we set has in common: one embedded typeface, its sizes, page numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import reportlab
from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

from review.formats.typeface import FONTS

MARGIN = 14 * mm
GREY = colors.HexColor("#555555")
LINE = colors.HexColor("#999999")
_BOLD = ("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",)


def style(
    size: float, *, bold: bool = False, before: float = 0, heavy: bool = False
) -> ParagraphStyle:
    """Text of a size in points; `bold` is the grey of heads, `before` the room above it in mm.

    Args:
        heavy: in the bold face, for titles.
    """
    return ParagraphStyle(
        "sheet", fontName=bold_font() if heavy else font(), fontSize=size, leading=size * 1.3,
        textColor=GREY if bold else colors.black, spaceBefore=before * mm,
    )  # fmt: skip


@cache
def font() -> str:
    """Embedded, so that the sheet looks the same everywhere."""
    return _face("Sheet", (*FONTS, _own("Vera.ttf")), "Helvetica")


@cache
def bold_font() -> str:
    """The bold face of the same family: DejaVu's only where its upright one is there too."""
    paths = _BOLD if Path(FONTS[0]).is_file() else ()
    return _face("SheetBold", (*paths, _own("VeraBd.ttf")), "Helvetica-Bold")


def _own(name: str) -> str:
    return str(Path(reportlab.__file__).parent / "fonts" / name)


def _face(name: str, paths: tuple[str, ...], else_: str) -> str:
    for path in paths:
        try:
            pdfmetrics.registerFont(TTFont(name, path))
            return name
        except (TTFError, OSError):
            continue
    return else_


def signed_by(width: float) -> Table:
    """Room for who files it, the day and a signature; `width` in points."""
    cells = [Paragraph(words, style(7, bold=True)) for words in ("filed by", "on", "signature")]
    table = Table([cells], colWidths=[width * part for part in (0.36, 0.2, 0.44)])
    lines = [("LINEABOVE", (place, 0), (place, 0), 0.6, colors.black) for place in range(3)]
    lines += [("LINEABOVE", (0, 0), (-1, 0), 0.6, LINE)]
    table.setStyle(TableStyle([*lines, ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    table.spaceBefore, table.hAlign = 18 * mm, "LEFT"
    return table


def numbered(words: str) -> type[Canvas]:
    """A canvas whose pages say at the foot what they belong to, and which of how many they are."""

    class Numbered(Canvas):  # type: ignore[misc]  # the library has no types
        """Pages are held until the last of them is known."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.held: list[dict[str, Any]] = []

        def showPage(self) -> None:  # the name that the library calls
            self.held.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            held = self.held
            for number, page in enumerate(held, start=1):
                self.__dict__.update(page)
                self._foot(f"page {number} of {len(held)}")
                super().showPage()
            super().save()

        def _foot(self, count: str) -> None:
            width, _ = self._pagesize
            self.setFont(font(), 7)
            self.setFillColor(GREY)
            edge = MARGIN + 6  # where a frame's text begins
            self.drawString(edge, 8 * mm, words[:110])
            self.drawRightString(width - edge, 8 * mm, count)

    return Numbered


def page_number(canvas: Any, document: Any) -> None:
    """At the foot, right."""
    canvas.setFont(font(), 7)
    canvas.drawRightString(document.pagesize[0] - MARGIN, 8 * mm, f"page {document.page}")
