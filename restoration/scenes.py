"""Scenes: a cut list becomes rows; a person splits, merges and moves cuts.

An edit retires the scenes that it changes and makes others. Takes hang on the frame range, so those
of untouched scenes stay, and a range that comes back is the same scene again, with its takes. Every
edit is in the scan's history (`restoration.history`) and can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from archive.models import Scan
from restoration import verdicts
from restoration.changers import SETTINGS, Changers
from restoration.cutting import Piece, heed, pieces, splice_frames
from restoration.drawn import changed_drawings
from restoration.editing import Edit, lock, state_of_piece, tell
from restoration.errors import SceneError
from restoration.models import Scene, Take
from restoration.stages import STAGES, find_stage
from restoration.stages.contract import StageError
from restoration.stages.parameters import params_json
from restoration.take_index import TakeIndex

RESTORATION, COLOUR = Take.Version.RESTORATION, Take.Version.COLOUR


def make_scenes(scan: Scan, findings: Mapping[str, Any], by: User | None = None) -> list[Scene]:
    """Cut a scan into scenes as the stage `cuts` found; the current scenes, in order.

    Scenes with a cut that a person placed stay as they are, and so do those found again. A cut or
    splice that a person confirmed stays, one that a person refused does not come back.
    """
    with transaction.atomic():
        lock(scan)
        verdicts.keep_findings(scan, findings)
        current = list(scan.scenes.current())
        heeded = heed(findings, verdicts.decided(scan))
        by_hand = [(scene.start_frame, scene.end_frame) for scene in current if scene.by_hand]
        wanted = {
            (piece.start_frame, piece.end_frame): piece
            for piece in pieces(scan.frames, heeded, kept=by_hand)
        }
        edit = Edit(scan, by)
        gone = [
            scene
            for scene in current
            if not scene.by_hand and (scene.start_frame, scene.end_frame) not in wanted
        ]
        stay = [scene for scene in current if scene not in gone]
        edit.retire(gone, "cuts were detected again")
        for scene in stay:
            _update(edit, scene, wanted.pop((scene.start_frame, scene.end_frame), None))
        made = [edit.place(piece) for piece in wanted.values()]
        if edit.after["scenes"] or gone:
            _record_detection(edit, made, gone, stay)
        return list(scan.scenes.current())


def _update(edit: Edit, scene: Scene, piece: Piece | None) -> None:
    """What a new detection says of a scene that it found again, unless a person spoke of it."""
    if piece is None or scene.by_hand:
        return
    found = state_of_piece(piece)
    changed = {name: value for name, value in found.items() if getattr(scene, name) != value}
    if changed:
        edit.change(scene, **changed)


def _record_detection(edit: Edit, made: list[Scene], gone: list[Scene], stay: list[Scene]) -> None:
    cuts = [scene.start_frame for scene in made]
    detail = {"made": len(made), "retired": len(gone), "kept": len(stay), "cuts": cuts[:1000]}
    if edit.before["scenes"]:
        frame = min(state["start_frame"] for state in edit.before["scenes"])
        edit.record("scenes made", "cuts were detected again", frame=frame, detail=detail)
    else:  # The first detection: there is nothing to go back to.
        tell("scenes made", edit.scan, edit.by, detail)


def split(scene: Scene, frame: int, *, by: User | None = None) -> tuple[Scene, Scene]:
    """Cut a scene in two; `frame` is the first of the second one.

    Raises: SceneError if the frame is not inside, or the scene was replaced meanwhile.
    """
    with transaction.atomic():
        scene = as_it_stands(scene)
        if not scene.start_frame < frame < scene.end_frame:
            raise SceneError(
                f"frame {frame} cannot start a scene inside [{scene.start_frame}, "
                f"{scene.end_frame}): choose one from {scene.start_frame + 1} to "
                f"{scene.end_frame - 1}"
                if scene.frames > 1
                else f"the scene at frame {scene.start_frame} has one frame and cannot be split"
            )
        words = f"split at frame {frame}"
        edit = Edit(scene.scan, by)
        edit.retire([scene], words)
        first = edit.place(Piece.of(scene, end_frame=frame), like=scene)
        second = edit.place(Piece.of(scene, start_frame=frame), like=scene)
        edit.judge(frame, "cut", holds=True)
        edit.record("scene split", words, frame=frame, detail={"frame": frame} | _ranges(scene))
        return first, second


def merge(scene: Scene, *, by: User | None = None) -> Scene:
    """Take out the cut between a scene and the next one.

    Raises: SceneError if there is no next one, or the scene was replaced meanwhile.
    """
    with transaction.atomic():
        scene = as_it_stands(scene)
        after = scene.scan.scenes.current().filter(start_frame=scene.end_frame).first()
        if after is None:
            raise SceneError(f"{scene} is the last one: there is no next scene to merge with")
        cut = scene.end_frame
        words = f"merged across frame {cut}"
        edit = Edit(scene.scan, by)
        edit.retire([scene, after], words)
        piece = Piece.of(scene, end_frame=after.end_frame, marks=[*scene.marks, *after.marks])
        merged = edit.place(piece, like=scene)
        edit.judge(cut, "cut", holds=False)
        edit.record("scenes merged", words, frame=cut, detail={"cut": cut} | _ranges(merged))
        return merged


def move_cut(scene: Scene, frame: int, *, by: User | None = None) -> tuple[Scene, Scene]:
    """Move the cut that starts a scene to `frame`; the scene before it and the scene itself.

    Raises: SceneError if that would leave either without a frame, or there is none before it.
    """
    with transaction.atomic():
        scene = as_it_stands(scene)
        start = scene.start_frame
        before = scene.scan.scenes.current().filter(end_frame=start).first()
        if before is None:
            raise SceneError(f"{scene} is the first one: its start is the start of the scan")
        if frame == start:
            raise SceneError(f"the cut is at frame {frame} already")
        if not before.start_frame < frame < scene.end_frame:
            raise SceneError(
                f"the cut can move to frames {before.start_frame + 1} to {scene.end_frame - 1}, "
                f"not to {frame}: each scene keeps at least one frame"
            )
        moved = f"moved from frame {start} to {frame}"
        edit = Edit(scene.scan, by)
        edit.retire([before], f"the cut at its end was {moved}")
        edit.retire([scene], f"the cut at its start was {moved}")
        marks = [*before.marks, *scene.marks]
        first = Piece.of(before, end_frame=frame, marks=marks)
        second = Piece.of(scene, start_frame=frame, marks=marks)
        placed = edit.place(first, like=before), edit.place(second, like=scene)
        edit.judge(start, "cut", holds=False)
        edit.judge(frame, "cut", holds=True)
        detail = {"from": start, "to": frame}
        edit.record("cut moved", f"cut {moved}", frame=frame, detail=detail)
        return placed


def set_settings(
    scene: Scene, stage: str, params: Mapping[str, Any], *, by: User | None = None
) -> Scene:
    """Choose a stage's parameters for a scene; those not named take the stage's defaults.

    Raises: StageError for an unknown stage or parameter, SceneError if the scene was replaced.
    """
    found = find_stage(stage)
    parsed = params_json(found.parse(params))
    with transaction.atomic():
        scene = as_it_stands(scene)
        before = scene.settings.get(stage, {})
        chosen = {name: parsed[name] for name in params}
        scene.settings = {**scene.settings, stage: chosen}
        if not chosen:
            del scene.settings[stage]
        scene.save(update_fields=["settings"])
        detail = {"stage": stage, "before": before, "after": chosen} | _ranges(scene)
        tell(SETTINGS, scene.scan, by, detail)
    return scene


def head_take(scene: Scene, version: str = RESTORATION) -> Take | None:
    """The newest take at the end of the scene's chain: what is reviewed and delivered."""
    return head_takes([scene], version).get(scene.pk)


