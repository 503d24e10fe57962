"""A bar: what a bench's figure has to reach, and whether it does."""

from __future__ import annotations

from typing import Any, NamedTuple

_ROUNDING = 1e-9


class Bar(NamedTuple):
    """least, most: what is wanted; one of them is None."""

    bar: str
    least: float | None
    most: float | None
    measured: float

    def judged(self) -> dict[str, Any]:
        """What is wanted, what was measured, and whether it is met."""
        met = (self.least is None or self.measured >= self.least - _ROUNDING) and (
            self.most is None or self.measured <= self.most + _ROUNDING
        )
        wanted = f">= {self.least}" if self.least is not None else f"<= {self.most}"
        return {"bar": self.bar, "wanted": wanted, "measured": float(self.measured), "met": met}
