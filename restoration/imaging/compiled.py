"""Loops over pixels, compiled to machine code by Numba.

What has to be asked of each defect alone has no form that NumPy or OpenCV would be quick at.
Compiled loops do their sums in the order in which they are written, without fast-math: the same
numbers on every run, whatever the number of threads.

The machine code is kept in the user's cache folder under the digest of all sources that such loops
are written in: Numba itself looks at a loop's own file alone, and would go on using code in which a
constant of another file has its former value.
"""

from __future__ import annotations

import fcntl
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache, update_wrapper
from pathlib import Path
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Told = TypeVar("_Told")


_RESTORATION = Path(__file__).parent.parent


def sources_digest(places: tuple[Path, ...]) -> str:
    """SHA-256 over the Python files below those folders, their names included."""
    import numba

    digest = hashlib.sha256(numba.__version__.encode())
    for place in places:
        for path in sorted(place.rglob("*.py")):
            digest.update(f"{path.relative_to(place)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _numba() -> Any:
    """Numba, with its place for machine code. Not loaded before a loop runs: it takes a tenth of
    a second, and every process that only knows of the stages would wait for it."""
    import numba
    from numba.core import config

    if not getattr(config, "CACHE_DIR", ""):  # else the variable NUMBA_CACHE_DIR names a place
        sources = sources_digest((_RESTORATION / "imaging", _RESTORATION / "stages"))
        vars(config)["CACHE_DIR"] = str(Path.home() / ".cache/reelproof/compiled" / sources[:16])
    return numba


@contextmanager
def _alone() -> Iterator[None]:
    """Of processes that begin at the same time one compiles, and the others find what it kept."""
    _numba()
    from numba.core import config

    with ExitStack() as opened:
        with suppress(OSError):  # a place that cannot be written to or locked: each by itself
            folder = Path(vars(config)["CACHE_DIR"])
            folder.mkdir(parents=True, exist_ok=True)
            fcntl.flock(opened.enter_context((folder / "lock").open("ab")), fcntl.LOCK_EX)
        yield


def compiled(function: Callable[_Asked, _Told]) -> Callable[_Asked, _Told]:
    """Compile at the first call, and keep the result for other processes."""
    return _Uncompiled(function)


class _Uncompiled(Generic[_Asked, _Told]):
    """A loop that was not called yet.

    Its first call puts loops that Numba knows in the place of all such names of its module, and of
    the modules that these come from, so that loops find each other.
    """

    def __init__(self, function: Callable[_Asked, _Told]) -> None:
        self._function = function
        self._made: Any = None
        self._is_ready = False
        update_wrapper(self, function)

    def __call__(self, *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Told:
        if not self._is_ready:
            with _ONE_AT_A_TIME, _alone():
                told: _Told = self._make()(*args, **kwargs)
                self._is_ready = True
                return told
        told = self._made(*args, **kwargs)
        return told

    @property
    def py_func(self) -> Callable[_Asked, _Told]:
        """The loop as it is written, as Numba names it too."""
        return self._function

    def _make(self) -> Any:
        """What Numba makes of it; nothing is compiled before that is called."""
        if self._made is None:
            numba = _numba()
            try:
                self._made = numba.njit(self._function, cache=True, nogil=True)
            except RuntimeError:  # no place can be written to: then once in each process
                self._made = numba.njit(self._function, nogil=True)
            known: dict[str, Any] = vars(sys.modules[self._function.__module__])
            loops = {name: value for name, value in known.items() if isinstance(value, _Uncompiled)}
            # At once: another thread may call one that finds the next.
            known.update({name: loop._make() for name, loop in loops.items()})
        return self._made


_ONE_AT_A_TIME = Lock()
