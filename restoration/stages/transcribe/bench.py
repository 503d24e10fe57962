"""Words missed, words invented, when they begin, and how fast: beside plain faster-whisper.

    python -m restoration bench transcribe --data DIR --json

DIR holds `speech/` (jfk, librivox, ljspeech: readings with a transcript). Measured are the clips
one by one, the same in one clean reel with stretches of music and noise in which nobody speaks, and
that reel worn. All engines use the same weights, int8, and the threads of OMP_NUM_THREADS, in one
run. RTFx is seconds of sound for each second of processor time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np

from restoration.speech.retiming import token
from restoration.speech.transcript import CLOCK, Line, Word, samples
from restoration.stages.contract import StageError
from restoration.stages.transcribe import bench_sound
from restoration.stages.transcribe.bench_sound import Reel, Samples
from restoration.stages.transcribe.blocks import blocks
from restoration.stages.transcribe.hearing import hear, speech_in
from restoration.stages.transcribe.mending import mend_clicks
from restoration.stages.transcribe.recogniser import Recogniser, open_recogniser

Engine = Callable[[Samples], list[Line]]

_COUNTED = CLOCK // 2
"""Samples of a stretch's edges in which words are not counted as invented."""


def main(data: Path, *, runs: int = 1) -> dict[str, Any]:
    """Every engine on every sound.

    Args:
        runs: how often the reels are decoded for their times; the fastest counts.
    """
    clips = bench_sound.load_clips(data)
    began = time.perf_counter()
    recogniser = open_recogniser("tiny.en")
    loading = time.perf_counter() - began
    clean, worn = (bench_sound.make_reel(clips, worn=each) for each in (False, True))
    recogniser.fast(clean.sound[:CLOCK], [(0, CLOCK)], "en")  # first use is slower
    results = {}
    for name, engine in engines(recogniser).items():
        results[name] = {
            "clips": _on_clips(engine, clips),
            "clean reel": _on_reel(engine, clean, runs),
            "worn reel": _on_reel(engine, worn, runs),
        }
    return {
        "model": "tiny.en, int8",
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "clips": len(clips),
        "seconds_of_speech": round(sum(len(clip.sound) for clip in clips) / CLOCK, 1),
        "reel_seconds": round(worn.seconds, 1),
        "onsets": len(worn.onsets),
        "model_load_seconds": round(loading, 2),
        "engines": results,
    }


def engines(recogniser: Recogniser) -> dict[str, Engine]:
    """Ours, and faster-whisper as its README uses it."""
    return {
        "fast": lambda sound: _ours(sound, recogniser, "fast"),
        "careful": lambda sound: _ours(sound, recogniser, "careful"),
        "faster-whisper": lambda sound: _lines(
            recogniser.model.transcribe(sound, language="en", word_timestamps=True, beam_size=5)[0]
        ),
        "faster-whisper, batched": lambda sound: _lines(
            recogniser.batched.transcribe(
                sound, language="en", word_timestamps=True, beam_size=5, batch_size=8
            )[0]
        ),
    }


def _ours(sound: Samples, recogniser: Recogniser, engine: Any) -> list[Line]:
    return [
        line
        for block in blocks([sound], speech_in, mend=mend_clicks)
        for line in hear(block, recogniser, engine=engine, language="en").lines
    ]


def _lines(segments: Iterable[Any]) -> list[Line]:
    """faster-whisper's own segments, untouched."""
    found = []
    for segment in segments:
        words = tuple(
            Word(word.word.strip(), samples(float(word.start)), samples(float(word.end)))
            for word in segment.words or ()
        )
        if words:
            found.append(Line(words, words[0].start, words[-1].end))
    return found


def _on_clips(engine: Engine, clips: Sequence[bench_sound.Clip]) -> dict[str, Any]:
    pairs = [(clip.text, _text(engine(clip.sound))) for clip in clips]
    return {"wer": word_error_rate(pairs)}


