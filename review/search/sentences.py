"""What a sentence means, as a point among others: English alone. PLAIN.

The network is all-MiniLM-L6-v2 (Wang et al. 2020, arXiv 2002.10957; trained for sentences after
Reimers and Gurevych 2019, arXiv 1908.10084), run by ONNX Runtime on one thread. A sentence is the
mean of what it gives for each piece of a word, made one long, so that the inner product of two is
the cosine of the angle between them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration import weights

NETWORK, PIECES = "minilm-l6", "minilm-l6-words"
SIZE = 384
MOST_PIECES = 128
"""Of a text; the network was trained on no more, and what follows is not read."""
_AT_ONCE = 64
MISSING = (
    "Searching by meaning needs a network. Call: "
    ".venv/bin/python -m pip install -c constraints.txt onnxruntime tokenizers; "
    f".venv/bin/python -m restoration weights fetch {NETWORK} {PIECES}"
)

Sentences = npt.NDArray[np.float32]
"""(n, SIZE), each row of length 1."""


def can_run() -> bool:
    """Whether what runs it is installed and its weights were fetched; they are not read yet."""
    installed = all(importlib.util.find_spec(name) for name in ("onnxruntime", "tokenizers"))
    return installed and all(weights.find(name).path.is_file() for name in (NETWORK, PIECES))


def embed(texts: Sequence[str]) -> Sentences:
    """Points for texts, in their order; texts of like length together are quickest.

    Raises: WeightsError, ImportError where the packages of the extra `meaning` are missing.
    """
    parts = [_embed(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty((0, SIZE), np.float32)


def _embed(texts: Sequence[str]) -> Sentences:
    network, cutter = _opened()
    cut = cutter.encode_batch(list(texts))
    pieces = np.array([each.ids for each in cut], np.int64)
    read = np.array([each.attention_mask for each in cut], np.int64)
    fed = {"input_ids": pieces, "attention_mask": read, "token_type_ids": np.zeros_like(pieces)}
    given = np.asarray(network.run(None, fed)[0], np.float32)
    mean = (given * read[..., None]).sum(1) / read.sum(1, keepdims=True)
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


@lru_cache(maxsize=1)
def _opened() -> tuple[Any, Any]:
    """The network and what cuts its words; both may be used by several threads."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    place = weights.require(NETWORK)
    network = onnxruntime.InferenceSession(str(place), options, providers=["CPUExecutionProvider"])
    cutter = Tokenizer.from_file(str(weights.require(PIECES)))
    cutter.enable_truncation(MOST_PIECES)
    cutter.enable_padding()
    return network, cutter
