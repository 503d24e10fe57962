"""Who may see and take in film. A role is a django group; nobody holds a right by default.

archivist   keeps the collection: takes film in, sets cuts, approves, delivers
restorer    works on scenes: cuts, stages, notes
reviewer    judges takes and decides
researcher  sees the reels that are open to research, and nothing of the work on them
operator    keeps the machine running: work and workers; sees no pictures

In a collection somebody may have another of these roles, or none (`archive.roles`): it holds there
instead of their groups. Only what an operator may is of the whole installation.

What is in the trash is seen by nobody. A title under embargo is seen by archivists alone, whoever
its reels are open to; a collection that has members by them, by archivists and by whoever was given
a role in it. Who has no role in a collection by a word of its own sees nothing of it.

Where PUBLIC_CATALOGUE is switched on, reels that an archivist opened to everybody are seen by
whoever asks.
"""

from __future__ import annotations

import rules
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser

from archive import embargo, membership, roles, trash
from archive.models import Reel, Scan
from archive.roles import grant, grant_everywhere, holds

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator")

sees_every_reel = holds(*roles.STAFF)


@rules.predicate
def is_open_to_research(user: AbstractUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is not None and reel.access in (Reel.Access.RESEARCH, Reel.Access.PUBLIC)


@rules.predicate
def is_open_to_all(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return settings.PUBLIC_CATALOGUE and reel is not None and reel.access == Reel.Access.PUBLIC


@rules.predicate
def is_not_shut_out(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    """False in a collection in which the person was given the role none."""
    if subject is None or user.is_superuser:
        return True
    found = roles.of(user)
    return not found.there or found.there.get(roles.collection_of(subject) or 0) != roles.NONE


@rules.predicate
def is_not_kept_from(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is None or not membership.is_kept_from(user, reel)


@rules.predicate
def is_not_in_trash(user: AbstractUser | AnonymousUser, subject: Reel | Scan | None) -> bool:
    reel = subject.reel if isinstance(subject, Scan) else subject
    return reel is None or not trash.is_in_trash(reel)


sees_embargoed = holds("archivist")
can_view_reel = (
    is_not_shut_out
    & (sees_every_reel | (holds("researcher") & is_open_to_research) | is_open_to_all)
    & ((sees_embargoed & is_not_in_trash) | is_not_kept_from)
)

grant("archive.browse", *roles.STAFF, "researcher")
rules.add_perm("archive.view_reel", can_view_reel)
rules.add_perm("archive.view_media", can_view_reel)
grant(embargo.HELD, "archivist")
grant("archive.ingest", "archivist")
grant("archive.describe", "archivist")
grant("archive.discard", "archivist")
# A table may name films of every collection.
grant_everywhere("archive.import_catalogue", "archivist")
grant("archive.view_history", *roles.STAFF)
grant("archive.view_readings", "archivist")
grant("archive.give_roles", "archivist")
