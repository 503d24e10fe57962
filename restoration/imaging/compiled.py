"""Loops over pixels, compiled to machine code by Numba.

What has to be asked of each defect alone has no form that NumPy or OpenCV would be quick at.
Compiled loops do their sums in the order in which they are written, without fast-math: the same
numbers on every run, whatever the number of threads.

The machine code is kept in the user's cache folder under the digest of all sources that such loops
are written in: Numba itself looks at a loop's own file alone, and would go on using code in which a
constant of another file has its former value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba
from numba.core import config

_Asked = ParamSpec("_Asked")
_Told = TypeVar("_Told")


_RESTORATION = Path(__file__).parent.parent


def sources_digest(places: tuple[Path, ...]) -> str:
    """SHA-256 over the Python files below those folders, their names included."""
    digest = hashlib.sha256(numba.__version__.encode())
    for place in places:
        for path in sorted(place.rglob("*.py")):
            digest.update(f"{path.relative_to(place)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


if not getattr(config, "CACHE_DIR", ""):  # else the variable NUMBA_CACHE_DIR names a place
    _sources = sources_digest((_RESTORATION / "imaging", _RESTORATION / "stages"))
    vars(config)["CACHE_DIR"] = str(Path.home() / ".cache/reelproof/compiled" / _sources[:16])


def compiled(function: Callable[_Asked, _Told]) -> Callable[_Asked, _Told]:
    """Compile at the first call, and keep the result for other processes."""
    try:
        made = numba.njit(function, cache=True, nogil=True)
    except RuntimeError:  # no place can be written to: then once in each process
        made = numba.njit(function, nogil=True)
    return cast(Callable[_Asked, _Told], made)
