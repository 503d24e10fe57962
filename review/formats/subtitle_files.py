"""Subtitles and transcripts that leave, from an edition; unchecked ones say so in their name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from restoration.speech.cues import Cue
from review.formats import transcript_docx, transcript_pdf
from review.formats.ass import write_ass
from review.formats.ebu_tt_d import write_ebu_tt_d
from review.formats.edition import DeliveryError, Edition
from review.formats.imsc import write_imsc
from review.formats.spoken import Spoken
from review.formats.srt import write_srt
from review.formats.subtitles import Subtitles
from review.formats.transcript_text import write_text
from review.formats.vtt import write_vtt

SRT, VTT, IMSC, EBU, ASS = "srt", "vtt", "imsc", "ebuttd", "ass"
TRANSCRIPT = "transcript"
WRITERS: dict[str, tuple[str, Callable[[Subtitles], str | bytes]]] = {
    SRT: ("srt", write_srt),
    VTT: ("vtt", write_vtt),
    IMSC: ("ttml", write_imsc),
    EBU: ("ebu-tt-d.xml", write_ebu_tt_d),
    ASS: ("ass", write_ass),
}
"""By format: the file's ending, and who writes it."""
SPOKEN = (*WRITERS, TRANSCRIPT)
"""Formats that need a transcript."""
TRANSLATION = "translation"
_TRANSLATED = (SRT, VTT, IMSC)
"""Formats of subtitles that a translation leaves in."""
_MARK = ".machine-unreviewed"


def require_spoken(edition: Edition) -> Spoken:
    """Raises: DeliveryError where the reel has no transcript."""
    if edition.spoken is None:
        raise DeliveryError(NO_TRANSCRIPT)
    return edition.spoken


NO_TRANSCRIPT = (
    "The reel has no transcript with any line; run the stage transcribe, or take subtitles in on "
    "the transcript's page"
)


def write_spoken(folder: Path, edition: Edition, wanted: Sequence[str]) -> list[Path]:
    """Write those of SPOKEN that are wanted; nothing where none is.

    Raises: DeliveryError where there is no transcript; OSError.
    """
    kinds = [kind for kind in SPOKEN if kind in wanted]
    if not kinds:
        return []
    spoken = require_spoken(edition)
    written = []
    for kind in kinds:
        if kind == TRANSCRIPT:
            written += _write_transcripts(folder, edition, spoken)
        else:
            written.append(_write_subtitles(folder, "subtitles", kind, edition, spoken))
    return written


def write_translation(folder: Path, edition: Edition) -> list[Path]:
    """The machine's translation as subtitles.

    Raises: DeliveryError where there is none; OSError.
    """
    if edition.translation is None:
        raise DeliveryError(NO_TRANSLATION)
    return [
        _write_subtitles(folder, "subtitles-english", kind, edition, edition.translation)
        for kind in _TRANSLATED
    ]


NO_TRANSLATION = (
    "The reel's newest transcript has no translation that may leave; run the stage transcribe with "
    "model=base and translate=true"
)


def _write_subtitles(folder: Path, name: str, kind: str, edition: Edition, spoken: Spoken) -> Path:
    ending, write = WRITERS[kind]
    path = folder / f"{stem(name, spoken)}.{ending}"
    made = write(subtitles_of(edition, spoken))
    path.write_bytes(made.encode() if isinstance(made, str) else made)
    return path


def stem(name: str, spoken: Spoken) -> str:
    """The name of a file without its ending: it says so where nobody answers for every line."""
    return f"{name}{_MARK}" if spoken.unanswered else name


def cues_of(edition: Edition, spoken: Spoken) -> list[Cue]:
    """By the rules of the house."""
    return spoken.cues(edition.scan.rate, edition.cuts, edition.scan.frames)


def subtitles_of(edition: Edition, spoken: Spoken) -> Subtitles:
    """Cues with what their files say of themselves."""
    return Subtitles(
        cues_of(edition, spoken),
        edition.scan.rate,
        f"{edition.title}, {edition.reel}",
        spoken.language or "en",
        spoken.note,
    )


def _write_transcripts(folder: Path, edition: Edition, spoken: Spoken) -> list[Path]:
    name = folder / stem("transcript", spoken)
    text, word, printed = (Path(f"{name}.{ending}") for ending in ("txt", "docx", "pdf"))
    scan = edition.scan
    text.write_text(
        write_text(
            [each.line for each in spoken.lines],
            rate=scan.rate,
            start_timecode=scan.start_timecode,
            title=f"{edition.title}, {edition.reel}",
            note=spoken.note,
            marks=[each.unreviewed for each in spoken.lines],
        )
    )
    transcript_docx.write_transcript_docx(word, edition, spoken)
    transcript_pdf.write_transcript_pdf(printed, edition, spoken)
    return [text, word, printed]
