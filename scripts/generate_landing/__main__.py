"""The command line: python -m scripts.generate_landing."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from scripts.generate_landing.plant import KINDS, check, parse, plant_all
from scripts.generate_landing.settings import DEFAULT_END, Settings
from scripts.generate_landing.world import generate
from scripts.problem import Problem


@click.command(context_settings={"show_default": True})
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to; new or empty.")
@click.option(
    "--scale", type=click.FloatRange(0, 10_000, min_open=True), default=0.1, help="Scale factor: 1 is about 100 MB."
)
@click.option("--days", type=click.IntRange(0, 400), default=5, help="Incremental batches after the history.")
@click.option(
    "--daily-scale",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Scale factor of the incremental batches, if they are to be smaller.",
    show_default="that of the history",
)
@click.option("--seed", type=click.IntRange(0), default=7, help="Equal settings and seed give equal bytes.")
@click.option("--split", type=click.IntRange(1, 99), default=1, help="Parts in which the large files come.")
@click.option(
    "--end-of-history",
    type=click.DateTime(["%Y-%m-%d"]),
    default=DEFAULT_END.isoformat(),
    help="Date of the first batch.",
)
@click.option(
    "--plant",
    "requests",
    multiple=True,
    metavar="KIND[/FILE]@BATCH[:STRENGTH]",
    help=f"Something wrong to plant in a daily batch; can be given several times. Kinds: {', '.join(KINDS)}.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    help="Files written at a time.",
    show_default="processors",
)
def main(
    out: Path,
    scale: float,
    days: int,
    daily_scale: float | None,
    seed: int,
    split: int,
    end_of_history: datetime,
    requests: tuple[str, ...],
    workers: int,
) -> None:
    """Generate a landing area: the files of five brokerage source systems, with their control totals.

    The layouts are derived from the TPC-DI 1.1.0 source model.
    """
    end = end_of_history.date()
    if not date(1990, 1, 1) <= end <= date(2045, 12, 31):
        raise Problem(f"--end-of-history {end} is out of range: choose a day from 1990-01-01 to 2045-12-31.")
    if out.exists() and not out.is_dir():
        raise Problem(f"{out} is a file. Choose a folder that is new or empty.")
    if out.exists() and any(out.iterdir()):
        raise Problem(f"{out} is not empty. Choose a new folder, or empty this one first.")
    if daily_scale is not None and daily_scale > scale:
        raise Problem(f"--daily-scale {daily_scale:g} is more than --scale {scale:g}: days can only be made smaller.")
    plants = [parse(text) for text in requests]
    check(plants, days)
    settings = Settings(scale, days, seed, end, split, daily_scale)
    started = time.monotonic()
    console = Console(stderr=True)
    columns = (TextColumn("Landing area"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    try:
        out.mkdir(parents=True, exist_ok=True)
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("write", total=settings.expected_bytes)
            size = generate(out, settings, workers, lambda done: progress.advance(task, done))
            progress.update(task, total=size, completed=size)
        plant_all(out, plants, seed)
    except OSError as error:
        raise Problem(f"cannot write to {out}: {error.strerror or error}. Check free space and permissions.") from None
    seconds = time.monotonic() - started
    click.echo(f"{out}: {size / 1e6:,.1f} MB in {seconds:.1f} s, {size / 1e6 / seconds:,.0f} MB/s")
    for plant in plants:
        click.echo(f"planted {plant}: {KINDS[plant.kind].meaning}")


if __name__ == "__main__":
    main()
