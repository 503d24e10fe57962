"""What the page of a reel's cast shows: each person that was seen, their name, what they say."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.models import Scan
from archive.timecode import timecode
from restoration import cast, namings
from restoration.models import Character, FaceTrack, Naming, TranscriptLine
from restoration.speech.transcript import CLOCK, first_frame

SAMPLES, FACES = 4, 24
"""Lines and faces that are shown of one person."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One line of a person."""

    key: str
    text: str
    start_timecode: str
    at: str
    until: str
    """Seconds of the viewing copy between which it is heard."""


@dataclass(slots=True)
class Person:
    """Tracks that look alike, or one that was not told apart."""

    tracks: list[FaceTrack]
    name: str = ""
    by: str = ""
    """Empty where it has a name: a machine, by photographs."""
    distance: float | None = None
    namings: list[Naming] = field(default_factory=list)
    lines: list[Heard] = field(default_factory=list)
    spoken: int = 0

    @property
    def first(self) -> FaceTrack:
        return max(self.tracks, key=lambda track: track.end_frame - track.start_frame)

    @property
    def shown(self) -> list[FaceTrack]:
        return self.tracks[:FACES]

    @property
    def moved_by(self) -> list[str]:
        """Who put faces to this person, or parted them from another."""
        names = (track.moved_by.get_username() for track in self.tracks if track.moved_by)
        return sorted(set(names))


@dataclass(frozen=True, slots=True)
class Lost:
    """A name that found no face in the newest run."""

    naming: Naming
    timecode: str

    @property
    def why(self) -> str:
        return self.naming.lost or "it was given before names were carried over"


@dataclass(frozen=True, slots=True)
class Room:
    """The whole page."""

    people: list[Person]
    characters: list[Character]
    unused: list[dict[str, str]]
    """Photographs in which the newest run found no face, with the reason."""
    lost: list[Lost]
    """Names that people gave in an earlier run, and that no face has now."""
    synchrony: str
    """What the run said of lips and sound; empty: nothing was said of any line."""


def cast_room(scan: Scan) -> Room:
    """Of the newest run; empty if there is none."""
    run = cast.newest_run(scan)
    title = scan.reel.element.title
    characters = list(Character.objects.filter(title=title).prefetch_related("photographs"))
    if run is None:
        return Room([], characters, [], [], "")
    people: dict[tuple[int, int], Person] = {}
    for track in run.face_tracks.select_related("moved_by").prefetch_related(
        "namings__character", "namings__by"
    ):
        key = (track.person, 0 if track.person else track.number)
        people.setdefault(key, Person([])).tracks.append(track)
    _name(scan, people)
    said = _lines(scan, people)
    found = sorted(people.values(), key=lambda each: (-each.spoken, each.first.start_frame))
    unused = (run.findings or {}).get("photographs_not_used", [])
    return Room(found, characters, unused, _lost(scan), said)


def _lost(scan: Scan) -> list[Lost]:
    return [
        Lost(each, timecode(each.track.best_frame, scan.rate, scan.start_timecode))
        for each in namings.lost(scan)
    ]


def _name(scan: Scan, people: dict[tuple[int, int], Person]) -> None:
    by_track, by_person = cast.called(scan)
    for (number, _), person in people.items():
        own = by_person.get(number) or by_track.get(person.first.number)
        if own:
            person.name, person.by, person.distance = own.name, own.by, own.distance
        person.namings = [
            naming
            for track in person.tracks
            for naming in track.namings.all()
            if naming.withdrawn is None
        ]


def _lines(scan: Scan, people: dict[tuple[int, int], Person]) -> str:
    """Put to each person what they say in the newest transcript that has lines."""
    transcript = cast.with_lines(scan)
    if transcript is None:
        return ""
    rows = {row.number: row for row in transcript.lines.all()}
    synchrony = ""
    for number, told in sorted(cast.attributed(transcript).items()):
        synchrony = str(told.evidence.get("synchrony", "")) or synchrony
        person = people.get((told.person, 0))
        if told.state != cast.SPOKEN or person is None:
            continue
        person.spoken += 1
        if len(person.lines) < SAMPLES:
            person.lines.append(_heard(rows[number], scan))
    return synchrony


def _heard(row: TranscriptLine, scan: Scan) -> Heard:
    frame = first_frame(row.start, scan.rate)
    return Heard(
        f"m{row.number}",
        row.text,
        timecode(frame, scan.rate, scan.start_timecode),
        f"{row.start / CLOCK:.3f}",
        f"{row.end / CLOCK:.3f}",
    )
