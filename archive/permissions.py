"""Who may see and take in film. A role is a django group; nobody holds a right by default.

archivist   keeps the collection: takes film in, sets cuts, approves, delivers
restorer    works on scenes: cuts, stages, notes
reviewer    judges takes and decides
researcher  sees the reels that are open to research, and nothing of the work on them
operator    keeps the machine running: work and workers; sees no pictures

What is in the trash is seen by nobody. A title under embargo is seen by archivists alone, whoever
its reels are open to; a collection that has members by them and by archivists.

Where PUBLIC_CATALOGUE is switched on, reels that an archivist opened to everybody are seen by
whoever asks.
"""

from __future__ import annotations

import rules
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser

from archive import embargo, membership, trash
from archive.models import Reel, Scan

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator")


def holds(*roles: str) -> rules.Predicate:
    """True for an active user in any of these groups, and for a superuser."""
    is_one = rules.is_superuser
    for role in roles:
        is_one = is_one | rules.is_group_member(role)
    return rules.is_active & is_one


sees_every_reel = holds("archivist", "restorer", "reviewer")


@rules.predicate
def is_open_to_research(user: AbstractUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is not None and reel.access in (Reel.Access.RESEARCH, Reel.Access.PUBLIC)


@rules.predicate
def is_open_to_all(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return settings.PUBLIC_CATALOGUE and reel is not None and reel.access == Reel.Access.PUBLIC


@rules.predicate
def is_not_kept_from(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is None or not membership.is_kept_from(user, reel)


@rules.predicate
def is_not_in_trash(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is None or not trash.is_in_trash(reel)


sees_embargoed = holds("archivist")
can_view_reel = (sees_every_reel | (holds("researcher") & is_open_to_research) | is_open_to_all) & (
    (sees_embargoed & is_not_in_trash) | is_not_kept_from
)

rules.add_perm("archive.browse", sees_every_reel | holds("researcher"))
rules.add_perm("archive.view_reel", can_view_reel)
rules.add_perm("archive.view_media", can_view_reel)
rules.add_perm(embargo.HELD, sees_embargoed)
rules.add_perm("archive.ingest", holds("archivist"))
rules.add_perm("archive.describe", holds("archivist"))
rules.add_perm("archive.discard", holds("archivist"))
rules.add_perm("archive.view_history", sees_every_reel)
rules.add_perm("archive.view_readings", holds("archivist"))
