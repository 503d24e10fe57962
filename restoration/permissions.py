"""Who may work on scenes, and who may see and steer the work."""

from __future__ import annotations

import rules

from archive.permissions import holds

rules.add_perm("restoration.start_run", holds("archivist", "restorer"))
rules.add_perm("restoration.edit_scenes", holds("archivist", "restorer"))
rules.add_perm("restoration.view_work", holds("archivist", "restorer", "operator"))
rules.add_perm("restoration.steer_run", holds("archivist", "restorer", "operator"))
rules.add_perm("restoration.judge_repair", holds("archivist", "restorer", "reviewer"))
# Whoever puts colour on film by hand has to see at once what comes of it: this lets a reviewer run
# the colour stages of one scene again, and no other.
rules.add_perm("restoration.paint", holds("archivist", "restorer", "reviewer"))
