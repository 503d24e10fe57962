"""Subtitles of a real film are taken in, made into cues anew, and no hard rule is broken any more.

Reads the folder named by REELPROOF_FILM; run: REELPROOF_FILM=... pytest -m film tests/film
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

import av
import pytest

from restoration.speech.cue_rules import HARD, check, count
from restoration.speech.cues import make_cues
from restoration.speech.imported import lines_of
from restoration.speech.profiles import find_profile, profiles
from review.formats.srt import read_srt, write_srt
from review.formats.subtitles import Subtitles
from review.formats.vtt import read_vtt, write_vtt

pytestmark = pytest.mark.film


def files() -> list[Path]:
    return sorted(Path(os.environ.get("REELPROOF_FILM", "/nonexistent")).rglob("popeye_*.srt"))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
@pytest.mark.parametrize("key", sorted(profiles()))
def test_no_hard_rule_is_broken_after_cues_are_made_anew(path: Path, key: str) -> None:
    with av.open(str(path.with_suffix(".mkv"))) as film:
        rate = Fraction(film.streams.video[0].average_rate)
    told = next(Path(os.environ["REELPROOF_FILM"]).rglob(f"shots/{path.stem}.json"))
    cuts = json.loads(told.read_text())["cuts"]
    imported = read_srt(path.read_bytes(), rate=rate)
    profile = find_profile(key)
    before = count(check(imported, profile, rate=rate, cuts=cuts))
    cues = make_cues(lines_of(imported, rate=rate), profile, rate=rate, cuts=cuts)
    after = count(check(cues, profile, rate=rate, cuts=cuts))
    assert {rule: after[rule] for rule in HARD} == dict.fromkeys(HARD, 0)
    assert sum(after.values()) < max(1, sum(before.values()))
    words = [text for cue in imported for text in cue.text.split()]
    assert [text for cue in cues for text in cue.text.split()] == words
    told_again = Subtitles(cues, rate)
    for again in (
        read_srt(write_srt(told_again).encode(), rate=rate),
        read_vtt(write_vtt(told_again).encode(), rate=rate),
    ):
        assert [(one.start_frame, one.end_frame, one.text) for one in again] == [
            (one.start_frame, one.end_frame, one.text) for one in cues
        ]
