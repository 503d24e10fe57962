"""Whisper through faster-whisper (CTranslate2), and the voice detector that comes with it.

Both are optional: without the packages of `[speech]` this says what to install.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from copy import copy
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from archive.fixity import digest_json, sha256_file
from restoration import weights
from restoration.speech.transcript import CLOCK, Line, Word, samples
from restoration.stages.contract import StageError, Weights
from restoration.stages.transcribe.voiced import STEP

Samples = npt.NDArray[np.float32]
Span = tuple[int, int]
"""Samples [start, end)."""

MODELS = {"tiny.en": "whisper-tiny-en", "base": "whisper-base"}
"""Names of models, and of their weights."""
_FILES = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
"""Of a folder, whole: faster-whisper would fetch a tokenizer that is not there."""
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BATCH = 8
_PADDING, _STEPS = 300, 3000
"""Steps of 10 ms: of padding after the longest window of a batch, and of half a minute."""
_ALIKE = 1.25
"""How much longer than the shortest a window of the same batch may be, padding aside."""

Task = Literal["transcribe", "translate"]


class Recogniser:
    """One model, loaded once for a process: in a worker that is once for every run."""

    def __init__(self, model: Any, name: str) -> None:
        from faster_whisper import BatchedInferencePipeline

        self.model = model
        self.batched = BatchedInferencePipeline(model)
        self.name = name
        self.hotwords: str | None = None
        self._prepared: dict[tuple[str, Task, str | None], tuple[Any, Any]] = {}

    def told_of(self, glossary: Sequence[str]) -> Recogniser:
        """The same model, which reads these words before each window, as if they had been said.

        faster-whisper's hotwords: as many as fit in half of the prompt, 223 tokens.
        """
        told = copy(self)
        told.hotwords = ", ".join(glossary) or None
        return told

    def fast(
        self, sound: Samples, windows: Sequence[Span], language: str, *, task: Task = "transcribe"
    ) -> list[Line]:
        """The lines of some windows of about equal length at a time, without second thoughts.

        Whisper was trained on half minutes padded with silence, and is fed them so by its authors;
        three seconds of padding do as well, and the rest of the half minute costs nothing.
        """
        found = []
        for batch in _batches(windows):
            heard = [sound[start:stop] for start, stop in batch]
            language = language or self.detect(heard[0])
            tokenizer, options = self._options(language, task)
            told = [
                {"offset": start / CLOCK, "duration": (stop - start) / CLOCK}
                for start, stop in batch
            ]
            segments = self.batched.forward(self._features(heard), tokenizer, told, options)
            self.batched.last_speech_timestamp = 0.0
            found += _lines(map(_segment, chain.from_iterable(segments)), language, "fast")
        return sorted(found, key=lambda line: line.start)

    def detect(self, sound: Samples) -> str:
        """The language that is spoken, ISO 639-1."""
        if not self.model.model.is_multilingual:
            return "en"
        return str(self.model.detect_language(sound)[0])

    def _features(self, heard: Sequence[Samples]) -> npt.NDArray[np.float32]:
        """(windows, mel bands, steps of 10 ms), padded with what Whisper pads silence with."""
        each = [self.model.feature_extractor(sound)[..., :-1] for sound in heard]
        # Word times are looked for up to the whole second that a window ends in.
        longest = max(-(-features.shape[1] // 100) * 100 for features in each)
        steps = min(longest + _PADDING, _STEPS)
        return np.stack(
            [
                np.pad(given[:, :steps], ((0, 0), (0, max(0, steps - given.shape[1]))))
                for given in each
            ]
        )

    def _options(self, language: str, task: Task) -> tuple[Any, Any]:
        """faster-whisper's tokenizer, and the options that it decodes batches with itself."""
        order = (language, task, self.hotwords)
        if order not in self._prepared:
            self._prepared[order] = self._prepare(language, task)
        return self._prepared[order]

    def _prepare(self, language: str, task: Task) -> tuple[Any, Any]:
        from faster_whisper.tokenizer import Tokenizer

        _, info = self.batched.transcribe(
            np.zeros(CLOCK, np.float32),
            language=language,
            task=task,
            clip_timestamps=[{"start": 0, "end": 1}],
            word_timestamps=True,
            without_timestamps=True,
            beam_size=5,
            hotwords=self.hotwords,
        )
        several = self.model.model.is_multilingual
        tokenizer = Tokenizer(
            self.model.hf_tokenizer, several, task=task, language=language if several else "en"
        )
        return tokenizer, info.transcription_options

    def careful(self, sound: Samples, language: str, *, task: Task = "transcribe") -> list[Line]:
        """One stretch by itself, with every guard: warmer tries, no context, silence skipped."""
        segments, info = self.model.transcribe(
            sound,
            language=language or None,
            task=task,
            word_timestamps=True,
            beam_size=5,
            temperature=_TEMPERATURES,
            condition_on_previous_text=False,
            hallucination_silence_threshold=2.0,
            no_repeat_ngram_size=5,
            hotwords=self.hotwords,
        )
        return _lines(segments, info.language, "careful")


