"""Who speaks each line, or that nobody can tell. PURE: measurements and names in, decisions out.

Lips come first, and only where the whole reel shows that its lips and sound belong together. Voices
come second: they are compared with lines whose speaker was seen. Whoever has no name is never given
one, and a decision always says by what rule and from what evidence it was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK, Line, first_frame, frame_after
from restoration.stages.attribute.lips import (
    REACH,
    Lips,
    Mouth,
    compare,
    mouth_on_clock,
    sound_on_clock,
    speech_steps,
)
from restoration.stages.attribute.measured import STEPS, VOICE_WINDOW, Measured
from restoration.stages.attribute.synchrony import Synchrony, speaking, synchrony

State = Literal["named", "unnamed", "unknown", "off screen"]
"""`unnamed`: it is known which face speaks, and nobody said who that is."""

SURE, SURE_ALONE = 0.75, 0.85
"""Probability from which lips alone decide: where other mouths moved too, and fitted less; and
where but one did, so that nothing speaks against a fit by chance."""
_EXEMPLAR = 0.9
"""From which a line's voice is kept as its speaker's."""
_LEANING = 0.4
"""From which lips and a voice that agrees decide together."""
_ABSENT = 0.12
"""Below which no face on screen is taken to speak."""
SAME_VOICE, OTHER_VOICE = 0.2, 0.3
"""Cosine distance of voices: nearer is the same person, farther is another."""
_VOICE_MARGIN = 0.06
"""By which the nearest voice must be nearer than the second."""
_BESIDE = CLOCK // 4
"""Samples by which a stretch of voice may reach beyond its line."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a person in the reel is called, and how that is known."""

    name: str
    distance: float | None = None
    """Of the face to the nearest photograph; None: a person said so."""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Of one line."""

    state: State
    speaker: str | None
    confidence: float
    """From 0 to 1; 0 where it is unknown who speaks."""
    evidence: Mapping[str, Any]
    """Rule, person, track, frames, lip score and probability, face and voice distance."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Of every line, in their order, and of the reel."""

    lines: tuple[Decision, ...]
    synchrony: Synchrony


@dataclass(slots=True)
class _Heard:
    """What is known of one line before names come in."""

    line: Line
    lips: list[Lips] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    voice: npt.NDArray[np.float64] | None = None
    on_screen: bool = False
    """Some face is on screen meanwhile, whether it could be compared or not."""

    @property
    def moves(self) -> bool:
        """Some mouth that was compared moves."""
        return any(not lips.is_still for lips in self.lips)

    @property
    def is_seen(self) -> bool:
        """What is on screen is known: a face was compared, or there is none."""
        return bool(self.lips) or not self.on_screen

    def by_person(self, people: Mapping[int, int]) -> dict[int, float]:
        """How probable it is of each person on screen that they speak it."""
        found: dict[int, float] = defaultdict(float)
        for lips, share in zip(self.lips, self.shares, strict=True):
            found[people.get(lips.track, -lips.track)] += share
        return found


def decide(
    reel: Measured,
    lines: Sequence[Line],
    people: Mapping[int, int],
    names: Mapping[int, Named],
) -> Decided:
    """Who speaks each line.

    Args:
        people: the person whom each track shows, as `clusters.cluster` numbers them.
        names: what a person is called; whoever is missing is not named.
    """
    heard = _compared(reel, lines)
    together = synchrony([each.lips for each in heard])
    for each in heard:
        each.shares = speaking(each.lips, together.weights) if together.stands_out else []
        if not each.shares:
            each.shares = [0.0] * len(each.lips)
    exemplars = _exemplars(heard, people)
    return Decided(
        tuple(_decision(each, together, people, names, exemplars, reel) for each in heard),
        together,
    )


def _compared(reel: Measured, lines: Sequence[Line]) -> list[_Heard]:
    sound = sound_on_clock(reel.bands)
    mouths = [mouth for track in reel.tracks if (mouth := mouth_on_clock(track, reel))]
    found = []
    for line in lines:
        heard = _Heard(line)
        if line.kind == "speech":
            spans = [(word.start, word.end) for word in line.words] or [(line.start, line.end)]
            speech = speech_steps(spans, len(sound))
            heard.lips = _lips(mouths, sound, speech)
            heard.voice = _voice(reel, line)
            heard.on_screen = _on_screen(reel, line)
        found.append(heard)
    return found


def _on_screen(reel: Measured, line: Line) -> bool:
    first, end = first_frame(line.start, reel.rate), frame_after(line.end, reel.rate)
    return any(track.first_frame < end and first < track.end_frame for track in reel.tracks)


def _lips(mouths: Sequence[Mouth], sound: Any, speech: npt.NDArray[np.int64]) -> list[Lips]:
    if not len(speech):
        return []
    near = [mouth for mouth in mouths if mouth.first <= speech[-1] and mouth.stop > speech[0]]
    return [lips for mouth in near if (lips := compare(mouth, sound, speech)) is not None]


def _voice(reel: Measured, line: Line) -> npt.NDArray[np.float64] | None:
    """The mean of the stretches that lie in the line; None if it is too short for one."""
    starts = reel.voice_starts
    inside = (starts >= line.start - _BESIDE) & (starts + VOICE_WINDOW <= line.end + _BESIDE)
    if not inside.any():
        return None
    mean = reel.voices[inside].astype(np.float64).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float64)


