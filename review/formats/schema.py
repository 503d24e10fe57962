"""A reel in schema.org's words, for search engines. PURE. https://schema.org/VideoObject"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from review.formats.iiif import Film

_NO_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def described(film: Film, *, about: str, year: str, kept: datetime) -> str:
    """JSON-LD that may stand inside a `script` element: no sign in it ends one.

    Args:
        about: the catalogue's note; empty: the reel's name stands for it.
        kept: when the scan was taken into custody.
    """
    made: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "@id": film.page,
        "url": film.page,
        "name": film.name,
        "description": about or film.name,
        "uploadDate": kept.isoformat(),
        "duration": f"PT{float(film.frames / film.rate):.3f}S",
    }
    facts = dict(film.facts)
    movie = {"@type": "Movie", "name": facts.get("Title", film.name)}
    if found := re.search("[0-9]{4}", year):
        movie["dateCreated"] = found[0]
    if "Country" in facts:
        movie["countryOfOrigin"] = facts["Country"]
    made["isPartOf"] = movie
    if "Archive" in facts:
        made["provider"] = {"@type": "ArchiveOrganization", "name": facts["Archive"]}
    if film.rights:
        made["license"] = film.rights[0][0]
    if film.video:
        made |= {
            "contentUrl": film.video,
            "thumbnailUrl": film.still,
            "encodingFormat": "video/mp4",
        }
    return json.dumps(made, ensure_ascii=False).translate(_NO_SCRIPT)
