"""Corrections replayed over a machine's lines: which lines each needs, what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from restoration.speech.layers import (
    ANSWERED,
    Conflict,
    Correction,
    Label,
    Layered,
    LayeredLine,
    LayeredWord,
    NoFit,
    Target,
    confirmed,
)
from restoration.speech.retiming import Retimed, retime, tokens
from restoration.speech.transcript import Line, Word, spread

UNSURE = 0.5
"""A word that its recogniser believes less than this is doubtful."""
_SAME_PLACE = 0.5
"""Share of the shorter of two lines that they must have in common to be in one place."""


def layer(
    lines: Sequence[Line],
    corrections: Iterable[Correction],
    *,
    typed_by: str = "",
    told: Mapping[int, str] | None = None,
) -> Layered:
    """The lines after every correction that fits.

    Args:
        typed_by: who wrote the lines, if a person did; then every word is HUMAN from the start.
        told: whom a machine takes to speak, by the line's number; a name in the line goes first.
    """
    return over(bare(lines, typed_by=typed_by), corrections, told=told)


def bare(lines: Sequence[Line], *, typed_by: str = "") -> list[LayeredLine]:
    """The lines before anybody corrected them: what can be kept, since they are written once."""
    return [_base(line, number, typed_by) for number, line in enumerate(lines)]


def over(
    lines: Sequence[LayeredLine],
    corrections: Iterable[Correction],
    *,
    told: Mapping[int, str] | None = None,
) -> Layered:
    """Bare lines after every correction that fits; they themselves stay as they are."""
    laid = Layered(list(lines))
    for number, name in (told or {}).items():
        if number < len(laid.lines) and not laid.lines[number].speaker:
            laid.lines[number] = replace(laid.lines[number], speaker=name)
    for correction in sorted(corrections, key=lambda each: each.number):
        try:
            apply(laid, correction)
        except NoFit as misfit:
            laid.conflicts.append(Conflict(correction, str(misfit), misfit.key))
    laid.sort()
    return laid


def _base(line: Line, number: int, typed_by: str) -> LayeredLine:
    return LayeredLine(
        key=f"m{number}",
        words=tuple(LayeredWord(word, *_first_label(word, line, typed_by)) for word in line.words),
        start=line.start,
        end=line.end,
        speaker=line.speaker,
        speaker_by=typed_by if line.speaker else "",
        kind=line.kind,
        doubts=line.doubts,
        language=line.language,
    )


def _first_label(word: Word, line: Line, typed_by: str) -> tuple[Label, str]:
    if typed_by:
        return Label.HUMAN, typed_by
    unsure = word.confidence is not None and word.confidence < UNSURE
    return (Label.MACHINE_DOUBTFUL if line.doubts or unsure else Label.MACHINE), ""


def apply(laid: Layered, correction: Correction) -> None:
    """Change the lines as the correction says.

    Raises: NoFit if the lines that it names are not there as it saw them.
    """
    make = KINDS.get(correction.kind)
    if make is None:
        raise NoFit(f"nothing here knows a correction called {correction.kind!r}")
    make(laid, correction)


def _target(laid: Layered, correction: Correction, *, any_text: bool = False) -> LayeredLine:
    """The one line that the correction is about."""
    if len(correction.targets) != 1:
        raise NoFit("it names no line")
    return _find(laid, correction.targets[0], here=correction.here, any_text=any_text)


def _find(laid: Layered, target: Target, *, here: bool, any_text: bool) -> LayeredLine:
    line = laid.find(target.key) if here else _in_place(laid, target)
    if line is None or line.removed:
        raise NoFit("there is no line in its place any more")
    if not any_text and tokens(line.text) != tokens(target.text):
        raise NoFit(f"the line now reads “{line.text}”, then it read “{target.text}”", line.key)
    return line


def _in_place(laid: Layered, target: Target) -> LayeredLine | None:
    """The line of another transcript that has most in common with it, in time, then in words."""
    said = set(tokens(target.text))
    near = [
        line for line in laid.near(target.start, target.end) if _shared(line, target) >= _SAME_PLACE
    ]
    return max(
        near,
        key=lambda line: (len(said & set(tokens(line.text))), _shared(line, target)),
        default=None,
    )


def _shared(line: LayeredLine, target: Target) -> float:
    both = min(line.end, target.end) - max(line.start, target.start)
    shorter = min(line.end - line.start, target.end - target.start)
    return both / max(shorter, 1)


def _put(laid: Layered, line: LayeredLine, correction: Correction, *made: LayeredLine) -> None:
    """Put what was made of a line in its place."""
    number = correction.number
    laid.put(line.key, [replace(each, corrections=(*each.corrections, number)) for each in made])


def _confirm(laid: Layered, correction: Correction) -> None:
    line = _target(laid, correction)
    _put(laid, line, correction, confirmed(line, correction.by))


def _text(laid: Layered, correction: Correction) -> None:
    written = _said(correction)
    line = _target(laid, correction, any_text=True)
    if correction.here or tokens(line.text) != tokens(written):
        _target(laid, correction)
    _put(laid, line, correction, _rewritten(line, written, correction))


def _said(correction: Correction) -> str:
    written = " ".join(str(correction.payload.get("text", "")).split())
    if not written:
        raise NoFit("it has no words; delete the line, or say that nobody speaks there")
    return written


def _rewritten(line: LayeredLine, written: str, correction: Correction) -> LayeredLine:
    """The line as the person wrote it; they answer for what they wrote, not for what they left."""
    seen = spread(correction.targets[0].text, line.start, line.end)
    plain = [each.word for each in line.words]
    span = {"start": line.start, "end": line.end}
    words = tuple(
        _written(line, found, correction.by, left=was.fate == "kept")
        for found, was in zip(
            retime(plain, written, **span), retime(seen, written, **span), strict=True
        )
    )
    return replace(line, words=words)


def _written(line: LayeredLine, found: Retimed, by: str, *, left: bool) -> LayeredWord:
    """One word: as it stands if the person left it alone, else theirs.

    A word that they wrote and a new run heard in the same letters is confirmed by them.
    """
    respelt = found.fate == "respelt" and not left
    if found.old is None or found.fate == "new" or respelt:
        return LayeredWord(_unnamed(line, found), Label.HUMAN, by)
    word = line.words[found.old]
    return word if left or word.label in ANSWERED else replace(word, label=Label.CONFIRMED, by=by)


def _unnamed(line: LayeredLine, found: Retimed) -> Word:
    """Who types a word does not answer for the speaker whom a machine gave it."""
    is_told = found.old is not None and not line.words[found.old].speaker_answered
    return replace(found.word, speaker=None) if is_told else found.word


def _times(laid: Layered, correction: Correction) -> None:
    line = _target(laid, correction)
    start, end = _span(correction)
    words = tuple(replace(each, word=_moved(each.word, line, start, end)) for each in line.words)
    _put(laid, line, correction, replace(line, words=words, start=start, end=end))
    laid.sort()


def _span(correction: Correction) -> tuple[int, int]:
    start, end = correction.payload.get("start"), correction.payload.get("end")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end:
        raise NoFit("a line has to end after it starts")
    return start, end


def _moved(word: Word, line: LayeredLine, start: int, end: int) -> Word:
    """A line that only moves takes its words along; one that is stretched stretches them."""
    length, before = end - start, max(line.end - line.start, 1)
    if length == line.end - line.start:
        return word.moved(word.start + start - line.start, word.end + start - line.start)
    if start <= word.start and word.end <= end:
        return word
    low = start + (word.start - line.start) * length // before
    high = start + (word.end - line.start) * length // before
    return replace(word, start=max(start, low), end=min(end, high), timed="interpolated")


def _split(laid: Layered, correction: Correction) -> None:
    line = _target(laid, correction)
    at = correction.payload.get("word")
    if not isinstance(at, int) or not 0 < at < len(line.words):
        raise NoFit("a line is split before one of its words, not before the first", line.key)
    first, second = line.words[:at], line.words[at:]
    end = first[-1].word.end
    start = max(end, second[0].word.start)
    _put(
        laid,
        line,
        correction,
        replace(line, key=f"{line.key}.1", words=first, end=max(end, line.start + 1)),
        replace(line, key=f"{line.key}.2", words=second, start=min(start, line.end - 1)),
    )


def _merge(laid: Layered, correction: Correction) -> None:
    if len(correction.targets) != 2:
        raise NoFit("two lines are merged, no more and no fewer")
    one, other = (
        _find(laid, target, here=correction.here, any_text=False) for target in correction.targets
    )
    if one.key == other.key:
        return  # one line already, as in a run that parts them differently
    shown = laid.shown
    if shown.index(other) - shown.index(one) != 1:
        raise NoFit("only neighbours are merged", one.key)
    speaker, speaker_by = _speaker_of_both(one, other)
    merged = replace(
        one,
        words=one.words + other.words,
        end=max(one.end, other.end),
        speaker=speaker,
        speaker_by=speaker_by,
        doubts=tuple(dict.fromkeys(one.doubts + other.doubts)),
        corrections=tuple(dict.fromkeys(one.corrections + other.corrections)),
    )
    laid.put(other.key, ())
    _put(laid, one, correction, merged)


def _speaker_of_both(one: LayeredLine, other: LayeredLine) -> tuple[str | None, str]:
    """The speaker of two lines made one, and who said so; of one name both have to be given."""
    if one.speaker == other.speaker:
        return one.speaker, one.speaker_by if other.speaker_by else ""
    named = one if one.speaker else other
    return named.speaker, named.speaker_by


def _delete(laid: Layered, correction: Correction) -> None:
    line = _target(laid, correction)
    gone = replace(line, removed="deleted", removed_by=correction.by)
    _put(laid, line, correction, gone)


def _no_speech(laid: Layered, correction: Correction) -> None:
    """Nobody speaks there: whatever a run hears in that place is taken off, every time."""
    target = correction.targets[0]
    if correction.here:
        found = [_target(laid, correction, any_text=True)]
    else:
        length = max(target.end - target.start, 1)
        found = [
            line
            for line in laid.near(target.start, target.end)
            if min(line.end, target.end) - max(line.start, target.start)
            > _SAME_PLACE * min(length, max(line.end - line.start, 1))
        ]
    for line in found:
        gone = replace(line, removed="no speech", removed_by=correction.by)
        _put(laid, line, correction, gone)


def _speaker(laid: Layered, correction: Correction) -> None:
    line = _target(laid, correction, any_text=True)
    _put(laid, line, correction, _named(line, _name(correction), correction.by))


def _named(line: LayeredLine, name: str | None, by: str) -> LayeredLine:
    """The whole line: words have no speakers of their own any more."""
    words = tuple(replace(each, word=replace(each.word, speaker=None)) for each in line.words)
    return replace(line, words=words, speaker=name, speaker_by=by)


def _put_in(held: LayeredLine, said: str, correction: Correction) -> LayeredLine:
    """What a person put in and a new run heard too: every word is theirs, and so is the name."""
    plain, by = [each.word for each in held.words], correction.by
    words = tuple(
        _written(held, found, by, left=False)
        for found in retime(plain, said, start=held.start, end=held.end)
    )
    written = replace(held, words=words)
    name = _name(correction)
    return confirmed(_named(written, name, by) if name else written, by)


def _name(correction: Correction) -> str | None:
    return " ".join(str(correction.payload.get("speaker") or "").split()) or None


def _add(laid: Layered, correction: Correction) -> None:
    written = _said(correction)
    start, end = _span(correction)
    place = Target("", start, end, written)
    held = None if correction.here else _in_place(laid, place)
    if held is not None:
        if tokens(held.text) != tokens(written):
            raise NoFit(f"there is a line in its place now: “{held.text}”", held.key)
        _put(laid, held, correction, _put_in(held, written, correction))
        return
    words = tuple(
        LayeredWord(word, Label.HUMAN, correction.by) for word in spread(written, start, end)
    )
    name = _name(correction)
    laid.add(
        LayeredLine(
            f"h{correction.number}",
            words,
            start,
            end,
            speaker=name,
            speaker_by=correction.by if name else "",
            corrections=(correction.number,),
        )
    )


KINDS: dict[str, Callable[[Layered, Correction], Any]] = {
    "confirm": _confirm,
    "text": _text,
    "times": _times,
    "split": _split,
    "merge": _merge,
    "delete": _delete,
    "no_speech": _no_speech,
    "speaker": _speaker,
    "add": _add,
}
"""Every kind of correction that a person can make."""
