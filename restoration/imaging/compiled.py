"""Loops over pixels, compiled to machine code by Numba.

What has to be asked of each defect alone has no form that NumPy or OpenCV would be quick at.
Compiled loops do their sums in the order in which they are written, without fast-math: the same
numbers on every run, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Asked = ParamSpec("_Asked")
_Told = TypeVar("_Told")


def compiled(function: Callable[_Asked, _Told]) -> Callable[_Asked, _Told]:
    """Compile at the first call, and keep the result beside the source or in the user's cache."""
    try:
        made = numba.njit(function, cache=True, nogil=True)
    except RuntimeError:  # neither place can be written to: then once in each process
        made = numba.njit(function, nogil=True)
    return cast(Callable[_Asked, _Told], made)
