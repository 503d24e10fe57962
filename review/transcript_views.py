"""A reel's transcript: read it, correct it line by line, take files in and hand files out."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, reel_for, signed_in
from archive.form_fields import first_error
from archive.models import Reel, Scan
from archive.timecode import frames_of_timecode, timecode
from restoration import glossary, together, transcripts
from restoration.errors import RestorationError, TranscriptRefused
from restoration.models import Transcript, TranscriptCorrection
from restoration.speech.cue_rules import count
from restoration.speech.profiles import ProfileError, profiles
from restoration.speech.transcript import CLOCK, TranscriptError, sample_of_frame
from review import transcript_files
from review.formats.subtitles import SubtitleError
from review.room import timecode_facts
from review.search.query import parse
from review.transcript_page import Room, ShownLine, marked, transcript_room
from review.transcript_window import PAGE, SHOWS, between, chosen, doubtful_words, pieces
from review.translation import translation_of

CORRECT, IMPORT = "review.correct_transcript", "review.import_transcript"
MOST_PIECES = 12
"""That are sent anew with the answer to a change: what a page has loaded around what is seen."""


class CorrectForm(forms.Form):
    """One change of one line; `seen` is how it read on the page."""

    kind = forms.ChoiceField(choices=TranscriptCorrection.Kind.choices)
    version = forms.IntegerField(min_value=1)
    key = forms.CharField(max_length=120, required=False)
    following = forms.CharField(max_length=120, required=False)
    seen = forms.CharField(max_length=20_000, required=False)
    text = forms.CharField(max_length=20_000, required=False)
    speaker = forms.CharField(max_length=200, required=False)
    word = forms.IntegerField(min_value=1, required=False)
    start = forms.CharField(max_length=20, required=False)
    end = forms.CharField(max_length=20, required=False)
    shift = forms.IntegerField(min_value=-100_000, max_value=100_000, required=False)
    """Frames that the line moves by, its words with it; instead of `start` and `end`."""


class ImportForm(forms.Form):
    file = forms.FileField()
    source = forms.CharField(
        max_length=250, error_messages={"required": "Say where the file is from."}
    )
    maker = forms.ChoiceField(choices=Transcript.Maker.choices)
    language = forms.CharField(max_length=12, required=False)


@require_safe
def transcript(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    return render(request, "review/transcript.html", _context(request, reel))


def _context(request: HttpRequest, reel: Reel) -> dict[str, Any]:
    scan = reel.current_scan()
    room = transcript_room(scan, _number(request.GET.get("version"))) if scan else None
    shows = request.GET.get("show", "")
    shows = shows if shows in SHOWS else ""
    lines = chosen(room, shows) if room else []
    checked = request.GET.get("rules", "")
    opened = _opened(request, lines)
    page = Paginator(lines, PAGE).get_page(
        opened // PAGE + 1 if opened is not None else request.GET.get("page")
    )
    if room and (asked := request.GET.get("q", "")):
        page.object_list = marked(list(page.object_list), parse(asked), room.transcript.language)
    title = reel.element.title
    return {
        "reel": reel,
        "scan": scan,
        "room": room,
        "shows": shows,
        "page": page,
        "pieces": pieces(lines),
        "timecode": timecode_facts(scan) if scan else None,
        "doubtful": doubtful_words(room) if room else [],
        "doubt_count": len(chosen(room, "doubt")) if room else 0,
        "editing": request.GET.get("edit", ""),
        "glossary": glossary.terms(title),
        "offered": glossary.offered(title),
        "opened": lines[opened] if opened is not None else None,
        "formats": transcript_files.FORMATS,
        "profiles": profiles(),
        "rules": _rules(room, checked) if room and checked in profiles() else None,
        "makers": Transcript.Maker.choices,
        "run": scan and scan.runs.filter(stage="transcribe").order_by("-pk").first(),
    }


def _opened(request: HttpRequest, lines: list[ShownLine]) -> int | None:
    """The place of the line that a link means: by key if it still lies at that frame, else the one
    that is said then, or the next."""
    frame = _number(request.GET.get("frame"))
    if frame is None or not lines:
        return None
    there = [place for place, line in enumerate(lines) if line.first <= frame < line.end]
    for place in there:
        if lines[place].line.key == request.GET.get("line"):
            return place
    later = (place for place, line in enumerate(lines) if line.first > frame)
    return there[-1] if there else next(later, len(lines) - 1)


def _rules(room: Room, profile: str) -> dict[str, Any]:
    cues, broken = transcript_files.broken_rules(room.transcript, profile)
    return {
        "profile": profiles()[profile],
        "cues": cues,
        "broken": {rule: times for rule, times in count(broken).items() if times},
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


@require_safe
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines that begin in a piece of the time, for a page that scrolls through thousands."""
    reel = reel_for(request, pk)
    room = room_of(request, reel)
    shown = between(chosen(room, request.GET.get("show", "")), *_piece(request.GET.get("piece")))
    if asked := request.GET.get("q", ""):
        shown = marked(shown, parse(asked), room.transcript.language)
    context = {"reel": reel, "scan": room.scan, "room": room, "lines": shown}
    return render(request, "review/transcript_rows.html", context)


