"""How the pages write frames, times, shares, roles and states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from archive import roles
from archive.models import Event, Scan
from archive.timecode import timecode as written_timecode
from restoration import pools
from restoration.doubts import Doubt
from restoration.models import Scene, StageRun
from review import custody_words, gate, notes, storyboard
from review import shares as provenance_shares
from review.delivery import assembly, pictures
from review.delivery.assembly import ALL
from review.forms import FORMAT_WORDS
from review.live import marks
from review.models import Delivery, HandOver, Note, SceneStanding
from review.queue import Entry
from review.stage_decisions import stage_address
from review.storyboard import Mark
from review.version_choice import COLOUR

register = template.Library()


@register.filter
def timecode(frame: int, scan: Scan) -> str:
    return written_timecode(frame, scan.rate, scan.start_timecode)


@register.filter
def duration(frames: int, scan: Scan) -> str:
    """A length of film as minutes and seconds."""
    seconds = round(Fraction(frames) / scan.rate, 1)
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {int(rest)} s" if minutes else f"{float(rest):.1f} s"


@register.filter
def rate(scan: Scan) -> str:
    """Frames a second as people say it: 16, 23.976 (24000/1001)."""
    value = scan.rate
    if value.denominator == 1:
        return f"{value.numerator} fps"
    return f"{float(value):.3f} fps ({value.numerator}/{value.denominator})"


@register.filter
def in_words(event: Event) -> str:
    return custody_words.words(event)


@register.filter
def short(digest: str) -> str:
    return digest[:12]


@register.filter
def unlocalised(value: float) -> str:
    return f"{value:.3f}"


@register.filter
def percent(part: float) -> str:
    return provenance_shares.percent(part)


@register.filter
def last(frame: int) -> int:
    """The last frame before a half-open end."""
    return frame - 1


@register.filter
def middle(scene: Scene) -> int:
    """The frame that stands for a scene."""
    return (scene.start_frame + scene.end_frame) // 2


@register.filter
def inside(scene: Scene) -> int:
    """A frame at which the first scene can be split."""
    return max(1, middle(scene))


@register.filter
def mark_words(mark: Mark) -> str:
    return storyboard.mark_words(mark)


@register.filter
def open_notes(found: Iterable[Note]) -> int:
    return sum(note.resolved is None for note in found)


@register.filter
def drawings(found: Iterable[Note]) -> list[dict[str, Any]]:
    """For static/js/player/notes.js: what is drawn, and in which frames it is shown."""
    return [
        {
            "id": note.pk,
            "frames": [note.start_frame, note.end_frame],
            "shapes": note.drawing,
            "resolved": note.resolved is not None,
        }
        for note in found
        if note.drawing
    ]


@register.simple_tag
def queue_address(entry: Entry | SceneStanding, order: str) -> str:
    """What the address of an entry's scene ends with, so that its page knows the queue."""
    version = "&version=colour" if entry.version == COLOUR else ""
    take = getattr(getattr(entry, "handed", None), "take", None)
    stage = f"&{urlencode(stage_address(take))}" if take else ""
    return f"?queue={order}{version}{stage}"


@register.filter
def handed_address(handed: HandOver) -> str:
    """The same for what was handed to the person who asks, from their Today."""
    version = {"version": COLOUR} if handed.version == COLOUR else {}
    stage = stage_address(handed.take) if handed.take else {}
    return f"?{urlencode({'queue': 'mine'} | version | stage)}"


@register.simple_tag
def note_address(note: Note) -> str:
    """The review room at the note's first frame; the reel if no scene has it any more."""
    scene = notes.scene_of(note)
    if scene is None:
        return reverse("reel", args=[note.scan.reel_id])
    return f"{reverse('scene', args=[scene.pk])}#frame={note.start_frame}"


@register.simple_tag
def doubt_address(doubt: Doubt) -> str:
    """Where on the storyboard a doubtful border or mark is looked at."""
    return f"?border={doubt.frame}" if doubt.border else f"?at={doubt.frame}"


@register.simple_tag
def frame_still(scan: Scan, frame: int) -> str:
    """The address of a small picture of a frame; of the exact one until stills are made."""
    return storyboard.still_address(scan).replace("{n}", str(frame))


@register.filter
def role_names(user: Any) -> str:
    found = roles.of(user)
    names = sorted(found.everywhere)
    if user.is_superuser:
        names.append("administrator")
    count = sum(role != roles.NONE for role in found.there.values())
    if count:
        elsewhere = "another role" if names else "a role"
        names.append(f"{elsewhere} in {count} collection{'s' if count > 1 else ''}")
    return ", ".join(names) or "no role yet"


@register.filter
def groups_of(user: Any) -> str:
    """What somebody is where they have no role of their own; ask `roles.load` for many at once."""
    return ", ".join(sorted(roles.of(user).everywhere)) or "nothing"


@register.simple_tag
def badge(text: str, tone: str = "") -> SafeString:
    return format_html('<span class="badge {}">{}</span>', tone, text)


OUTCOME_TONES = {gate.PASSED: "good", gate.FAILED: "bad", gate.OVERRIDDEN: "warn"}


@register.filter
def outcome_tone(outcome: str) -> str:
    return OUTCOME_TONES.get(outcome, "")


