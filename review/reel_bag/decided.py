"""Scenes and takes of a reel's scan in its bag, and who decided what on them.

Each is named by its number there; whoever takes it in gives it another and says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archive.models import Scan
from restoration.models import Scene, Take
from review.models import Approval, ApprovalBatch
from review.reel_bag import SCENE_FIELDS, TAKE_FIELDS, moments
from review.reel_bag.strangers import Strangers


def decisions_of(scan: Scan) -> dict[str, Any]:
    """The scan's scenes, takes, decisions and the batches in which they were made."""
    scenes = Scene.objects.filter(scan=scan).order_by("pk")
    takes = Take.objects.filter(scan=scan).order_by("pk")
    decided = Approval.everything.filter(scene__scan=scan).select_related("by", "withdrawn_by")
    batches = ApprovalBatch.objects.filter(scan=scan).select_related("by").order_by("pk")
    return {
        "scenes": [
            {"id": each.pk, "created": moments.told(each.created),
             "retired": moments.told(each.retired), **_fields(each, SCENE_FIELDS)}
            for each in scenes
        ],
        "takes": [
            {"id": each.pk, "input": each.input_take_id, "created": moments.told(each.created),
             "bytes": each.bytes, **_fields(each, TAKE_FIELDS)}
            for each in takes
        ],
        "batches": [
            {"id": each.pk, "by": each.by.get_username(), "at": moments.told(each.at),
             **_fields(each, ("every", "most", "sampled"))}
            for each in batches
        ],
        "decisions": [
            {"id": each.pk, "scene": each.scene_id, "take": each.take_id, "digest": each.digest,
             "decision": each.decision, "alone": each.alone, "reason": each.reason,
             "by": each.by.get_username(),
             "at": moments.told(each.at), "withdrawn": moments.told(each.withdrawn),
             "withdrawn_by": moments.name_of(each.withdrawn_by), "batch": each.batch_id}
            for each in decided.order_by("pk")
        ],
    }  # fmt: skip


def _fields(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def take_in(scan: Scan, said: Mapping[str, Any], strangers: Strangers) -> dict[str, str]:
    """Keep them as they were there; returns what each is called here, such as `take:7`: `take:1`.

    Raises: KeyError, TypeError, ValueError.
    """
    scenes = {each["id"]: _scene(scan, each) for each in said["scenes"]}
    takes: dict[int, Take] = {}
    for each in said["takes"]:
        takes[each["id"]] = _take(scan, each, takes)
    approvals: dict[int, Approval] = {}
    for each in said["decisions"]:
        made = _approval(scenes[each["scene"]], takes[each["take"]], each, strangers)
        approvals[each.get("id", 0)] = made
    for each in said.get("batches", ()):
        batch = _batch(scan, each, takes, approvals, strangers)
        of_it = [row["id"] for row in said["decisions"] if row["batch"] == each["id"]]
        Approval.everything.filter(pk__in=[approvals[one].pk for one in of_it]).update(batch=batch)
    return {f"scene:{old}": f"scene:{row.pk}" for old, row in scenes.items()} | {
        f"take:{old}": f"take:{row.pk}" for old, row in takes.items()
    }


def _scene(scan: Scan, said: Mapping[str, Any]) -> Scene:
    made = Scene.objects.create(
        scan=scan,
        retired=moments.read_or_none(said["retired"]),
        **{name: said[name] for name in SCENE_FIELDS},
    )
    if "created" in said:  # earlier bags do not say it
        Scene.objects.filter(pk=made.pk).update(created=moments.read(said["created"]))
    return made


def _take(scan: Scan, said: Mapping[str, Any], takes: Mapping[int, Take]) -> Take:
    made = Take.objects.create(
        scan=scan, input_take=takes.get(said["input"]), bytes=said.get("bytes", 0),
        storage_key=f"imported/{said['digest']}-{said['key'][:16]}",
        **{name: said[name] for name in TAKE_FIELDS},
    )  # fmt: skip
    Take.objects.filter(pk=made.pk).update(created=moments.read(said["created"]))
    return made


def _approval(scene: Scene, take: Take, said: Mapping[str, Any], strangers: Strangers) -> Approval:
    made = Approval.objects.create(
        scene=scene, take=take, digest=said["digest"], decision=said["decision"],
        reason=said["reason"], by=strangers.account(said["by"]),
        alone=said.get("alone", False),  # earlier bags do not say it
        withdrawn=moments.read_or_none(said["withdrawn"]),
        withdrawn_by=strangers.account_or_none(said["withdrawn_by"]),
    )  # fmt: skip
    Approval.everything.filter(pk=made.pk).update(at=moments.read(said["at"]))
    return made


def _batch(
    scan: Scan,
    said: Mapping[str, Any],
    takes: Mapping[int, Take],
    approvals: Mapping[int, Approval],
    strangers: Strangers,
) -> ApprovalBatch:
    sampled = [
        each | {"take": takes[each["take"]].pk, "approval": approvals[each["approval"]].pk}
        for each in said["sampled"]
    ]
    made = ApprovalBatch.objects.create(
        scan=scan, every=said["every"], most=said["most"], sampled=sampled,
        by=strangers.account(said["by"]),
    )  # fmt: skip
    ApprovalBatch.objects.filter(pk=made.pk).update(at=moments.read(said["at"]))
    return made
