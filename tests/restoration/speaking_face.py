"""A film in which a photographed face speaks the demo's sentences, made from what the demo has.

The picture is a photograph of Eileen Collins (NASA, public domain) as scikit-image carries it; her
lower lip and chin go down with the loudness of the announcer, who is a speech synthesiser.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from fixtures.newsreel.sound import SPEECH, sentences
from restoration.speech.transcript import CLOCK, Line, Transcript, spread

RATE = Fraction(24)
FIRST, STOP = 48, 204
"""Frames of the demo's sound that are used: three sentences."""
_LIPS = 142
"""Row between the lips of the photograph as it is cut out."""
_WIDEST = 9.0
"""Rows by which the mouth opens."""


def photograph() -> npt.NDArray[np.uint8]:
    """(256, 256, 3) uint8 RGB."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[0:256, 96:352])


def said() -> Transcript:
    """The sentences, at the times at which they are heard."""
    lines = []
    for each in sentences():
        start, end = each["start_frame"] - FIRST, each["end_frame"] - FIRST
        if start >= 0 and each["end_frame"] <= STOP:
            first, last = int(start / RATE * CLOCK), int(end / RATE * CLOCK)
            lines.append(Line(spread(each["text"], first, last), first, last))
    return Transcript(tuple(lines), "en")


def write_speaking_face(path: Path) -> Path:
    """An MKV of H.264 and PCM, 256 x 256, 24 frames a second, 6.5 seconds."""
    sound = _sound()
    opening = _opening(sound)
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=24, options={"crf": "16", "preset": "ultrafast"})
        picture.width = picture.height = 256
        picture.pix_fmt = "yuv420p"
        heard = out.add_stream("pcm_s16le", rate=CLOCK, layout="mono")
        for wide in opening:
            frame = av.VideoFrame.from_ndarray(_speaking(wide), format="rgb24")
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        samples = np.rint(np.clip(sound, -1, 1) * 30000).astype(np.int16)
        out.mux(heard.encode(_audio_frame(samples)))
        out.mux(heard.encode(None))
    return path


def _audio_frame(samples: npt.NDArray[np.int16]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = CLOCK, 0
    return frame


def _sound() -> npt.NDArray[np.float64]:
    with av.open(str(SPEECH)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=CLOCK)
        pieces = [
            piece.to_ndarray()[0]
            for frame in [*container.decode(audio=0), None]
            for piece in resampler.resample(frame)
        ]
    whole = np.concatenate(pieces).astype(np.float64)
    return whole[int(FIRST / RATE * CLOCK) : int(STOP / RATE * CLOCK)]


def _opening(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(frames,) rows by which the mouth is open: the loudness of each frame's time."""
    frames = STOP - FIRST
    edges = np.linspace(0, len(sound), frames + 1).astype(int)
    level = np.array([np.sqrt(np.square(sound[a:b]).mean()) for a, b in pairwise(edges)])
    return _WIDEST * np.sqrt(level / level.max())


def _speaking(wide: float) -> npt.NDArray[np.uint8]:
    picture = photograph()
    rows, columns = np.mgrid[0:256, 0:256].astype(np.float32)
    across = np.exp(-(((columns - 127) / 22) ** 4))
    below = np.clip((rows - _LIPS) / np.float32(max(wide, 0.1)), 0, 1)
    fading = np.clip((215 - rows) / 30, 0, 1)
    shift = np.float32(wide) * across * below * fading
    moved = cv2.remap(picture, columns, rows - shift, cv2.INTER_LINEAR).astype(np.float32)
    gap = (below * (rows < _LIPS + wide) * across)[:, :, None]
    return np.clip(moved * (1 - 0.9 * gap), 0, 255).astype(np.uint8)
