"""Whether a scan is still what was taken in, and which frames are not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import fixity
from archive.media.probe import probe
from fixtures.clips import numbered_picture, write_clip, write_sequence

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_a_file_is_digested_in_pieces_with_progress(tmp_path: Path) -> None:
    path = tmp_path / "scan"
    data = bytes(range(256)) * 40_000
    path.write_bytes(data)
    told: list[tuple[int, int]] = []
    digest = fixity.sha256_file(path, progress=lambda done, total: told.append((done, total)))
    assert digest == hashlib.sha256(data).hexdigest()
    assert told[-1] == (len(data), len(data))
    assert len(told) == 3


def test_an_empty_file_has_a_digest(tmp_path: Path) -> None:
    (tmp_path / "scan").touch()
    assert fixity.sha256_file(tmp_path / "scan") == hashlib.sha256().hexdigest()


def test_a_folders_manifest_is_what_sha256sum_checks(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=11, name="{number}.{suffix}")
    manifest = fixity.sequence_manifest(folder)
    assert [line.split("  ")[1] for line in manifest.splitlines()] == [
        f"{number}.png" for number in range(1, 12)
    ]
    assert fixity.scan_digest(folder) == hashlib.sha256(manifest.encode()).hexdigest()
    done = subprocess.run(
        ["sha256sum", "--check", "--strict"],
        input=manifest,
        text=True,
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_other_files_in_the_folder_do_not_change_its_digest(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    before = fixity.scan_digest(folder)
    (folder / "Thumbs.db").write_text("x")
    assert fixity.scan_digest(folder) == before


def test_its_size_counts_the_frames(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    assert fixity.scan_bytes(folder) == sum(path.stat().st_size for path in folder.iterdir())


@settings(max_examples=50)
@given(json_values)
def test_a_value_has_one_spelling(value: object) -> None:
    spelled = fixity.canonical_json(value)
    assert fixity.canonical_json(json.loads(spelled)) == spelled


def test_the_order_of_keys_does_not_matter() -> None:
    assert fixity.digest_json({"a": 1, "b": [2]}) == fixity.digest_json({"b": [2], "a": 1})
    assert fixity.canonical_json({"b": "é", "a": 1.5}) == '{"a":1.5,"b":"é"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("-inf")}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        fixity.canonical_json(value)


def test_an_untouched_scan_is_intact(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=6)
    found = fixity.compare(path, sha256=fixity.sha256_file(path), table=probe(path).table)
    assert found.outcome == "intact"
    assert found.found == found.expected


def test_changed_frames_are_named(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=10)
    sha256, table = fixity.sha256_file(path), probe(path).table
    numbers = [0, 1, 2, 40, 4, 5, 60, 7, 8, 9]
    write_clip(path, pictures=[numbered_picture(number) for number in numbers])
    found = fixity.compare(path, sha256=sha256, table=table)
    assert found.outcome == "changed"
    assert found.changed_frames == (3, 6)
    assert (found.unreadable_frames, found.missing_frames) == ((), ())
    assert "2 of 10 frames decode to other pictures (3, 6)" in found.detail


def test_a_rotten_byte_makes_its_frame_unreadable_not_changed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=10)
    sha256, table = fixity.sha256_file(path), probe(path).table
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    data[(packets[4].pos or 0) + packets[4].size // 2] ^= 1
    path.write_bytes(data)
    found = fixity.compare(path, sha256=sha256, table=table)
    assert (found.changed_frames, found.unreadable_frames) == ((), (4,))


def test_frames_that_were_cut_off_are_missing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=20)
    sha256, table = fixity.sha256_file(path), probe(path).table
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = fixity.compare(path, sha256=sha256, table=table)
    assert found.outcome == "changed"
    assert found.missing_frames[-1] == 19
    assert found.missing_frames[0] > 5
    assert found.changed_frames == ()


def test_other_headers_leave_every_frame_as_it_was(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=6)
    sha256, table = fixity.sha256_file(path), probe(path).table
    path.write_bytes(path.read_bytes() + b"\xec\x81\x00")  # an empty Void element
    found = fixity.compare(path, sha256=sha256, table=table)
    assert found.outcome == "changed"
    assert found.changed_frames == found.unreadable_frames == found.missing_frames == ()
    assert "all 6 frames decode as they did" in found.detail


def test_a_scan_that_became_something_else_is_unreadable_in_every_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=6)
    sha256, table = fixity.sha256_file(path), probe(path).table
    path.write_text("gone")
    found = fixity.compare(path, sha256=sha256, table=table)
    assert (found.outcome, found.unreadable_frames) == ("changed", (0, 1, 2, 3, 4, 5))


def test_a_scan_that_is_not_there_is_missing_not_changed(tmp_path: Path) -> None:
    found = fixity.compare(tmp_path / "reel.mkv", sha256="0" * 64)
    assert (found.outcome, found.found) == ("missing", "")
    assert "restore it from a copy" in found.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_scan_without_rights_is_unreadable_not_changed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mkv", frames=3)
    path.chmod(0)
    assert fixity.compare(path, sha256="0" * 64).outcome == "unreadable"


def test_a_disk_that_fails_is_unreadable_not_changed(tmp_path: Path) -> None:
    failing = Path("/proc/self/mem")  # reading it from the start is an input/output error
    if not failing.exists():
        pytest.skip("needs a file that cannot be read")
    (tmp_path / "reel.mkv").symlink_to(failing)
    found = fixity.compare(tmp_path / "reel.mkv", sha256="0" * 64)
    assert found.outcome == "unreadable"
    assert "Input/output error" in found.detail


def test_in_a_folder_each_kind_of_loss_is_told_apart(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=8, first=100)
    sha256, table = fixity.scan_digest(folder), probe(folder, rate=Fraction(18)).table
    shutil.copy(folder / "frame_00107.png", folder / "frame_00101.png")
    (folder / "frame_00103.png").write_bytes(b"\x89PNG not any more")
    (folder / "frame_00105.png").unlink()
    found = fixity.compare(folder, sha256=sha256, table=table)
    assert found.outcome == "changed"
    assert found.changed_frames == (1,)
    assert found.unreadable_frames == (3,)
    assert found.missing_frames == (5,)
    assert "frame 105 is missing" in found.detail


def test_a_folder_that_lost_its_first_frame_is_missing_that_one(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=5)
    sha256, table = fixity.scan_digest(folder), probe(folder, rate=Fraction(18)).table
    (folder / "frame_00001.png").unlink()
    found = fixity.compare(folder, sha256=sha256, table=table)
    assert (found.missing_frames, found.changed_frames) == ((0,), ())


def test_frames_are_named_in_short_runs() -> None:
    assert fixity.ranges([3, 7, 8, 9, 12]) == "3, 7-9, 12"
    assert fixity.ranges([]) == ""
    assert fixity.ranges(range(0, 40, 2), most=2) == "0, 2 and more"


def test_the_framemd5_digest_changes_with_any_frame(tmp_path: Path) -> None:
    one = probe(write_clip(tmp_path / "1.mkv", frames=4)).table
    other = probe(write_clip(tmp_path / "2.mkv", frames=5)).table
    assert fixity.framemd5_digest(one) != fixity.framemd5_digest(other)
