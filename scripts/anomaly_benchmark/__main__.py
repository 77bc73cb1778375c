"""How many planted faults are found, and how often there is an alarm without one.

For each seed, a landing area of daily batches is generated and loaded: every anomaly in it is a false alarm. Faults
are then planted in copies of it, each kind at two strengths in batches drawn at random, and each copy is loaded by
`dbt run` like any other. A fault counts as found where an anomaly in its batch names the file and the column in its
explanation; a drift has its twenty batches.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.generate_landing.plant import KINDS, Plant, plant_all
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.world import generate
from scripts.problem import Problem
from scripts.project import DBT, PROJECT
from scripts.sql import read_query

FIRST_BATCH = 15
"""Earlier batches have too little history to judge what is odd."""


class BenchmarkError(Problem):
    """The benchmark cannot go on; the message says why."""


def areas(seed: int, days: int) -> list[list[Plant]]:
    """Faults of a seed by landing area: no two share a batch, and a drift shares its file with no other."""
    drawn = random.Random(seed)
    market = [name for name, kind in KINDS.items() if kind.files[0] == "DailyMarket" and name != "drift"]
    others = [name for name in KINDS if name not in market and name != "drift"]
    wanted = [[(name, KINDS[name].tried[n]) for name in others] for n in (0, 1)]
    wanted.append([(name, strength) for name in market for strength in KINDS[name].tried])
    planned = []
    for n, faults in enumerate(wanted):
        batches = drawn.sample(range(FIRST_BATCH, days + 2), len(faults))
        plants = [Plant(kind, KINDS[kind].files[0], b, s) for (kind, s), b in zip(faults, batches, strict=True)]
        if n < 2:
            start = drawn.randrange(FIRST_BATCH, days - 17)
            plants.append(Plant("drift", "DailyMarket", start, KINDS["drift"].tried[n]))
        planned.append(plants)
    return planned


class Bench:
    """A folder in which one landing area after the other is loaded, always by the same paths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"

    def load(self, landing: Path) -> None:
        """Load a landing area into a new warehouse."""
        link = self.folder / "landing"
        link.unlink(missing_ok=True)
        link.symlink_to(landing.resolve())
        self.warehouse.unlink(missing_ok=True)
        environment = os.environ | {
            "LANDING_DIR": str(link),
            "WAREHOUSE_PATH": str(self.warehouse),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DO_NOT_TRACK": "1",
            # A file that is delivered twice is rejected by half, which is an anomaly of its own.
            "MAX_REJECTED_SHARE": "1",
        }
        ran = subprocess.run(
            [DBT, "run", "--quiet"], cwd=PROJECT, env=environment, check=False, capture_output=True, text=True
        )
        if ran.returncode:
            raise BenchmarkError(f"{landing} could not be loaded:\n{ran.stdout[-2000:]}{ran.stderr[-500:]}")

    def count_alarms(self) -> dict[str, Any]:
        """Alarms in the warehouse, and the points that were judged."""
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            return dict(con.sql(read_query(__file__, "alarms")).to_arrow_table().to_pylist()[0])

    def look_for(self, plant: Plant) -> dict[str, Any]:
        """What became of a fault: `found_in`, the batch of the anomaly that shows it, and its explanation."""
        columns = KINDS[plant.kind].shown_by or [""]
        wanted = {"first_batch": plant.batch, "last_batch": plant.batches[-1], "file": plant.file, "columns": columns}
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            found = con.execute(read_query(__file__, "first_anomaly"), wanted).fetchone()
        batch, explanation = found or (None, "")
        return {**vars(plant), "column": columns[0], "found_in": batch, "explanation": explanation}


def recall(outcomes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of the report, one per kind and strength."""
    with duckdb.connect() as con:
        con.register("outcomes", pa.Table.from_pylist(outcomes))
        return con.execute(read_query(__file__, "recall"), {"kinds": list(KINDS)}).fetchall()


@click.command(help=__doc__, context_settings={"show_default": True})
@click.option("--seed", "seeds", type=int, multiple=True, default=(1, 2, 3), help="One landing area a seed.")
@click.option("--days", type=click.IntRange(36, 400), default=60, help="Daily batches.")
@click.option("--scale", type=click.FloatRange(0, 10, min_open=True), default=0.3, help="Scale factor.")
@click.option("--report", type=click.Path(path_type=Path), help="File for all outcomes, as JSON.")
def main(seeds: tuple[int, ...], days: int, scale: float, report: Path | None) -> None:
    """Run the benchmark and print recall and false-alarm rate."""
    console = Console(soft_wrap=True)
    outcomes: list[dict[str, Any]] = []
    clean: list[dict[str, Any]] = []
    shown = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*shown, console=Console(stderr=True), disable=not sys.stderr.isatty())
    with tempfile.TemporaryDirectory(prefix="anomaly_benchmark") as folder, progress:
        task = progress.add_task("load", total=4 * len(seeds))
        bench = Bench(Path(folder))
        for seed in seeds:
            origin = Path(folder) / f"clean{seed}"
            origin.mkdir()
            generate(origin, Settings(scale, days, seed), os.cpu_count() or 1, lambda done: None)
            bench.load(origin)
            clean.append({"seed": seed, **bench.count_alarms()})
            progress.advance(task)
            for number, plants in enumerate(areas(seed, days)):
                planted = Path(folder) / f"planted{seed}_{number}"
                shutil.copytree(origin, planted, copy_function=os.link)
                plant_all(planted, plants, seed)
                bench.load(planted)
                outcomes += [{"seed": seed, **bench.look_for(plant)} for plant in plants]
                shutil.rmtree(planted)
                progress.advance(task)
            shutil.rmtree(origin)

    printed = Table("kind", "strength", "file and column", "found", "batches later", box=None, pad_edge=False)
    for row in recall(outcomes):
        printed.add_row(*row)
    console.print(printed)
    found = sum(outcome["found_in"] is not None for outcome in outcomes)
    console.print(f"\nRecall          {found} of {len(outcomes)} planted faults, {found / len(outcomes):.1%}")
    for c in clean:
        console.print("Seed {seed:<10} {alarms} false alarms in {judged:,} points of {series} series".format(**c))
    alarms, judged = (sum(c[figure] for c in clean) for figure in ("alarms", "judged"))
    console.print(f"False alarms    {alarms} in {judged:,} points, {alarms / judged:.2%}")
    if report:
        report.write_text(json.dumps({"clean": clean, "planted": outcomes}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
