"""What can go wrong with a reel's bag."""

from __future__ import annotations

from review.errors import ReviewError


class BagRefused(ReviewError):
    """The bag was not made or taken in; the message says what to do."""
