"""Soft subtitles and chapters that a player can show.

In MP4 timed text (3GPP TS 26.245), in WebM the WebVTT of the W3C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

MOV_TEXT, WEBVTT = "mov_text", "webvtt"
_NAMED_BY = {MOV_TEXT: "handler_name", WEBVTT: "title"}
"""Where each container keeps a track's name."""
_MILLISECOND = Fraction(1, 1000)
_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""What FFmpeg's encoder of text tracks reads its styles from."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Words shown in frames [start_frame, end_frame)."""

    start_frame: int
    end_frame: int
    lines: tuple[tuple[tuple[str, bool], ...], ...]
    """Lines of runs of text, each with whether it is italic."""


@dataclass(frozen=True, slots=True)
class Captions:
    """A subtitle track."""

    shown: Sequence[Caption]
    """In order of time, none over another."""
    language: str
    """ISO 639-2, three letters."""
    name: str
    """What players list it as."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Frames [start_frame, end_frame) under a name."""

    start_frame: int
    end_frame: int
    name: str


def set_chapters(container: OutputContainer, chapters: Sequence[Chapter], rate: Fraction) -> None:
    """To be called before the first picture."""
    container.set_chapters(
        [
            {
                "id": number,
                "start": chapter.start_frame,
                "end": chapter.end_frame,
                "time_base": 1 / rate,
                "metadata": {"title": chapter.name},
            }
            for number, chapter in enumerate(chapters)
        ]
    )


class CaptionTrack:
    """Writes captions in step with the pictures; to be made before the first of these."""

    def __init__(
        self,
        container: OutputContainer,
        captions: Captions,
        rate: Fraction,
        *,
        codec: str = MOV_TEXT,
    ) -> None:
        self._container = container
        self._codec = codec
        self._rate = rate
        self._left = list(reversed(captions.shown))
        stream = container.add_stream(codec)
        assert isinstance(stream, SubtitleStream)
        self._stream = stream
        stream.codec_context.subtitle_header = _HEADER
        stream.codec_context.time_base = _MILLISECOND
        stream.metadata.update({"language": captions.language, _NAMED_BY[codec]: captions.name})

    def write_until(self, frame: int) -> None:
        """Mux what is shown before that frame."""
        while self._left and self._left[-1].start_frame < frame:
            self._write(self._left.pop())

    def _write(self, caption: Caption) -> None:
        start, end = (
            round(at / self._rate * 1000) for at in (caption.start_frame, caption.end_frame)
        )
        written = "\\N".join(
            "".join(self._run(text, italic=italic) for text, italic in line)
            for line in caption.lines
        )
        event = SubtitleSet.create(f"0,0,Default,,0,0,0,,{written}".encode(), 0, end - start, start)
        packet = self._stream.codec_context.encode_subtitle(event)
        packet.stream, packet.time_base = self._stream, _MILLISECOND
        self._container.mux(packet)

    def _run(self, text: str, *, italic: bool) -> str:
        if self._codec == WEBVTT:  # the encoder writes tags of its own, and ours as they are
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        # An invisible joiner, since a backslash begins a code, and one in braces a style.
        plain = text.replace("\\", "\\\u2060").replace("{\\", "{\u2060\\")
        return f"{{\\i1}}{plain}{{\\i0}}" if italic else plain
