"""The stage transcribe writes down what is said, when, and what it is not sure of."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal

from archive.media.decode import open_source
from restoration import weights
from restoration.__main__ import main
from restoration.clip import ScanSound
from restoration.speech.retiming import tokens
from restoration.speech.transcript import CLOCK, Line, Word, from_json
from restoration.speech.utterances import part
from restoration.stages.contract import StageError
from restoration.stages.transcribe.bench_sound import read
from restoration.stages.transcribe.blocks import blocks, windows
from restoration.stages.transcribe.edges import pauses, snap
from restoration.stages.transcribe.hearing import speech_in
from restoration.stages.transcribe.loudness import levels
from restoration.stages.transcribe.mending import Places, mend_clicks
from restoration.stages.transcribe.recogniser import open_recogniser, voice_chances
from restoration.stages.transcribe.suspicion import compression_ratio, doubts
from restoration.stages.transcribe.voiced import voiced
from tests.restoration.speech.said import line

SPEECH = Path("fixtures/newsreel/speech.flac")
SENTENCES = json.loads(Path("fixtures/newsreel/speech.json").read_text())["sentences"]

needs_whisper = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None
    or weights.find("whisper-tiny-en").state() != "present",
    reason="needs [speech], and: python -m restoration weights fetch whisper-tiny-en",
)


def noise(seconds: float, level: float) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(1)
    return (level * random.standard_normal(round(seconds * CLOCK))).astype(np.float32)


def at(seconds: float) -> int:
    return round(seconds * CLOCK)


@needs_whisper
def test_the_newsreels_announcer_is_written_down_with_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "words.json"
    assert main(["transcribe", str(SPEECH), str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text())["segments"] == document["segments"]
    said = from_json(document)
    heard = [tokens(word.text)[0] for word in said.words]
    truth = [token for each in SENTENCES for token in tokens(each["text"])]
    assert len(set(truth) & set(heard)) >= 0.85 * len(set(truth))
    for sentence in SENTENCES[1:4]:
        start = sentence["start_frame"] / 24
        nearest = min(abs(word.start / CLOCK - start) for word in said.words)
        assert nearest < 0.08, sentence["text"]
    assert {each.engine for each in said.lines} <= {"fast", "careful"}


@needs_whisper
def test_nothing_is_invented_where_nobody_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import av

    path = tmp_path / "hiss.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=CLOCK, layout="mono")
        samples = (noise(20, 0.02) * 32767).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = CLOCK
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert main(["transcribe", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["segments"] == []


def test_the_target_is_checked_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = tmp_path / "words.json"
    held.write_text("{}")
    assert main(["transcribe", str(SPEECH), str(held)]) == 2
    assert "add --force" in capsys.readouterr().err
    assert main(["transcribe", str(SPEECH), str(tmp_path / "words.srt")]) == 2
    assert "end the name in .json" in capsys.readouterr().err
    assert held.read_text() == "{}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (line("You you you you you you", 0, 3), "again and again"),
        (line("and then and then and then and then and then", 0, 4), "again and again"),
        (line("Far too many words for such a short time", 0, 1), "speaks that fast"),
        (line("Thanks for watching!", 0, 2), "known to invent"),
        (line("Plain words", 0, 2, avg_logprob=-1.4), "not sure"),
        (line("Plain words", 0, 2, compression_ratio=2.9), "repeats itself"),
        (line("Plain words", 0, 2, no_speech_prob=0.8), "nobody speaks"),
        (line("Plain words", 5, 7), "no voice"),
    ],
)
def test_what_speaks_against_a_line_is_said_in_words(said: Line, told: str) -> None:
    assert any(told in why for why in doubts(said, [(0, at(4))]))


def test_nothing_speaks_against_a_plain_line() -> None:
    said = line("Farewell, farewell to Earth.", 0, 3, avg_logprob=-0.3, no_speech_prob=0.02,
                compression_ratio=compression_ratio("Farewell, farewell to Earth."))  # fmt: skip
    assert doubts(said, [(0, at(3))]) == ()


def test_a_late_word_is_moved_to_where_the_sound_begins() -> None:
    sound = noise(4, 0.001)
    sound[at(1) : at(1.4)] += noise(0.4, 0.1)
    sound[at(2.5) : at(3)] += noise(0.5, 0.1)
    late = Line((Word("One", at(1.12), at(2.0)), Word("two", at(2.0), at(3.2))), 0, at(3.2))
    (snapped,) = snap([late], levels(sound))
    edges = [(word.start / CLOCK, word.end / CLOCK) for word in snapped.words]
    assert edges == [
        (pytest.approx(1, abs=0.03), pytest.approx(1.4, abs=0.03)),
        (pytest.approx(2.5, abs=0.03), pytest.approx(3, abs=0.03)),
    ]


def test_edges_stay_where_no_pause_is_to_be_seen() -> None:
    words = (Word("One", at(1), at(1.5)), Word("two", at(1.5), at(2)))
    (snapped,) = snap([Line(words, at(1), at(2))], levels(noise(4, 0.1)))
    assert snapped.words == words
    assert pauses(levels(np.zeros(CLOCK, np.float32))) == []


def test_a_long_sound_is_parted_in_silence_and_loses_nothing() -> None:
    length = at(10)
    sound = np.arange(3 * length, dtype=np.float32)

    def voice(held: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
        return [(0, at(6)), (at(8), min(at(9.5), len(held)))] if len(held) > at(8) else []

    made = list(blocks(np.split(sound, 30), voice, length=length))
    assert np.array_equal(np.concatenate([each.sound for each in made]), sound)
    assert made[0].stop == at(7)
    assert max(len(each.sound) for each in made) <= length


def test_windows_join_short_pauses_and_never_exceed_what_whisper_hears() -> None:
    speech = [(at(n * 3), at(n * 3 + 2.5)) for n in range(20)] + [(at(70), at(130))]
    found = windows(speech, at(140))
    assert all(stop - start <= at(29) for start, stop in found)
    for start, stop in speech[:20]:
        assert any(low <= start and stop <= high for low, high in found)
    assert sum(stop - start for start, stop in found[-3:]) >= at(60)


def test_a_segment_is_parted_where_somebody_takes_breath() -> None:
    words = (*line("Our cameraman stands.", 0, 2).words, *line("A new machine", 3, 4).words)
    assert [each.text for each in part([Line(words, 0, at(4))])] == [
        "Our cameraman stands.", "A new machine",
    ]  # fmt: skip


def test_the_sound_of_a_range_keeps_step_with_its_frames(tmp_path: Path) -> None:
    from fixtures.clips import write_clip

    film = write_clip(tmp_path / "heard.mkv", frames=24, rate=24, audio_tracks=1)
    with open_source(film) as source:
        heard = ScanSound(film, source.table, source.format.rate)
        whole = heard.pieces(0, 24, CLOCK)
        part_of_it = heard.pieces(6, 18, CLOCK)
        assert whole is not None
        assert part_of_it is not None
        everything, some = np.concatenate(list(whole)), np.concatenate(list(part_of_it))
    assert len(everything) == CLOCK
    assert np.abs(everything).max() > 0.01
    assert np.allclose(some, everything[CLOCK // 4 : CLOCK * 3 // 4], atol=1e-3)


@pytest.mark.slow
def test_the_bench_knows_where_its_words_begin_and_where_nobody_speaks() -> None:
    from restoration.stages.transcribe.bench_sound import Clip, make_reel

    said = np.concatenate([np.zeros(CLOCK // 2, np.float32), noise(1, 0.2)])
    clips = [Clip(str(n), said, "two words") for n in range(5)]
    reel = make_reel(clips, worn=True)
    assert reel.text == "two words two words two words two words two words"
    assert reel.firsts == [0, 2, 4, 6, 8]
    for onset in reel.onsets:
        before, after = reel.sound[onset - CLOCK // 10 : onset], reel.sound[onset:][: CLOCK // 10]
        assert np.square(after).mean() > 5 * np.square(before).mean()
    assert [stop - start for start, stop in reel.empty] == [20 * CLOCK, 20 * CLOCK]
    assert not any(start <= onset < stop for onset in reel.onsets for start, stop in reel.empty)


@pytest.mark.skipif(importlib.util.find_spec("faster_whisper") is None, reason="needs [speech]")
@pytest.mark.parametrize(
    "lacking", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt", "all"]
)
def test_a_model_folder_that_is_not_whole_is_refused_by_name(tmp_path: Path, lacking: str) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        if lacking not in (name, "all"):
            (tmp_path / name).write_text("{}")
    wanted = "model.bin, config.json, tokenizer.json" if lacking == "all" else lacking
    with pytest.raises(StageError, match=rf"lacks .*{wanted}.*nothing is fetched"):
        open_recogniser(str(tmp_path))


@needs_whisper
def test_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    """In a process of its own, since the switch is read as the library is imported."""
    script = tmp_path / "open.py"
    script.write_text(
        "from restoration.stages.transcribe.recogniser import open_recogniser\n"
        "import socket\n"
        "def refuse(*told, **more):\n"
        "    raise AssertionError(told)\n"
        "socket.getaddrinfo = socket.socket.connect = refuse\n"
        "open_recogniser('tiny.en')\n"
        "import huggingface_hub.constants\n"
        "assert huggingface_hub.constants.HF_HUB_OFFLINE\n"
    )
    surroundings = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, str(script)],
        env=surroundings | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_clicks_are_mended_and_clean_sound_is_left_alone() -> None:
    said = read(SPEECH)
    same, none = mend_clicks(said)
    assert len(none) == 0
    assert same is said
    time = np.arange(4 * CLOCK) / CLOCK
    hum = 0.2 * np.sin(2 * np.pi * 180 * time) * np.sin(np.pi * time)
    hissing = hum.astype(np.float32) + noise(4, 0.02)
    clicked = hissing.copy()
    places = np.arange(1, 40) * 1600
    clicked[places] += 0.8
    mended, found = mend_clicks(clicked)
    assert len(places) <= len(found) <= 1.2 * len(places)
    assert np.abs(mended - hissing)[places].max() < 0.35
    untouched = np.ones(len(time), bool)
    for place in places:
        untouched[place - 9 : place + 10] = False
    assert np.mean(mended[untouched] != hissing[untouched]) < 0.001


def test_a_click_behind_the_end_of_a_block_is_counted_once() -> None:
    """A block ends in the middle of a pause; what lies behind it is mended again with the next."""

    def mend(sound: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Places]:
        return sound, np.flatnonzero(sound > 0.5)

    sound = np.zeros(10 * CLOCK, np.float32)
    sound[CLOCK // 2 :: CLOCK] = 1
    made = list(blocks(np.split(sound, 20), lambda heard: [], length=4 * CLOCK, mend=mend))
    assert len(made) > 3
    assert [block.clicks for block in made] == [int((block.sound > 0.5).sum()) for block in made]
    assert sum(block.clicks for block in made) == 10


@needs_whisper
def test_a_voice_counts_as_far_as_it_is_faintly_heard_but_never_a_faint_one_alone() -> None:
    sound = read(SPEECH)
    clear = voiced(voice_chances(sound), len(sound), threshold=0.5)
    found = speech_in(sound)
    assert found
    for start, stop in clear:
        assert any(low <= start and stop <= high for low, high in found)
    for low, high in found:
        assert any(low <= start < high for start, _ in clear)
    assert speech_in(noise(10, 0.02)) == []


@needs_whisper
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_a_voice_is_heard_where_the_detectors_own_authors_hear_it(threshold: float) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    sound = read(SPEECH)
    options = VadOptions(
        threshold=threshold, min_silence_duration_ms=160, speech_pad_ms=0, min_speech_duration_ms=60
    )
    theirs = get_speech_timestamps(sound, options)
    ours = voiced(voice_chances(sound), len(sound), threshold=threshold)
    assert ours == [(each["start"], each["end"]) for each in theirs] != []


@pytest.mark.parametrize("below", [9, 12])
def test_a_pause_is_seen_under_the_hiss_of_a_worn_track(below: int) -> None:
    random = np.random.default_rng(3)
    band = signal.butter(4, (300, 2500), "bandpass", fs=CLOCK, output="sos")
    voiced_sound = signal.sosfilt(band, random.standard_normal(6 * CLOCK))
    sound = np.where(np.arange(6 * CLOCK) % CLOCK < at(0.7), voiced_sound, 0)
    hiss = random.standard_normal(len(sound)) * sound[: at(0.7)].std() * 10 ** (-below / 20)
    found = pauses(levels((0.1 * (sound + hiss)).astype(np.float32)))
    for second in range(5):
        start, stop = at(second + 0.7), at(second + 1)
        assert any(abs(a - start) < at(0.03) and abs(b - stop) < at(0.03) for a, b in found), second


def test_a_voice_goes_on_through_a_moment_of_silence_and_a_click_is_none() -> None:
    loud, still = [0.9] * 10, [0.1] * 5
    chances = np.array([*still, *loud, *still[:4], *loud, *still, *still, 0.9, *still, *still])
    (only,) = voiced(chances.astype(np.float32), 512 * len(chances), threshold=0.5)
    assert only == (5 * 512, 29 * 512)
