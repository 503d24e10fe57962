"""What people call the faces of a scan: named, taken back, renamed, and kept for the next run.

A run numbers its faces anew. Names that people gave are carried over to the faces of the new run
(`restoration.stages.attribute.carrying` says which those are), and stay theirs who gave them; what
fits no face any more is lost, which the page says until somebody names it again or lets it go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from archive.models import Scan, Title
from restoration.cast import SWITCHED_OFF, called, measured_by, newest_run, spoken_anew
from restoration.editing import lock, tell
from restoration.errors import CastRefused
from restoration.models import Character, FaceTrack, Naming, Recognition, StageRun

if TYPE_CHECKING:
    from restoration.stages.attribute.carrying import Again
    from restoration.stages.attribute.measured import Track


@transaction.atomic
def name_face(
    track: FaceTrack,
    name: str,
    *,
    by: User,
    actor: str = "",
    everywhere: bool = True,
    again: Naming | None = None,
) -> Naming:
    """This face is that character, here or wherever a face looks like it.

    Args:
        again: a lost naming that this one settles.

    Raises: CastRefused
    """
    if not settings.BIOMETRICS:
        raise CastRefused(f"Nothing was kept. {SWITCHED_OFF}")
    lock(track.scan)
    newest = newest_run(track.scan)
    if newest is not None and track.run_id != newest.pk:
        raise CastRefused(
            "Nothing was kept: the reel was looked at anew meanwhile. Name the face as it is shown "
            "now."
        )
    character = find_character(track.scan.reel.element.title, name, actor, by)
    if beside := seen_beside(track, character, everywhere=everywhere):
        raise CastRefused(
            f"Nothing was kept: {character.name} is on screen at the same time as this face, in "
            f"frame {beside.start_frame}, and nobody is two people. Take that name back first."
        )
    _standing_for(track, everywhere=everywhere).update(withdrawn=timezone.now(), withdrawn_by=by)
    made = Naming.objects.create(
        track=track, character=character, everywhere=everywhere, by=by, carried_from=again
    )
    detail = {"track": track.number, "character": character.name, "everywhere": everywhere}
    tell("face named", track.scan, by, detail)
    spoken_anew.send(sender=Naming, scan=track.scan)
    return made


def _standing_for(track: FaceTrack, *, everywhere: bool) -> QuerySet[Naming]:
    """Namings that another one of this face takes the place of."""
    own = alike(track) if everywhere else [track]
    return Naming.objects.filter(track__in=own, everywhere=everywhere, withdrawn=None)


def seen_beside(track: FaceTrack, character: Character, *, everywhere: bool) -> FaceTrack | None:
    """A face that is called so already and shares a frame with those that would be; or None."""
    own = alike(track) if everywhere else [track]
    numbers = {each.pk for each in own}
    by_track, by_person = called(track.scan)
    for other in track.run.face_tracks.all():
        told = by_track.get(other.number) or by_person.get(other.person)
        if other.pk in numbers or told is None or told.name != character.name:
            continue
        if any(meet(other, each) for each in own):
            return other
    return None


def alike(track: FaceTrack) -> list[FaceTrack]:
    """All faces of its run that are taken for the same person, itself among them."""
    if not track.person:
        return [track]
    return list(track.run.face_tracks.filter(person=track.person))


def meet(one: FaceTrack, other: FaceTrack) -> bool:
    """Some frame shows both."""
    return one.start_frame < other.end_frame and other.start_frame < one.end_frame


def find_character(title: Title, name: str, actor: str, by: User) -> Character:
    """The film's character of that name, made if there is none.

    Raises: CastRefused
    """
    written = " ".join(name.split())
    if not written or len(written) > 200:
        raise CastRefused("Nothing was kept: write the character's name, in up to 200 characters.")
    made, _ = Character.objects.get_or_create(title=title, name=written, defaults={"by": by})
    if played := " ".join(actor.split())[:200]:
        made.actor = played
        made.save(update_fields=["actor"])
    return made


@transaction.atomic
def take_back(naming: Naming, *, by: User) -> None:
    """Raises: CastRefused if that was done before."""
    lock(naming.track.scan)
    naming.refresh_from_db()
    if naming.withdrawn:
        raise CastRefused("Nothing was changed: this name was taken back before.")
    naming.withdrawn, naming.withdrawn_by = timezone.now(), by
    naming.save(update_fields=["withdrawn", "withdrawn_by"])
    detail = {"track": naming.track.number, "character": naming.character.name}
    tell("face name taken back", naming.track.scan, by, detail)
    spoken_anew.send(sender=Naming, scan=naming.track.scan)


@transaction.atomic
def rename(character: Character, name: str, *, scan: Scan, by: User, actor: str = "") -> Character:
    """Call a character otherwise, in every reel of the film; a name that is taken merges both.

    Raises: CastRefused
    """
    before, played = character.name, character.actor
    other = find_character(character.title, name, actor, by)
    if other.pk != character.pk:
        _refuse_two_at_once(character, other)
        if played and not other.actor:
            other.actor = played
            other.save(update_fields=["actor"])
        Naming.objects.filter(character=character).update(character=other)
        Recognition.objects.filter(character=character).update(character=other)
        known = other.photographs.values_list("sha256", flat=True)
        character.photographs.exclude(sha256__in=list(known)).update(character=other)
        character.delete()
    tell("character renamed", scan, by, {"from": before, "to": other.name})
    called_so = Scan.objects.filter(face_tracks__namings__character=other).distinct()
    for each in called_so:
        spoken_anew.send(sender=Naming, scan=each)
    return other


def _refuse_two_at_once(character: Character, other: Character) -> None:
    """Raises: CastRefused if both are on screen in one frame of some reel."""
    for naming in character.namings.filter(withdrawn=None).select_related("track__run__scan"):
        if newest_run(naming.track.scan) != naming.track.run:
            continue
        if seen_beside(naming.track, other, everywhere=naming.everywhere):
            raise CastRefused(
                f"Nothing was changed: {character.name} and {other.name} are on screen together, "
                "and nobody is two people."
            )


def lost(scan: Scan) -> QuerySet[Naming]:
    """Names that people gave to faces of earlier runs, and that no face of the newest one has."""
    run = newest_run(scan)
    if run is None or not settings.BIOMETRICS:
        return Naming.objects.none()
    standing = Naming.objects.filter(track__scan=scan, withdrawn=None, carried_to=None)
    return standing.exclude(track__run=run).select_related("track", "character", "by")


def carry(run: StageRun) -> int:
    """Carry the names that people gave over to a new run's faces; how many found one.

    The better match keeps a face that two names claim, and nobody is named beside themselves; who
    finds no face is marked with the reason, and tried again after the next run.
    """
    open_namings = list(
        Naming.objects.filter(track__scan=run.scan, withdrawn=None, carried_to=None)
        .exclude(track__run=run)
        .select_related("track__run", "character", "by")
    )
    if not open_namings:
        return 0
    new = {track.number: track for track in run.face_tracks.all()}
    found = sorted(
        _found_again(open_namings, run, new), key=lambda each: (-each[1].fit, -each[0].pk)
    )
    matched = {naming.pk for naming, _ in found}
    for naming in open_namings:
        if naming.pk not in matched:
            _mark_lost(naming, "no face stands there, or looks like it alone")
    carried = [_carry_one(naming, again, new[again.track]) for naming, again in found]
    detail = {"run": run.pk, "carried": sum(carried), "lost": len(open_namings) - sum(carried)}
    tell("face names carried over", run.scan, None, detail)
    return sum(carried)


def _found_again(
    open_namings: Iterable[Naming], run: StageRun, new: Mapping[int, FaceTrack]
) -> list[tuple[Naming, Again]]:
    from restoration.stages.attribute.carrying import same_looks, same_place

    after = list(measured_by(run).tracks)
    people = {number: track.person for number, track in new.items() if track.person}
    before: dict[int, dict[int, Track]] = {}
    found = []
    for naming in open_namings:
        old = naming.track.run
        if old.pk not in before:
            before[old.pk] = {track.number: track for track in _tracks_of(old)}
        face = before[old.pk].get(naming.track.number)
        again = same_place(face, after) if face else None
        if face and again is None and naming.everywhere:
            again = same_looks(face, after, people)
        if again is not None:
            found.append((naming, again))
    return found


def _tracks_of(run: StageRun) -> Iterable[Track]:
    return measured_by(run).tracks if run.findings else ()


def _carry_one(naming: Naming, again: Again, track: FaceTrack) -> bool:
    """Whether the face could take the name; the naming says why not."""
    standing = track.namings.filter(withdrawn=None).select_related("character")
    others = {each.character.name for each in standing} - {naming.character.name}
    if others:
        _mark_lost(naming, f"the face that stands there is {', '.join(sorted(others))}")
        return False
    if seen_beside(track, naming.character, everywhere=naming.everywhere):
        _mark_lost(naming, f"another face beside it is {naming.character.name}")
        return False
    Naming.objects.create(
        track=track,
        character=naming.character,
        everywhere=naming.everywhere,
        by=naming.by,
        at=naming.at,
        carried_from=naming,
        carried={**asdict(again), "from": naming.track.number},
    )
    return True


def _mark_lost(naming: Naming, why: str) -> None:
    naming.lost = why[:200]
    naming.save(update_fields=["lost"])
