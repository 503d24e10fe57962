"""Where the typeface lies that our papers and stills are set in. PLAIN.

By itself: whoever writes words on a picture need not load what sets a page.
"""

from __future__ import annotations

FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)
"""Tried before the library's own Vera, which has only the letters of western Europe."""
