"""One sentence for each custody event, from what it recorded: the timeline of a reel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archive.models import Event
from restoration.models import TranscriptCorrection
from review.frame_ranges import listed

Detail = Mapping[str, Any]


def words(event: Event) -> str:
    """What happened, for a person; kinds that are not known here are named as they are."""
    tell = WORDS.get(event.kind)
    return tell(event.detail) if tell else f"{event.subject.replace(':', ' ')}"


def frames_of(detail: Detail) -> str:
    """The frames that an event is about, the last one included, as people count."""
    if "frames" in detail and isinstance(detail["frames"], list) and len(detail["frames"]) == 2:
        start, end = detail["frames"]
    elif "start_frame" in detail and "end_frame" in detail:
        start, end = detail["start_frame"], detail["end_frame"]
    else:
        return ""
    return f"frames {start} to {end - 1}"


def _stage(detail: Detail) -> str:
    made = f"{detail.get('stage', 'stage')}"
    if detail.get("number"):
        made += f" take {detail['number']}"
    if found := detail.get("found"):
        what = ("segments", "lines") if "segments" in found else ("cuts", "cuts")
        made += f" found {found.get(what[0], 0)} {what[1]}"
    return ", ".join(part for part in (made, frames_of(detail)) if part)


def _decision(detail: Detail) -> str:
    parts = [f"{detail.get('stage')} take {detail.get('number')}", frames_of(detail)]
    if detail.get("of") == "stage":
        parts.insert(0, "this stage alone")
    elif detail.get("version") == "colour":
        parts.insert(0, "colour version")
    if detail.get("comment"):
        parts.append(f"“{detail['comment']}”")
    return ", ".join(part for part in parts if part)


def _role(detail: Detail) -> str:
    instead = f", instead of {detail['before']}" if detail.get("before") else ""
    what = "sees nothing" if detail.get("role") == "none" else f"is {detail.get('role')}"
    return f"{detail.get('person')} {what} in {detail.get('collection')}{instead}"


def _ingestion(detail: Detail) -> str:
    return f"{detail.get('bytes', 0):,} bytes from {str(detail.get('path', '')).rsplit('/', 1)[-1]}"


def _relocation(detail: Detail) -> str:
    return f"the master lies at {detail.get('to')} now: {detail.get('reason')}"


def _format(detail: Detail) -> str:
    size = f"{detail.get('width')} by {detail.get('height')}"
    return f"{detail.get('codec')} in {detail.get('container')}, {size}"


def _metadata(detail: Detail) -> str:
    tracks = detail.get("audio_tracks", 0)
    sound = "no sound" if not tracks else f"{tracks} sound track{'s' if tracks > 1 else ''}"
    return f"{detail.get('frames')} frames at {detail.get('rate')} a second, {sound}"


def _scenes(detail: Detail) -> str:
    return f"{detail.get('made', 0)} made, {detail.get('retired', 0)} replaced"


def _settings(detail: Detail) -> str:
    after = detail.get("after") or {}
    chosen = ", ".join(f"{name} = {value}" for name, value in after.items()) or "defaults"
    return f"{detail.get('stage')}: {chosen}; {frames_of(detail)}"


def _border(detail: Detail) -> str:
    parts = [f"frame {detail.get('frame')}: {detail.get('transition')}"]
    if span := detail.get("range"):
        parts.append(f"from {span[0]} to {span[1]}")
    return " ".join(parts) + f", {detail.get('kind')}"


def _checked(detail: Detail) -> str:
    return f"frame {detail.get('frame')}: {'a cut' if detail.get('is_cut') else 'no cut'}"


def _delivery(detail: Detail) -> str:
    what = "in colour, " if detail.get("version") == "colour" else ""
    left = f"{what}{detail.get('format', '')} for {detail.get('use', '')}"
    restored = listed(detail.get("as_restored", []))
    left += f"; as restored: scene {restored}" if restored else ""
    why = detail.get("error") or " ".join(detail.get("reasons", []))
    if override := detail.get("override"):
        why = f"{override['by']} overrode {'; '.join(override['rules'])}: {override['reason']}"
    return f"{left}: {why}" if why else left


def _repair(detail: Detail) -> str:
    left, top, width, height = detail.get("box") or (0, 0, 0, 0)
    place = f"frame {detail.get('frame')}, {width} by {height} pixels at {left}, {top}"
    return place + (f", “{detail['reason']}”" if detail.get("reason") else "")


def _region(detail: Detail) -> str:
    corners = len(detail.get("polygon") or [])
    words = f"{frames_of(detail)}, {corners} corners"
    return words + (f", “{detail['reason']}”" if detail.get("reason") else "")


def _hints(detail: Detail) -> str:
    count = len(detail.get("hints") or [])
    words = f"{count} patch{'es' if count != 1 else ''} of {detail.get('colour')}"
    words += f" in frame {detail.get('frame')}"
    return words + (f", {detail['entry']}" if detail.get("entry") else "")


def _palette(detail: Detail) -> str:
    words = f"{detail.get('palette')}: {detail.get('name')}, {detail.get('colour')}"
    return f"{words}, after {detail.get('source')} ({detail.get('certainty')})"


def _correction(detail: Detail) -> str:
    parts = [frames_of(detail)]
    if box := detail.get("box"):
        parts.append(f"{box[2]} by {box[3]} pixels at {box[0]}, {box[1]}")
    if polygon := detail.get("polygon"):
        parts.append(f"a region of {len(polygon)} corners")
    if softness := detail.get("softness"):
        parts.append(f"its edge soft over {softness} pixels")
    parts += [f"{name} {detail[name]}" for name in ("slope", "offset", "power") if name in detail]
    parts.append(f"saturation {detail.get('saturation')}")
    return ", ".join(part for part in parts if part)


def _still(detail: Detail) -> str:
    return f"{detail.get('name')} for frame {detail.get('frame')}: {detail.get('source')}"


def _transcript(detail: Detail) -> str:
    return f"version {detail.get('number')}, {detail.get('lines')} lines: {detail.get('source')}"


def _transcript_line(detail: Detail) -> str:
    read = " / ".join(f"“{target[3]}”" for target in detail.get("lines") or ())
    to = detail.get("to") or {}
    made = to.get("text") or to.get("speaker") or ""
    return f"{read}{' to ' if read and made else ''}{f'“{made}”' if made else ''}"


def _modified(detail: Detail) -> str:
    """Such as `title: country “Norway” to “Sweden”`; older events hold the new value alone."""
    if "changes" not in detail:
        return ", ".join(f"{name} is “{value}”" for name, value in detail.get("fields", {}).items())
    parts = [_field(name, was, now) for name, (was, now) in detail["changes"].items()]
    return f"{detail.get('of')}: {', '.join(parts)}"


def _field(name: str, was: Any, now: Any) -> str:
    called = name.replace("_", " ")
    if isinstance(now, list):
        return f"{called} changed"
    return f"{called} “{was}” to “{now or ''}”" if was else f"{called} “{now}”"


def _examined(detail: Detail) -> str:
    faults = [f"{each['kind']} ({each['grade']})" for each in detail.get("faults", [])]
    return f"by {detail.get('examined_by')}: {', '.join(faults) or 'no faults noted'}"


def _lines_together(detail: Detail) -> str:
    return f"{detail.get('about')}, in {detail.get('count')} lines"


def _shared(detail: Detail) -> str:
    scenes = listed([each["scene"] for each in detail.get("takes", [])])
    use = detail.get("use") or "to be judged"
    locked = ", with a password" if detail.get("password") else ""
    until = str(detail.get("expires", ""))[:10]
    return f"for {detail.get('guest')}, {use}: scene {scenes} until {until}{locked}"


def _given_up(detail: Detail) -> str:
    if "masters" not in detail:
        return str(detail.get("was", ""))
    gone = [each for each in detail["masters"] if each.get("removed")]
    return (
        f"the trash was emptied: {len(detail.get('takes', []))} takes and {len(gone)} of "
        f"{len(detail['masters'])} masters given up"
    )


def _reason(detail: Detail) -> str:
    return str(detail.get("reason", ""))


WORDS: dict[str, Callable[[Detail], str]] = {
    "put in the trash": _reason,
    "restored from the trash": lambda detail: "as it was",
    "taken in again": lambda detail: (
        f"the trash was emptied of it on {str(detail.get('given_up'))[:10]}; the same bytes, "
        f"from {str(detail.get('path', '')).rsplit('/', 1)[-1]}"
    ),
    "held in the trash": _reason,
    "released in the trash": lambda detail: "it may be emptied",
    "deletion": _given_up,
    "role given": _role,
    "role taken back": lambda detail: f"{detail.get('person')} is no longer {detail.get('role')}",
    "ingestion": _ingestion,
    "relocation": _relocation,
    "metadata modification": _modified,
    "condition assessment": _examined,
    "face named": lambda detail: (
        f"face {detail.get('track')} is {detail.get('character')}"
        + (", wherever it looks alike" if detail.get("everywhere") else "")
    ),
    "face name taken back": lambda detail: (
        f"face {detail.get('track')} is not {detail.get('character')}"
    ),
    "face names carried over": lambda detail: (
        f"{detail.get('carried', 0)} found their face in run {detail.get('run')}, "
        f"{detail.get('lost', 0)} did not"
    ),
    "faces put together": lambda detail: f"{len(detail.get('tracks') or ())} faces moved",
    "faces parted": lambda detail: f"{len(detail.get('tracks') or ())} faces are somebody else",
    "faces put back": lambda detail: f"{len(detail.get('tracks') or ())} faces, as found",
    "character added": lambda detail: str(detail.get("character")),
    "photograph kept": lambda detail: f"of {detail.get('character')}: {detail.get('source')}",
    "photograph removed": lambda detail: f"of {detail.get('character')}: {detail.get('source')}",
    "character renamed": lambda detail: f"{detail.get('from')} is {detail.get('to')}",
    "biometric data deleted": lambda detail: (
        f"{detail.get('faces', 0)} faces, and what was made of them"
    ),
    "message digest calculation": lambda detail: f"{detail.get('algorithm', 'digest')} taken",
    "format identification": _format,
    "metadata extraction": _metadata,
    "accession": lambda detail: "taken into custody",
    "derivation": lambda detail: f"viewing copy and {detail.get('stills', 0)} stills",
    "restoration stage": _stage,
    "scenes made": _scenes,
    "scene split": lambda detail: f"at frame {detail.get('frame')}",
    "scenes merged": lambda detail: f"across frame {detail.get('cut')}",
    "cut moved": lambda detail: f"from frame {detail.get('from')} to {detail.get('to')}",
    "border checked": _checked,
    "border described": _border,
    "splice marked": lambda detail: f"at frame {detail.get('frame')}",
    "mark confirmed": lambda detail: f"{detail.get('kind')} at frame {detail.get('frame')}",
    "mark refused": lambda detail: f"no {detail.get('kind')} at frame {detail.get('frame')}",
    "splice refused": lambda detail: f"none at frame {detail.get('frame')}",
    "scene edit undone": lambda detail: f"{detail.get('words')}",
    "scene edit redone": lambda detail: f"{detail.get('words')}",
    "scene settings": _settings,
    "repair kept": _repair,
    "repair undone": _repair,
    "repair asked of a neighbour": _repair,
    "repair decision withdrawn": _repair,
    "region protected": _region,
    "protection removed": _region,
    "colour hint": _hints,
    "colour hint withdrawn": _hints,
    "coloured still": _still,
    "coloured still withdrawn": _still,
    "colour correction": _correction,
    "colour correction withdrawn": _correction,
    "palette colour": _palette,
    "palette colour withdrawn": _palette,
    "transcript kept": _transcript,
    **{f"transcript line {words}": _transcript_line for words in TranscriptCorrection.Kind.labels},
    "transcript correction withdrawn": _transcript_line,
    "transcript lines changed together": _lines_together,
    "transcript lines taken back together": _lines_together,
    "glossary term kept": lambda detail: f"{detail.get('term')}",
    "glossary term withdrawn": lambda detail: f"{detail.get('term')}",
    "scene handed over": lambda detail: (
        f"to {detail.get('to')}, {frames_of(detail)}"
        + (f", {detail['stage']} take {detail.get('number')}" if detail.get("stage") else "")
        + (f", “{detail['word']}”" if detail.get("word") else "")
    ),
    "approval": _decision,
    "changes requested": _decision,
    "stage approval": _decision,
    "stage changes requested": _decision,
    "decision withdrawn": _decision,
    "share link made": _shared,
    "share link revoked": _shared,
    "share link opened": lambda detail: f"of {detail.get('guest')}, by “{detail.get('as')}”",
    "delivery": _delivery,
    "delivery withdrawn": lambda detail: f"{_delivery(detail)}, “{detail.get('reason')}”",
}
