"""Whether takes are still what was made, and making again those that are not.

A take's key is unique, and a request for what stands already is offered that. So a take whose files
were damaged is written down as such: it is offered to nobody, and a run of the same key may make it
again. Only the very same take takes its place, by the digest that approvals and later takes name;
a machine with other libraries, code or weights may make another, and that is refused.
"""

from __future__ import annotations

from functools import partial
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction

from archive import custody, stored
from archive.fixity import sha256_file
from restoration.errors import CannotStart
from restoration.models import StageRun, Take
from restoration.orders import MANIFEST
from restoration.stages import find_stage
from restoration.starting import marks_of, ring_on_commit, run_key
from restoration.storage import storage
from restoration.viewing import remove_view

EVENT = "fixity check"


def faults_of(take: Take) -> list[str]:
    """Read all files of a take again; what is wrong with them, in words. Empty: it is intact."""
    folder = storage().place(take.storage_key)
    in_bucket = stored.is_kept(take.storage_key)
    wanted = {name: str(entry["sha256"]) for name, entry in take.manifest["files"].items()}
    faults = []
    for name, digest in sorted({**wanted, MANIFEST: take.digest}.items()):
        if in_bucket:  # A copy here says nothing of it.
            if fault := stored.fault_of(f"{take.storage_key}/{name}", digest):
                faults.append(f"{name} {fault}")
            continue
        try:
            found = sha256_file(folder / name)
        except FileNotFoundError:
            faults.append(f"{name} is missing")
            continue
        except OSError as error:
            faults.append(f"{name} cannot be read ({error.strerror})")
            continue
        if found != digest:
            faults.append(f"{name} was altered or damaged after the take was made")
    return faults


def check_take(take: Take, *, by: User | None = None) -> list[str]:
    """Read a take again, and write down what is found where it differs from what was known.

    Returns: its faults in words; empty if it is intact.
    """
    faults = faults_of(take)
    words = "; ".join(faults)
    with transaction.atomic():
        known = Take.objects.select_for_update().get(pk=take.pk)
        if known.storage_key != take.storage_key:
            return []  # It was made again meanwhile, and read back then.
        if known.damage != words:
            known.damage = words
            known.save(update_fields=["damage"])
            custody.record(
                kind=EVENT,
                agent=custody.person(by) if by is not None else custody.software(),
                subject=f"take:{take.pk}",
                reel=take.scan.reel,
                detail={"take": take.pk, "digest": take.digest, "faults": faults},
                outcome="failure" if faults else "success",
            )
    take.damage = words
    return faults


def make_again(take: Take, *, by: User | None = None) -> StageRun:
    """Ask for a damaged take to be made once more, into a new folder.

    Returns: the run, or the one that was asked for before and has not ended.
    Raises: CannotStart if it is not known as damaged, or if this installation would make another.
    """
    if not take.damage:
        raise CannotStart(f"{take} is not known to be damaged; manage.py check_takes reads it")
    made = take.made_by
    if made is None:
        raise CannotStart(f"{take} names no run that made it; restore it from a backup")
    stage = find_stage(take.stage)
    key = run_key(
        stage, take.scan, take.start_frame, take.end_frame, made.params, take.input_take,
        marks_of(made.scene),
    )  # fmt: skip
    if key != take.key:
        raise CannotStart(
            f"{take} was made by other code or weights, or across other splices, than are here "
            "now, so that it would not be the same; restore its folder from a backup"
        )
    with transaction.atomic():
        Take.objects.select_for_update().get(pk=take.pk)  # one request at a time
        waiting = StageRun.objects.filter(key=key, status__in=StageRun.OPEN).first()
        if waiting is not None:
            return waiting
        run = StageRun.objects.create(
            scan=take.scan,
            scene=made.scene,
            stage=take.stage,
            start_frame=take.start_frame,
            end_frame=take.end_frame,
            params=made.params,
            input_take=take.input_take,
            batch=uuid4(),
            key=key,
            queue=stage.queue,
            frames_total=take.frames,
            requested_by=by,
        )
        ring_on_commit(run)
    return run


def put_in_place(take: Take, *, storage_key: str, digest: str) -> None:
    """Let what was made again be the take; inside the transaction that ends its run.

    Raises: CannotStart if it is not the same.
    """
    if digest != take.digest:
        raise CannotStart(
            f"{take} was made again and is not the same (digest {digest[:12]}, not "
            f"{take.digest[:12]}): libraries or device differ; restore its folder from a backup"
        )
    take.storage_key, take.damage = storage_key, ""
    take.save(update_fields=["storage_key", "damage"])
    transaction.on_commit(partial(remove_view, take))  # It may show what was damaged.
