"""Break each rule of mutations.yml on purpose, one at a time, and name the test that notices.

Works on a copy of the project and of a small warehouse; everything downstream of the broken model is rebuilt with its
unit and data tests, up to the first failure. Exits with 1 if a broken rule goes unnoticed. Takes half a minute per
mutation: run it manually after changing tests or rules (`make mutation-check`, ONLY='dim_account' for some).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import yaml

from scripts.project import DBT, PROJECT

LIST = Path(__file__).with_name("mutations.yml")
# What watches the data from the side, takes long, and is not about these rules.
ASIDE = ("column_profile+", "batch_series+", "exposure:*")
LANDING = ("--scale", "0.02", "--days", "4", "--seed", "11")


class Bench:
    """A copy of the project with a warehouse that each mutation starts from."""

    def __init__(self, folder: Path) -> None:
        self.code, self.landing, self.base = folder / "code", folder / "landing", folder / "base.duckdb"
        self.warehouse = folder / "warehouse.duckdb"
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout.decode()
        for name in filter(None, listed.split("\0")):
            (self.code / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, self.code / name)
        shutil.copytree(PROJECT / "dbt_packages", self.code / "dbt_packages")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
            "LANDING_DIR": str(self.landing),
            "WAREHOUSE_PATH": str(self.warehouse),
            "WAREHOUSE_KEYS": str(folder / "keys"),
        }
        self._run(sys.executable, "-m", "scripts.generate_landing", "--out", str(self.landing), *LANDING)
        ran = self.dbt("build", "--exclude", *ASIDE)
        if ran.returncode:
            sys.exit(f"The project fails before anything is broken:\n{ran.stdout[-3000:]}")
        shutil.copy(self.warehouse, self.base)

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt in the copy."""
        return self._run(DBT, "--no-use-colors", *arguments)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.code, env=self.environment, capture_output=True, text=True, check=False)

    def notice(self, mutation: dict[str, Any]) -> str | None:
        """The test, or the contract, that fails with a rule broken; None where none does."""
        path = self.code / mutation["file"]
        text = path.read_text(encoding="utf-8")
        if text.count(mutation["from"]) != 1:
            sys.exit(f"{mutation['file']}: {mutation['from']!r} occurs {text.count(mutation['from'])} times, not once.")
        shutil.copy(self.base, self.warehouse)
        path.write_text(text.replace(mutation["from"], mutation["to"]), encoding="utf-8")
        try:
            ran = self.dbt("build", "--full-refresh", "--fail-fast", "--select", f"{path.stem}+", "--exclude", *ASIDE)
        finally:
            path.write_text(text, encoding="utf-8")
        if ran.returncode == 0:
            return None
        failed = re.search(r"Failure in (?:test|unit_test|model) (\S+)", ran.stdout)
        return failed.group(1) if failed else "dbt: " + ran.stdout.strip().splitlines()[-1]


@click.command(help=__doc__)
@click.option("--only", envvar="ASKED_ONLY", help="Mutations of files whose path holds this text.")
def main(only: str | None) -> None:
    """Try all; print a row of a Markdown table for each."""
    mutations = [m for m in yaml.safe_load(LIST.read_text(encoding="utf-8")) if not only or only in m["file"]]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        bench = Bench(Path(folder))
        click.echo("| model | rule | noticed by | seconds |\n| --- | --- | --- | ---: |")
        for mutation in mutations:
            started = time.monotonic()
            noticed = bench.notice(mutation)
            unnoticed += noticed is None
            shown = f"`{noticed}`" if noticed else "**nothing**"
            click.echo(
                f"| `{Path(mutation['file']).stem}` | {mutation['rule']} | {shown} | {time.monotonic() - started:.0f} |"
            )
    if unnoticed:
        sys.exit(f"{unnoticed} of {len(mutations)} broken rules go unnoticed.")
    click.echo(f"Each of {len(mutations)} broken rules is noticed.")


if __name__ == "__main__":
    main()
