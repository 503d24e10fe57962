"""IMSC 1.1 text profile (W3C): times in whole frames, speakers as `ttm:agent`."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from fractions import Fraction

from restoration.speech.cues import CueLine
from review.formats.agents import AGENT, add_agents
from review.formats.characters import legal_subtitles
from review.formats.subtitles import Subtitles

_TT = "http://www.w3.org/ns/ttml"
_PARAMETER, _STYLE, _META = f"{_TT}#parameter", f"{_TT}#styling", f"{_TT}#metadata"
_XML = "http://www.w3.org/XML/1998/namespace"
_PROFILE = "http://www.w3.org/ns/ttml/profile/imsc1.1/text"
_PREFIXES = {"": _TT, "ttp": _PARAMETER, "tts": _STYLE, "ttm": _META}


def write_imsc(subtitles: Subtitles) -> bytes:
    """The file, as UTF-8."""
    subtitles = legal_subtitles(subtitles)
    for prefix, name in _PREFIXES.items():
        xml.register_namespace(prefix, name)
    root = xml.Element(f"{{{_TT}}}tt", _timing(subtitles.rate))
    root.set(f"{{{_XML}}}lang", subtitles.language)
    agents = _head(root, subtitles)
    body = xml.SubElement(root, f"{{{_TT}}}body")
    block = xml.SubElement(body, f"{{{_TT}}}div", {"region": "bottom"})
    for number, cue in enumerate(subtitles.cues, start=1):
        shown = xml.SubElement(
            block,
            f"{{{_TT}}}p",
            {"begin": f"{cue.start_frame}f", "end": f"{cue.end_frame}f", "style": "line"},
        )
        shown.set(f"{{{_XML}}}id", f"cue{number}")
        for place, line in enumerate(cue.lines):
            if place:
                xml.SubElement(shown, f"{{{_TT}}}br")
            _add_line(shown, line, agents)
    return bytes(xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _timing(rate: Fraction) -> dict[str, str]:
    """A rate as TTML has it: a whole number, and what to multiply it by."""
    whole = round(rate)
    factor = rate / whole
    told = {
        f"{{{_PARAMETER}}}contentProfiles": _PROFILE,
        f"{{{_PARAMETER}}}timeBase": "media",
        f"{{{_PARAMETER}}}frameRate": str(whole),
    }
    if factor != 1:
        told[f"{{{_PARAMETER}}}frameRateMultiplier"] = f"{factor.numerator} {factor.denominator}"
    return told


def _head(root: xml.Element, subtitles: Subtitles) -> dict[str, str]:
    """The head; identifiers of its agents by name."""
    head = xml.SubElement(root, f"{{{_TT}}}head")
    about = xml.SubElement(head, f"{{{_TT}}}metadata")
    if subtitles.title:
        xml.SubElement(about, f"{{{_META}}}title").text = subtitles.title
    if subtitles.note:
        xml.SubElement(about, f"{{{_META}}}desc").text = subtitles.note
    agents = add_agents(about, subtitles)
    _add_style(head)
    return agents


def _add_style(head: xml.Element) -> None:
    styling = xml.SubElement(head, f"{{{_TT}}}styling")
    look = {"fontFamily": "proportionalSansSerif", "fontSize": "100%", "lineHeight": "125%"}
    look |= {"color": "#ffffff", "backgroundColor": "#000000c0", "textAlign": "center"}
    style = xml.SubElement(styling, f"{{{_TT}}}style")
    style.set(f"{{{_XML}}}id", "line")
    for name, value in look.items():
        style.set(f"{{{_STYLE}}}{name}", value)
    layout = xml.SubElement(head, f"{{{_TT}}}layout")
    region = xml.SubElement(layout, f"{{{_TT}}}region")
    region.set(f"{{{_XML}}}id", "bottom")
    for name, value in {"origin": "10% 10%", "extent": "80% 80%", "displayAlign": "after"}.items():
        region.set(f"{{{_STYLE}}}{name}", value)


def _add_line(shown: xml.Element, line: CueLine, agents: dict[str, str]) -> None:
    for number, span in enumerate(line.spans):
        part = xml.SubElement(shown, f"{{{_TT}}}span")
        part.text = (line.dash if not number else "") + span.text
        if span.italic:
            part.set(f"{{{_STYLE}}}fontStyle", "italic")
        if line.speaker:
            part.set(AGENT, agents[line.speaker])
