"""Who speaks, over composites and traps: right, wrong and unknown, beside two simple guesses.

    python -m restoration bench attribute --data DIR --json [--kept FOLDER]

What was measured of a case is kept in FOLDER, so that an interrupted bench goes on from there, and
another way of deciding is tried on the same measurements: empty it when measuring itself changes.
DIR holds `talking/composite` and `talking/grid`. Every case is a film of its own: measured,
clustered and named by the first and last frames of the clips as photographs, then decided as ever.
Lines and their times are the truth's own, so that nothing is measured of the recogniser.

The few numbers that lips are judged by were set on the composites and on the traps of SET_WITH;
the traps of the other clips were made and looked at only after that, and are told apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import Line
from restoration.stages.attribute.bench_cases import (
    Case,
    composites,
    gallery_pictures,
    load_talkers,
    traps,
)
from restoration.stages.attribute.clusters import cluster
from restoration.stages.attribute.deciding import Decided, decide
from restoration.stages.attribute.lips import STILL, mouth_on_clock, speech_steps
from restoration.stages.attribute.measured import Measured, Track
from restoration.stages.attribute.measuring import hear, look, open_networks
from restoration.stages.attribute.naming import name_people
from restoration.stages.attribute.photographs import face_of
from restoration.stages.attribute.record import as_json, from_json

Floats = npt.NDArray[np.float32]
SET_WITH = ("bbaf2n", "brbk7n", "id2_vcd_swwp2s")
Guess = Callable[[Measured, Line, Mapping[int, str]], str | None]

BARS = {
    "a rival's mouth moves": (80, 3),
    "worn picture and sound": (60, 3),
    "sound off by -300 ms": (80, None),
    "sound off by +300 ms": (80, None),
    "voice-over": (None, 0),
    "one face, another's voice": (None, 0),
    "chewing under voice-over": (None, 20),
    "dubbed": (None, 20),
    "off screen, heard before": (70, 5),
}
"""Least right and most wrong, in percent of words."""


def main(data: Path, *, runs: int = 0, only: str = "", kept: Path | None = None) -> dict[str, Any]:
    """Every case.

    Args:
        runs: how many of the cases, from the first on; 0: all.
        only: cases whose kind begins so; empty: all.
        kept: a folder for what is measured; None: all is measured anew.
    """
    began = time.perf_counter()
    talkers = load_talkers(data)
    gallery = {
        name: np.concatenate([face_of(picture, name) for picture in pictures])
        for name, pictures in gallery_pictures(talkers).items()
    }
    tally: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    looked: dict[str, tuple[list[Track], tuple[int, ...]]] = {}
    reported, frames = Counter[str](), 0
    abstained: list[dict[str, Any]] = []
    cases = (case for case in chain(composites(data), traps(talkers)) if case.kind.startswith(only))
    for number, case in enumerate(cases, start=1):
        frames += len(case.pictures)
        reel = _measured(case, looked) if kept is None else _kept(case, looked, kept)
        decided = _score(case, reel, gallery, tally, reported)
        abstained += _abstained(case, decided)
        if number == runs:
            break
    return {
        "talkers": len(talkers),
        "methods": {name: _summary(kinds) for name, kinds in tally.items()},
        "reported_as_post_synchronised": dict(reported),
        "bars": _bars(tally["attribute"]),
        "abstained": abstained,
        "seconds": round(time.perf_counter() - began, 1),
        "frames": frames,
    }


def _measured(case: Case, looked: dict[str, tuple[list[Track], tuple[int, ...]]]) -> Measured:
    """The case as a reel; pictures that another case showed too are not looked at again."""
    networks = open_networks(biometrics=True)
    digest = hashlib.sha256(case.pictures.tobytes()).hexdigest()
    if digest not in looked:
        looked[digest] = look(case.clip, networks, _silent, every=8)
    tracks, cuts = looked[digest]
    bands, starts, voices = hear(case.clip, networks, _silent)
    clip = case.clip
    return Measured(clip.format.rate, clip.end_frame, tracks, bands, starts, voices, cuts)


def _kept(
    case: Case, looked: dict[str, tuple[list[Track], tuple[int, ...]]], folder: Path
) -> Measured:
    """What the folder holds of the case; measured and put there if that is nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(case.pictures.tobytes() + case.sound.tobytes()).hexdigest()
    path = folder / f"{digest}.json"
    if path.exists():
        return from_json(json.loads(path.read_text()))
    reel = _measured(case, looked)
    half_written = path.with_suffix(f".{os.getpid()}")
    half_written.write_text(json.dumps(as_json(reel)))
    half_written.replace(path)
    return reel


def _silent(done: int, total: int) -> None:
    """Progress of parts is not told."""


def _score(
    case: Case,
    reel: Measured,
    gallery: Mapping[str, Floats],
    tally: dict[str, dict[str, Counter[str]]],
    reported: Counter[str],
) -> Decided:
    people = cluster(reel.tracks)
    names = name_people(reel.tracks, people, gallery)
    decided = decide(reel, case.lines, people, names)
    if decided.synchrony.moving and not decided.synchrony.stands_out:
        reported[case.kind] += 1
    shown = {track: names[person].name for track, person in people.items() if person in names}
    for number, (line, truth) in enumerate(zip(case.lines, case.truth, strict=True)):
        if case.counted and not case.counted[number]:
            continue
        said = {"attribute": decided.lines[number].speaker}
        said |= {name: guess(reel, line, shown) for name, guess in GUESSES.items()}
        for method, speaker in said.items():
            outcome = _outcome(speaker, truth)
            tally[method][case.kind][outcome] += len(line.words)
            if case.own and case.own not in SET_WITH and method == "attribute":
                tally["attribute, clips not set with"][case.kind][outcome] += len(line.words)
    return decided


