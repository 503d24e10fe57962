"""Transcripts of scans: kept as they came, corrected in a layer of people's own above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.dispatch import Signal, receiver
from django.utils import timezone

from archive.fixity import digest_json
from archive.models import Scan
from restoration import cast
from restoration.editing import lock, tell
from restoration.errors import TranscriptRefused
from restoration.models import StageRun, Transcript, TranscriptCorrection, TranscriptLine
from restoration.speech import corrections, layers
from restoration.speech import transcript as speech

changed = Signal()
"""Sent with `scan`, in the transaction, when what is said in it reads differently from now on."""

MOST_LINES = 200_000
"""In one transcript; a day of talk has some 30,000."""


@receiver(cast.spoken_anew)
def _speakers_are_others(scan: Scan, **_: Any) -> None:
    changed.send(sender=Transcript, scan=scan)


@transaction.atomic
def keep(
    scan: Scan,
    said: speech.Transcript,
    *,
    source: str,
    maker: str,
    run: StageRun | None = None,
    by: User | None = None,
) -> Transcript:
    """Keep lines as a new transcript of the scan; earlier ones stay.

    Args:
        source: the engine and weights, or where a file is from and who wrote it.
        maker: one of `Transcript.Maker`.

    Raises: TranscriptRefused for lines outside the scan, or too many.
    """
    lines = _fitting(scan, said.lines)
    lock(scan)
    last = scan.transcripts.aggregate(last=Max("number"))["last"] or 0
    made = Transcript.objects.create(
        scan=scan,
        number=last + 1,
        run=run,
        maker=maker,
        source=source[:300],
        language=said.language[:12],
        facts=dict(said.facts),
        digest=digest_of(lines, said.language),
        by=by,
    )
    TranscriptLine.objects.bulk_create(
        [TranscriptLine.of(made, number, line) for number, line in enumerate(lines)],
        batch_size=1000,
    )
    tell("transcript kept", scan, by, _about(made) | {"lines": len(lines)})
    cast.renew(scan)
    changed.send(sender=Transcript, scan=scan)
    return made


def digest_of(lines: Sequence[speech.Line], language: str) -> str:
    """SHA-256 of lines in order of time, as a transcript keeps it."""
    return digest_json(speech.as_json(speech.Transcript(tuple(lines), language)))


def keep_run(run: StageRun) -> Transcript:
    """The transcript of what a run of the stage transcribe found; again the same, if it is kept.

    A run that read cards which an earlier one could not read says more than that one.
    """
    said = speech.from_json(run.findings)
    digest = digest_of(_fitting(run.scan, said.lines), said.language)
    kept = run.scan.transcripts.filter(run__key=run.key, digest=digest).first()
    if kept is not None:
        return kept
    source = f"transcribe, {run.params.get('engine')}, Whisper {run.params.get('model')}"
    return keep(run.scan, said, source=source, maker=Transcript.Maker.MACHINE, run=run)


def _fitting(scan: Scan, lines: Sequence[speech.Line]) -> list[speech.Line]:
    """In order of time; what overhangs the last frame by rounding is let be."""
    if len(lines) > MOST_LINES:
        raise TranscriptRefused(f"{len(lines)} lines are more than {MOST_LINES}; split the file")
    for line in lines:
        _refuse_too_long(line)
    end = speech.sample_of_frame(scan.frames, scan.rate)
    late = [line for line in lines if line.start >= end]
    if late:
        raise TranscriptRefused(
            f"Nothing was kept: {len(late)} of {len(lines)} lines begin after the end of the scan, "
            f"the first is “{late[0].text[:60]}”. Is this the file of another reel?"
        )
    return sorted(lines, key=lambda line: (line.start, line.end))


def _refuse_too_long(line: speech.Line) -> None:
    for name in ("speaker", "language", "engine"):
        most = getattr(TranscriptLine._meta.get_field(name), "max_length", 0)
        value = getattr(line, name) or ""
        if len(value) > most:
            raise TranscriptRefused(
                f"Nothing was kept: the {name} of “{line.text[:60]}” has {len(value)} characters, "
                f"more than {most}."
            )


def _about(made: Transcript) -> dict[str, Any]:
    return {
        "transcript": made.pk,
        "number": made.number,
        "source": made.source,
        "maker": made.maker,
        "language": made.language,
        "digest": made.digest,
        "run": made.run_id,
    }


def current(scan: Scan) -> Transcript | None:
    """The newest one."""
    return scan.transcripts.order_by("-number").first()


def corrections_of(scan: Scan) -> list[TranscriptCorrection]:
    """Every correction that stands, oldest first."""
    return list(TranscriptCorrection.objects.standing().of_scan(scan))


def layered(
    transcript: Transcript, standing: Sequence[TranscriptCorrection] | None = None
) -> layers.Layered:
    """The transcript's lines with what people corrected, and what no longer fits."""
    rows = corrections_of(transcript.scan) if standing is None else standing
    said = cast.attributed(transcript)
    return corrections.over(
        bare(transcript),
        [row.seen_from(transcript) for row in rows],
        told={number: each.name for number, each in said.items() if each.name},
    )


