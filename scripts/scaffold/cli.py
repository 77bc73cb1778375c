"""Propose a source from a file or a table of a database: layout, staging model, tests, and first delivery.

All rows are read. Names, types, keys and personal columns are guesses to start from; doubts are printed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from glob import escape
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import click
import yaml

from scripts import files
from scripts.data_subjects.persons import relations
from scripts.deliver.origin import Origin, TextFormat, deliveries_folder
from scripts.deliver.reading import read
from scripts.landing.definitions import identify, layouts_by_file
from scripts.landing.errors import LandingError
from scripts.project import PROJECT
from scripts.scaffold.guess import guess, title_rows
from scripts.scaffold.names import column_names, snake_case
from scripts.scaffold.personal import NAME, PERSON
from scripts.scaffold.profile import Table
from scripts.scaffold.write import Proposal

# Days in file names, with their strptime formats.
DAYS_IN_NAMES = {
    r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}": "%Y-%m-%d",
    r"(?:19|20)[0-9]{2}_[0-9]{2}_[0-9]{2}": "%Y_%m_%d",
    r"(?:19|20)[0-9]{2}\.[0-9]{2}\.[0-9]{2}": "%Y.%m.%d",
    r"[0-9]{2}\.[0-9]{2}\.(?:19|20)[0-9]{2}": "%d.%m.%Y",
    r"(?<![0-9])(?:19|20)[0-9]{6}(?![0-9])": "%Y%m%d",
}
USUAL = TextFormat()


class Place:
    """Where a delivery is, and its `from`, `kind` and `date` in the layout."""

    def __init__(self, text: str, source: str, kind: str | None) -> None:
        self.origin = Origin.of(text)
        if self.origin.is_database:
            # A database stays in use, so it is read where it is.
            self.path = self.target = deliveries_folder() / self.origin.path
            if self.origin.path and not self.path.is_file():
                raise LandingError(f"{self.path} is not there. Name a database below DELIVERIES_DIR, or its full path.")
            if kind == "dated":
                raise LandingError("A table of a database is replaced, not dated. Leave out --kind.")
            self.stem, self.delivery = self.origin.name, {"from": text, "kind": "replaced"}
            return
        self.path = Path(self.origin.path).absolute()
        if not self.path.is_file():
            raise LandingError(f"{self.path} is not a file. Name one that the source has delivered.")
        folder = deliveries_folder()
        lies_there = self.path.resolve().is_relative_to(folder.resolve())
        self.target = self.path if lies_there else folder / source / self.path.name
        name = self.target.resolve().relative_to(folder.resolve()).as_posix()
        form, found = _day_in(self.path.name)
        if kind == "dated" and not found:
            raise LandingError(f"{self.path.name} has no day in its name. Leave out --kind, or rename it.")
        if found and kind != "replaced":
            before, after = self.path.name.split(found, 1)
            parent = name.removesuffix(self.path.name)
            self.delivery = {
                "from": f"{parent}{escape(before)}*{escape(after)}",
                "kind": "dated",
                "date": before.replace("%", "%%") + form + after.replace("%", "%%"),
            }
            self.stem = Path(before + after).stem
        else:
            self.delivery = {"from": name + (f"#{self.origin.name}" if self.origin.name else ""), "kind": "replaced"}
            self.stem = self.path.stem

    def check(self) -> None:
        """Refuse to overwrite another file."""
        if self.target != self.path and self.target.exists() and self.target.read_bytes() != self.path.read_bytes():
            raise LandingError(f"{self.target} is there and holds something else. Rename one of them.")

    def copy(self) -> None:
        """Copy the file to the deliveries folder."""
        if self.target != self.path and not self.target.exists():
            self.target.parent.mkdir(parents=True, exist_ok=True)
            aside = self.target.with_name(f".{self.target.name}")
            shutil.copy(self.path, aside)
            aside.replace(self.target)


def _day_in(name: str) -> tuple[str, str]:
    """The strptime format of the day in a file's name, and the day; empty texts if there is none."""
    for pattern, form in DAYS_IN_NAMES.items():
        for found in re.findall(pattern, name):
            try:
                datetime.strptime(found, form)
            except ValueError:
                continue
            return form, found
    return "", ""


