"""The ASC Color Decision List: slope, offset, power and saturation, and lift, gamma, gain in it.

    out = clamp(clamp(in * slope + offset) ** power), for each of R, G, B in [0, 1]
    out = clamp(luma + saturation * (out - luma)), luma by the weights of Rec. 709

Source: American Society of Cinematographers, "ASC Color Decision List (ASC CDL) Transfer Functions
and Interchange Syntax", release 1.2 (2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Three = tuple[float, float, float]

NEUTRAL: Three = (1.0, 1.0, 1.0)
ZERO: Three = (0.0, 0.0, 0.0)
MOST = 8.0
"""The largest slope, power and saturation; beyond it nothing is left of a picture."""


@dataclass(frozen=True, slots=True)
class Cdl:
    """One correction. slope, power, saturation >= 0; offset from -1 to 1.

    Raises: ValueError that says what is out of range.
    """

    slope: Three = NEUTRAL
    offset: Three = ZERO
    power: Three = NEUTRAL
    saturation: float = 1.0

    def __post_init__(self) -> None:
        _require("slope", self.slope, 0.0, MOST)
        _require("offset", self.offset, -1.0, 1.0)
        _require("power", self.power, 0.05, MOST)
        _require("saturation", (self.saturation,), 0.0, MOST)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Cdl:
        """Raises: ValueError naming what is missing, no number, or out of range."""
        try:
            slope, offset, power = (
                _three(values.get(name, usual))
                for name, usual in (("slope", NEUTRAL), ("offset", ZERO), ("power", NEUTRAL))
            )
            saturation = float(values.get("saturation", 1.0))
        except (TypeError, ValueError) as error:
            raise ValueError(
                "a correction is three numbers each for slope, offset and power, and one for "
                f"saturation, not {str(dict(values))[:160]}"
            ) from error
        return cls(slope, offset, power, saturation)

    @property
    def is_neutral(self) -> bool:
        return self == Cdl()

    def as_json(self) -> dict[str, Any]:
        return {
            "slope": list(self.slope),
            "offset": list(self.offset),
            "power": list(self.power),
            "saturation": self.saturation,
        }


def from_wheels(lift: Three, gamma: Three, gain: Three, saturation: float = 1.0) -> Cdl:
    """Lift, gamma, gain as a CDL: out = (gain * (in + lift * (1 - in))) ** (1 / gamma).

    Lift moves black and holds white, gain moves white and holds black, gamma moves what is between.
    Raises: ValueError for a gamma of 0, or what no CDL may hold.
    """
    if any(value <= 0 for value in gamma):
        raise ValueError(f"gamma must be above 0, not {list(gamma)}")
    red, green, blue = zip(lift, gamma, gain, strict=True)
    channels = (red, green, blue)
    return Cdl(
        slope=_rounded([high * (1 - low) for low, _, high in channels]),
        offset=_rounded([high * low for low, _, high in channels]),
        power=_rounded([1 / middle for _, middle, _ in channels]),
        saturation=saturation,
    )


def wheels(cdl: Cdl) -> tuple[Three, Three, Three]:
    """Lift, gamma and gain that give this CDL; the reverse of `from_wheels`."""
    gain = [slope + offset for slope, offset in zip(cdl.slope, cdl.offset, strict=True)]
    lift = [offset / high if high else 0.0 for offset, high in zip(cdl.offset, gain, strict=True)]
    return _rounded(lift), _rounded([1 / power for power in cdl.power]), _rounded(gain)


def white_gains(white: Three) -> Three:
    """Slopes that make this colour of the picture (codes, 0 to 255) neutral and keep its luma.

    A factor on each code is, for a power law between light and code, a factor on the light itself.
    Source: von Kries, "Die Gesichtsempfindungen" (1905).
    """
    held = [max(value, 1.0) for value in white]
    luma = 0.2126 * held[0] + 0.7152 * held[1] + 0.0722 * held[2]
    return _rounded([luma / value for value in held])


def with_white(cdl: Cdl, white: Three | None) -> Cdl:
    """The CDL that balances white first and then does what `cdl` does.

    Raises: ValueError if the slopes then are beyond what a CDL may hold.
    """
    if white is None:
        return cdl
    gains = white_gains(white)
    slope = [gain * value for gain, value in zip(gains, cdl.slope, strict=True)]
    return Cdl(_rounded(slope), cdl.offset, cdl.power, cdl.saturation)


def _three(value: Any) -> Three:
    red, green, blue = (float(part) for part in value)
    return red, green, blue


def _rounded(values: list[float]) -> Three:
    """Six places, as CDL files write them."""
    red, green, blue = (round(value, 6) for value in values)
    return red, green, blue


def _require(name: str, values: tuple[float, ...], least: float, most: float) -> None:
    # Written so that what is no number at all is refused too.
    if not all(least <= value <= most for value in values):
        raise ValueError(f"{name} must lie in {least} to {most}, not {list(values)}")
