"""Clips that may be shown on other sites: scenes whose restoration a person approved, and still
stands by; with what a machine made of them in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from restoration import viewing
from restoration.models import Scene, Take
from review.models import Approval
from review.shares import summary
from review.standing import Standing, standings


@dataclass(frozen=True, slots=True)
class Clip:
    """One approved scene."""

    scene: Scene
    take: Take
    approval: Approval

    @property
    def seconds(self) -> float:
        return float(self.scene.frames / self.scene.scan.rate)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its picture, of a scan that was not enlarged."""
        return self.scene.scan.width, self.scene.scan.height

    @property
    def provenance(self) -> str:
        """The share of each label, in words."""
        return summary(self.take.totals)

    @property
    def colour_provenance(self) -> str:
        """The same of colour; empty where the scan has none."""
        return (
            ""
            if self.scene.scan.pixel_format.startswith("gray")
            else summary(self.take.totals, "colour")
        )

    @property
    def is_ready(self) -> bool:
        return viewing.view_of(self.take).is_ready()


def approved(scenes: Iterable[Scene]) -> list[Clip]:
    """Those of the scenes whose take is approved now, in their order."""
    return [clip for each in standings(scenes) if (clip := _clip(each)) is not None]


def _clip(standing: Standing) -> Clip | None:
    take, decision = standing.take, standing.decision
    if take is None or decision is None or standing.reasons:
        return None
    if decision.decision != Approval.Decision.APPROVED or decision.take_id != take.pk:
        return None
    return Clip(standing.scene, take, decision)
