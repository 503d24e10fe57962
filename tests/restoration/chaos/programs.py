"""What runs while faults happen: two workers and a sweeper, brought back when they are gone."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.tether import tied
from tests.restoration.engine.processes import QUEUES, WORKER, children

ROOT = Path(__file__).resolve().parents[3]
SWEEPER = [sys.executable, "manage.py", "sweep", "--forever", "--every", "2"]


@dataclass
class Program:
    """One process with all that it starts, and a wall clock of its own where there is a `cc`."""

    command: list[str]
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)
    starts: int = 0

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.set_clock(0)
        moved = {}
        if (shim := clock_shim(self.folder.parent)) is not None:
            moved = {"LD_PRELOAD": str(shim), "CHAOS_CLOCK": str(self.clock)}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=os.environ | self.environment | moved,
                stdout=log,
                stderr=log,
                preexec_fn=tied(signal.SIGKILL),
            )
        self.starts += 1

    def set_clock(self, seconds: int) -> None:
        """Move its wall clock by so many seconds; at once, and for what it starts too."""
        mode = "r+b" if self.clock.exists() else "wb"
        with self.clock.open(mode) as file:  # never truncated: it is mapped
            file.write(struct.pack("l", seconds))

    @property
    def is_gone(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def worker(self) -> int | None:
        """The process that claims: dramatiq's only child."""
        assert self.process is not None
        main = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with suppress(OSError, IndexError):
            return int(main.read_text().split()[0])
        return None

    def computing(self) -> list[int]:
        """Children of nurseries, in which stages run."""
        worker = self.worker()
        return [] if worker is None else [pid for pid in children(worker) if not children(pid)]

    def tree(self) -> list[int]:
        assert self.process is not None
        return [*children(self.process.pid), self.process.pid]

    def end(self) -> None:
        if self.process is None:
            return
        whole = self.tree()
        for number in (signal.SIGCONT, signal.SIGKILL):
            for pid in whole:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.process.wait()


def started(folder: Path, media: Path, broker: str) -> list[Program]:
    """Two workers for both queues and a sweeper."""
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.restoration.chaos.settings",
        "CHAOS_MEDIA": str(media),
        "BROKER_URL": broker,
        "OMP_NUM_THREADS": "1",
    }
    programs = [
        Program([*WORKER, *QUEUES], folder / "worker-1", told),
        Program([*WORKER, *QUEUES], folder / "worker-2", told),
        Program(SWEEPER, folder / "sweeper", told),
    ]
    for program in programs:
        program.start()
    return programs


def clock_shim(folder: Path) -> Path | None:
    """The library that moves a clock, built once for each test; None without a compiler."""
    built, compiler = folder / "clock.so", shutil.which("cc")
    if not built.exists() and compiler is not None:
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", built, source], check=True)
    return built if built.exists() else None


class SmallDisk:
    """A file system of its own in memory, which can be filled to the last byte. Needs root."""

    def __init__(self, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        self.mounted = (
            os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
        )

    @property
    def ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        with self.ballast.open("ab", buffering=0) as file, suppress(OSError):
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while shutil.disk_usage(self.folder).free:
                        file.write(bytes(size))

    def empty(self) -> None:
        self.ballast.unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)
