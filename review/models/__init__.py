"""What people decide, and what leaves."""

from review.models.approval import Approval, ApprovalBatch, HandOver
from review.models.deliverable import Deliverable, Withdrawal
from review.models.delivery import Delivery
from review.models.note import Answer, Mention, Note
from review.models.presence import Presence
from review.models.search import AlertAddress, SavedSearch, SearchLine, SearchWord
from review.models.share_link import GuestVisit, SharedTake, ShareLink
from review.models.standing import SceneStanding, StandingMark

__all__ = [
    "AlertAddress",
    "Answer",
    "Approval",
    "ApprovalBatch",
    "Deliverable",
    "Delivery",
    "GuestVisit",
    "HandOver",
    "Mention",
    "Note",
    "Presence",
    "SavedSearch",
    "SceneStanding",
    "SearchLine",
    "SearchWord",
    "ShareLink",
    "SharedTake",
    "StandingMark",
    "Withdrawal",
]
