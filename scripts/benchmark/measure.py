"""Run a command and measure it: wall and CPU seconds, peak memory of all its processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.05
"""Between two looks at a command's memory."""


class StepError(Exception):
    """A command of the benchmark failed; the text says which, why, and where its output is."""


@dataclass
class Result:
    """What one step took, with each repetition's seconds."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    database_bytes: int = 0
    rows: int = 0

    @property
    def wall_median(self) -> float:
        """Median of the wall seconds."""
        return statistics.median(self.wall)

    @property
    def cpu_median(self) -> float:
        """Median of the CPU seconds."""
        return statistics.median(self.cpu)

    def as_dict(self, floor: Result | None) -> dict[str, object]:
        """The result as JSON has it, with ratios to the floor where there is one."""
        found: dict[str, object] = {
            "name": self.name,
            "wall_seconds": self.wall_median,
            "cpu_seconds": self.cpu_median,
            "wall_runs": self.wall,
            "cpu_runs": self.cpu,
            "peak_bytes": self.peak_bytes,
            "database_bytes": self.database_bytes,
            "rows": self.rows,
            "rows_per_second": self.rows / self.wall_median,
        }
        if floor is not None:
            found["ratio_to_floor"] = {
                "wall": self.wall_median / floor.wall_median,
                "cpu": self.cpu_median / floor.cpu_median,
                "memory": self.peak_bytes / floor.peak_bytes if floor.peak_bytes else None,
                "database": self.database_bytes / floor.database_bytes,
            }
        return found


class _MemoryWatch:
    """Looks at the resident memory of a process and all its descendants until it is told to stop."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            own = _status(self._pid)
            others = sum(_status(pid).get("VmRSS", 0) for pid in _descendants(self._pid))
            # The kernel remembers the high mark of one process, not that of a tree.
            self.peak = max(self.peak, own.get("VmHWM", 0), own.get("VmRSS", 0) + others)


def _status(pid: int) -> dict[str, int]:
    """Memory of a process in bytes; nothing where it has ended or the system has no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmHWM:", "VmRSS:")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}


def _descendants(pid: int) -> list[int]:
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += [int(child), *_descendants(int(child))]
    except OSError:
        pass
    return found


def run(
    result: Result, command: Sequence[object], cwd: Path, environment: Mapping[str, str], log: Path, given: bytes = b""
) -> None:
    """Run a command, `given` on its standard input, and add what it took; a StepError where it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            with _MemoryWatch(process.pid) as memory:
                # Unlike Popen.wait, it also gives the CPU time of the process and of all it waited for.
                _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-15:]
        raise StepError(
            f"{result.name} failed with exit code {process.returncode}. All it said is in {log}; the end of it:\n"
            + "\n".join(last)
        )
    result.wall.append(seconds)
    result.cpu.append(used.ru_utime + used.ru_stime)
    result.peak_bytes = max(result.peak_bytes, memory.peak or _maximum(used.ru_maxrss))


def _maximum(value: int) -> int:
    """Bytes of ru_maxrss, which Linux counts in KiB and macOS in bytes."""
    return value if sys.platform == "darwin" else value * 1024
