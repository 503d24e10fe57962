"""All editing formats of a reel in one folder, from the same edition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from review.formats import aaf, edl, fcp7, fcpxml, mlt, otio, sidecar
from review.formats.edition import Edition
from review.formats.timeline import Master

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
    """Write those of TIMELINES that are wanted, and the sidecar of all but the master timeline.

    Args:
        master: the joined FFV1 file in the same folder; then shots are cut from it.
    Raises: DeliveryError, OSError.
    """
    written = {name: _write(folder, edition, name, master) for name in TIMELINES if name in wanted}
    cannot = {
        path.name: CANNOT[name] for name, paths in written.items() if name != OTIO for path in paths
    }
    if cannot:
        path = folder / sidecar.NAME
        sidecar.write_sidecar(path, edition, cannot, master=master)
        written[sidecar.NAME] = [path]
    return [path for paths in written.values() for path in paths]


def _write(folder: Path, edition: Edition, name: str, master: Master | None) -> list[Path]:
    if name == EDL:
        return edl.write_lists(folder, edition, master=master)
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
    write(path, edition, master=master)
    return [path]