def _read(place: Place, has_header: bool | None, unsure: list[str]) -> tuple[TextFormat, Table]:
    """Read all rows of a delivery; if quotes in a text are not closed, read it with quotes as ordinary characters."""
    text = guess(place.path, has_header, unsure) if place.origin.engine == "text" else USUAL
    if place.origin.engine == "excel":
        text = replace(text, skip=title_rows(read(place.origin, place.path, text), unsure))
    try:
        return text, _table(place, text)
    except LandingError:
        if place.origin.engine != "text":
            raise
    unsure.append("Its quotes are not closed where cells end, so they were taken for characters like any other.")
    text = replace(text, quote="")
    return text, _table(place, text)


def _table(place: Place, text: TextFormat) -> Table:
    rows = read(place.origin, place.path, text)
    first = next(rows, None)
    if first is None:
        raise LandingError(f"{place.path} is empty. Take a file that has rows.")
    if text.header:
        headers = [header.strip() for header in first]
        table = Table(rows, column_names(headers), headers)
    else:
        names = column_names([""] * len(first))
        table = Table(chain([first], rows), names, names)
    if not table.rows:
        raise LandingError(f"{place.path} has no rows to infer types from. Take a file that has some.")
    return table


def _separators(table: Table) -> dict[str, str]:
    """The separators of most numbers, as settings of the delivery; columns keep settings that differ."""
    written = [c.written for c in table.columns if "decimal" in c.written]
    if not written:
        return {}
    decimals = [w["decimal"] for w in written]
    common = {"decimal": max(sorted(set(decimals)), key=decimals.count)}
    thousands = [w["thousands"] for w in written if w["decimal"] == common["decimal"] and "thousands" in w]
    common |= {"thousands": max(sorted(set(thousands)), key=thousands.count)} if thousands else {}
    for column in table.columns:
        own = column.written
        if "decimal" in own:
            if own["decimal"] == common["decimal"] and own.get("thousands") in (None, common.get("thousands")):
                own.pop("decimal")
                own.pop("thousands", None)
        elif column.numbers and column.numbers.is_separated and column.data_type != "varchar":
            own |= {"decimal": ".", "thousands": ""}
    return common


