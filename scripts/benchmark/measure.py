"""Run a command and measure it: wall and CPU seconds, peak memory of all its processes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console

from scripts.problem import Problem

SAMPLE_SECONDS = 0.05
"""Between two looks at a command's memory."""
LOG = Console(stderr=True)
STATUS = LOG.status("")
"""What is being measured, while it is entered."""


class StepError(Problem):
    """A command of the benchmark failed; the text says which, why, and where its output is."""


@dataclass
class Result:
    """What one step took, with each repetition's seconds."""

    name: str
    wall_runs: list[float] = field(default_factory=list)
    cpu_runs: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    database_bytes: int = 0
    rows: int = 0

    @property
    def wall_seconds(self) -> float:
        """Median of the wall seconds."""
        return statistics.median(self.wall_runs)

    @property
    def cpu_seconds(self) -> float:
        """Median of the CPU seconds."""
        return statistics.median(self.cpu_runs)

    def as_dict(self, floor: Result | None = None) -> dict[str, object]:
        """The result as JSON has it, with ratios to the floor where there is one."""
        found = {
            **vars(self),
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "rows_per_second": self.rows / self.wall_seconds,
        }
        if floor is not None:
            found["ratio_to_floor"] = {
                "wall": self.wall_seconds / floor.wall_seconds,
                "cpu": self.cpu_seconds / floor.cpu_seconds,
                "memory": self.peak_bytes / floor.peak_bytes if floor.peak_bytes else None,
                "database": self.database_bytes / floor.database_bytes,
            }
        return found


def progress(text: str) -> None:
    """Say what is measured next: on a terminal in place of what was measured before, elsewhere on a line of its own."""
    STATUS.update(text)
    if not LOG.is_terminal:
        LOG.print(text)


def run(result: Result, command: Sequence[object], cwd: Path, environment: Mapping[str, str], log: Path) -> None:
    """Run a command and add what it took; a StepError where it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        used, started = _children_cpu(), time.monotonic()
        process = psutil.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while psutil.wait_procs([process], timeout=SAMPLE_SECONDS)[1]:
                # A process may end while its memory is looked up.
                with suppress(psutil.Error):
                    tree = [process, *process.children(recursive=True)]
                    result.peak_bytes = max(result.peak_bytes, sum(one.memory_info().rss for one in tree))
        except BaseException:
            process.kill()
            raise
        seconds = time.monotonic() - started
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-15:]
        raise StepError(
            f"{result.name} failed with exit code {process.returncode}. All it said is in {log}; the end of it:\n"
            + "\n".join(last)
        )
    result.wall_runs.append(seconds)
    result.cpu_runs.append(_children_cpu() - used)


def _children_cpu() -> float:
    """CPU seconds of all ended processes that this one and its children waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