def _exemplars(
    heard: Sequence[_Heard], people: Mapping[int, int]
) -> dict[int, list[tuple[int, npt.NDArray[np.float64]]]]:
    """Voices of lines whose speaker was surely seen, with whose line it is, for each person."""
    found: dict[int, list[tuple[int, npt.NDArray[np.float64]]]] = defaultdict(list)
    for each in heard:
        shares = each.by_person(people)
        if each.voice is None or not shares:
            continue
        person = max(shares, key=lambda key: shares[key])
        if shares[person] >= _EXEMPLAR:
            found[person].append((id(each), each.voice))
    return found


def _voice_distances(heard: _Heard, exemplars: Mapping[int, Any]) -> dict[int, float]:
    """Cosine distance to the mean voice of each person, from other lines than this."""
    found = {}
    for person, voices in exemplars.items():
        others = [voice for number, voice in voices if number != id(heard)]
        if heard.voice is None or not others:
            continue
        mean = np.mean(others, axis=0)
        found[person] = 1 - float(heard.voice @ mean / np.linalg.norm(mean))
    return found


def _decision(
    heard: _Heard,
    together: Synchrony,
    people: Mapping[int, int],
    names: Mapping[int, Named],
    exemplars: Mapping[int, Any],
    reel: Measured,
) -> Decision:
    shares = heard.by_person(people)
    away = _voice_distances(heard, exemplars)
    rivals = sum(not lips.is_still for lips in heard.lips) > 1
    person, rule, sure = _whom(shares, away, SURE if rivals else SURE_ALONE)
    if person is not None:
        return _told(heard, person, rule, sure, together, people, names, away, reel)
    if not heard.is_seen:
        rule = "too little of a face, or of sound, to compare them"
    if not _is_off_screen(heard, together, shares):
        return Decision("unknown", None, 0.0, {"rule": rule, "synchrony": together.said})
    evidence = {"rule": "no mouth on screen moves with the speech", "synchrony": together.said}
    return Decision("off screen", None, round(1 - sum(shares.values()), 3), evidence)


def _is_off_screen(heard: _Heard, together: Synchrony, shares: Mapping[int, float]) -> bool:
    """Somebody speaks, and nobody on screen does; never where that was not looked into."""
    if heard.line.kind != "speech" or not heard.is_seen:
        return False
    return not heard.moves or (together.stands_out and max(shares.values(), default=0) < _ABSENT)


def _whom(
    shares: Mapping[int, float], away: Mapping[int, float], enough: float
) -> tuple[int | None, str, float]:
    """The person who speaks, by what rule, and how surely.

    Args:
        enough: the probability from which lips alone decide.
    """
    ranked = sorted(shares, key=lambda person: -shares[person])
    near = sorted(away, key=lambda person: away[person])
    seen = ranked[0] if ranked else None
    voice = near[0] if near and _stands_apart(near, away) else None
    if seen is not None and shares[seen] >= enough:
        if away.get(seen, 0.0) > OTHER_VOICE and voice not in (None, seen):
            return None, "lips and voice disagree", 0.0
        return seen, "lips", shares[seen]
    if seen is not None and seen == voice and shares[seen] >= _LEANING:
        return seen, "lips and voice", 1 - away[seen]
    if voice is not None and (seen is None or shares[seen] < _LEANING):
        return voice, "voice", 1 - away[voice]
    return None, "no face and no voice stands out", 0.0


def _stands_apart(near: Sequence[int], away: Mapping[int, float]) -> bool:
    if away[near[0]] > SAME_VOICE:
        return False
    return len(near) == 1 or away[near[1]] - away[near[0]] >= _VOICE_MARGIN


def _told(
    heard: _Heard,
    person: int,
    rule: str,
    sure: float,
    together: Synchrony,
    people: Mapping[int, int],
    names: Mapping[int, Named],
    away: Mapping[int, float],
    reel: Measured,
) -> Decision:
    evidence: dict[str, Any] = {"rule": rule, "person": max(person, 0)}
    own = [
        (share, lips)
        for lips, share in zip(heard.lips, heard.shares, strict=True)
        if people.get(lips.track, -lips.track) == person
    ]
    if own:
        share, lips = max(own, key=lambda each: each[0])
        evidence |= _of_lips(lips, share, together, reel)
    if person in away:
        evidence["voice_distance"] = round(away[person], 3)
    named = names.get(person)
    if named is not None:
        evidence["face_distance"] = None if named.distance is None else round(named.distance, 3)
        evidence["named_by"] = named.by
    state: State = "named" if named else "unnamed"
    return Decision(state, named.name if named else None, round(sure, 3), evidence)


def _of_lips(lips: Lips, share: float, together: Synchrony, reel: Measured) -> dict[str, Any]:
    track = next(track for track in reel.tracks if track.number == lips.track)
    place = int(np.clip(round(together.offset) + REACH, 0, 2 * REACH))
    return {
        "track": lips.track,
        "frames": [track.first_frame, track.end_frame],
        "lip_score": round(float(lips.score[place]), 3),
        "lip_probability": round(share, 3),
        "offset_ms": round(1000 * together.offset / STEPS),
    }
