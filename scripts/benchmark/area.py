"""The landing area that is measured: made where none is given, counted, and handed out batch by batch."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.measure import Result, run
from scripts.landing import inventory
from scripts.landing.contents import inspect
from scripts.landing.definitions import layout
from scripts.project import PROJECT


@dataclass(frozen=True)
class Area:
    """A landing area with its size by batch."""

    path: Path
    rows: dict[int, int]
    bytes: int

    @property
    def total_rows(self) -> int:
        """Rows of all batches."""
        return sum(self.rows.values())


def generated(work: Path, scale: float, days: int, seed: int, *options: str) -> Path:
    """A generated landing area in the work folder; made once for each set of settings."""
    name = "-".join([f"scale{scale:g}", f"days{days}", f"seed{seed}", *(option.lstrip("-") for option in options)])
    area = work / "landing" / name
    if not (area / f"Batch{days + 1}" / "BatchDate.txt").is_file():
        shutil.rmtree(area, ignore_errors=True)
        # Under another name until it is whole: an interrupted run leaves no half of an area behind.
        part = area.with_name(name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        given = ("--out", part, "--scale", str(scale), "--days", str(days), "--seed", str(seed), *options)
        command = [sys.executable, "-m", "scripts.generate_landing", *given]
        run(Result("generate a landing area"), command, PROJECT, {}, work / "logs" / "generate.log")
        part.rename(area)
    return area


def survey(landing: Path) -> Area:
    """Count a landing area's rows. Every file is read, so what is measured next reads from memory, the floor too."""
    files = inventory.survey(landing).files
    sources = {f.path: f.source for f in files}
    inspected = {path: inspect(path, layout(source)) for path, source in sources.items()}
    rows: Counter[int] = Counter()
    for file in files:
        rows[file.batch_id] += inspected[file.path].rows.get(file.source, 0)
    return Area(landing, dict(rows), sum(Path(path).stat().st_size for path in sources))


def land(batch: int, whole: Path, folder: Path) -> None:
    """Let a batch of a whole landing area arrive in a folder, under a second name where the disk has both."""
    for path in (*whole.glob("Generator_audit.csv"), *whole.glob(f"Batch{batch}_audit.csv")):
        if not (folder / path.name).exists():
            _link(path, folder / path.name)
    shutil.copytree(whole / f"Batch{batch}", folder / f"Batch{batch}", copy_function=_link)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        # A symbolic link would lead out of the landing area, and SQL may not follow it.
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
