"""What subtitle formats have in common: cues with a rate, and their times as milliseconds.

A frame's time is rounded to the millisecond, and back to the nearest frame: exact at any rate below
500 frames a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html.parser import HTMLParser

from webvtt.models import Caption

from restoration.speech.cues import Cue, CueLine, Span
from restoration.speech.transcript import unwritable

MOST_CHARACTERS = 2000
"""Of one cue; a reader of markup may take time with the square of it."""


class SubtitleError(ValueError):
    """A file is no subtitle file that can be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Subtitles:
    """Cues of one reel, and what a file says about them."""

    cues: Sequence[Cue]
    rate: Fraction
    title: str = ""
    language: str = "en"
    note: str = ""
    """Said at the head of the file where its format has a place: who made this, who checked it."""


def milliseconds(frame: int, rate: Fraction) -> int:
    """When a frame begins."""
    return round(frame / rate * 1000)


def frame_at(milliseconds: int, rate: Fraction) -> int:
    """The frame whose beginning is nearest."""
    return round(Fraction(milliseconds, 1000) * rate)


def clock(milliseconds: int, *, mark: str) -> str:
    """HH:MM:SS and thousandths behind the mark; hours go past 99 if they must."""
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{thousandths:03d}"


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with a mark, else Windows-1252, as old files are."""
    text = _decoded(data).removesuffix("\x1a")  # DOS ended its files so
    if "\0" in text:
        raise SubtitleError("this is no text; an SRT or WebVTT file was wanted")
    if found := unwritable(text):
        line = text.count("\n", 0, text.index(found)) + 1
        raise SubtitleError(f"line {line} holds U+{ord(found):04X}, which is no text; take it out")
    return text


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise SubtitleError(f"the file says it is UTF-16 and is not: {error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


class Markup(HTMLParser):
    """The tags inside a cue: italics and speakers are kept, other styles left out.

    Python's own HTML parser, since WebVTT's cue text borrows HTML's tags and character references.
    """

    def __init__(self, known: frozenset[str]) -> None:
        """known: tags that are markup; anything else in angle brackets is text."""
        super().__init__(convert_charrefs=True)
        self._known = known
        tags = "|".join(sorted(known))
        self._text = re.compile(rf"<(?!/?(?:{tags})(?=[\s>./]))", re.IGNORECASE)
        self._italic = 0
        self._speaker: str | None = None
        self.lines: list[CueLine] = []
        self.dropped: set[str] = set()

    def read(self, lines: Sequence[str]) -> tuple[CueLine, ...]:
        """Every line of a cue that holds any text."""
        for line in lines:
            self._spans: list[Span] = []
            self._speakers: list[str | None] = []
            # A comment or declaration of HTML is none in a cue: it is what somebody wrote.
            self.feed(self._text.sub("&lt;", line))
            self.close()
            self.reset()
            if any(span.text.strip() for span in self._spans):
                speaker = self._speakers[0] if self._speakers else self._speaker
                self.lines.append(CueLine(_trimmed(self._spans), speaker))
        return tuple(self.lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = self.get_starttag_text() or ""
        name = tag.split(".")[0]
        if name not in self._known:
            self.handle_data(said)
        elif name == "i":
            self._italic += 1
        elif name == "v":
            found = re.match(r"<v(?:\.[^\s>]*)?\s+([^>]*)>", said, re.IGNORECASE)
            self._speaker = _unescape(found.group(1).strip()) or None if found else None
        else:
            self.dropped.add(name)

    def handle_endtag(self, tag: str) -> None:
        name = tag.split(".")[0]
        if name not in self._known:
            self.handle_data(f"</{tag}>")
        elif name == "i":
            self._italic = max(0, self._italic - 1)
        elif name == "v":
            self._speaker = None

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._speakers.append(self._speaker)
        self._spans.append(Span(data, self._italic > 0))


def _trimmed(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Neighbours of one style joined; no space at either end."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].italic == span.italic:
            joined[-1] = Span(joined[-1].text + span.text, span.italic)
        elif span.text:
            joined.append(span)
    joined[0] = Span(joined[0].text.lstrip(), joined[0].italic)
    joined[-1] = Span(joined[-1].text.rstrip(), joined[-1].italic)
    return tuple(span for span in joined if span.text)


def _unescape(text: str) -> str:
    import html

    return html.unescape(text)


def refuse_unread(lines: Iterable[tuple[int, str, bool]], kind: str, example: str) -> None:
    """Refuse a file of which a cue would be left out.

    Args:
        lines: number, text and whether it can be read, of every line that gives a cue's times.

    Raises: SubtitleError naming the first that cannot.
    """
    for number, text, read in lines:
        if not read:
            raise SubtitleError(
                f"line {number} of the {kind} file, “{text.strip()[:60]}”, gives no times that can "
                f"be read, so its cue would be lost; {example}"
            )


def cues_from(
    captions: Iterable[Caption],
    tags: frozenset[str],
    rate: Fraction,
    kind: str,
    *,
    out: re.Pattern[str],
) -> list[Cue]:
    """The cues with text of what webvtt-py read, in order of time.

    Args:
        out: what is left out of their lines.

    Raises: SubtitleError for a cue that ends before it begins or is far too long, or for none.
    """
    cues = []
    for caption in captions:
        length = sum(map(len, caption.lines))
        if length > MOST_CHARACTERS:
            raise SubtitleError(
                f"the cue at {caption.start} of the {kind} file has {length} characters, more than "
                f"{MOST_CHARACTERS}; is the empty line after it missing?"
            )
        lines = Markup(tags).read([out.sub("", line) for line in caption.lines])
        first, last = (each.in_milliseconds() for each in (caption.start_time, caption.end_time))
        start, end = frame_at(first, rate), frame_at(last, rate)
        if lines:
            # Words of less than a frame are shown for one, or they would have no place.
            cues.append(Cue(start, start + 1 if first <= last and end == start else end, lines))
    return checked(cues, kind)


def checked(cues: Sequence[Cue], kind: str) -> list[Cue]:
    """The cues of a file in order of time.

    Raises: SubtitleError if there are none, or one ends before it begins.
    """
    if not cues:
        raise SubtitleError(f"there is no cue with text in this {kind} file")
    for number, cue in enumerate(cues, start=1):
        if cue.end_frame < cue.start_frame:
            raise SubtitleError(f"cue {number} of the {kind} file ends before it begins; mend it")
    return sorted(cues, key=lambda cue: (cue.start_frame, cue.end_frame))
