"""What a process has read of networks stays for the next scene, as many as are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from restoration import weights
from restoration.stages import kept

NAMES = ("repair", "upscale", "colourise")


class Read:
    """As a network, made of a file."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        self.path, self.device = path, device


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_networks", type(kept._networks)())


def test_outside_a_worker_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(kept.SETTING, raising=False)
    assert kept.network("repair", Read) is not kept.network("repair", Read)


def test_the_second_scene_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kept.SETTING, "2")
    before = kept.read_so_far()
    first = kept.network("repair", Read, "cpu")
    assert kept.network("repair", Read, "cpu") is first
    assert kept.read_so_far() == before + 1
    assert kept.network("repair", Read, "cuda") is not first, "another device, another network"


def test_those_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kept.SETTING, "2")
    one, two = (kept.network(name, Read) for name in NAMES[:2])
    kept.network(NAMES[0], Read)
    kept.network(NAMES[2], Read)
    assert kept.network(NAMES[0], Read) is one
    assert kept.network(NAMES[1], Read) is not two


def test_a_file_that_was_written_since_is_read_again_and_refused_if_it_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(kept.SETTING, "2")
    file = tmp_path / weights.find("repair").path.name
    file.write_bytes(weights.require("repair").read_bytes())
    monkeypatch.setattr(type(weights.find("repair")), "path", property(lambda _: file))
    first = kept.network("repair", Read)
    os.utime(file, ns=(1, 1))
    again = kept.network("repair", Read)
    assert again is not first and again.path == file
    file.write_bytes(b"another")
    with pytest.raises(weights.WeightsError):
        kept.network("repair", Read)
