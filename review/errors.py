"""What can go wrong with a decision.

ReviewError
  NotAllowed         the person has no right to it
  DecisionRefused    what was decided on is no longer what stands, or a reason is missing
"""

from __future__ import annotations


class ReviewError(Exception):
    """The message says what happened, what was kept and what to do next."""


class NotAllowed(ReviewError):
    """The person's roles do not include this."""


class DecisionRefused(ReviewError):
    """The decision was not recorded."""
