"""The hidden folders beside a film that is being made."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from restoration.cli_progress import Reporter


@contextlib.contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A folder on the same disk as the result, gone at the end whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def chunks_of(out: Path) -> Path:
    """Where runs that make this film put away what they have made so far."""
    return out.absolute().with_name(f".{out.name}.chunks")


@contextlib.contextmanager
def chunks_beside(out: Path, reporter: Reporter) -> Iterator[None]:
    """What an earlier run left there is kept until a run ends, well or with an error."""
    folder = chunks_of(out)
    if any(folder.glob("*/*/*")):
        reporter.say(f"going on with what an earlier run had made ({folder})")
    try:
        yield
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
