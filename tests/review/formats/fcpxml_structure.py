"""What FCPXML 1.10 allows of the elements that a timeline uses, from Apple's published DTD.

Apple's DTD ("FCPXML DTD version 1.10", Final Cut Pro's support page) is not copied here: this says
in a table which children an element has, in which order, and which attributes it needs and knows.
"""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

CLIP = {"lane", "offset", "name", "start", "duration", "enabled"}
STORY = "(?:audio|video|clip|title|caption|mc-clip|ref-clip|sync-clip|asset-clip|audition|spine)"
MARKER = "(?:marker|chapter-marker|rating|keyword|analysis-marker)"

ELEMENTS: dict[str, tuple[str, set[str], set[str]]] = {
    # element: order of children, attributes that must be there, attributes that may be
    "fcpxml": ("(?:import-options )?(?:resources )?(?:library |(?:event )*)", {"version"}, set()),
    "resources": ("(?:(?:asset|effect|format|media|locator) )*", set(), set()),
    "format": (
        "", {"id"},
        {"name", "frameDuration", "fieldOrder", "width", "height", "paspH", "paspV", "colorSpace"},
    ),
    "asset": (
        "(?:media-rep )+(?:metadata )?", {"id"},
        {"name", "uid", "start", "duration", "hasVideo", "format", "hasAudio", "videoSources",
         "audioSources", "audioChannels", "audioRate"},
    ),
    "media-rep": ("(?:bookmark )?", {"src"}, {"kind", "sig", "suggestedFilename"}),
    "library": ("(?:(?:event|smart-collection) )*", set(), {"location", "colorProcessing"}),
    "event": ("(?:(?:project|asset-clip|clip) )*", set(), {"name", "uid"}),
    "project": ("sequence ", set(), {"name", "uid", "id", "modDate"}),
    "sequence": (
        "(?:note )?spine (?:metadata )?", {"format"},
        {"duration", "tcStart", "tcFormat", "audioLayout", "audioRate", "renderFormat", "keywords"},
    ),
    "spine": ("(?:(?:asset-clip|clip|gap|transition) )*", set(), {"lane", "offset", "name"}),
    "gap": (
        f"(?:note )?(?:{STORY} )*(?:{MARKER} )*(?:metadata )?", {"duration"},
        {"offset", "name", "start", "enabled"},
    ),
    "asset-clip": (
        f"(?:note )?(?:conform-rate )?(?:{STORY} )*(?:{MARKER} )*(?:metadata )?", {"ref"},
        CLIP | {"srcEnable", "audioStart", "audioDuration", "format", "tcStart", "tcFormat",
                "modDate", "audioRole", "videoRole"},
    ),
    "conform-rate": ("", set(), {"scaleEnabled", "srcFrameRate", "frameSampling"}),
    "marker": ("", {"start", "value"}, {"duration", "completed", "note"}),
    "note": ("", set(), set()),
}  # fmt: skip
CHOICES = {
    "srcFrameRate": {"23.98", "24", "25", "29.97", "30", "47.95", "48", "50", "59.94", "60"},
    "scaleEnabled": {"0", "1"},
    "tcFormat": {"DF", "NDF"},
}
TIMES = {"frameDuration", "start", "duration", "offset", "tcStart"}
TIME = re.compile(r"\d+(/\d+)?s")


def problems(root: Element) -> list[str]:
    """Everything in which a document differs from the structure; empty if it is sound."""
    found = []
    names = {each.get("id") for each in root.iter() if each.get("id")}
    for element in root.iter():
        if element.tag not in ELEMENTS:
            found.append(f"{element.tag} is not used by a timeline")
            continue
        order, needed, allowed = ELEMENTS[element.tag]
        children = "".join(f"{child.tag} " for child in element)
        if not re.fullmatch(order, children):
            found.append(f"{element.tag} holds {children}")
        given = set(element.attrib)
        found += [f"{element.tag} lacks {name}" for name in sorted(needed - given)]
        found += [f"{element.tag} knows no {name}" for name in sorted(given - needed - allowed)]
        for name in sorted(given & TIMES):
            if not TIME.fullmatch(element.attrib[name]):
                found.append(f"{element.tag} {name} is no time: {element.attrib[name]}")
            elif Fraction(element.attrib[name][:-1]).denominator >= 2**31:
                found.append(f"{element.tag} {name} has a denominator of more than 32 bits")
        for name in sorted(given & set(CHOICES)):
            if element.attrib[name] not in CHOICES[name]:
                found.append(f"{element.tag} {name} may not be {element.attrib[name]}")
        for name in ("ref", "format"):
            if name in given and element.attrib[name] not in names:
                found.append(f"{element.tag} names {element.attrib[name]}, which is not there")
    return found
