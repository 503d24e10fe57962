"""A thousand broken and hostile films: each is read, or refused in words; nothing falls over."""

from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import pytest

from archive.media.errors import MediaError
from archive.media.sandbox import Limits, derive_safely, probe_safely
from fixtures.clips import write_clip
from tests.fixtures.mutation import mutations

BOUNDS = Limits(
    cpu_seconds=60, wall_seconds=90, stall_seconds=30, memory_bytes=3 << 30, file_bytes=64 << 20
)
KINDS = {
    "ffv1.mkv": {"codec": "ffv1"},
    "h264.mp4": {"codec": "libx264", "pixel": "yuv420p"},
    "prores.mov": {"codec": "prores_ks", "pixel": "yuv422p10le"},
    "spoken.mkv": {"codec": "ffv1", "audio_tracks": 1},
    "mpeg.avi": {"codec": "mpeg4", "pixel": "yuv420p"},
}
PARTS = 2
EACH = 200 // PARTS
MOST_KIB = 1 << 20
"""What the largest process may have had at once; they have some 180 MB."""


def original(folder: Path, name: str) -> bytes:
    options = {"frames": 6, "width": 96, "height": 64, **KINDS[name]}
    return write_clip(folder / name, **options).read_bytes()


def judge(path: Path, derived: Path) -> str:
    """`read`, `probed` (its pictures could not be) or `refused`, each with a clear error."""
    found = "refused"
    try:
        seen = probe_safely(path, limits=BOUNDS)
        found = "probed"
        derive_safely(
            path, derived, table=seen.table, rate=seen.rate or Fraction(24), limits=BOUNDS
        )
    except MediaError as error:
        said = str(error)
        assert said and "Traceback" not in said, said
        named = (path.name, "frame", "proxy.mp4")
        assert any(name in said for name in named), f"it does not say of what: {said}"
        return found
    return "read"


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def hold(tmp_path: Path, name: str, count: int, *, part: int = 0) -> dict[str, int]:
    outside = tmp_path / "outside"
    outside.mkdir()
    source = original(outside, name)
    before = everything(outside)
    counts: dict[str, int] = {}
    for number, data in enumerate(mutations(source, count, seed=len(name) + 100 * part)):
        folder = tmp_path / "inside"
        path = folder / name
        folder.mkdir(exist_ok=True)
        path.write_bytes(data)
        verdict = judge(path, folder / f"derived-{number}")
        counts[verdict] = counts.get(verdict, 0) + 1
    assert everything(outside) == before, "a file was written outside its folder"
    assert set(tmp_path.iterdir()) == {outside, tmp_path / "inside"}
    # A process that was started begins with what its parent, these tests, holds.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(MOST_KIB, own)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_mutated_film_is_read_or_refused_in_words(tmp_path: Path, name: str, part: int) -> None:
    counts = hold(tmp_path, name, EACH, part=part)
    print(name, counts)  # noqa: T201  # -s shows how many were read
    assert sum(counts.values()) == EACH
    assert counts.get("refused", 0) > 0, "the mutations harmed nothing"


def test_a_few_mutated_films_are_read_or_refused_in_words(tmp_path: Path) -> None:
    assert sum(hold(tmp_path, "h264.mp4", 2).values()) == 2