def head_takes(
    scenes: Scan | Iterable[Scene], version: str = RESTORATION, *, takes: TakeIndex | None = None
) -> dict[int, Take]:
    """The head take of each scene that has one, by the scene's id; one query for all of them.

    The end of the chain is the last stage (in the order of `STAGES`) that has a take. Of several
    takes of that stage the one last made, or last offered instead of being made again, counts.

    Args:
        takes: Those of the scenes, if the caller has them at hand.
    """
    wanted = list(scenes.scenes.current() if isinstance(scenes, Scan) else scenes)
    known = takes or TakeIndex(wanted)
    heads = {}
    for scene in wanted:
        found = [take for take in known.of(scene) if take.version == version]
        if found:
            heads[scene.pk] = max(found, key=lambda take: place_in_chain(take.stage))
    return heads


def take_before(scene: Scene, stage: str, version: str | None = None) -> Take | None:
    """What a stage works on: the newest take of the nearest stage before it, or the scan (None).

    A stage after colourise so works on the colour version wherever there is one.

    Args:
        version: RESTORATION keeps to its takes, even if there is a colour version.
    """
    takes = list(Take.objects.of_scene(scene).latest_first())
    if version == RESTORATION:
        takes = [take for take in takes if take.version == RESTORATION]
    return _newest_before(stage, takes)


