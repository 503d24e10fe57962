"""One setting holds codecs, and whatever else computes in a worker, to so many threads."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from archive.media.encode import PictureWriter
from archive.media.opening import picture_stream
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.threads import SETTING, asked_for, codec_threads
from fixtures.clips import write_clip

FORM = PictureFormat(16, 16, PIXEL_FORMATS["gray"], Fraction(24), "full")


def test_without_the_setting_an_encoder_has_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert (asked_for(), codec_threads(), codec_threads(3)) == (0, 6, 3)


def test_with_it_decoder_and_encoder_have_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(SETTING, "1")
    path = write_clip(tmp_path / "film.mkv", frames=2, rate=24, width=16, height=16, pixel="gray")
    with av.open(str(path)) as container:
        assert picture_stream(container, path=path).codec_context.thread_count == 1
    writer = PictureWriter(tmp_path / "take.mkv", FORM)
    try:
        assert writer._stream.codec_context.thread_count == 1
    finally:
        writer.abort()
