"""The provenance map of a reel by itself, and the recount that a policy on labels asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import FrameMap, ProvenanceError, Totals
from review.formats.conversion import converted_maps
from review.formats.edition import DeliveryError, Edition, EditionScene


def write_map(path: Path, edition: Edition) -> Totals:
    """Join the takes' maps, as the master's is joined; gives back what was counted.

    Raises: DeliveryError if a map is not what its take says; OSError.
    """
    form = edition.form
    with MapWriter(path, width=form.width, height=form.height, rate=edition.scan.rate) as maps:
        for scene in edition.scenes:
            if edition.is_converted(scene):
                _write_all(maps, converted_maps(scene, form))
            elif not maps.copy(scene.take.provenance, _told(scene)):
                _write_all(maps, MapReader(scene.take.provenance).frames())
    found = MapReader(path).totals()
    if found != edition.totals:
        raise DeliveryError(
            f"{path.name} was made and thrown away: it counts other labels than the takes' "
            "manifests; restore the maps from a backup, or make the takes again"
        )
    return found


def _write_all(maps: MapWriter, frame_maps: Iterator[FrameMap]) -> None:
    for frame_map in frame_maps:
        maps.write(frame_map)


def require_counts(edition: Edition) -> None:
    """Count every take's map again: what the policy was held against is what the maps hold.

    Raises: DeliveryError naming the scene whose map says otherwise.
    """
    for scene in edition.scenes:
        try:
            found = MapReader(scene.take.provenance).totals()
        except ProvenanceError as error:
            raise DeliveryError(f"The map of scene {scene.number}: {error}") from error
        if found != _told(scene):
            raise DeliveryError(
                f"The map of scene {scene.number} counts other labels than the take's manifest, "
                "on which the policy was decided; restore it from a backup, or make the take again"
            )


def _told(scene: EditionScene) -> Totals:
    return Totals.from_json(scene.take.totals)
