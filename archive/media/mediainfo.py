"""MediaInfo's description of a file, trimmed to what says something about it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_NOISE = re.compile(
    r"_String\d?$|_Url$|_Info$|_List$|^Count$|^StreamKind|^StreamCount$|^CompleteName$"
    r"|^Folder|^FileName|^FileExtension$|^File_|_Proportion$|^Format_Extensions$|^Codec$|^Inform$"
)
"""Renderings of other fields, and where the file lies on this machine."""


def read_mediainfo(path: Path) -> dict[str, Any]:
    """`{"version": ..., "tracks": [{"@type": "General", ...}, ...]}`; empty if it reads nothing."""
    from pymediainfo import MediaInfo  # here: it takes longer to load than all else that we read by

    if not MediaInfo.can_parse():
        return {}
    try:
        with path.open("rb") as file:  # a handle: MediaInfo would take some names for addresses
            text = MediaInfo.parse(file, output="JSON")
        parsed = json.loads(str(text))
    except (OSError, ValueError, RuntimeError):
        return {}
    media = parsed.get("media") or {}
    tracks = [
        {name: value for name, value in track.items() if not _NOISE.search(name)}
        for track in media.get("track", [])
    ]
    version = parsed.get("creatingLibrary", {}).get("version", "")
    return {"version": version, "tracks": tracks}
