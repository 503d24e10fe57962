"""What people said of cuts and splices, beside what the newest detection found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archive.models import Scan
from restoration.cutting import Decided, found_borders
from restoration.models import BorderFinding, Verdict


def decided(scan: Scan) -> Decided:
    return decided_of(Verdict.objects.filter(scan=scan))


def decided_of(said: Iterable[Verdict]) -> Decided:
    """Verdicts on one scan as sets of frames."""
    words = {(verdict.about, verdict.holds, verdict.frame) for verdict in said}

    def marks(*, holds: bool) -> frozenset[tuple[str, int]]:
        return frozenset(
            (what, frame) for what, held, frame in words if what != "cut" and held == holds
        )

    def frames(about: str, *, holds: bool) -> frozenset[int]:
        return frozenset(frame for what, held, frame in words if (what, held) == (about, holds))

    return Decided(
        cuts=frames("cut", holds=True),
        no_cuts=frames("cut", holds=False),
        splices=frames("splice", holds=True),
        no_splices=frames("splice", holds=False),
        marks=marks(holds=True),
        no_marks=marks(holds=False),
    )


def keep_findings(scan: Scan, findings: Mapping[str, Any]) -> None:
    """Keep the borders that were found, and those that nearly were, in place of earlier ones."""
    rows: dict[int, BorderFinding] = {}
    doubtful = [
        {"range": None, "evidence": {}, **border} for border in findings.get("doubtful", ())
    ]
    for border, accepted in [
        *((border, False) for border in doubtful),
        *((border, True) for border in found_borders(findings)),
    ]:
        frame = int(border["frame"])
        if 0 < frame < scan.frames:
            rows[frame] = BorderFinding(
                scan=scan,
                frame=frame,
                kind=border["kind"],
                confidence=float(border["confidence"]),
                gradual=border["range"],
                evidence=border["evidence"],
                accepted=accepted,
            )
    BorderFinding.objects.filter(scan=scan).delete()
    BorderFinding.objects.bulk_create(rows.values())
