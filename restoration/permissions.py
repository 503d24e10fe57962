"""Who may work on scenes, and who may see and steer the work."""

from __future__ import annotations

from archive.roles import grant, grant_everywhere

grant("restoration.start_run", "archivist", "restorer")
grant("restoration.edit_scenes", "archivist", "restorer")
grant("restoration.view_work", "archivist", "restorer", "operator")
grant("restoration.steer_run", "archivist", "restorer", "operator")
grant("restoration.judge_repair", "archivist", "restorer", "reviewer")
# Whoever puts colour on film by hand has to see at once what comes of it: this lets a reviewer run
# the colour stages of one scene again, and no other.
grant("restoration.paint", "archivist", "restorer", "reviewer")
# Runs are seen by whoever works on their film, and by whoever keeps the machine running.
grant("restoration.see_runs", "archivist", "restorer", "reviewer", "operator")
grant_everywhere("restoration.see_machine", "archivist", "restorer", "operator")
