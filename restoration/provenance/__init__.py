"""The provenance map: for each pixel of a take, how far its value is from the evidence.

Two planes at luma resolution, `structure` (luma) and `colour` (chroma), hold one `Label` a pixel.
A stage labels its own operation; `compose` joins that with the maps of the pictures it read, by the
maximum over everything whose value a pixel carries. `check_frame` is the hard gate that a written
take has to pass. docs/provenance-map.md describes the files.
"""

from restoration.provenance.composition import (
    colour_sources,
    compose,
    structure_sources,
)
from restoration.provenance.enlarging import (
    check_enlargement,
    enlarge_map,
    has_grown,
    spread_map,
)
from restoration.provenance.footprints import bilinear_labels, footprint_labels, resample_labels
from restoration.provenance.gate import check_frame, check_lightness, check_sources
from restoration.provenance.labels import (
    FrameMap,
    Guidance,
    Label,
    Labels,
    ProvenanceError,
    Sources,
    identity_map,
    pack,
    uniform_map,
    unpack,
)
from restoration.provenance.totals import Totals

__all__ = [
    "FrameMap",
    "Guidance",
    "Label",
    "Labels",
    "ProvenanceError",
    "Sources",
    "Totals",
    "bilinear_labels",
    "check_enlargement",
    "check_frame",
    "check_lightness",
    "check_sources",
    "colour_sources",
    "compose",
    "enlarge_map",
    "footprint_labels",
    "has_grown",
    "identity_map",
    "pack",
    "resample_labels",
    "spread_map",
    "structure_sources",
    "uniform_map",
    "unpack",
]
