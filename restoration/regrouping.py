"""People put together and parted by hand, where a run took two for one, or one for two.

The run's own finding stays beside it (`FaceTrack.found_person`), so everything can be put back; a
new run keeps what people said, as far as its faces are those of the run before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from archive.models import Scan
from restoration.cast import SWITCHED_OFF, called, newest_run, renew, spoken_anew
from restoration.editing import lock, tell
from restoration.errors import CastRefused
from restoration.models import FaceTrack, StageRun
from restoration.namings import alike, meet


@transaction.atomic
def put_together(track: FaceTrack, other: FaceTrack, *, by: User) -> int:
    """Both faces, and all that are alike to `track`, show the person of `other`; how many moved.

    Raises: CastRefused
    """
    _refuse_unknown([track, other])
    moving, staying = alike(track), alike(other)
    if track.person and track.person == other.person:
        raise CastRefused("Nothing was changed: these are one person already.")
    beside = next((each for each in moving if any(meet(each, one) for one in staying)), None)
    if beside is not None:
        raise CastRefused(
            f"Nothing was changed: both are on screen in frame {beside.start_frame}, so they are "
            "two people."
        )
    _refuse_two_names(track, other)
    if not other.person:
        _move(staying, _unused(other.run), by)
        other.refresh_from_db()
    _move(moving, other.person, by)
    _told("faces put together", track.scan, by, moving)
    return len(moving)


@transaction.atomic
def part(tracks: Sequence[FaceTrack], *, by: User) -> int:
    """These faces show somebody else than those that they were put to; the person's number.

    Raises: CastRefused
    """
    _refuse_unknown(tracks)
    if len({track.person for track in tracks}) != 1:
        raise CastRefused("Nothing was changed: choose faces of one person.")
    if len(tracks) == len(alike(tracks[0])):
        raise CastRefused("Nothing was changed: leave the person at least one face.")
    person = _unused(tracks[0].run)
    _move(tracks, person, by)
    _told("faces parted", tracks[0].scan, by, tracks)
    return person


@transaction.atomic
def put_back(track: FaceTrack, *, by: User) -> None:
    """All faces of its person are again of whom the run took them for.

    Raises: CastRefused
    """
    _refuse_unknown([track])
    moved = [each for each in alike(track) if each.moved_by_id]
    if not moved:
        raise CastRefused("Nothing was changed: nobody moved these faces.")
    for each in moved:
        each.person, each.moved_by = each.found_person, None
        each.save(update_fields=["person", "moved_by"])
    _told("faces put back", track.scan, by, moved)


def carry(run: StageRun, again: Mapping[int, int], before: StageRun) -> int:
    """Keep what people put together and parted in the run before; how many faces moved.

    Args:
        again: the new number of each track of the run before that was found again.
    """
    old = {track.number: track for track in before.face_tracks.select_related("moved_by")}
    new = {track.number: track for track in run.face_tracks.all()}
    homes = _homes(old, new, again)
    unused, moved = _unused(run), 0
    for number, track in old.items():
        if track.moved_by_id is None or number not in again:
            continue
        if track.person not in homes:
            homes[track.person], unused = unused, unused + 1
        face = new[again[number]]
        for each in _whole_or_one(face, old, new, again, track.person):
            if each.person != homes[track.person]:
                each.person, each.moved_by = homes[track.person], track.moved_by
                each.save(update_fields=["person", "moved_by"])
                moved += 1
    return moved


def _homes(
    old: Mapping[int, FaceTrack], new: Mapping[int, FaceTrack], again: Mapping[int, int]
) -> dict[int, int]:
    """The new number of each person who has a face that nobody moved."""
    found: dict[int, int] = {}
    for number, track in old.items():
        if track.moved_by_id is None and number in again and new[again[number]].person:
            found.setdefault(track.person, new[again[number]].person)
    return found


def _whole_or_one(
    face: FaceTrack,
    old: Mapping[int, FaceTrack],
    new: Mapping[int, FaceTrack],
    again: Mapping[int, int],
    person: int,
) -> list[FaceTrack]:
    """The face alone, or all that look like it, if every one that is known was moved there."""
    group = [each for each in new.values() if face.person and each.person == face.person]
    people: dict[int, set[int]] = defaultdict(set)
    for number, track in old.items():
        if number in again:
            people[again[number]].add(track.person)
    known = [each for each in group if each.number in people]
    return group if all(people[each.number] == {person} for each in known) and group else [face]


def _refuse_unknown(tracks: Sequence[FaceTrack]) -> None:
    """Raises: CastRefused for faces of an earlier run, of several runs, or none at all."""
    if not settings.BIOMETRICS:
        raise CastRefused(f"Nothing was changed. {SWITCHED_OFF}")
    if not tracks:
        raise CastRefused("Nothing was changed: choose at least one face.")
    lock(tracks[0].scan)
    newest = newest_run(tracks[0].scan)
    if newest is None or {track.run_id for track in tracks} != {newest.pk}:
        raise CastRefused("Nothing was changed: the reel was looked at anew meanwhile.")


def _refuse_two_names(track: FaceTrack, other: FaceTrack) -> None:
    """Raises: CastRefused if people gave both a name, and not the same."""
    by_track, by_person = called(track.scan)
    names = [by_person.get(each.person) or by_track.get(each.number) for each in (track, other)]
    given = {told.name for told in names if told is not None and told.by}
    if len(given) > 1:
        raise CastRefused(
            f"Nothing was changed: they are called {' and '.join(sorted(given))}. Take one of the "
            "names back first."
        )


def _unused(run: StageRun) -> int:
    tracks = run.face_tracks.aggregate(now=Max("person"), found=Max("found_person"))
    return max(tracks["now"] or 0, tracks["found"] or 0) + 1


def _move(tracks: Iterable[FaceTrack], person: int, by: User) -> None:
    for track in tracks:
        home = track.found_person == person
        track.person, track.moved_by = person, None if home else by
        track.save(update_fields=["person", "moved_by"])


def _told(kind: str, scan: Scan, by: User, tracks: Sequence[FaceTrack]) -> None:
    tell(kind, scan, by, {"tracks": [track.number for track in tracks]})
    renew(scan)
    spoken_anew.send(sender=FaceTrack, scan=scan)
