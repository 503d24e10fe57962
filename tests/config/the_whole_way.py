"""The main job by its commands, in one process: `python -m tests.config.the_whole_way FOLDER`.

Prints one JSON document. The environment says which database and which home folder.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def told(*arguments: str) -> Any:
    from django.core.management import call_command

    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def main(folder: Path) -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from archive import custody
    from fixtures.clips import write_clip
    from restoration.models import Scene
    from restoration.scenes import head_take
    from review import decisions

    call_command("migrate", database="owner", verbosity=0)
    told("create_people")
    film = write_clip(folder / "film.mkv", frames=10, width=64, height=48)
    held = told("ingest", str(film), "--title", "Harbour Day", "--rate", "18")
    number = str(held["reel"])
    processed = told("process", number, "--stages", "cuts,deflicker", "--wait")
    for scene in Scene.objects.current():
        take = head_take(scene)
        assert take is not None
        decisions.approve(scene, take, by=User.objects.get(username="archivist"))
    asked = ("--format", "all", "--use", "exhibition", "--to", str(folder / "out"))
    delivered = told("deliver", number, *asked, "--by", "archivist")
    doctor = told_by_doctor()
    print(  # noqa: T201
        json.dumps(
            {
                "ingested": held,
                "states": sorted({run["state"] for run in processed["runs"]}),
                "delivered": delivered,
                "doctor": doctor,
                "broken": custody.verify_chain(f"reel:{number}"),
            }
        )
    )


def told_by_doctor() -> dict[str, str]:
    """What the doctor finds and how it is; it ends with 1 for ills that are none here."""
    from django.core.management import call_command

    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("doctor", "--json", stdout=out)
    return {found["what"]: found["state"] for found in json.loads(out.getvalue())}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
