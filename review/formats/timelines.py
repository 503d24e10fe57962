"""All editing formats of a reel, or of all reels of a title, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from review.formats import aaf, edl, fcp7, fcpxml, mlt, otio, sidecar
from review.formats.edition import Edition
from review.formats.timeline import Master, Timeline, of_reel

TITLE = "title"
"""The timelines of all reels of an element, one after the other."""
OTIO, EDL, FCP7, FCPXML, AAF, MLT = "otio", "edl", "fcp7", "fcpxml", "aaf", "mlt"
TIMELINES = (OTIO, EDL, FCP7, FCPXML, AAF, MLT)
CANNOT = {
    EDL: edl.CANNOT,
    FCP7: fcp7.CANNOT,
    FCPXML: fcpxml.CANNOT,
    AAF: aaf.CANNOT,
    MLT: mlt.CANNOT,
}
"""What each leaves out; OpenTimelineIO is the master and leaves out nothing."""


def available() -> tuple[str, ...]:
    """Those of TIMELINES that can be written here: AAF needs an optional package."""
    return tuple(name for name in TIMELINES if name != AAF or aaf.is_installed())


def write_timelines(
    folder: Path, edition: Edition, wanted: Sequence[str], *, master: Master | None = None
) -> list[Path]:
    """Write those of TIMELINES that are wanted of a reel.

    Args:
        master: the joined FFV1 file in the same folder; then shots are cut from it.
    Raises: DeliveryError, OSError.
    """
    # Nothing is laid out where nothing is asked for: a master leaves whatever its takes' rates.
    line = of_reel(edition, master) if set(TIMELINES) & set(wanted) else None
    return write_all(folder, line, wanted) if line else []


def write_all(folder: Path, timeline: Timeline, wanted: Sequence[str]) -> list[Path]:
    """Write those of TIMELINES that are wanted, and the sidecar of all but the master timeline.

    Raises: DeliveryError, OSError.
    """
    written = {name: _write(folder, timeline, name) for name in TIMELINES if name in wanted}
    cannot = {
        path.name: CANNOT[name] for name, paths in written.items() if name != OTIO for path in paths
    }
    if cannot:
        path = folder / sidecar.NAME
        sidecar.write_sidecar(path, timeline, cannot)
        written[sidecar.NAME] = [path]
    return [path for paths in written.values() for path in paths]


def _write(folder: Path, timeline: Timeline, name: str) -> list[Path]:
    if name == EDL:
        return edl.write_lists(folder, timeline)
    path = (
        folder
        / {
            OTIO: "timeline.otio",
            FCP7: "timeline.xml",
            FCPXML: "timeline.fcpxml",
            AAF: "timeline.aaf",
            MLT: "timeline.mlt",
        }[name]
    )
    write = {
        OTIO: otio.write_timeline,
        FCP7: fcp7.write_xml,
        FCPXML: fcpxml.write_fcpxml,
        AAF: aaf.write_aaf,
        MLT: mlt.write_mlt,
    }[name]
    write(path, timeline)
    return [path]
