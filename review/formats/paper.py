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

FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)
"""Tried before the library's own Vera, which has only the letters of western Europe."""
MARGIN = 14 * mm


def style(size: float, *, bold: bool = False, before: float = 0) -> ParagraphStyle:
    """Text of a size in points; `bold` is the grey of heads, `before` the room above it in mm."""
    shade = colors.HexColor("#555555") if bold else colors.black
    return ParagraphStyle(
        "sheet", fontName=font(), fontSize=size, leading=size * 1.3, textColor=shade,
        spaceBefore=before * mm,
    )  # fmt: skip


@cache
def font() -> str:
    """Embedded, so that the sheet looks the same everywhere."""
    own = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    for path in (*FONTS, str(own)):
        try:
            pdfmetrics.registerFont(TTFont("Sheet", path))
            return "Sheet"
        except (TTFError, OSError):
            continue
    return "Helvetica"


def page_number(canvas: Any, document: Any) -> None:
    """At the foot, right."""
    canvas.setFont(font(), 7)
    canvas.drawRightString(document.pagesize[0] - MARGIN, 8 * mm, f"page {document.page}")
