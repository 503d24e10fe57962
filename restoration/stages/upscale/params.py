"""What can be set of an enlargement, and which weights that needs."""

from __future__ import annotations

from dataclasses import dataclass

from restoration import weights
from restoration.stages.area import area_of
from restoration.stages.upscale import small_faces, small_text
from restoration.stages.upscale.size import MOST

ENGINES = ("compact", "resample", "basicvsr", "realsr", "realesrgan", "model")
MODES = ("faithful", "free")
NETWORK = "upscale"
BASICVSR = "basicvsr-vimeo90k-bi"
STILLS = {"realsr": "realsr-df2k", "realesrgan": "realesrgan-x4plus"}
"""Names of the weights in weights.toml."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    scale: int = 2
    """How many times as large: 2, 3 or 4."""
    height: int = 0
    """Rows of the result, up to four times the source's; 0: by scale."""
    engine: str = "compact"
    """`compact`: our own network. `resample`: no network, nothing made up. `basicvsr`: the
    published network, which looks at many frames and is slow without a GPU. `realsr`,
    `realesrgan`: published networks for stills, slower still. `model`: one of the archive's own."""
    model: str = ""
    """For `engine=model`: its name in the list that `REELPROOF_OWN_WEIGHTS` names."""
    mode: str = "faithful"
    """`faithful`: shrinking gives back the source. `free`: as the engine proposes."""
    threshold: float = 3.0
    """Of error to expect, in 8-bit codes, above which a pixel is SYNTHESISED."""
    tile: int = 0
    """Side of our own network's tiles in source pixels; 0: by free memory. The published ones keep
    theirs."""
    faces: bool = True
    """Look for faces so small that their details are invented, and tell of them."""
    area: str = ""
    """LEFT,TOP,WIDTH,HEIGHT of the picture in the scan's pixels; outside it, where bars, sprocket
    holes or the film's edge are, it is resampled alone. Empty: all but black bars and rows of
    sprocket holes, which are found."""
    text: bool = True
    """Look for writing so small that its letters may be invented, and tell of it."""

    def __post_init__(self) -> None:
        if not 2 <= self.scale <= MOST:
            raise ValueError(f"scale must be 2, 3 or {MOST}, not {self.scale}")
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")
        if (self.engine == "model") != bool(self.model):
            raise ValueError("engine=model and model=NAME belong together; the names: weights list")
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {self.mode!r}")
        if self.area:
            area_of(self.area)
        if not 0 <= self.threshold <= 8:
            raise ValueError(f"threshold must be from 0 to 8, not {self.threshold}")
        if self.height < 0 or self.tile < 0 or 0 < self.tile < 32:
            raise ValueError("height and tile are 0 or a number of pixels; a tile has 32 or more")


def weights_of(params: Params) -> tuple[str, ...]:
    """Names of the weights that an engine loads: every network takes its doubt from our own."""
    if params.engine == "resample":
        return ()
    named = list(_networks_of(params))
    if params.faces and weights.find(small_faces.WEIGHTS).state() == "present":
        named.append(small_faces.WEIGHTS)
    if params.text and small_text.can_look():
        named.append(small_text.WEIGHTS)
    return tuple(named)


def _networks_of(params: Params) -> tuple[str, ...]:
    published = {"basicvsr": BASICVSR, "model": params.model} | STILLS
    return (NETWORK, *(name for engine, name in published.items() if engine == params.engine))
