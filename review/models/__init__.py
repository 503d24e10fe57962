"""What people decide, and what leaves."""

from review.models.approval import Approval, Note
from review.models.deliverable import Deliverable, Withdrawal
from review.models.delivery import Delivery
from review.models.search import SavedSearch, SearchLine, SearchWord

__all__ = [
    "Approval",
    "Deliverable",
    "Delivery",
    "Note",
    "SavedSearch",
    "SearchLine",
    "SearchWord",
    "Withdrawal",
]
