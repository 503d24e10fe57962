"""What has to hold when the faults are over, each as a list of what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from archive import custody
from archive.media.decode import open_source
from archive.models import Event
from restoration import soundness
from restoration.cancelling import EVENT
from restoration.models import StageRun, Take
from restoration.storage import storage
from restoration.verification import verify_take


def lost(batches: Collection[UUID], *, scenes: int, stages: int) -> list[str]:
    """Every run has ended well, and every chain that was asked for went all its way."""
    wrong = [
        f"{run} is {run.status}: {run.error}" for run in StageRun.objects.exclude(status="done")
    ]
    done = Counter(
        StageRun.objects.filter(batch__in=batches, status="done").values_list(
            "batch", "start_frame"
        )
    )
    whole = sum(count == stages for count in done.values())
    if whole != len(batches) * scenes:
        wrong.append(f"{whole} chains of {len(batches) * scenes} went all their way")
    return wrong


def duplicates(batches: Collection[UUID]) -> list[str]:
    """A key has one take, a chain one run of each stage, and a take was made once."""
    keys = Counter(Take.objects.values_list("key", flat=True))
    asked = StageRun.objects.filter(batch__in=batches)
    runs = Counter(asked.values_list("batch", "start_frame", "stage"))
    again = Counter(
        f"take:{run.take_id}" for run in StageRun.objects.exclude(batch__in=batches)
    )  # a damaged take was made once more, because somebody asked for it
    made = Counter(
        event.subject
        for event in Event.objects.filter(kind=EVENT, outcome="success")
        if event.detail.get("take") and not event.detail["offered"]
    )
    return [
        *(f"{count} takes of one key" for count in keys.values() if count > 1),
        *(f"{count} runs of {chain}" for chain, count in runs.items() if count > 1),
        *(f"{one} was made {n} times" for one, n in made.items() if n > 1 + again[one]),
    ]


def orphans() -> list[str]:
    """Folders that no take names, takes whose folder is not there, and what was left half made."""
    named = {take.storage_key for take in Take.objects.all()}
    there = {folder.key for folder in storage().attempts()}
    views = storage().root.glob("views/*/*")
    return [
        *(f"{key} is named by no take" for key in sorted(there - named)),
        *(f"{key} is not there" for key in sorted(named - there)),
        *(f"{key} was left" for key in storage().chunks()),
        *(f"{path} was left half made" for path in views if path.suffix[1:].isdigit()),
    ]


def unsound() -> list[str]:
    """Takes whose bytes are not their manifest's, or whose labels contradict the scan."""
    wrong = []
    for take in Take.objects.select_related("scan"):
        wrong += [f"{take}: {fault}" for fault in soundness.faults_of(take)]
        files = storage().folder(take.storage_key)
        with open_source(Path(take.scan.path)) as source:
            found = verify_take(source, files / "picture.mkv", files / "map.mkv", take.start_frame)
        wrong += [f"{take}: {fault}" for fault in found]
    return wrong


def broken_events() -> list[str]:
    return [fault for chain in custody.all_heads() for fault in custody.verify_chain(chain)]
