"""Where a character is seen and heard, reel by reel: faces that a person named, and their lines.

Names come from people alone; that another face looks like the named one, and that a line is spoken
by a face, a machine says, and the page tells which is which. Nothing of it is there where
biometrics are switched off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse

from archive.access import visible_reels
from archive.models import Reel, Scan
from archive.timecode import timecode
from restoration import cast, transcripts
from restoration.models import Character, Naming
from restoration.models.cast import FaceTrack
from restoration.speech.transcript import first_frame, frame_after
from review.spoken import newest_with_lines

WIDTH = 1000
"""Of a timeline, in its own units."""
_NARROWEST = 2.0
"""A glance must still be seen."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of frames of a scan in which somebody is seen or heard."""

    scan: Scan
    frames: tuple[int, int]
    """Half-open."""
    by: str
    """The person who said that it is the character; empty: a machine says so."""
    text: str = ""
    """What is said."""

    @property
    def start(self) -> str:
        return self._timecode(self.frames[0])

    @property
    def end(self) -> str:
        return self._timecode(self.frames[1])

    def _timecode(self, frame: int) -> str:
        return timecode(frame, self.scan.rate, self.scan.start_timecode)

    @property
    def x(self) -> float:
        return round(WIDTH * self.frames[0] / self.scan.frames, 2)

    @property
    def width(self) -> float:
        share = (self.frames[1] - self.frames[0]) / self.scan.frames
        return round(max(WIDTH * share, _NARROWEST), 2)

    @property
    def address(self) -> str:
        place = urlencode({"frame": self.frames[0]})
        return f"{reverse('transcript', args=[self.scan.reel_id])}?{place}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """One reel with the character in it."""

    reel: Reel
    seen: list[Moment]
    heard: list[Moment]


def characters(user: Any, words: str = "") -> list[Character]:
    """Those that a face was named as, in a reel that the person may see.

    Args:
        words: of the character's, the actor's or the film's name; all must be there.
    """
    if not settings.BIOMETRICS:
        return []
    seen = visible_reels(user, Reel.objects.all())
    stands = Q(namings__withdrawn=None, namings__track__scan__reel__in=seen)
    found = Character.objects.select_related("title").filter(stands)
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word) | Q(actor__icontains=word) | Q(title__name__icontains=word)
        )
    return list(found.annotate(_=Count("pk")).order_by("name", "title__name")[:500])


def timelines(character: Character, user: Any) -> list[Timeline]:
    """The reels of the film that the person may see and the character is in, in their order."""
    if not settings.BIOMETRICS:
        return []
    named = Naming.objects.filter(character=character, withdrawn=None)
    reels = visible_reels(user, Reel.objects.filter(element__title=character.title))
    confirmed = reels.filter(scans__in=named.values("track__scan")).distinct()
    made = (
        _timeline(character.name, reel)
        for reel in confirmed.select_related("element__title").order_by("element", "number")
    )
    return [each for each in made if each.seen or each.heard]


def _timeline(name: str, reel: Reel) -> Timeline:
    scan = reel.current_scan()
    if scan is None:
        return Timeline(reel, [], [])
    seen = list(_seen(name, scan))
    # A line alone, named by somebody who typed it, is found by the search; here the face counts.
    return Timeline(reel, seen, list(_heard(name, scan)) if seen else [])


def _seen(name: str, scan: Scan) -> Iterable[Moment]:
    run = cast.newest_run(scan)
    if run is None:
        return
    by_track, by_person = cast.called(scan)
    named = set(
        Naming.objects.filter(track__run=run, withdrawn=None).values_list(
            "track__number", flat=True
        )
    )
    tracks: Iterable[FaceTrack] = run.face_tracks.order_by("start_frame")
    for track in tracks:
        told = by_track.get(track.number) or by_person.get(track.person)
        if told is not None and told.name == name:
            by = told.by if track.number in named else ""
            yield Moment(scan, (track.start_frame, track.end_frame), by)


def _heard(name: str, scan: Scan) -> Iterable[Moment]:
    transcript = newest_with_lines(scan)
    if transcript is None:
        return
    for line in transcripts.layered(transcript).shown:
        if line.speaker == name:
            frames = first_frame(line.start, scan.rate), frame_after(line.end, scan.rate)
            yield Moment(scan, frames, line.speaker_by, line.text)
