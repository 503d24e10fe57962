"""EBU-TT-D (EBU Tech 3380), as broadcasters' players ask for it by name.

Unlike IMSC it has no frames: times are milliseconds, which name every frame up to 500 a second
again when they are rounded to it. Looks stand in styles alone, never on the text; speakers are
`ttm:agent`, which the published schema (ebu/ebu-tt-d-xsd) allows on text.
"""

from __future__ import annotations

import xml.etree.ElementTree as xml
from fractions import Fraction

from restoration.speech.cues import CueLine
from review.formats.agents import AGENT, add_agents
from review.formats.characters import legal_subtitles
from review.formats.subtitles import Subtitles

_TT = "http://www.w3.org/ns/ttml"
_PARAMETER, _STYLE, _META = f"{_TT}#parameter", f"{_TT}#styling", f"{_TT}#metadata"
_EBU = "urn:ebu:tt:metadata"
_XML = "http://www.w3.org/XML/1998/namespace"
_STANDARD = "urn:ebu:tt:distribution:2018-04"
_PREFIXES = {"tt": _TT, "ttp": _PARAMETER, "tts": _STYLE, "ttm": _META, "ebuttm": _EBU}
_LOOKS = {
    "line": {
        "fontFamily": "proportionalSansSerif", "fontSize": "100%", "lineHeight": "125%",
        "color": "#ffffff", "textAlign": "center",
    },
    "words": {"backgroundColor": "#000000c0"},
    "italic": {"backgroundColor": "#000000c0", "fontStyle": "italic"},
}  # fmt: skip


def write_ebu_tt_d(subtitles: Subtitles) -> bytes:
    """The file, as UTF-8."""
    subtitles = legal_subtitles(subtitles)
    for prefix, name in _PREFIXES.items():
        xml.register_namespace(prefix, name)
    root = xml.Element(
        f"{{{_TT}}}tt",
        {
            f"{{{_PARAMETER}}}timeBase": "media",
            f"{{{_PARAMETER}}}cellResolution": "32 15",
            f"{{{_XML}}}lang": subtitles.language,
        },
    )
    agents = _add_head(root, subtitles)
    body = xml.SubElement(root, f"{{{_TT}}}body")
    block = xml.SubElement(body, f"{{{_TT}}}div")
    for number, cue in enumerate(subtitles.cues, start=1):
        begin, end = (
            clock(Fraction(frame) / subtitles.rate) for frame in (cue.start_frame, cue.end_frame)
        )
        told = {"begin": begin, "end": end, "region": "bottom", "style": "line"}
        shown = xml.SubElement(block, f"{{{_TT}}}p", told | {f"{{{_XML}}}id": f"cue{number}"})
        for place, line in enumerate(cue.lines):
            if place:
                xml.SubElement(shown, f"{{{_TT}}}br")
            _add_line(shown, line, agents)
    return bytes(xml.tostring(root, encoding="utf-8", xml_declaration=True))


def clock(seconds: Fraction) -> str:
    """To the nearest millisecond, such as `01:00:00.042`."""
    whole = round(seconds * 1000)
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _add_head(root: xml.Element, subtitles: Subtitles) -> dict[str, str]:
    """The head; identifiers of its agents by name."""
    head = xml.SubElement(root, f"{{{_TT}}}head")
    about = xml.SubElement(head, f"{{{_TT}}}metadata")
    if subtitles.title:
        xml.SubElement(about, f"{{{_META}}}title").text = subtitles.title
    if subtitles.note:
        xml.SubElement(about, f"{{{_META}}}desc").text = subtitles.note
    document = xml.SubElement(about, f"{{{_EBU}}}documentMetadata")
    xml.SubElement(document, f"{{{_EBU}}}conformsToStandard").text = _STANDARD
    agents = add_agents(about, subtitles)
    styling = xml.SubElement(head, f"{{{_TT}}}styling")
    for key, look in _LOOKS.items():
        style = xml.SubElement(styling, f"{{{_TT}}}style", {f"{{{_XML}}}id": key})
        for name, value in look.items():
            style.set(f"{{{_STYLE}}}{name}", value)
    layout = xml.SubElement(head, f"{{{_TT}}}layout")
    region = xml.SubElement(layout, f"{{{_TT}}}region", {f"{{{_XML}}}id": "bottom"})
    for name, value in {"origin": "10% 10%", "extent": "80% 80%", "displayAlign": "after"}.items():
        region.set(f"{{{_STYLE}}}{name}", value)
    return agents


def _add_line(shown: xml.Element, line: CueLine, agents: dict[str, str]) -> None:
    for number, span in enumerate(line.spans):
        look = {"style": "italic" if span.italic else "words"}
        part = xml.SubElement(shown, f"{{{_TT}}}span", look)
        part.text = (line.dash if not number else "") + span.text
        if line.speaker:
            part.set(AGENT, agents[line.speaker])