@register.inclusion_tag("review/live.html", takes_context=True)
def live_room(context: dict[str, Any], kind: str, number: int) -> dict[str, Any]:
    """Who else is in this room, and what is new since the page was made."""
    notes_address = reverse("scene-notes", args=[number]) if kind == marks.SCENE else ""
    return {
        "stream": reverse(f"live-{kind}", args=[number]),
        "news": reverse(f"{kind}-news", args=[number]),
        "since": marks.written(marks.marks_of((kind, number), here=False)),
        "me": context["user"].get_username(),
        "notes": notes_address,
    }


@register.inclusion_tag("includes/bar.html")
def provenance_bar(
    totals: dict[str, Any], plane: str = "structure", *, thin: bool = False
) -> dict[str, Any]:
    return {
        "shares": provenance_shares.shares(totals, plane),
        "summary": provenance_shares.summary(totals, plane),
        "thin": thin,
    }


@register.simple_tag
def machine_share(totals: dict[str, Any], plane: str = "structure") -> str:
    return provenance_shares.percent(provenance_shares.machine_share(totals, plane))


@register.inclusion_tag("includes/legend.html")
def provenance_legend(totals: dict[str, Any], plane: str = "structure") -> dict[str, Any]:
    return {"shares": provenance_shares.shares(totals, plane)}


@register.filter
def main_menu(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The places that this person may go to, the current one marked."""
    user = request.user
    here = request.resolver_match.url_name if request.resolver_match else ""
    entries = [
        ("Today", "today", {"today", "queue"}, True),
        (
            "Catalogue",
            "catalogue",
            {"catalogue", "reel", "scene", "storyboard", "batch", "share-links", "trash"},
            user.has_perm("archive.browse"),
        ),
        ("Search", "search", {"search", "cite"}, user.has_perm("archive.browse")),
        ("Add film", "upload", {"upload"}, user.has_perm("archive.ingest")),
        ("Work", "work", {"work"}, user.has_perm("restoration.view_work")),
    ]
    for text, name, places, allowed in entries:
        if allowed:
            yield {"text": text, "url": reverse(name), "current": here in places}


RUN_TONES = {"queued": "busy", "running": "busy", "failed": "bad", "done": "good"}


@register.simple_tag
def run_badge(run: StageRun, now: datetime | None = None) -> SafeString:
    if run.status == StageRun.Status.RUNNING and run.lease_until and now and run.lease_until < now:
        return badge("stalled", "warn")
    return badge(run.get_status_display(), RUN_TONES.get(run.status, ""))


@register.filter
def waits_for(run: StageRun, held: dict[str, int]) -> str:
    """What a waiting run waits for, if no live worker can hold it."""
    return pools.waits_for(run, held)


@register.simple_tag
def progress_bar(run: StageRun) -> SafeString:
    part = run.frames_done / run.frames_total if run.frames_total else 0.0
    return format_html(
        '<svg class="progress" role="progressbar" aria-label="Progress of run {}" '
        'aria-valuemin="0" aria-valuemax="{}" aria-valuenow="{}">'
        '<rect width="{}%" height="100%"/></svg>',
        run.pk,
        run.frames_total,
        run.frames_done,
        f"{part * 100:.1f}",
    )


@register.simple_tag
def share_bar(share: float) -> SafeString:
    """A progress bar for a share from 0 to 1."""
    return format_html(
        '<svg class="progress" role="progressbar" aria-label="Progress of the delivery" '
        'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}">'
        '<rect width="{}%" height="100%"/></svg>',
        f"{share * 100:.0f}",
        f"{share * 100:.1f}",
    )


@register.filter
def kind_of_delivery(delivery: Delivery) -> str:
    """The master and its map (FFV1), for exhibition."""
    what = "everything" if delivery.format == ALL else FORMAT_WORDS[delivery.format]
    in_colour = " in colour" if delivery.version == COLOUR else ""
    return f"{what[0].upper()}{what[1:]}{in_colour}, for {delivery.use}"


STEP_WORDS = {
    assembly.CHECK: ("Checking scan and takes", "MiB"),
    pictures.MASTER: ("Writing master and map", "frames"),
    pictures.READ_BACK: ("Reading them back", "frames"),
    pictures.VIEWING: ("Encoding the copy", "frames"),
    assembly.PLATES: ("Setting stills for the report", "scenes"),
    assembly.PACKING: ("Packing", "MiB"),
    assembly.DIGESTS: ("Taking digests", "MiB"),
}


@register.filter
def doing(delivery: Delivery) -> str:
    """What is being done, how far it is, how long it has taken and may still take."""
    words, unit = STEP_WORDS.get(delivery.step, ("Checking the approvals", ""))
    parts = [words]
    if unit and delivery.step_total:
        parts[0] += f": {delivery.step_done} of {delivery.step_total} {unit}"
    if (seconds := delivery.seconds) is not None:
        parts.append(f"for {seconds_in_words(seconds)}")
    if (left := delivery.seconds_left) is not None:
        parts.append(f"about {seconds_in_words(left)} to go")
    return " · ".join(parts)


@register.filter
def seconds_in_words(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


@register.filter
def took(run: StageRun) -> str:
    if run.started is None or run.ended is None:
        return ""
    seconds = (run.ended - run.started).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


@register.filter
def ring(height: int, sign: int = 1) -> int:
    """The radius of a ring on a picture of that many rows, so that it is seen at any size."""
    return sign * max(4, height // 16)
