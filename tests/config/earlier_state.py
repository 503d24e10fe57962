"""Work as an earlier version does it, for a test of what becomes of it: run by its own `shell`.

Its words are those that every version since the first has. FILMS names a folder for the film.
"""

import io
import json
import os
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command

from fixtures.clips import write_clip
from restoration.models import Scene
from restoration.scenes import head_take
from review import decisions


def told(*arguments: str) -> dict:
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


told("create_people")
film = write_clip(Path(os.environ["FILMS"]) / "film.mkv", frames=10, width=64, height=48)
held = told("ingest", str(film), "--title", "Harbour Day", "--rate", "18")
told("process", str(held["reel"]), "--stages", "cuts,deflicker", "--wait")
for scene in Scene.objects.all():
    decisions.approve(scene, head_take(scene), by=User.objects.get(username="archivist"))
