"""Networks for stills are read from ncnn's files, whole and to the byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from restoration import weights
from restoration.stages.upscale import rrdb, rrdb_network, stage
from restoration.stages.upscale.params import NETWORK
from restoration.stages.upscale.rrdb_network import Rrdb, WrongFile, load_rrdb
from tests.restoration.stages.upscale.clips import small_clip


def written(path: Path, network: Rrdb) -> Path:
    """The network as ncnn writes it."""
    parts = []
    for conv in network.modules():
        if isinstance(conv, nn.Conv2d):
            assert conv.bias is not None
            weights = conv.weight.detach().numpy().astype(np.float16).tobytes()
            parts += [(0x01306B47).to_bytes(4, "little"), weights, b"\0" * (-len(weights) % 4)]
            parts += [conv.bias.detach().numpy().astype("<f4").tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = Rrdb(blocks=1).eval()
    read = load_rrdb(written(tmp_path / "net.bin", network), Rrdb(blocks=1))
    shown = torch.rand(1, 3, 9, 11)
    with torch.inference_mode():
        made = read(shown)
        assert made.shape == (1, 3, 36, 44)
        assert torch.allclose(made, network(shown), atol=2e-3)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data + b"\0", "1 bytes more"),
        (lambda data: data[:-4], "ends before"),
        (lambda data: b"\0" + data[1:], "no convolution in half precision at byte 0"),
    ],
)
def test_any_other_file_is_refused(tmp_path: Path, spoil: object, words: str) -> None:
    path = written(tmp_path / "net.bin", Rrdb(blocks=1))
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(WrongFile, match=words):
        load_rrdb(path, Rrdb(blocks=1))


@pytest.mark.slow
def test_progress_is_told_again_after_every_tile_of_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since a frame takes minutes, and a process that says nothing for ten is ended."""
    network = written(tmp_path / "net.bin", Rrdb(blocks=1))
    ours = weights.require(NETWORK)
    monkeypatch.setattr(weights, "require", {NETWORK: ours, "realsr-df2k": network}.get)
    monkeypatch.setattr(rrdb_network, "load_rrdb", lambda path: load_rrdb(path, Rrdb(blocks=1)))
    monkeypatch.setattr(rrdb, "SIDE", 32)
    clip = small_clip("gray", frames=1)
    told: list[tuple[int, int]] = []
    params = stage.Params(engine="realsr")
    frames = stage.run(clip, params, lambda done, total: told.append((done, total))).frames
    next(frames)
    height, width = clip.format.height, clip.format.width
    each = -(-height // 32) * -(-width // 32)
    assert each > 1
    assert told == [(0, 1)] * each
    assert list(frames) == []
    assert told == [(0, 1)] * each + [(1, 1)]