def room_of(request: HttpRequest, reel: Reel) -> Room:
    """The transcript that is asked for.

    Raises: Http404
    """
    room = transcript_room(scan_of(reel), _number(request.GET.get("version")))
    if room is None:
        raise Http404("There is no such transcript of this reel.")
    return room


def _piece(text: str | None) -> tuple[int, int]:
    """Samples [start, end), written as two numbers with a colon.

    Raises: Http404
    """
    found = re.fullmatch(r"(\d{1,15}):(\d{1,15})", text or "", re.ASCII)
    if found is None:
        raise Http404("A piece of a transcript is two numbers of samples with a colon.")
    return int(found[1]), int(found[2])


def answer(request: HttpRequest, reel: Reel) -> HttpResponse:
    """The head and the pieces that the page has loaded, for htmx; else the page anew."""
    if request.htmx:  # type: ignore[attr-defined]
        loaded = [_piece(each) for each in request.POST.getlist("piece")[:MOST_PIECES]]
        request.GET = _shown_query(request)
        context = _context(request, reel) | {"told": True}
        all_lines = chosen(context["room"], context["shows"])
        context["loaded"] = [(first, between(all_lines, first, end)) for first, end in loaded]
        return render(request, "review/transcript_answer.html", context)
    query = _shown_query(request).urlencode()
    return redirect(reverse("transcript", args=[reel.pk]) + (f"?{query}" if query else ""))


def _shown_query(request: HttpRequest) -> Any:
    """What the page showed, from the form's hidden fields: version, page, filter."""
    query = request.GET.copy()
    for name in ("version", "page", "show"):
        if value := request.POST.get(name):
            query[name] = value
    return query


@require_POST
@needs(CORRECT)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = CorrectForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept: {first_error(form)}")
        return answer(request, reel)
    values = form.cleaned_data
    scan = scan_of(reel)
    version = get_object_or_404(Transcript, scan=scan, number=values["version"])
    keys = [key for key in (values["key"], values["following"]) if key]
    if values["kind"] != "merge":
        keys = keys[:1]
    try:
        payload = _payload(values, scan, version)
        made = transcripts.correct(
            version,
            values["kind"],
            keys,
            payload,
            by=signed_in(request),
            seen=request.POST.get("seen"),
        )
        messages.success(request, f"The line was {made.get_kind_display()}.")
    except RestorationError as error:
        messages.error(request, str(error))
    except ValueError:
        messages.error(request, "Nothing was kept: a time is written as 00:01:02:03.")
    return answer(request, reel)


def _payload(values: dict[str, Any], scan: Scan, version: Transcript) -> dict[str, Any]:
    """What the kind of correction needs, and nothing else.

    Raises: ValueError for a time that is none.
    """
    kind = values["kind"]
    if kind == "text":
        return {"text": values["text"]}
    if kind == "split":
        return {"word": values["word"]}
    if kind == "speaker":
        return {"speaker": values["speaker"]}
    if kind == "times" and values["shift"]:
        return _shifted(version, values["key"], values["shift"])
    if kind in ("times", "add"):
        span = {"start": _sample(values["start"], scan), "end": _sample(values["end"], scan)}
        said = {"text": values["text"], "speaker": values["speaker"]}
        return span | (said if kind == "add" else {})
    return {}