def _newest_before(stage: str, takes: Iterable[Take]) -> Take | None:
    """The take of the nearest stage before this one, of takes that come newest first."""
    here = place_in_chain(stage)
    earlier = [take for take in takes if 0 <= place_in_chain(take.stage) < here]
    return max(earlier, key=lambda take: place_in_chain(take.stage), default=None)


def chain(take: Take, *, takes: TakeIndex | None = None) -> list[Take]:
    """The takes that a take was made on, from the scan outwards, and itself at the end."""
    found = [take]
    while (
        earlier := takes.input_of(found[0]) if takes is not None else found[0].input_take
    ) is not None:
        found.insert(0, earlier)
    return found


def outdated(scene: Scene, take: Take, *, takes: TakeIndex | None = None) -> list[str]:
    """Why a take is no longer what the scene's settings and newest takes would give; empty: it is.

    A take made with other values than a person has since chosen, on an input that has since been
    made anew, without a stage before it that the restoration has since been given, or across
    splices that are marked otherwise since, is named here.

    Args:
        takes: Those of the scene, if the caller has them at hand.
    """
    known = takes or TakeIndex([scene])
    reasons = []
    newest = {(other.stage, other.version): other for other in reversed(known.of(scene))}
    links = chain(take, takes=known)
    for link in links:
        other = newest.get((link.stage, link.version))
        if other is not None and other != link:
            who = known.changers.of_take(other)
            reasons.append(f"{link.stage} was made anew since: take {other.number}{who}")
        reasons += _changed_settings(scene, link, known)
    return reasons + _left_out(scene, links, known) + _changed_splices(scene, take, known.changers)


def _left_out(scene: Scene, links: list[Take], known: TakeIndex) -> list[str]:
    """Stages of the restoration that would stand before a link if it were run now, and do not.

    Whatever the chain's last stage: a repair that is made after a correction is not in it, however
    late in the chain the correction comes.
    """
    has = {link.stage for link in links}
    restored = [take for take in known.of(scene) if take.version == RESTORATION]
    reasons = []
    for link in links:
        base = _newest_before(link.stage, restored)
        if base is not None and base.stage not in has:
            has.add(base.stage)
            reasons.append(
                f"the restoration has {base.stage} take {base.number} since"
                f"{known.changers.of_take(base)}, and {link.stage} take {link.number} was made "
                "without it"
            )
    return reasons


def _changed_splices(scene: Scene, take: Take, changers: Changers) -> list[str]:
    """No stage follows anything across a splice: with another one it would give another take."""
    if "marks" not in take.manifest:
        return []
    now, made_with = set(splice_frames(scene.marks)), set(take.manifest["marks"])
    return [
        *(
            f"a splice was marked at frame {frame} since{changers.of_splice(scene, frame)}"
            for frame in sorted(now - made_with)
        ),
        *(
            f"there is no splice at frame {frame} any more{changers.of_splice(scene, frame)}"
            for frame in sorted(made_with - now)
        ),
    ]


def _changed_settings(scene: Scene, take: Take, known: TakeIndex) -> list[str]:
    made_with = take.manifest.get("params", {})
    drawn = changed_drawings(scene, take.stage, made_with, known.drawings)
    chosen = scene.settings.get(take.stage, {})
    if not chosen:
        return drawn
    try:
        wanted = params_json(find_stage(take.stage).parse(chosen))
    except StageError:  # A stage or parameter of an older version: nothing to compare with.
        return drawn
    return [
        f"{take.stage}.{name} is now {wanted[name]}, the take was made with {made_with[name]}"
        f"{known.changers.of_parameter(scene, take.stage, name)}"
        for name in chosen
        if name in made_with and made_with[name] != wanted[name]
    ] + drawn


def place_in_chain(stage: str) -> int:
    names = [entry.name for entry in STAGES]
    return names.index(stage) if stage in names else -1


def as_it_stands(scene: Scene) -> Scene:
    """The scene as it is now, with its scan locked.

    Raises: SceneError if it was replaced meanwhile.
    """
    lock(scene.scan)
    now = Scene.objects.select_related("scan__reel").get(pk=scene.pk)
    if now.retired:
        raise SceneError(f"{now} was replaced meanwhile ({now.retired_because}); look again")
    return now


def _ranges(scene: Scene) -> dict[str, Any]:
    return {"frames": [scene.start_frame, scene.end_frame]}
