"""Who may judge, decide and let film leave."""

from __future__ import annotations

from typing import Any

import rules
from django.conf import settings

from archive.roles import grant


@rules.predicate
def links_are_on(user: Any) -> bool:
    return bool(settings.SHARE_LINKS)


grant("review.open_review", "archivist", "restorer", "reviewer")
grant("review.decide", "archivist", "reviewer")
grant("review.share", "archivist", "reviewer", also=links_are_on)
grant("review.add_note", "archivist", "restorer", "reviewer")
grant("review.dump_transcripts", "archivist")
grant("review.deliver", "archivist")
grant("review.override_policy", "archivist")
grant("review.correct_transcript", "archivist", "restorer", "reviewer")
grant("review.view_cast", "archivist", "restorer", "reviewer")
grant("review.name_faces", "archivist", "restorer", "reviewer")
grant("review.keep_photographs", "archivist")
grant("review.import_transcript", "archivist", "restorer")