def _batches(windows: Sequence[Span]) -> list[list[Span]]:
    """Windows of about the same length: each is padded to the longest of its batch."""
    batches: list[list[Span]] = []
    for window in sorted(windows, key=lambda span: span[1] - span[0]):
        shortest = batches[-1][0] if batches else (0, 0)
        most = (shortest[1] - shortest[0]) * _ALIKE + _PADDING * CLOCK // 100
        if batches and len(batches[-1]) < _BATCH and window[1] - window[0] <= most:
            batches[-1].append(window)
        else:
            batches.append([window])
    return batches


def _segment(told: dict[str, Any]) -> Any:
    """A segment of a batch in the shape of those that faster-whisper gives by itself."""
    words = [SimpleNamespace(**word) for word in told["words"]]
    return SimpleNamespace(**(told | {"words": words}))


def _lines(segments: Iterable[Any], language: str, engine: str) -> list[Line]:
    found = []
    for segment in segments:
        words = tuple(_words(segment.words or ()))
        if not words:
            continue
        found.append(
            Line(
                words,
                words[0].start,
                max(word.end for word in words),
                language=language,
                avg_logprob=float(segment.avg_logprob),
                compression_ratio=float(segment.compression_ratio),
                no_speech_prob=float(segment.no_speech_prob),
                engine=engine,
            )
        )
    return found


def _words(told: Iterable[Any]) -> Iterable[Word]:
    before = 0
    for word in told:
        text = word.word.strip()
        if not text:
            continue
        start = max(before, samples(float(word.start)))
        before = max(start, samples(float(word.end)))
        sure = round(float(word.probability), 4)
        yield Word(text, start, before, sure, glued=not word.word.startswith(" "))


@lru_cache(maxsize=1)
def open_recogniser(name: str, device: str = "cpu") -> Recogniser:
    """The recogniser of that name, or in that folder (CTranslate2's format), from disk alone.

    Raises: StageError, WeightsError
    """
    _need("faster_whisper")
    folder = _folder(name)
    from faster_whisper import WhisperModel

    threads = int(os.environ.get("OMP_NUM_THREADS") or min(4, os.cpu_count() or 1))
    model = WhisperModel(
        str(folder),
        device=device,
        compute_type="int8" if device == "cpu" else "float16",
        cpu_threads=threads,
        local_files_only=True,
    )
    return Recogniser(model, name)


def model_weights(name: str) -> tuple[str | Weights, ...]:
    """The pinned weights of that name, or what lies in that folder, by the digest of its files.

    Raises: StageError if there is no such model.
    """
    if name in MODELS:
        return (MODELS[name],)
    folder = _folder(name)
    read = {path.name: sha256_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
    return (Weights(folder.resolve().name, digest_json(read)),)


def _folder(name: str) -> Path:
    if name in MODELS:
        return weights.require(MODELS[name]).parent
    folder = Path(name).expanduser()
    lacking = [file for file in _FILES if not (folder / file).is_file()]
    if not any((folder / file).is_file() for file in _VOCABULARIES):
        lacking.append(" or ".join(_VOCABULARIES))
    if lacking:
        raise StageError(
            f"there is no whole model {name!r} (it lacks {', '.join(lacking)}): name one of "
            f"{', '.join(MODELS)}, or a folder that holds a Whisper model in CTranslate2's format; "
            "nothing is fetched in its place"
        )
    return folder


def voice_chances(sound: Samples) -> npt.NDArray[np.float32]:
    """How probable a voice is in each STEP samples of the sound (Silero VAD 6), 0 to 1."""
    _need("faster_whisper")
    from faster_whisper.vad import get_vad_model

    whole = np.pad(sound, (0, STEP - len(sound) % STEP))
    return np.asarray(get_vad_model()(whole), np.float32).reshape(-1)


def _need(package: str) -> None:
    """See that it is installed, and keep it off the network: to be called before its import."""
    import importlib.util

    # Read by huggingface_hub once, as it is imported.
    os.environ["HF_HUB_OFFLINE"] = "1"

    if importlib.util.find_spec(package) is None:
        raise StageError(
            "transcribe needs faster-whisper, which is not installed (80 MB to fetch): "
            ".venv/bin/python -m pip install -c constraints.txt faster-whisper"
        )
