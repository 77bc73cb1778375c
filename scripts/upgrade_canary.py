"""Try the newest versions of what the project stands on, in an environment that is thrown away, and report what breaks.

Each package is renewed on its own, first as pip resolves it, then without what else it needs; one that cannot be had
keeps its locked version, and the report says why. Then, in both environments, on a checkout of the last commit: parse
with all deprecations shown, lint, build of the sample, tests that need no warehouse; and the data diff between the two
warehouses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from scripts.diff.builds import checked_out
from scripts.pages import environment
from scripts.project import PROJECT

FOLDER = PROJECT / "data" / "canary"
# Renewed together, since one needs the other in its own version.
PACKAGES = (
    ("dbt-core",),
    ("dbt-duckdb",),
    ("duckdb", "duckdb-extensions", "duckdb-extension-httpfs"),
    ("sqlfluff", "sqlfluff-templater-dbt"),
    ("dbt-metricflow",),
    ("dbt-bouncer",),
)
LOCKED, NEWEST = "locked", "newest"
SHOWN_LINES = 40
# Lines that say nothing of what breaks: of dbt, steps that went well; of pytest, how long tests took.
ROUTINE = re.compile(r"\d+ of \d+ (START|OK|PASS|NO-OP|SKIP) |\d+\.\d+s (call|setup|teardown) ")
# What `pip check` misses: a package that is not there, or one in another version.
NEEDED = re.compile(r"(?:requires|has requirement) ([^,\s]+(?:,\S+)?), (?:which is not installed|but you have)")


# Commands that both environments run, below the environment's `bin`.
STEPS = {
    "parse": ("dbt", "parse", "--no-partial-parse", "--show-all-deprecations", "--warn-error"),
    "lint": ("sqlfluff", "lint", "--processes", "2", "models/core", "models/marts"),
    "build": ("python", "-m", "scripts.build"),
    "unit tests": ("dbt", "test", "--select", "test_type:unit", "--quiet"),
    "Python tests": ("pytest", "--quiet", "-m", "not warehouse", "--numprocesses", "auto", "--maxprocesses", "2"),
}


@dataclass
class Tried:
    """An environment: its versions, and how each step ended."""

    name: str
    bin: Path
    folder: Path
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    results: dict[str, tuple[int, float, str]] = field(default_factory=dict)

    def outcome(self, step: str) -> str:
        """How a step ended, and how long it took."""
        code, seconds, _ = self.results[step]
        return f"{'failed' if code else 'passed'}, {seconds:.0f} s"

    def excerpt(self, step: str) -> list[str]:
        """The part of a step's output that the report shows: its end if it failed, else deprecations."""
        code, _, said = self.results[step]
        if not code:
            return deprecations(said)
        return [line for line in said.strip().splitlines() if not ROUTINE.match(line)][-SHOWN_LINES:]

    @property
    def warehouse(self) -> Path:
        """The warehouse that its build wrote."""
        return self.folder / "warehouse.duckdb"


def renew(tried: Tried, console: Console) -> None:
    """Install the newest version of each package that can be had."""
    alone: dict[str, list[str]] = {}
    for group in PACKAGES:
        console.print(f"Renewing {', '.join(group)}")
        said = _pip(tried, "--upgrade", *group)
        if said and not _pip(tried, "--upgrade", "--no-deps", *group):
            # What keeps one package's dependencies from being installed keeps those of others, too.
            alone.setdefault(said, []).extend(group)
        elif said:
            tried.notes.append(f"{', '.join(group)}: keeps the locked version. pip says: {said}")
    for said, names in alone.items():
        tried.notes.append(f"{', '.join(names)}: installed without what else it needs. pip says: {said}")
    # What was installed without its dependencies may need packages that were not there before, or newer ones.
    for name in sorted(set(NEEDED.findall(_check(tried)))):
        if said := _pip(tried, name):
            tried.notes.append(f"{name}: needed, and cannot be installed. pip says: {said}")
    tried.notes += [f"Does not fit: {line}" for line in _check(tried).splitlines() if NEEDED.search(line)]


def _check(tried: Tried) -> str:
    return _run(tried, ("python", "-m", "pip", "check"), tried.folder).stdout


def _pip(tried: Tried, *arguments: str) -> str:
    """Install; returns pip's last complaint, or nothing where it could. Only wheels, but for the one that has none."""
    options = ("install", "--quiet", "--disable-pip-version-check", "--prefer-binary")
    ran = _run(tried, ("python", "-m", "pip", *options, *arguments), tried.folder)
    lines = ran.stderr.splitlines()
    # A build's own error says more than pip's, which ends with `metadata-generation-failed`.
    for pattern in (r"\s+\w*(Error|Exception): ", "(?i)error"):
        if complaints := [line for line in lines if re.match(pattern, line)]:
            break
    return (complaints or lines or ["no reason"])[-1].strip() if ran.returncode else ""


