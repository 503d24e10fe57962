"""Measurements as JSON values and back. PURE.

Arrays are little-endian and in base64: an hour of film has some millions of numbers. What tells
people apart (`faces`, `voices`) stands by itself in the document, so that it can be kept elsewhere
and deleted.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.measured import Measured, Track

FORMAT = 1


def as_json(reel: Measured) -> dict[str, Any]:
    """The document; `biometrics` is empty where nobody was told apart."""
    return {
        "format": FORMAT,
        "rate": str(reel.rate),
        "frames": reel.frames,
        "cuts": list(reel.cuts),
        "bands": pack(reel.bands, "<f4"),
        "tracks": [_track_json(track) for track in reel.tracks],
        "biometrics": _biometrics(reel),
    }


def _track_json(track: Track) -> dict[str, Any]:
    return {
        "number": track.number,
        "first_frame": track.first_frame,
        "best_frame": track.best_frame,
        "boxes": pack(np.rint(track.boxes), "<i2"),
        "mouth": pack(track.mouth, "<f4"),
    }


def _biometrics(reel: Measured) -> dict[str, Any]:
    if not len(reel.voices) and not any(len(track.faces) for track in reel.tracks):
        return {}
    return {
        "faces": {
            str(track.number): pack(track.faces, "<f4") for track in reel.tracks if len(track.faces)
        },
        "voice_starts": [int(start) for start in reel.voice_starts],
        "voices": pack(reel.voices, "<f4"),
    }


def from_json(document: Mapping[str, Any]) -> Measured:
    """The reverse; without `biometrics`, nobody in it can be told from anybody."""
    told = document.get("biometrics") or {}
    faces = told.get("faces", {})
    tracks = [_track_from(each) for each in document["tracks"]]
    return Measured(
        rate=Fraction(document["rate"]),
        frames=int(document["frames"]),
        tracks=[
            replace(track, faces=unpack(faces[str(track.number)]))
            if str(track.number) in faces
            else track
            for track in tracks
        ],
        bands=unpack(document["bands"]),
        voice_starts=np.asarray(told.get("voice_starts", []), np.int64),
        voices=unpack(told["voices"]) if told else np.zeros((0, 256), np.float32),
        cuts=tuple(document.get("cuts", ())),
    )


def _track_from(told: Mapping[str, Any]) -> Track:
    return Track(
        number=int(told["number"]),
        first_frame=int(told["first_frame"]),
        best_frame=int(told["best_frame"]),
        boxes=unpack(told["boxes"]),
        mouth=unpack(told["mouth"]),
    )


def pack(values: npt.NDArray[Any], kind: str) -> dict[str, Any]:
    """An array as type, shape and base64."""
    raw = np.ascontiguousarray(values, kind).tobytes()
    return {
        "type": kind,
        "shape": list(values.shape),
        "data": base64.b64encode(raw).decode("ascii"),
    }


def unpack(told: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """The reverse of `pack`, as float32."""
    raw = np.frombuffer(base64.b64decode(told["data"]), told["type"])
    return raw.reshape(told["shape"]).astype(np.float32)
