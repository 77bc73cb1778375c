"""What main holds, to compare with: its warehouse of the sample and dbt's manifest, in the folder `data/base`.

`store` puts there what `make build` has made; main's workflow keeps it. `fetch` takes what main's workflow has kept,
by GitHub's command-line tool, and builds main (or the commit that REF names) where nothing can be had.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from scripts.diff.builds import build, checked_out
from scripts.diff.project import DiffProblem
from scripts.encryption import warehouse_path
from scripts.project import DBT, PROJECT, target_folder

FOLDER = PROJECT / "data" / "base"
# What the workflow and its artifact are called in .github/workflows/main.yml.
WORKFLOW, ARTIFACT = "main.yml", "base"
MADE_BY_DBT = ("manifest.json", "semantic_manifest.json")


@dataclass(frozen=True)
class Base:
    """A warehouse and the folder with the manifest of the project that built it."""

    warehouse: Path
    target: Path


def base() -> Base:
    """What was stored or fetched."""
    found = Base(FOLDER / "warehouse.duckdb", FOLDER / "target")
    if not (found.warehouse.exists() and (found.target / "manifest.json").exists()):
        raise DiffProblem(f"There is nothing to compare with in {FOLDER}. Run `make base` first.")
    return found


def compile_all() -> Path:
    """Compile as for a first load, since only that SQL shows where every column comes from; returns dbt's folder."""
    command = [DBT, "compile", "--full-refresh", "--quiet"]
    if subprocess.run(command, cwd=PROJECT, stdout=sys.stderr, check=False).returncode:
        raise DiffProblem("`dbt compile` failed, see above.")
    return target_folder()


def store() -> None:
    """Keep the warehouse and what dbt says of the project."""
    warehouse = warehouse_path()
    if not warehouse.exists():
        raise DiffProblem(f"There is no warehouse {warehouse}. Run `make build` first.")
    target = compile_all()
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "target").mkdir(parents=True)
    shutil.copy(warehouse, FOLDER / "warehouse.duckdb")
    for name in MADE_BY_DBT:
        shutil.copy(target / name, FOLDER / "target")


def fetch(ref: str | None, console: Console) -> str:
    """Get the base, and say where it came from."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    if ref is None and (run := _newest_run()):
        asked = ["run", "download", run, "--name", ARTIFACT, "--dir", str(FOLDER)]
        if _gh(*asked) is not None and (FOLDER / "warehouse.duckdb").exists():
            return f"what main stored in run {run}"
    ref = ref or "origin/main"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with checked_out(ref) as code:
        build(code, FOLDER, ref, console)
    return f"{ref}, built here"


def _newest_run() -> str | None:
    """The newest run of main's workflow that ended well."""
    asked = ("--workflow", WORKFLOW, "--branch", "main", "--status", "success", "--limit", "1", "--json", "databaseId")
    listed = _gh("run", "list", *asked)
    runs = json.loads(listed) if listed else []
    return str(runs[0]["databaseId"]) if runs else None


def _gh(*arguments: str) -> str | None:
    """Ask GitHub; None where there is no tool, no token, or no answer."""
    program = shutil.which("gh")
    if program is None or not os.environ.get("GH_TOKEN"):
        return None
    done = subprocess.run([program, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


@click.command(help=__doc__)
@click.argument("what", type=click.Choice(["store", "fetch"]))
@click.option("--ref", envvar="ASKED_REF", help="A branch, tag or commit to build, instead of what main has stored.")
def main(what: str, ref: str | None) -> None:
    """Store or fetch."""
    if what == "store":
        store()
        click.echo(f"Stored in {FOLDER}.")
    else:
        click.echo(f"The base is {fetch(ref or None, Console(stderr=True))}.")


if __name__ == "__main__":
    main()
