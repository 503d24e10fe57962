"""What an accession tells the chains: PREMIS events of what was done, by what, and who asked."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

import archive
from archive import custody
from archive.media.probe import Probe
from archive.models import Scan


def record_accession(
    scan: Scan, probe: Probe, *, warnings: list[str], by: AbstractBaseUser | None
) -> None:
    """The accession as PREMIS tells it; the archive's own chain then holds the reel's head."""
    ours = custody.software()
    asked_by = by.get_username() if by is not None else None

    def tell(kind: str, *, agent: Any = ours, outcome: str = "success", **detail: Any) -> None:
        custody.record(
            kind=kind,
            agent=agent,
            subject=f"scan:{scan.pk}",
            reel=scan.reel,
            outcome=outcome,
            detail=storable({**detail, "asked_by": asked_by}),
        )

    tell(
        "ingestion",
        agent=custody.person(by) if by is not None else ours,
        path=scan.path,
        bytes=scan.bytes,
        title=scan.reel.title.name,
        software=f"Reelproof {archive.__version__}",
    )
    tell("message digest calculation", algorithm="SHA-256", sha256=scan.sha256)
    tell("format identification", agent=_identifier(probe), **_identified(probe))
    tell(
        "metadata extraction",
        frames=scan.frames,
        rate=str(scan.rate),
        variable_rate=scan.variable_rate,
        start_timecode=scan.start_timecode,
        audio_tracks=len(probe.audio),
        framemd5=scan.framemd5,
    )
    if warnings:
        tell("validation", outcome="warning", warnings=warnings)
    _record_in_the_archives_chain(scan, asked_by)


def _record_in_the_archives_chain(scan: Scan, asked_by: str | None) -> None:
    """So that a whole reel cannot vanish without the archive's chain missing it."""
    head = custody.chain_heads(scan.reel)[custody.reel_chain(scan.reel)]
    custody.record(
        kind="accession",
        agent=custody.software(),
        subject=f"reel:{scan.reel_id}",
        detail={"scan": scan.pk, "sha256": scan.sha256, "head": head, "asked_by": asked_by},
    )


def _identifier(probe: Probe) -> Any:
    version = str(probe.mediainfo.get("version", ""))
    return custody.software("MediaInfo", version=version) if version else custody.software()


def _identified(probe: Probe) -> dict[str, Any]:
    return {
        "container": probe.container,
        "codec": probe.codec,
        "native_format": probe.native_format,
        "pixel_format": probe.format.pixel.name,
        "width": probe.format.width,
        "height": probe.format.height,
        "field_order": probe.field_order,
        "colour": probe.colour,
    }


def storable(value: Any) -> Any:
    """JSON from an unknown file without the characters that the database does not take."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(str(key)): storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one) for one in value]
    return value


def text(value: str) -> str:
    """NUL and lone surrogates become the replacement character."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