def _on_reel(engine: Engine, reel: Reel, runs: int) -> dict[str, Any]:
    seconds, lines = float("inf"), []
    for _ in range(runs):
        # Of the processor, since a machine that does other things besides says little by the clock.
        began = time.process_time()
        lines = engine(reel.sound)
        seconds = min(seconds, time.process_time() - began)
    invented = [line for line in _invented(lines, reel)]
    hours = sum(stop - start for start, stop in reel.empty) / CLOCK / 3600
    return {
        "wer": word_error_rate([(reel.text, _text(lines))]),
        "invented_words": len(invented),
        "invented_words_an_hour": round(len(invented) / hours, 1),
        "invented_and_not_flagged": sum(not flagged for _, flagged in invented),
        "onset_ms": _onsets(lines, reel),
        "rtfx": round(reel.seconds / seconds, 1),
    }


def _text(lines: Sequence[Line]) -> str:
    return " ".join(line.text for line in lines)


def word_error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Percent over all pairs of truth and transcript, both normalised as Whisper's authors do.

    Raises: StageError if the libraries for it are not installed.
    """
    try:
        import jiwer
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError as error:
        raise StageError(
            f"the bench needs {error.name}: pip install -c constraints.txt jiwer whisper-normalizer"
        ) from error
    normal = EnglishTextNormalizer()
    truth, said = ([normal(text) for text in column] for column in zip(*pairs, strict=True))
    return round(100 * float(jiwer.wer(truth, said)), 2)


def _invented(lines: Sequence[Line], reel: Reel) -> Iterable[tuple[Word, bool]]:
    """Words whose middle lies where nobody speaks, and whether their line is flagged."""
    for line in lines:
        for word in line.words:
            middle = (word.start + word.end) // 2
            if any(start + _COUNTED <= middle < stop - _COUNTED for start, stop in reel.empty):
                yield word, bool(line.doubts)


def _onsets(lines: Sequence[Line], reel: Reel) -> dict[str, Any]:
    """How far the first words of clips begin from where the clean sound does, where recognised."""
    words = [word for line in lines for word in line.words]
    truth = [token(text) for text in reel.text.split()]
    matcher = SequenceMatcher(None, truth, [token(word.text) for word in words], autojunk=False)
    heard = {
        block.a + n: words[block.b + n].start
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    }
    errors = [
        1000 * (heard[first] - onset) / CLOCK
        for first, onset in zip(reel.firsts, reel.onsets, strict=True)
        if first in heard
    ]
    if not errors:
        return {"found": 0}
    away = np.abs(errors)
    return {
        "found": len(errors),
        "median": round(float(np.median(away))),
        "p90": round(float(np.percentile(away, 90))),
        "within_200": round(100 * float(np.mean(away <= 200))),
        "bias": round(float(np.median(errors))),
    }


def describe(document: dict[str, Any]) -> str:
    """The tables for people."""
    told = [
        f"{document['clips']} clips, {document['seconds_of_speech']} s of speech; reels of "
        f"{document['reel_seconds']} s; {document['model']}, threads {document['threads']}; model "
        f"loaded in {document['model_load_seconds']} s",
    ]
    for sound in ("clean reel", "worn reel"):
        told += [
            "",
            sound,
            f"{'engine':<26}{'WER %':>8}{'invented/h':>12}{'onset ms':>14}{'RTFx':>8}",
        ]
        for name, result in document["engines"].items():
            measured, onset = result[sound], result[sound]["onset_ms"]
            edges = f"{onset.get('median', '-')}/{onset.get('p90', '-')}"
            told.append(
                f"{name:<26}{measured['wer']:>8}{measured['invented_words_an_hour']:>12}"
                f"{edges:>14}{measured['rtfx']:>8}"
            )
    told += ["", "clips one by one: WER %"]
    told += [
        f"{name:<26}{result['clips']['wer']:>8}" for name, result in document["engines"].items()
    ]
    return "\n".join(told)