def _abstained(case: Case, decided: Decided) -> list[dict[str, Any]]:
    """Lines that somebody could be named for and nobody was, and by which rule.

    Of clips that numbers were not set with no more is told, so as not to set them by these.
    """
    found = []
    for number, (decision, truth) in enumerate(zip(decided.lines, case.truth, strict=True)):
        if truth is None or decision.speaker or (case.counted and not case.counted[number]):
            continue
        evidence = dict(decision.evidence)
        is_open = not case.own or case.own in SET_WITH
        told = evidence if is_open else {"rule": evidence.get("rule")}
        found.append({"kind": case.kind, "state": decision.state, "set_with": is_open} | told)
    return found


def _outcome(speaker: str | None, truth: str | None) -> str:
    if speaker is None:
        return "unknown" if truth is not None else "rightly none"
    return "right" if speaker == truth else "wrong"


def _largest(reel: Measured, line: Line, shown: Mapping[int, str]) -> str | None:
    """Baseline: whoever's face is largest speaks."""
    return _most(reel, line, shown, lambda track, steps: _area(track))


def _most_motion(reel: Measured, line: Line, shown: Mapping[int, str]) -> str | None:
    """Baseline: whoever's mouth moves most, and moves at all, speaks."""

    def moved(track: Track, steps: npt.NDArray[np.int64]) -> float:
        mouth = mouth_on_clock(track, reel)
        if mouth is None:
            return 0.0
        there = steps[(steps >= mouth.first) & (steps < mouth.stop)] - mouth.first
        movement = float(np.std(mouth.height[there])) if len(there) else 0.0
        return movement if movement >= STILL else 0.0

    return _most(reel, line, shown, moved)


def _most(
    reel: Measured,
    line: Line,
    shown: Mapping[int, str],
    measure: Callable[[Track, npt.NDArray[np.int64]], float],
) -> str | None:
    steps = speech_steps([(line.start, line.end)], len(reel.bands))
    there = [
        (measure(track, steps), track.number)
        for track in reel.tracks
        if track.first_frame <= reel.frame_of_step(int(steps[-1]))
        and track.end_frame > reel.frame_of_step(int(steps[0]))
    ]
    found = [each for each in there if each[0] > 0]
    return shown.get(max(found)[1]) if found else None


def _area(track: Track) -> float:
    sides = track.boxes[:, 2:] - track.boxes[:, :2]
    return float(np.prod(sides, axis=1).mean())


GUESSES: dict[str, Guess] = {"largest face": _largest, "most motion": _most_motion}


def _summary(kinds: Mapping[str, Counter[str]]) -> dict[str, Any]:
    whole = sum(kinds.values(), Counter[str]())
    named = whole["right"] + whole["wrong"]
    nameable = (
        whole["right"]
        + whole["unknown"]
        + sum(kind["wrong"] for kind in kinds.values() if kind["right"] or kind["unknown"])
    )
    return {
        "words": sum(whole.values()),
        "precision": _percent(whole["right"], named),
        "coverage": _percent(named, sum(whole.values())),
        "right_of_nameable": _percent(whole["right"], nameable),
        "kinds": {kind: _shares(counts) for kind, counts in kinds.items()},
    }


def _shares(counts: Counter[str]) -> dict[str, Any]:
    total = sum(counts.values())
    names: Iterable[str] = ("right", "wrong", "unknown", "rightly none")
    return {"words": total} | {name: _percent(counts[name], total) for name in names}


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _bars(kinds: Mapping[str, Counter[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for kind, (least, most) in BARS.items():
        if kind not in kinds:
            continue
        shares = _shares(kinds[kind])
        good = (least is None or shares["right"] >= least) and (
            most is None or shares["wrong"] <= most
        )
        told[kind] = {"least_right": least, "most_wrong": most, "met": good}
    return told


def describe(document: dict[str, Any]) -> str:
    """The tables for people."""
    told = []
    for method, summary in document["methods"].items():
        told += [
            "",
            f"{method}: precision {summary['precision']} % at coverage {summary['coverage']} %; "
            f"{summary['right_of_nameable']} % right of the words that can be named",
            f"{'':<28}{'words':>6}{'right %':>9}{'wrong %':>9}{'unknown %':>11}{'no name %':>11}",
        ]
        told += [
            f"{kind:<28}{each['words']:>6}{each['right']:>9}{each['wrong']:>9}"
            f"{each['unknown']:>11}{each['rightly none']:>11}"
            for kind, each in summary["kinds"].items()
        ]
    told += ["", f"reported as post-synchronised: {document['reported_as_post_synchronised']}"]
    told += [f"not named: {each['kind']}: {each['rule']}" for each in document["abstained"]]
    missed = [kind for kind, bar in document["bars"].items() if not bar["met"]]
    told.append(f"bars missed: {', '.join(missed) if missed else 'none'}")
    return "\n".join(told[1:])
