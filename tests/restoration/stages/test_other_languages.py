"""With the model of many languages German is heard as German, and said in English beside it.

`german.flac` was made with espeak-ng 1.51 (`-v de -s 140`), whose output may be used freely.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from restoration import weights
from restoration.__main__ import main

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("faster_whisper") is None
        or weights.find("whisper-base").state() == "missing",
        reason="needs [speech], and: python -m restoration weights fetch whisper-base",
    ),
]
SPOKEN = Path(__file__).parent / "german.flac"


def transcribed(folder: Path, *params: str) -> dict[str, Any]:
    out = folder / "words.json"
    assert main(["transcribe", str(SPOKEN), str(out), "--params", "model=base", *params]) == 0
    told: dict[str, Any] = json.loads(out.read_text())
    return told


@pytest.mark.parametrize("engine", ["fast", pytest.param("careful", marks=pytest.mark.slow)])
def test_german_is_written_down_and_translated_apart_from_it(tmp_path: Path, engine: str) -> None:
    told = transcribed(tmp_path, "translate=true", f"engine={engine}")
    assert told["language"] == "de"
    # How it writes words that it is unsure of differs from one processor to the next.
    heard = " ".join(segment["text"] for segment in told["segments"]).lower()
    assert "guten tag" in heard and "kleine katze ist auf dem tisch" in heard
    english = " ".join(line["text"] for line in told["translation"]).lower()
    assert "table" in english
    assert "table" not in heard
    for line in told["translation"]:
        assert 0 <= line["start"] < line["end"] <= 5.5
