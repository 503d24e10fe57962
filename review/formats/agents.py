"""Who speaks, in the two formats of timed text (TTML 1, section 12.1.5: `ttm:agent`)."""

from __future__ import annotations

import xml.etree.ElementTree as xml

from review.formats.subtitles import Subtitles

_META = "http://www.w3.org/ns/ttml#metadata"
_XML = "http://www.w3.org/XML/1998/namespace"
AGENT = f"{{{_META}}}agent"
"""The attribute of what somebody says, and the element that names them."""


def add_agents(about: xml.Element, subtitles: Subtitles) -> dict[str, str]:
    """Name the speakers in a document's metadata; their identifiers by name."""
    spoken = [line.speaker for cue in subtitles.cues for line in cue.lines if line.speaker]
    agents = {name: f"agent{n}" for n, name in enumerate(dict.fromkeys(spoken), start=1)}
    for name, key in agents.items():
        agent = xml.SubElement(about, AGENT, {"type": "character"})
        agent.set(f"{{{_XML}}}id", key)
        xml.SubElement(agent, f"{{{_META}}}name", {"type": "full"}).text = name
    return agents