def versions(tried: Tried) -> dict[str, str]:
    """Versions of the packages that are renewed, as the environment has them."""
    names = [name for group in PACKAGES for name in group]
    code = f"from importlib import metadata\nfor n in {names!r}: print(n, metadata.version(n))"
    return dict(line.split() for line in _run(tried, ("python", "-c", code), tried.folder).stdout.splitlines())


def run_steps(tried: Tried, code: Path, console: Console) -> None:
    """Run each step in a checkout of the project."""
    for step, command in STEPS.items():
        started = time.monotonic()
        with console.status(f"{tried.name}: {step}"):
            ran = _run(tried, command, code)
        tried.results[step] = (ran.returncode, time.monotonic() - started, _plain(ran.stdout + ran.stderr))
        console.print(f"{tried.name}: {step} {tried.outcome(step)}")


def _run(tried: Tried, command: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "DBT_"))},
        "PATH": f"{tried.bin}{os.pathsep}{os.environ['PATH']}",
        "LANDING_DIR": str(tried.folder.parent / "landing"),
        "WAREHOUSE_PATH": str(tried.warehouse),
        "WAREHOUSE_KEYS": str(tried.folder.parent / "keys"),
        "DO_NOT_TRACK": "1",
    }
    program = str(tried.bin / command[0])
    return subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _plain(text: str) -> str:
    """Without colours and times, so that two runs can be compared by eye."""
    return re.sub(r"^\d\d:\d\d:\d\d  ?", "", click.unstyle(text), flags=re.MULTILINE)


def compare(locked: Tried, newest: Tried, code: Path) -> str:
    """The data diff in Markdown. The newest DuckDB reads both files; an older one may not read a newer one's."""
    if not (locked.warehouse.exists() and newest.warehouse.exists()):
        return "One of the two built no warehouse."
    command = ("python", "-m", "scripts.diff", str(locked.warehouse), str(newest.warehouse))
    ran = _run(newest, command, code)
    return ran.stdout.strip() or f"The data diff did not run:\n\n```\n{_plain(ran.stderr)[-2000:]}\n```"


def broken_by(locked: Tried, newest: Tried) -> list[str]:
    """Steps that the locked versions pass and the newest ones fail."""
    return [step for step in STEPS if newest.results[step][0] and not locked.results[step][0]]


def report(locked: Tried, newest: Tried, diff: str) -> str:
    """What a maintainer reads."""
    template = environment("scripts", keep_trailing_newline=True).get_template("canary.md.j2")
    return template.render(locked=locked, newest=newest, steps=STEPS, broken=broken_by(locked, newest), diff=diff)


def deprecations(said: str) -> list[str]:
    """Lines that announce what will stop working."""
    return [line.strip() for line in said.splitlines() if re.search("deprecat", line, re.IGNORECASE)][:SHOWN_LINES]


@click.command(help=__doc__)
@click.option("--keep", is_flag=True, help="Keep the temporary folder, and say where it is.")
def main(keep: bool) -> None:
    """Try, report; exit with 1 where something breaks that the locked versions do."""
    console = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="canary-"))
    try:
        locked = Tried(LOCKED, Path(sys.executable).parent, folder / LOCKED)
        newest = Tried(NEWEST, folder / NEWEST / "venv" / "bin", folder / NEWEST)
        for tried in (locked, newest):
            tried.folder.mkdir()
        sample = folder / "landing"
        subprocess.run(["make", "landing", f"SAMPLE={sample}", f"LANDING_DIR={sample}"], cwd=PROJECT, check=True)
        console.print("Installing the locked versions into an environment of their own")
        subprocess.run([sys.executable, "-m", "venv", str(newest.bin.parent)], check=True)
        if said := _pip(newest, "--require-hashes", "--requirement", str(PROJECT / "requirements.lock")):
            sys.exit(f"The locked versions could not be installed: {said}")
        renew(newest, console)
        # One for each: what one version of dbt leaves in its folders may trip another.
        with checked_out("HEAD") as locked_code, checked_out("HEAD") as newest_code:
            for tried, code in ((locked, locked_code), (newest, newest_code)):
                tried.versions = versions(tried)
                run_steps(tried, code, console)
            text = report(locked, newest, compare(locked, newest, newest_code))
    finally:
        if keep:
            console.print(f"Kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "canary.md").write_text(text, encoding="utf-8")
    click.echo(text)
    sys.exit(bool(broken_by(locked, newest)))


if __name__ == "__main__":
    main()
