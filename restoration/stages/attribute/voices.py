"""Voices as points: what is near sounds like the same person. Biometric.

GE2E (Wan, Wang, Papir and Lopez Moreno, "Generalized End-to-End Loss for Speaker Verification",
2018) with the layers and weights of Resemblyzer.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from restoration.speech.transcript import CLOCK

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float32]
_FFT, _HOP, _MELS = 400, 160, 40
_FRAMES = 160
_LOUDNESS = 10 ** (-30 / 20)
"""Quieter sound is raised to this level, as in training."""


class Voices(nn.Module):
    """The network: three layers of LSTM over 40 mel bands."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_MELS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.lstm(mels)
        return nn.functional.normalize(self.linear(hidden[-1]).relu(), dim=1)

    @torch.inference_mode()
    def embed(self, stretches: list[Samples]) -> Floats:
        """(n, 256) float32 of unit length, of stretches of 1.6 s at 16 kHz."""
        mels = torch.from_numpy(np.stack([mel(each) for each in stretches]))
        return np.asarray(self(mels).numpy(), np.float32)


def load(path: Path) -> Voices:
    """The network with the weights of that file."""
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    network = Voices()
    known = {name: value for name, value in state.items() if not name.startswith("similarity")}
    network.load_state_dict(known)
    return network.eval()


def mel(samples: Samples) -> Floats:
    """(160, 40) float32: power in mel bands every 10 ms, as librosa's melspectrogram has it."""
    level = float(np.sqrt(np.square(samples).mean()))
    raised = samples * max(1.0, _LOUDNESS / max(level, 1e-9))
    around = np.pad(raised, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, _FFT)[::_HOP][:_FRAMES]
    window = np.hanning(_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return np.asarray(power @ _filters().T, np.float32)


@cache
def _filters() -> Floats:
    """(40, 201): triangles of equal area on Slaney's mel scale, 0 to 8 kHz."""
    edges = _hertz(np.linspace(0, _mels(CLOCK / 2), _MELS + 2))
    bins = np.linspace(0, CLOCK / 2, _FFT // 2 + 1)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rise, fall))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, None], np.float32)


def _mels(hertz: float) -> float:
    """Slaney's scale: linear to 1 kHz, logarithmic above."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * float(np.log(hertz / 1000) / np.log(6.4))


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
