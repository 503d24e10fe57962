"""Text over viewing copies: on request or by policy, told in every record, never in a master."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.contrib.auth.models import User

from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.models import Reel
from fixtures.clips import read_clip
from restoration import transcripts
from restoration.speech.transcript import Transcript as Said
from review import credentials
from review.deliverables import DeliveryFailed, allowed_edition, build_deliverable
from review.delivery import requests
from review.formats.burning import Burner, caption_lines
from review.formats.edition import HAND, MACHINE, DeliveryError, Marked
from review.formats.subtitle_files import cues_of
from review.models import Deliverable
from review.policies import PolicyError, parse_policy
from tests.restoration.speech.said import line
from tests.review.approved_reel import current_scan, make_approved_reel
from tests.review.formats.editions import make_edition

pytestmark = pytest.mark.django_db

MARKED = """
[loan]
title = "loans"
says = "What was made is shown."
marking = ["corner", "captions", "slate"]
"""


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"


def deliver(
    reel: Reel, to: Path, format: str, by: User, use: str = "exhibition"
) -> tuple[Deliverable, dict[str, Path]]:
    made = build_deliverable(reel, format=format, use=use, to=to, by=by)
    return made, {file["name"]: Path(file["path"]) for file in made.files}


def differences(one: Path, other: Path, rows: slice) -> list[float]:
    """How far each frame of two clips is apart in those rows, but for a hundredth of its pixels."""
    return [
        float(np.percentile(np.abs(a[rows].astype(int) - b[rows].astype(int)), 99))
        for a, b in zip(read_clip(one), read_clip(other), strict=False)
    ]


@pytest.mark.slow
def test_subtitles_are_burned_in_where_they_are_shown_and_nowhere_else(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, frames=48, width=320, height=240)
    said = Said((line("The harbour is open.", 0.6, 1.4),), "en")
    transcripts.keep(current_scan(reel), said, source="whisper medium", maker="machine")
    made, paths = deliver(reel, tmp_path / "a", "mp4-subtitled", archivist)
    path = paths["viewing-subtitled.mp4"]
    _, plain = deliver(reel, tmp_path / "b", "mp4", archivist)
    apart = differences(path, plain["viewing.mp4"], slice(190, 236))
    edition = allowed_edition(reel, format="mp4", use="exhibition", by=archivist)
    assert edition.spoken is not None
    (cue,) = cues_of(edition, edition.spoken)
    shown = range(cue.start_frame, cue.end_frame)
    assert [far > 60 for far in apart] == [frame in shown for frame in range(48)]
    assert max(differences(path, plain["viewing.mp4"], slice(0, 180))) < 40
    with av.open(str(path)) as container:
        assert not container.streams.subtitles, "not twice"
    (told,) = made.record["additions"]
    assert (told["what"], told["label"], told["over_picture"]) == (
        "burned-in subtitles", "SYNTHESISED", True,
    )  # fmt: skip
    assert "machine, unreviewed: 1 of 1 lines" in told["says"]
    actions = credentials.read(path).actions
    assert [told["says"]] == [
        each["description"] for each in actions if "burned" in each.get("description", "")
    ]


def test_nothing_is_burned_into_evidence(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    said = Said((line("The harbour is open.", 0.1, 0.4),), "en")
    transcripts.keep(current_scan(reel), said, source="archive", maker="person")
    for ask in (
        lambda: deliver(reel, tmp_path / "out", "mp4-subtitled", archivist, "forensic"),
        lambda: requests.ask(reel, format="mp4-subtitled", use="forensic", by=archivist),
    ):
        with pytest.raises(Exception, match=r"no pixel be a person's|confirm"):
            ask()
    assert not list((tmp_path / "out").glob("*"))
    with pytest.raises(PolicyError, match="marking draws over the picture"):
        parse_policy("evidence-shown", {
            "title": "a", "says": "b", "marking": ["slate"],
            "labels": [{"plane": "structure", "labels": ["HUMAN"], "at_most": 0, "of": "frame"}],
        })  # fmt: skip


def test_subtitles_cannot_be_burned_in_where_nobody_speaks(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    with pytest.raises(DeliveryFailed, match="no transcript"):
        deliver(reel, tmp_path / "out", "mp4-subtitled", archivist)


def test_a_policy_marks_what_people_see_and_no_master(
    settings: Any, tmp_path: Path, archivist: User
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(MARKED)
    settings.DELIVERY_POLICIES = str(own)
    reel = make_approved_reel(
        tmp_path, by=archivist, rate=8, frames=32, width=320, height=240, cuts=(28,)
    )
    _, plain = deliver(reel, tmp_path / "a", "mp4", archivist)
    made, marked = deliver(reel, tmp_path / "b", "all", archivist, "loan")
    one, other = plain["viewing.mp4"], marked["viewing.mp4"]
    frames = read_clip(other)
    assert len(frames) == 32 + 24, "a slate of three seconds after the film, before nothing"
    assert float(frames[-1].max()) > 200 and float(np.median(frames[-1])) < 20
    top = differences(one, other, slice(0, 60))
    assert min(top[:20]) > 60 and min(top[28:32]) > 60, "captions, at the head of each scene"
    assert max(top[25:28]) < 40, "nothing was made in the first scene: no mark in its corner"
    assert max(differences(one, other, slice(120, 240))) < 40
    assert [each["what"] for each in made.record["additions"]] == [
        "corner mark", "scene captions", "legend slate",
    ]  # fmt: skip
    assert all(each["over_picture"] for each in made.record["additions"])
    assert len(read_clip(marked["master.mkv"])) == 32, "bit for bit the takes, as is checked"
    with av.open(str(other)) as container:
        assert max(each["end"] * each["time_base"] for each in container.chapters()) == 4


def test_the_corner_says_what_was_made_throughout_its_scene() -> None:
    edition = make_edition(Fraction(24), cuts=(0, 10, 20, 30))
    kinds = ((MACHINE, HAND), (), (HAND,))
    scenes = tuple(
        dataclasses.replace(
            scene, marked=tuple(Marked(12, 13, "structure", kind) for kind in found)
        )
        for scene, found in zip(edition.scenes, kinds, strict=True)
    )
    shown = dataclasses.replace(edition, scenes=scenes, marking=("corner",))
    burner = Burner(shown, PictureFormat(320, 240, PIXEL_FORMATS["gray"], Fraction(24)))
    assert [len(burner.over(frame)) for frame in (0, 9, 10, 19, 20, 29)] == [1, 1, 0, 0, 1, 1]
    assert burner.slate is None
    both, hand = burner.over(0)[0], burner.over(29)[0]
    assert float(both.cover.sum()) > float(hand.cover.sum()), "it names both"
    assert both.cover[:, :100].max() == 0 and both.cover[:, 200:].max() == 1, "in the right corner"


def test_a_caption_of_a_colour_version_tells_of_both_planes() -> None:
    edition = make_edition(Fraction(24))
    scene = dataclasses.replace(
        edition.scenes[0], take=dataclasses.replace(edition.scenes[0].take, version="colour")
    )
    lines = caption_lines(edition, scene)
    assert lines[1:3] == [
        "picture: original 90.0\u00a0%, recovered 10.0\u00a0%", "colour: original 100.0\u00a0%",
    ]  # fmt: skip


def test_a_letter_that_the_typeface_lacks_is_refused() -> None:
    burner = Burner(make_edition(Fraction(24)), PictureFormat(320, 240, PIXEL_FORMATS["gray"], 24))
    with pytest.raises(DeliveryError, match="install fonts-dejavu"):
        burner._set(["\U00012000"], "bottom")
