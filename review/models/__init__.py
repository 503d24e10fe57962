"""What people decide, and what leaves."""

from review.models.approval import Approval, Note
from review.models.deliverable import Deliverable, Withdrawal
from review.models.delivery import Delivery

__all__ = ["Approval", "Deliverable", "Delivery", "Note", "Withdrawal"]
