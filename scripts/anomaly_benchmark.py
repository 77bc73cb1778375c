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
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.generate_landing.plant import KINDS, Plant, plant_all
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.world import generate
from scripts.problem import Problem
from scripts.project import DBT, PROJECT

FIRST_BATCH = 15
"""Earlier batches have too little history to judge what is odd."""


@dataclass(frozen=True)
class Outcome:
    """What became of one planted fault."""

    seed: int
    kind: str
    file: str
    column: str
    strength: float
    batch: int
    found_in: int | None
    explanation: str


@dataclass(frozen=True)
class Clean:
    """Alarms in a landing area without faults."""

    seed: int
    series: int
    judged: int
    alarms: int


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

    def count_alarms(self, seed: int) -> Clean:
        """Alarms in the warehouse, and the points that were judged."""
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            series, judged, alarms = con.sql(
                """
                select
                    count(distinct series),
                    count(*) filter (
                        where history_count >= (select min(min_history) from reference.anomaly_thresholds)
                    ),
                    (select count(*) from operations.anomalies)
                from operations.series_forecasts
                """
            ).fetchall()[0]
        return Clean(seed, series, judged, alarms)

    def look_for(self, seed: int, plant: Plant) -> Outcome:
        """The first anomaly in the batches of a fault that names its file and a column that shows it."""
        columns = KINDS[plant.kind].shown_by or [""]
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            found = con.execute(
                """
                select batch_id, explanation from operations.anomalies
                where
                    batch_id between ? and ? and feed = ? and coalesce(column_name, '') in (select unnest(?))
                    and contains(explanation, ?) and contains(explanation, coalesce(column_name, ''))
                order by batch_id, abs(score) desc
                limit 1
                """,
                [plant.batch, plant.batches[-1], plant.file, columns, plant.file],
            ).fetchall()
        batch, explanation = found[0] if found else (None, "")
        return Outcome(seed, plant.kind, plant.file, columns[0], plant.strength, plant.batch, batch, explanation)


def table(outcomes: list[Outcome]) -> list[tuple[str, ...]]:
    """Rows of the report, one per kind and strength."""
    rows: list[tuple[str, ...]] = []
    for name, kind in KINDS.items():
        for strength in kind.tried:
            these = [o for o in outcomes if (o.kind, o.strength) == (name, strength)]
            found = [o for o in these if o.found_in is not None]
            after = [(o.found_in or 0) - o.batch for o in found]
            where = f"{these[0].file}.{these[0].column}".rstrip(".") if these else ""
            late = f"{min(after)} to {max(after)}" if after else ""
            rows.append((name, f"{strength:g}", where, f"{len(found)} of {len(these)}", late))
    return rows


@click.command(help=__doc__, context_settings={"show_default": True})
@click.option("--seed", "seeds", type=int, multiple=True, default=(1, 2, 3), help="One landing area a seed.")
@click.option("--days", type=click.IntRange(36, 400), default=60, help="Daily batches.")
@click.option("--scale", type=click.FloatRange(0, 10, min_open=True), default=0.3, help="Scale factor.")
@click.option("--report", type=click.Path(path_type=Path), help="File for all outcomes, as JSON.")
def main(seeds: tuple[int, ...], days: int, scale: float, report: Path | None) -> None:
    """Run the benchmark and print recall and false-alarm rate."""
    console = Console(soft_wrap=True)
    outcomes: list[Outcome] = []
    clean: list[Clean] = []
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
            clean.append(bench.count_alarms(seed))
            progress.advance(task)
            for number, plants in enumerate(areas(seed, days)):
                planted = Path(folder) / f"planted{seed}_{number}"
                shutil.copytree(origin, planted, copy_function=os.link)
                plant_all(planted, plants, seed)
                bench.load(planted)
                outcomes += [bench.look_for(seed, plant) for plant in plants]
                shutil.rmtree(planted)
                progress.advance(task)
            shutil.rmtree(origin)

    printed = Table("kind", "strength", "file and column", "found", "batches later", box=None, pad_edge=False)
    for row in table(outcomes):
        printed.add_row(*row)
    console.print(printed)
    found = sum(o.found_in is not None for o in outcomes)
    console.print(f"\nRecall          {found} of {len(outcomes)} planted faults, {found / len(outcomes):.1%}")
    for c in clean:
        console.print(f"Seed {c.seed:<10} {c.alarms} false alarms in {c.judged:,} points of {c.series} series")
    alarms, judged = sum(c.alarms for c in clean), sum(c.judged for c in clean)
    console.print(f"False alarms    {alarms} in {judged:,} points, {alarms / judged:.2%}")
    if report:
        outcome = {"clean": [asdict(c) for c in clean], "planted": [asdict(o) for o in outcomes]}
        report.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
