"""What people decide, and what leaves."""

from review.models.approval import Approval, Note
from review.models.deliverable import Deliverable

__all__ = ["Approval", "Deliverable", "Note"]
