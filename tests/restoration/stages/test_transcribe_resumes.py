"""Transcribing goes on from what was finished, in a memory that the length does not change."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from restoration import weights
from restoration.speech.transcript import CLOCK
from restoration.stages.journal import Journal
from restoration.stages.transcribe.stage import STAGE

SPEECH = Path("fixtures/newsreel/speech.flac")

needs_whisper = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None
    or weights.find("whisper-tiny-en").state() != "present",
    reason="needs [speech], and: python -m restoration weights fetch whisper-tiny-en",
)


def announcer() -> npt.NDArray[np.float32]:
    with av.open(str(SPEECH)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=CLOCK)
        pieces = [
            piece.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)


def write_sound(path: Path, sound: npt.NDArray[np.float32], times: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=CLOCK, layout="mono")
        data = (sound * 32767).astype(np.int16)[np.newaxis]
        for _ in range(times):
            frame = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
            frame.sample_rate = CLOCK
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def five_minutes() -> npt.NDArray[np.float32]:
    said = announcer()
    return np.concatenate([said, np.zeros(300 * CLOCK - len(said), np.float32)])


class SoundClip:
    """Sound alone, with a journal."""

    marks: tuple[int, ...] = ()
    start_frame = 0
    device = "cpu"
    format = PictureFormat(2, 2, PIXEL_FORMATS["gray"], Fraction(25))

    def __init__(self, sound: npt.NDArray[np.float32], journal: Journal) -> None:
        self.held, self.journal = sound, journal
        self.end_frame = len(sound) * 25 // CLOCK

    def sound(self, rate_hz: int) -> object:
        return iter(np.array_split(self.held, 50))


def finished(text: str, first: int, stop: int) -> dict[str, object]:
    word = {"text": text, "start": 1.0, "end": 2.0, "confidence": 0.5}
    line = {"start": 1.0, "end": 2.0, "text": text, "words": [word], "engine": "fast"}
    return {"first": first, "stop": stop, "lines": [line], "speech": [], "again": 0, "clicks": 0,
            "translation": []}  # fmt: skip


@needs_whisper
def test_what_an_attempt_before_has_finished_is_not_heard_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kept.jsonl", "this order")
    stop = 12 * CLOCK
    journal.add(finished("Kept", 0, stop))
    told: list[int] = []
    clip = SoundClip(announcer(), journal)
    facts = STAGE.run(clip, STAGE.parse({}), lambda done, total: told.append(done)).facts  # type: ignore[arg-type]
    texts = [segment["text"] for segment in facts["segments"]]
    assert texts[0] == "Kept"
    assert len(texts) > 1
    assert all(segment["start"] >= 12 for segment in facts["segments"][1:])
    assert told[0] == 300
    assert told == sorted(told)
    assert len(told) >= 3
    assert [entry["stop"] for entry in journal.entries()] == [stop, len(clip.held)]


def test_another_orders_journal_is_not_taken_up(tmp_path: Path) -> None:
    Journal(tmp_path / "kept.jsonl", "another").add({"stop": 1})
    mine = Journal(tmp_path / "kept.jsonl", "mine")
    assert mine.entries() == []
    mine.add({"stop": 2})
    assert mine.entries() == [{"stop": 2}]


def test_a_line_that_was_cut_off_does_not_count_and_harms_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kept.jsonl", "mine")
    assert journal.entries() == []
    journal.add({"stop": 1})
    with journal.path.open("ab") as file:
        file.write(b'{"stop": 2, "lin')
    assert journal.entries() == [{"stop": 1}]
    journal.add({"stop": 3})
    assert journal.entries() == [{"stop": 1}, {"stop": 3}]
    journal.remove()
    assert not journal.path.exists()


def command(sound: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "restoration", "transcribe", str(sound), str(out)]


@pytest.mark.slow
@needs_whisper
def test_killed_in_the_middle_it_goes_on_and_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "long.wav", five_minutes(), 4)
    whole, out = tmp_path / "whole.json", tmp_path / "killed.json"
    subprocess.run(command(sound, whole), check=True, capture_output=True)
    kept = out.with_name(".killed.json.unfinished")
    running = subprocess.Popen(command(sound, out), stderr=subprocess.DEVNULL)
    try:
        while not (kept.exists() and kept.read_bytes().count(b"\n") >= 3):
            assert running.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert not out.exists()
    # A language changed in what was kept shows that this was taken, and not heard again.
    assert b'"language":"en"' in kept.read_bytes()
    kept.write_bytes(kept.read_bytes().replace(b'"language":"en"', b'"language":"xx"'))
    subprocess.run(command(sound, out), check=True, capture_output=True)
    ended, uninterrupted = json.loads(out.read_text()), json.loads(whole.read_text())
    heard_before = [line for line in ended["segments"] if line["language"] == "xx"]
    assert 0 < len(heard_before) < len(ended["segments"])
    assert ended["speech_activity"] == uninterrupted["speech_activity"]
    assert len(ended["segments"]) == len(uninterrupted["segments"])
    starts = [segment["start"] for segment in uninterrupted["segments"]]
    assert [segment["start"] for segment in ended["segments"]] == starts
    assert not kept.exists()


@pytest.mark.slow
@needs_whisper
def test_an_hour_takes_hardly_more_memory_than_twenty_minutes(tmp_path: Path) -> None:
    peaks = []
    for times in (4, 12):  # blocks of five minutes
        sound = write_sound(tmp_path / f"{times}.wav", five_minutes(), times)
        done = subprocess.Popen(command(sound, tmp_path / f"{times}.json"))
        _, status, used = os.wait4(done.pid, 0)
        done.returncode = status  # it was waited for, with what it used
        assert status == 0
        peaks.append(used.ru_maxrss / 1024)
    assert peaks[1] < peaks[0] + 60, peaks