def _refuse_taken(proposal: Proposal) -> None:
    """Refuse names that are taken, before anything is written."""
    model = proposal.folder() / f"{proposal.model}.sql"
    if model.exists():
        raise LandingError(f"{model} is there already. Give another --table, or take that one out with its YAML.")
    for path in (PROJECT / "models").rglob("_*__sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            is_own = path == proposal.folder() / f"_{proposal.source}__sources.yml"
            if source["name"] == proposal.source and not is_own:
                raise LandingError(f"{path} has a source {proposal.source} already. Give another --source.")
            if is_own and proposal.table in [table["name"] for table in source["tables"]]:
                raise LandingError(f"{path} has a table {proposal.table} already. Give another --table.")
    landed = proposal.file.replace("????-??-??", "2000-01-01")
    if proposal.file in layouts_by_file() or identify(landed):
        raise LandingError(f"Another layout reads {landed}. Give another --source or --table.")


def scaffold(file: str, source: str, table: str | None, kind: str | None, has_header: bool | None) -> list[str]:
    """Write the files of a source's table; returns doubts. Raises a LandingError if anything is in the way."""
    unsure: list[str] = []
    source = _name(source, "source")
    place = Place(file, source, kind)
    place.check()
    text, found = _read(place, has_header, unsure)
    # The most rows that a load may reject.
    share = float(os.environ.get("MAX_REJECTED_SHARE") or 0.001)
    allowed = ceil(found.rows * share)
    found.profile(allowed, text.delimiter == ";")
    key = found.key()
    if any(column.meaning == NAME for column in found.columns):
        for column in found.columns:
            if column.name in key:
                # A key of a person identifies the person.
                column.meaning, column.codes = column.meaning or PERSON, []
    settings = {k: v for k, v in vars(text).items() if v != getattr(USUAL, k)}
    delivery: dict[str, Any] = {**place.delivery, **settings, **_separators(found)}
    proposal = Proposal(source, _name(table or place.stem, "table"), delivery, found.columns, key, found.rows)
    _refuse_taken(proposal)
    for path, content in proposal.files().items():
        files.write(path, content)
        click.echo(f"Written: {path.relative_to(PROJECT)}")
    place.copy()
    found.con.close()
    return unsure + found.unsure + _warnings(found, proposal, allowed)


def _name(text: str, what: str) -> str:
    name = snake_case(text)
    if not name or name[0].isdigit():
        raise LandingError(f"{text!r} is not a valid name for a {what}. Give one with letters, with --{what}.")
    return name


def _warnings(table: Table, proposal: Proposal, allowed: int) -> list[str]:
    """What to check in the rows, and about personal data."""
    found = []
    if table.ragged:
        found.append(f"Rows with another number of cells than there are columns, which are rejected: {table.ragged:,}.")
    if again := table.rows - table.distinct_rows:
        found.append(f"Rows that are the same as another one, which are rejected: {again:,}.")
    if table.ragged + again > allowed:
        found.append(f"A load rejects {allowed:,} rows at most: have the file corrected, or set MAX_REJECTED_SHARE.")
    if proposal.delivery["kind"] == "dated" and proposal.key:
        found.append("A later file may not send a key again. If it may, add may_return: true to the layout.")
    personal = [c for c in proposal.columns if c.meaning]
    if personal:
        listed = ", ".join(f"{c.name} ({c.meaning.words})" for c in personal if c.meaning)
        found.append(f"Taken for personal data: {listed}. All other columns are internal.")
        if not {c.name for c in proposal.columns} & set(relations()["columns"]):
            found.append(
                "No column leads to a person, so exports and erasures are refused: give one `subject: customer` or the "
                "like in both YAML files, or name whom it is about in scripts/data_subjects/subjects.yml, under "
                "other_people."
            )
        found.append("Write docs/privacy anew with `make privacy-docs`.")
    else:
        found.append("No column was taken for personal data; all are internal.")
    return found


@click.command(help=__doc__)
@click.option(
    "--file",
    required=True,
    envvar="ASKED_FILE",
    help="A file (text, JSON, Parquet, Excel), or a table such as sqlite:crm.db#contacts or postgresql:#crm.contacts.",
)
@click.option("--source", required=True, envvar="ASKED_SOURCE", help="The system that delivers it, such as billing.")
@click.option("--table", envvar="ASKED_TABLE", help="What a row is; the file's name by default.")
@click.option(
    "--kind",
    type=click.Choice(["dated", "replaced"]),
    envvar="ASKED_KIND",
    help="Whether each day brings a file of its own; judged by the file's name by default.",
)
@click.option("--header/--no-header", "has_header", default=None, help="Whether a text's first row names its columns.")
def main(file: str, source: str, table: str | None, kind: str | None, has_header: bool | None) -> None:
    """Propose, deliver, and print doubts; exits with 1 if anything is in the way."""
    unsure = scaffold(file, source, table, kind, has_header)
    # In a new process, which reads the new layout.
    delivered = subprocess.run([sys.executable, "-m", "scripts.deliver"], cwd=PROJECT, check=False)
    click.echo("\nTo be looked at:")
    for line in unsure:
        click.echo(f"- {line}")
    click.echo("\nNext: say in the YAML what a row and its columns mean, then `make build`.")
    sys.exit(delivered.returncode)
