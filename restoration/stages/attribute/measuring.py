"""A reel looked at and listened to, once: what every later decision rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from archive.media.display import display_size, picture_to_layout
from restoration import weights
from restoration.speech.transcript import CLOCK
from restoration.stages.attribute.faces import Faces, cut_out
from restoration.stages.attribute.hearing import listen
from restoration.stages.attribute.looking import Looker, scaled
from restoration.stages.attribute.measured import Measured, Track
from restoration.stages.attribute.mesh import Mesh, Pixels, Placed
from restoration.stages.attribute.mtcnn import Mtcnn
from restoration.stages.attribute.stage import SEEING, TELLING_APART, need_weights
from restoration.stages.attribute.voices import Voices, load
from restoration.stages.contract import Clip, Progress, StageError

LOOKED_AT = 480
"""Rows of the picture in which faces are looked for; larger scans are made smaller."""


@dataclass(slots=True)
class Networks:
    """Loaded once for a process."""

    detector: Mtcnn
    mesh: Mesh
    faces: Faces | None
    voices: Voices | None


@lru_cache(maxsize=2)
def open_networks(*, biometrics: bool) -> Networks:
    """Raises: StageError naming every file of weights that is missing, and how to fetch them."""
    names = SEEING + (TELLING_APART if biometrics else ())
    need_weights(names)
    paths = {name: weights.require(name) for name in names}
    return Networks(
        Mtcnn(paths["mtcnn"].parent),
        Mesh(paths["face-mesh"]),
        Faces(paths["face-dlib"]) if biometrics else None,
        load(paths["voice-ge2e"]) if biometrics else None,
    )


def measure(clip: Clip, progress: Progress, *, every: int, biometrics: bool) -> Measured:
    """Faces, lips, sound and voices of a whole clip.

    Raises: StageError for a film without sound, or without what it needs.
    """
    torch.set_num_threads(1)
    networks = open_networks(biometrics=biometrics)
    bands, starts, voices = hear(clip, networks, progress)
    tracks, cuts = look(clip, networks, progress, every=every)
    return Measured(
        rate=clip.format.rate,
        frames=clip.end_frame - clip.start_frame,
        tracks=tracks,
        bands=bands,
        voice_starts=starts,
        voices=voices,
        cuts=cuts,
    )


def hear(clip: Clip, networks: Networks, progress: Progress) -> Any:
    """Levels of the sound, and its voices: what `hearing.listen` gives.

    Raises: StageError for a film without sound.
    """
    pieces = clip.sound(CLOCK)
    if pieces is None:
        raise StageError("this film has no sound, so nobody can be heard speaking in it")
    total = clip.end_frame - clip.start_frame

    def told(samples: int) -> None:
        # The sound is a small part of the work.
        progress(min(total, int(samples / CLOCK * clip.format.rate)) // 10, total)

    embed = None if networks.voices is None else networks.voices.embed
    return listen(pieces, embed, told)


def look(
    clip: Clip, networks: Networks, progress: Progress, *, every: int
) -> tuple[list[Track], tuple[int, ...]]:
    """Tracks with their lips and faces, and the frames where the picture becomes another."""
    first, total = clip.start_frame, clip.end_frame - clip.start_frame
    looker = Looker(
        networks.detector,
        networks.mesh,
        every=every,
        cut_out=None if networks.faces is None else _chip,
    )
    for number, picture in enumerate(_pictures(clip)):
        looker.feed(number, picture)
        progress(total // 10 + (number + 1) * 9 // 10, total)
    looker.finish()
    progress(total, total)
    width, height = display_size(clip.format, max_height=LOOKED_AT)
    factor = (clip.format.width / width, clip.format.height / height)
    tracks = []
    for track, chips in looker.done:
        if networks.faces is not None:
            track = replace(track, faces=networks.faces.embed(chips))
        tracks.append(scaled(track, factor))
    return tracks, tuple(first + cut for cut in looker.cuts)


def _chip(picture: Pixels, placed: Placed) -> Pixels:
    return cut_out(picture, placed.points)


def _pictures(clip: Clip) -> Iterator[Pixels]:
    """(H, W, 3) uint8 RGB with square pixels, at most LOOKED_AT rows."""
    width, height = display_size(clip.format, max_height=LOOKED_AT)
    for picture in clip.frames(clip.start_frame, clip.end_frame):
        frame = picture_to_layout(picture, clip.format, layout="rgb24")
        if (frame.width, frame.height) != (width, height):
            frame = frame.reformat(width=width, height=height)
        yield np.ascontiguousarray(frame.to_ndarray(), np.uint8)