def bare(transcript: Transcript) -> tuple[layers.LayeredLine, ...]:
    """The transcript's lines as they came. They are written once, so those of the last are held."""
    return _bare(transcript.pk, transcript.digest, transcript.typed_by)


@lru_cache(maxsize=2)
def _bare(pk: int, digest: str, typed_by: str) -> tuple[layers.LayeredLine, ...]:
    """60,000 words take some 20 MB here, and two seconds to be read from their rows."""
    rows = TranscriptLine.objects.filter(transcript=pk).order_by("number")
    return tuple(corrections.bare([row.as_line() for row in rows.iterator()], typed_by=typed_by))


@transaction.atomic
def correct(
    transcript: Transcript,
    kind: str,
    keys: Sequence[str],
    payload: Mapping[str, Any],
    *,
    by: User,
    seen: str | None = None,
) -> TranscriptCorrection:
    """Change lines of a transcript.

    Args:
        kind: one of `TranscriptCorrection.Kind`.
        keys: the lines that it is about; none to put one in.
        seen: how the first of them read when the person began; None: that is not known.

    Raises: TranscriptRefused if a line is gone, reads differently by now, or cannot be changed so.
    """
    lock(transcript.scan)
    laid = layered(transcript)
    made = drafted(transcript, laid, Change(kind, tuple(keys), payload, seen), by=by)
    made.save()
    fit(laid, made, transcript)
    tell(f"transcript line {made.get_kind_display()}", transcript.scan, by, change_told(made))
    changed.send(sender=Transcript, scan=transcript.scan)
    return made


@dataclass(frozen=True, slots=True)
class Change:
    """What a person wants changed; see `correct`."""

    kind: str
    keys: tuple[str, ...]
    payload: Mapping[str, Any]
    seen: str | None = None


def drafted(
    transcript: Transcript, laid: layers.Layered, change: Change, *, by: User
) -> TranscriptCorrection:
    """The row of a change, not saved yet.

    Raises: TranscriptRefused
    """
    if change.kind not in TranscriptCorrection.Kind.values:
        raise TranscriptRefused(f"Nothing was kept: {change.kind!r} is no correction.")
    targets = [_seen(laid, key) for key in change.keys]
    seen = change.seen
    if seen is not None and targets and " ".join(seen.split()) != targets[0].text:
        raise TranscriptRefused(
            "Nothing was kept: somebody changed this line meanwhile. It now reads "
            f"“{targets[0].text}”."
        )
    return TranscriptCorrection(
        scan=transcript.scan,
        transcript=transcript,
        kind=change.kind,
        targets=[[each.key, each.start, each.end, each.text] for each in targets],
        payload=dict(change.payload),
        by=by,
    )


def _seen(laid: layers.Layered, key: str) -> layers.Target:
    line = laid.find(key)
    if line is None or line.removed:
        raise TranscriptRefused(
            "Nothing was kept: this line is not there any more. Open the transcript anew."
        )
    return layers.Target(line.key, line.start, line.end, line.text)


def fit(laid: layers.Layered, made: TranscriptCorrection, transcript: Transcript) -> None:
    """Lay a correction that was saved over the lines.

    Raises: TranscriptRefused if it does not fit.
    """
    try:
        corrections.apply(laid, made.seen_from(transcript))
    except layers.NoFit as misfit:
        raise TranscriptRefused(f"Nothing was kept: {misfit}.") from misfit


def change_told(made: TranscriptCorrection) -> dict[str, Any]:
    return {
        "correction": made.pk,
        "transcript": made.transcript_id,
        "kind": made.kind,
        "lines": made.targets,
        "to": made.payload,
    }


@transaction.atomic
def withdraw(correction: TranscriptCorrection, *, by: User) -> TranscriptCorrection:
    """Take a correction back; later ones that were built on it are then shown as conflicts.

    Raises: TranscriptRefused if that was done before.
    """
    lock(correction.scan)
    correction.refresh_from_db()
    if correction.withdrawn is not None:
        raise TranscriptRefused("This correction was taken back before; nothing was changed.")
    correction.withdrawn, correction.withdrawn_by = timezone.now(), by
    correction.save(update_fields=["withdrawn", "withdrawn_by"])
    tell("transcript correction withdrawn", correction.scan, by, change_told(correction))
    changed.send(sender=Transcript, scan=correction.scan)
    return correction
