"""A table's row that is longer than a page goes on on the next: no delivery fails by it."""

from __future__ import annotations

import io

from reportlab.platypus import SimpleDocTemplate

from review.formats.report_pdf import _table


def test_a_note_of_many_pages_is_set() -> None:
    out = io.BytesIO()
    table = _table(["Scene", "Notes"], [("1", "a hair in the gate " * 800)], (20, 60))
    SimpleDocTemplate(out).build([table])
    assert out.getvalue().count(b"/Type /Page\n") > 2