def _shifted(version: Transcript, key: str, frames: int) -> dict[str, Any]:
    """The line some frames later, with its words; as far as the scan goes."""
    line = transcripts.layered(version).find(key)
    if line is None:
        return {}
    scan = version.scan
    low, high = -line.start, sample_of_frame(scan.frames, scan.rate) - line.end
    by = round(frames / scan.rate * CLOCK)
    by = min(max(by, low), max(high, low))
    return {"start": line.start + by, "end": line.end + by}


def _sample(text: str, scan: Scan) -> int:
    """The sample of a timecode of the scan; one after midnight counts on from the day before.

    Raises: ValueError for what is no timecode; TranscriptRefused for one outside the scan.
    """
    found = re.fullmatch(r"(\d{1,2}:[0-5]\d:[0-5]\d)[:;](\d{2,3})", text.strip(), re.ASCII)
    if found is None or int(found[2]) >= max(1, round(scan.rate)):
        raise ValueError(text)
    mark = ";" if ";" in scan.start_timecode else ":"
    written, day = f"{found[1]}{mark}{found[2]}", f"24:00:00{mark}00"
    first = frames_of_timecode(scan.start_timecode, scan.rate) if scan.start_timecode else 0
    frame = frames_of_timecode(written, scan.rate) - first
    if frame < 0:
        frame += frames_of_timecode(day, scan.rate)
    if not 0 <= frame <= scan.frames:
        begin, end = (timecode(at, scan.rate, scan.start_timecode) for at in (0, scan.frames))
        raise TranscriptRefused(
            f"Nothing was kept: {text.strip()} is outside the scan, which runs from {begin} "
            f"to {end}."
        )
    return sample_of_frame(frame, scan.rate)


@require_POST
@needs(CORRECT)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    try:
        back = together.undo(scan_of(reel), by=signed_in(request))
        act = f"{back.about}, in all its lines" if back.act else ""
        one = f"a line that you had {back.get_kind_display()}"
        messages.success(request, f"Taken back: {act or one}.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, reel)


@require_POST
@needs(CORRECT)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    correction = get_object_or_404(TranscriptCorrection.objects.select_related("scan__reel"), pk=pk)
    check_media(request, correction.scan)
    try:
        transcripts.withdraw(correction, by=signed_in(request))
        messages.success(request, "The correction was taken back; it stays on record.")
    except RestorationError as error:
        messages.error(request, str(error))
    return answer(request, correction.scan.reel)


@require_POST
@needs(IMPORT)
def take_in(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, f"Nothing was taken in: {first_error(form)}")
        return redirect("transcript", pk=reel.pk)
    values, scan = form.cleaned_data, scan_of(reel)
    try:
        said = transcript_files.read(
            values["file"].name,
            values["file"].read(transcript_files.MOST_BYTES + 1),
            rate=scan.rate,
            language=values["language"],
        )
        made = transcripts.keep(
            scan,
            said,
            source=f"{values['source']} ({values['file'].name})",
            maker=values["maker"],
            by=signed_in(request),
        )
        messages.success(request, f"{made.lines.count()} lines were taken in.")
    except (SubtitleError, TranscriptError, RestorationError) as error:
        messages.error(request, f"Nothing was taken in: {error}")
    return redirect("transcript", pk=reel.pk)


@require_safe
def file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    scan = scan_of(reel_for(request, pk))
    room_number = _number(request.GET.get("version"))
    found = scan.transcripts.select_related("scan__reel__element__title").order_by("-number")
    version = (found.filter(number=room_number) if room_number else found).first()
    if version is None or kind not in (*transcript_files.FORMATS, "txt", "json"):
        raise Http404("There is no such transcript of this reel.")
    translated = request.GET.get("said") == "translation"
    if translated and not translation_of(version):
        raise Http404("Nobody translated this transcript.")
    profile = request.GET.get("profile", "archive")
    try:
        made = transcript_files.write(version, kind, profile, translated=translated)
    except ProfileError as error:
        raise Http404(str(error)) from error
    response = HttpResponse(made.data, content_type=made.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


def scan_of(reel: Reel) -> Scan:
    scan = reel.current_scan()
    if scan is None:
        raise Http404("This reel has no scan yet.")
    return scan
