"""Who speaks: told from lips that fit the sound, from voices, and else not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.clips import write_clip
from restoration.__main__ import main
from restoration.speech.transcript import CLOCK, Line, as_json, spread
from restoration.speech.transcript import Transcript as Said
from restoration.stages.attribute.clusters import cluster
from restoration.stages.attribute.deciding import Decided, Decision, Named, decide
from restoration.stages.attribute.measured import STEPS, VOICE_HOP, VOICE_WINDOW, Measured, Track
from restoration.stages.attribute.naming import name_people
from restoration.stages.attribute.record import as_json as reel_json
from restoration.stages.attribute.record import from_json as reel_from
from restoration.stages.attribute.spoken import with_speakers
from restoration.weights import entries

RATE = Fraction(25)
GRAIN = 0.03
"""Deviation that grain adds to what is measured of a mouth, in eye distances."""
LINE = 3
"""Seconds of each line."""
NAMES = {1: Named("Anna", 0.3, "photographs"), 2: Named("Boris", 0.3, "photographs")}


def syllables(seconds: int, seed: int) -> np.ndarray:
    """(steps,) a level that rises and falls some four times a second, never twice alike."""
    rng = np.random.default_rng(seed)
    levels = np.zeros(seconds * STEPS)
    at = int(rng.integers(0, 4))
    while at < len(levels):
        long = int(rng.integers(3, 10))
        swell = np.sin(np.pi * (np.arange(long) + 0.5) / long) * rng.uniform(0.3, 1.3)
        levels[at : at + long] += swell[: len(levels) - at]
        at += long
    return levels.astype(np.float32)


def mouth_of(levels: np.ndarray, seed: int, rate: Fraction = RATE) -> np.ndarray:
    """(frames, 3) a mouth that moves with those levels, with the noise of measuring it."""
    rng = np.random.default_rng(seed)
    frames = int(len(levels) / STEPS * rate)
    at = (np.arange(frames) + 0.5) / float(rate) * STEPS - 0.5
    opening = np.interp(at - 0.5, np.arange(len(levels)), levels) * 0.06
    noise = rng.normal(0, 0.004, (frames, 3))
    return np.asarray(
        np.stack([0.25 + opening, 10 * opening, 0.8 + opening], axis=1) + noise, np.float32
    )


def still(frames: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(0.25 + rng.normal(0, 0.001, (frames, 3)), np.float32)


def track(number: int, mouth: np.ndarray, first: int = 0, face: int | None = None) -> Track:
    """A face that looks like person `face`, or that nobody told apart."""
    boxes = np.tile(np.array([10, 10, 60, 60], np.float32), (len(mouth), 1))
    faces = np.zeros((0 if face is None else 1, 128), np.float32)
    if face is not None:
        faces[0, face] = 1
    return Track(number, first, boxes, mouth, first, faces)


def reel(
    levels: np.ndarray, tracks: Sequence[Track], voices: Sequence[int] = (), rate: Fraction = RATE
) -> Measured:
    """voices: who is heard in each line; nobody's voice was told apart without."""
    seconds = len(levels) // STEPS
    bands = np.stack([levels, levels], axis=1) * 0.1
    starts = np.arange(0, seconds * CLOCK - VOICE_WINDOW + 1, VOICE_HOP) if voices else np.zeros(0)
    said = np.zeros((len(starts), 256), np.float32)
    for place, start in enumerate(starts):
        said[place, voices[min(len(voices) - 1, int(start) // (LINE * CLOCK))]] = 1
    return Measured(rate, int(seconds * rate), tracks, bands, starts.astype(np.int64), said)


def lines(count: int) -> list[Line]:
    """One line after another, half a second of silence around each."""
    edges = [
        (n * LINE * CLOCK + CLOCK // 4, (n + 1) * LINE * CLOCK - CLOCK // 4) for n in range(count)
    ]
    return [Line(spread("one two three four", *edge), *edge) for edge in edges]


def decided(measured: Measured, count: int, names: dict[int, Named] = NAMES) -> Decided:
    return decide(measured, lines(count), cluster(measured.tracks), names)


def speakers(found: Decided) -> list[str | None]:
    return [line.speaker for line in found.lines]


def two_people_in_turn(late: int = 0) -> Measured:
    """Anna says the first line, Boris the second; `late` steps by which the picture comes late."""
    levels = syllables(2 * LINE, 1)
    half = len(levels) // 2
    seen = np.roll(levels, late)
    first = np.concatenate([mouth_of(seen[:half], 2), still(half, 3)])
    second = np.concatenate([still(half, 4), mouth_of(seen[half:], 5)])
    return reel(levels, [track(1, first, face=1), track(2, second, face=2)])


def test_whose_lips_move_with_the_speech_is_named() -> None:
    found = decided(two_people_in_turn(), 2)
    assert speakers(found) == ["Anna", "Boris"]
    evidence = found.lines[0].evidence
    assert evidence["rule"] == "lips" and evidence["track"] == 1 and evidence["frames"] == [0, 150]
    assert evidence["lip_score"] > 0.4 and evidence["face_distance"] == 0.3
    assert found.synchrony.said == "lips and speech fit: in step"


def test_a_rival_whose_mouth_moves_otherwise_is_not_taken_for_the_speaker() -> None:
    levels = syllables(LINE, 1)
    own, rival = mouth_of(levels, 2), mouth_of(syllables(LINE, 9), 3)
    found = decided(reel(levels, [track(1, rival, face=1), track(2, own, face=2)]), 1)
    assert speakers(found) == ["Boris"]


def test_lips_are_read_through_the_grain_of_a_worn_picture() -> None:
    measured = two_people_in_turn()
    for each in measured.tracks:
        each.mouth += np.random.default_rng(each.number).normal(0, GRAIN, each.mouth.shape)
        each.mouth[:, 1] += np.random.default_rng(8).normal(0, 10 * GRAIN, len(each.mouth))
    assert speakers(decided(measured, 2)) == ["Anna", "Boris"]


def test_a_measure_that_grain_drowns_counts_for_less_than_one_that_it_spares() -> None:
    levels = syllables(LINE, 1)
    own, rival = mouth_of(levels, 2), mouth_of(syllables(LINE, 9), 3)
    for seed, mouth in enumerate((own, rival)):
        grain = np.random.default_rng(seed).normal(0, 3 * GRAIN, mouth.shape)
        grain[:, 1] = 0
        mouth += grain.astype(np.float32)
    found = decided(reel(levels, [track(1, rival, face=1), track(2, own, face=2)]), 1)
    assert speakers(found) == ["Boris"]


def test_a_mouth_that_moves_alone_has_to_fit_better_than_one_beside_a_rival() -> None:
    levels = syllables(LINE, 1)
    own = mouth_of(levels, 4) + np.random.default_rng(4).normal(0, 1, (75, 3)) * [0.04, 0.4, 0.04]
    rival = mouth_of(syllables(LINE, 9), 3)
    alone = [track(1, np.asarray(own, np.float32), face=1)]
    assert speakers(decided(reel(levels, alone), 1)) == [None]
    assert speakers(decided(reel(levels, [*alone, track(2, rival, face=2)]), 1)) == ["Anna"]


@pytest.mark.parametrize("late", [-8, 8])
def test_sound_that_is_off_by_a_third_of_a_second_is_found_first(late: int) -> None:
    found = decided(two_people_in_turn(late), 2)
    assert abs(found.synchrony.offset - late) <= 1
    assert speakers(found) == ["Anna", "Boris"]
    assert f"{abs(round(40 * found.synchrony.offset))} ms" in found.synchrony.said


def test_a_dubbed_reel_is_reported_and_its_lips_name_nobody() -> None:
    levels = syllables(3 * LINE, 1)
    third = len(levels) // 3
    mouths = [mouth_of(syllables(LINE, 20 + n), n) for n in range(3)]
    faces = [track(n + 1, mouth, first=n * third, face=1 + n % 2) for n, mouth in enumerate(mouths)]
    found = decided(reel(levels, faces), 3)
    assert speakers(found) == [None, None, None]
    assert "post-synchronised" in found.synchrony.said


def test_films_of_16_frames_a_second_are_read_by_time() -> None:
    levels, rate = syllables(LINE, 1), Fraction(16)
    own, other = mouth_of(levels, 2, rate), still(48, 3)
    found = decided(reel(levels, [track(1, own, face=1), track(2, other, face=2)], rate=rate), 1)
    assert speakers(found) == ["Anna"]


def test_nobody_on_screen_gives_no_name() -> None:
    found = decided(reel(syllables(LINE, 1), []), 1)
    assert speakers(found) == [None] and found.lines[0].state == "off screen"


def test_mouths_that_only_quiver_leave_the_speaker_off_screen() -> None:
    found = decided(reel(syllables(LINE, 1), [track(1, still(75), face=1)]), 1)
    assert speakers(found) == [None] and found.lines[0].state == "off screen"


def short_line() -> Measured:
    """A third of a second is said while Anna is on screen and moves her mouth."""
    levels = syllables(LINE, 1)
    return reel(levels, [track(1, mouth_of(levels, 2), face=1)])


@pytest.mark.parametrize(
    ("measured", "end"),
    [
        pytest.param(short_line(), CLOCK + CLOCK // 10, id="a line too short to compare"),
        pytest.param(reel(syllables(0, 1), [track(1, still(75), face=1)]), 2 * CLOCK, id="silent"),
        pytest.param(
            reel(syllables(LINE, 1), [track(1, still(8), first=30, face=1)]),
            2 * CLOCK,
            id="a face that is soon gone",
        ),
    ],
)
def test_whoever_was_never_compared_is_not_said_to_be_silent(measured: Measured, end: int) -> None:
    said = Line(spread("yes", CLOCK, end), CLOCK, end)
    (found,) = decide(measured, [said], cluster(measured.tracks), NAMES).lines
    assert (found.state, found.speaker, found.confidence) == ("unknown", None, 0.0)
    assert found.evidence["rule"] == "too little of a face, or of sound, to compare them"


def test_who_is_off_screen_beside_a_face_elsewhere_in_the_reel_is_so_with_confidence() -> None:
    later = track(1, still(75), first=75, face=1)
    found = decided(reel(syllables(2 * LINE, 1), [later]), 1)
    assert (found.lines[0].state, found.lines[0].confidence) == ("off screen", 1.0)


def test_a_dubbed_line_is_unknown_and_claims_no_confidence() -> None:
    levels = syllables(3 * LINE, 1)
    faces = [track(n + 1, mouth_of(syllables(LINE, 20 + n), n), n * 75, face=1) for n in range(3)]
    found = decided(reel(levels, faces), 3)
    assert {(line.state, line.confidence) for line in found.lines} == {("unknown", 0.0)}


def test_without_a_cast_it_is_known_which_face_speaks_and_nobody_is_named() -> None:
    measured = two_people_in_turn()
    people = cluster(measured.tracks)
    found = decided(measured, 2, name_people(measured.tracks, people, {}))
    assert speakers(found) == [None, None]
    assert [line.state for line in found.lines] == ["unnamed", "unnamed"]


def test_faces_that_nobody_told_apart_are_never_named() -> None:
    measured = two_people_in_turn()
    for each in measured.tracks:
        each.faces = np.zeros((0, 128), np.float32)
    assert cluster(measured.tracks) == {}
    assert speakers(decided(measured, 2)) == [None, None]


def heard_before(last: int) -> Measured:
    """Anna and Boris speak in turn; then a voice is heard while Boris keeps still."""
    levels = syllables(3 * LINE, 1)
    third = len(levels) // 3
    first = np.concatenate([mouth_of(levels[:third], 2), still(third, 3)])
    second = np.concatenate([still(third, 4), mouth_of(levels[third : 2 * third], 5), still(third)])
    faces = [track(1, first, face=1), track(2, second, face=2)]
    return reel(levels, faces, voices=(1, 2, last))


def test_an_off_screen_line_is_named_by_a_voice_that_was_seen_speaking() -> None:
    found = decided(heard_before(1), 3)
    assert speakers(found) == ["Anna", "Boris", "Anna"]
    assert found.lines[2].evidence["rule"] == "voice"
    assert found.lines[2].evidence["voice_distance"] < 0.1


def test_a_strange_voice_off_screen_is_nobody_s() -> None:
    found = decided(heard_before(3), 3)
    assert speakers(found)[2] is None and found.lines[2].state == "off screen"


def test_people_on_screen_together_are_two_however_alike() -> None:
    mouth = still(75)
    assert len(set(cluster([track(1, mouth, face=1), track(2, mouth, face=1)]).values())) == 2
    later = track(2, mouth, first=75, face=1)
    assert len(set(cluster([track(1, mouth, face=1), later]).values())) == 1


def test_a_face_between_two_characters_is_not_named() -> None:
    own = track(1, still(75), face=1)
    near = {"Anna": own.faces + 0.01, "Boris": own.faces + 0.012}
    assert name_people([own], {1: 1}, near) == {}
    assert name_people([own], {1: 1}, {"Anna": near["Anna"]})[1].name == "Anna"


def test_a_face_that_grain_makes_unlike_itself_is_told_by_the_mean_of_its_frames() -> None:
    own = track(1, still(75), face=1)
    photograph = own.faces.copy()
    grain = np.zeros((3, 128), np.float32)
    grain[range(3), range(10, 13)] = 0.6
    own.faces = photograph + grain
    named = name_people([own], {1: 1}, {"Anna": photograph})[1]
    assert named.name == "Anna" and named.distance is not None and named.distance < 0.4


def test_a_face_that_wear_takes_from_its_photographs_is_named_if_no_other_character_is_near() -> (
    None
):
    own = track(1, still(75), face=1)
    away = np.zeros((1, 128), np.float32)
    away[0, 10] = 0.55
    anna, near, far = own.faces + away, own.faces - 1.1 * away, own.faces - 1.5 * away
    assert name_people([own], {1: 1}, {"Anna": anna, "Boris": far})[1].name == "Anna"
    assert name_people([own], {1: 1}, {"Anna": anna, "Boris": near}) == {}
    assert name_people([own], {1: 1}, {"Anna": anna}) == {}
    assert name_people([own], {1: 1}, {"Anna": own.faces + 1.1 * away, "Boris": far}) == {}


def test_measurements_come_back_as_they_were_and_part_from_what_tells_people_apart() -> None:
    measured = heard_before(1)
    document = json.loads(json.dumps(reel_json(measured)))
    back = reel_from(document)
    assert speakers(decided(back, 3)) == speakers(decided(measured, 3))
    document["biometrics"] = {}
    assert all(not len(each.faces) for each in reel_from(document).tracks)
    assert not len(reel_from(document).voices)


def test_words_carry_speaker_label_and_evidence() -> None:
    found = decided(two_people_in_turn(), 2)
    told = with_speakers(as_json(Said(tuple(lines(2)), "en")), found)
    word = told["segments"][1]["words"][0]
    assert (word["speaker"], word["attribution"], word["attribution_label"]) == (
        "Boris",
        "named",
        "MACHINE",
    )
    assert word["evidence"]["rule"] == "lips" and 0.85 <= word["speaker_confidence"] <= 1
    assert told["synchrony"]["post_synchronised"] is False


def test_a_decision_without_evidence_has_no_name() -> None:
    silent = Line(spread("a card", 0, CLOCK), 0, CLOCK, kind="intertitle")
    found = decide(two_people_in_turn(), [silent], {1: 1, 2: 2}, NAMES)
    rule = "no face and no voice stands out"
    evidence = {
        "rule": rule,
        "synchrony": "nobody on screen moves their lips while somebody speaks",
    }
    assert found.lines[0] == Decision("unknown", None, 0.0, evidence)


def test_the_command_says_which_weights_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film, words = tmp_path / "film.mkv", tmp_path / "words.json"
    write_clip(film, frames=8, rate=Fraction(16), width=64, height=48, audio_tracks=1)
    words.write_text(json.dumps(as_json(Said(tuple(lines(1)), "en"))))
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path / "none"))
    assert main(["attribute", str(film), str(words)]) == 2
    said = capsys.readouterr().err
    assert "weights fetch mtcnn face-mesh face-dlib voice-ge2e" in said


def test_the_command_refuses_words_that_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film, words = tmp_path / "film.mkv", tmp_path / "words.json"
    write_clip(film, frames=8, rate=Fraction(16), width=64, height=48, audio_tracks=1)
    words.write_text("{}")
    assert main(["attribute", str(film), str(words)]) == 2
    assert "is no transcript" in capsys.readouterr().err


NETWORKS = ("mtcnn", "face-mesh", "face-dlib", "voice-ge2e")


@pytest.mark.skipif(
    any(entry.name in NETWORKS and entry.state() == "missing" for entry in entries()),
    reason="the weights were not fetched",
)
def test_a_face_in_a_film_is_found_followed_and_told_by_a_photograph(tmp_path: Path) -> None:
    """With the real networks: the picture is a photograph of Eileen Collins (NASA)."""
    skimage = pytest.importorskip("skimage.data")
    pytest.importorskip("dlib")
    import cv2

    from restoration.stages.attribute.bench_cases import TalkingClip
    from restoration.stages.attribute.measuring import measure
    from restoration.stages.attribute.photographs import face_of, read_gallery

    photograph = skimage.astronaut()
    folder = tmp_path / "cast" / "Collins"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "one.png"), photograph[:, :, ::-1])
    frames = np.stack([np.roll(photograph, n, axis=1)[:256, 100:356] for n in range(16)])
    clip = TalkingClip(frames, np.zeros(16 * 640, np.float32))
    measured = measure(clip, lambda done, total: None, every=8, biometrics=True)
    assert len(measured.tracks) == 1 and measured.tracks[0].end_frame == 16
    people = cluster(measured.tracks)
    named = name_people(measured.tracks, people, read_gallery(tmp_path / "cast"))
    assert named[1].name == "Collins"
    assert len(face_of(photograph, "one")) == 1
    off = measure(clip, lambda done, total: None, every=8, biometrics=False)
    assert not len(off.tracks[0].faces) and not len(off.voices)
