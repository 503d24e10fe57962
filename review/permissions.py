"""Who may judge, decide and let film leave."""

from __future__ import annotations

from typing import Any

import rules
from django.conf import settings

from archive.permissions import holds


@rules.predicate
def links_are_on(user: Any) -> bool:
    return bool(settings.SHARE_LINKS)


rules.add_perm("review.open_review", holds("archivist", "restorer", "reviewer"))
rules.add_perm("review.decide", holds("archivist", "reviewer"))
rules.add_perm("review.share", holds("archivist", "reviewer") & links_are_on)
rules.add_perm("review.add_note", holds("archivist", "restorer", "reviewer"))
rules.add_perm("review.dump_transcripts", holds("archivist"))
rules.add_perm("review.deliver", holds("archivist"))
rules.add_perm("review.override_policy", holds("archivist"))
rules.add_perm("review.correct_transcript", holds("archivist", "restorer", "reviewer"))
rules.add_perm("review.view_cast", holds("archivist", "restorer", "reviewer"))
rules.add_perm("review.name_faces", holds("archivist", "restorer", "reviewer"))
rules.add_perm("review.keep_photographs", holds("archivist"))
rules.add_perm("review.import_transcript", holds("archivist", "restorer"))
