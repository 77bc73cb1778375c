"""Requests of data subjects, retention, and the records kept of personal data."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console
from rich.table import Table

from scripts import access_log
from scripts.data_subjects import erase, export, record_of_processing, retention
from scripts.data_subjects.ledger import read_ledger
from scripts.data_subjects.persons import project_tables, read_manifest, refuse_unknown, tables, unreachable
from scripts.data_subjects.search import exports_folder, reports_folder, shown
from scripts.encryption import EncryptionProblem
from scripts.keys import KeyProblem
from scripts.warehouse_file import open_warehouse


class Identifier(click.ParamType[str]):
    """Whom a request is about, as a person types it: checked before anything looks at it."""

    def __init__(self, name: str, pattern: str, expected: str, spelled: Callable[[str], object] = str) -> None:
        self.name, self.pattern, self.expected, self.spelled = name, pattern, expected, spelled

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The identifier in its one spelling; what can't be meant ends the command with exit code 2."""
        text = str(value).strip()
        if not re.fullmatch(self.pattern, text):
            self.fail(f"{text!r} can't be meant. {self.expected}", param, ctx)
        return str(self.spelled(text))

    def split_envvar_value(self, rv: str) -> list[str]:
        """One identifier, blanks and all: a slip of the hand isn't taken for two persons."""
        return [rv]


AGENCY = Identifier("text", r"[^\x00-\x1f]{1,200}", "An agency's number is one line of text.")
NUMBER = Identifier("number", "[0-9]{1,18}", "A number has digits only, 18 at most.", int)
CUSTOMERS = click.option(
    *("--customer", "customers"),
    multiple=True,
    type=NUMBER,
    envvar="ASKED_CUSTOMER",
    help="Customer, by number; any number of times.",
)
PROSPECTS = click.option(
    *("--prospect", "prospects"),
    multiple=True,
    type=AGENCY,
    envvar="ASKED_PROSPECT",
    help="Prospect, by the agency's number.",
)


class Requests(click.Group):
    """Commands that end without quoting data where the warehouse can't be used."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except duckdb.Error as error:
            # The message could quote data.
            sys.exit(
                f"The warehouse can't be used: {type(error).__name__}. Close what else has it open, or load it with "
                "`make build`, then run again."
            )


@click.group(cls=Requests, help=__doc__)
def main() -> None:
    """All of them."""


@main.command("export", help=export.__doc__)
@CUSTOMERS
@PROSPECTS
@click.option("--employee", "employees", multiple=True, type=NUMBER, help="Employee, if the person says to be one.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for exports, $SUBJECT_EXPORTS or data/exports.")
def _export(
    customers: tuple[str, ...], prospects: tuple[str, ...], employees: tuple[str, ...], out: Path | None
) -> None:
    if not customers and not prospects and not employees:
        sys.exit("Name a person, with --customer, --prospect or --employee.")
    folder, count, rows = export.export(list(customers), list(prospects), list(employees), out or exports_folder())
    Console(soft_wrap=True).print(
        f"{rows:,} rows of {count} tables in {shown(folder)}: subject.json and subject.html.\n"
        "Hand them over on a safe way, then remove the folder. named-elsewhere.txt lists landed files and rows about "
        "others that name the person: it is for the house, for the keys in it are others'.",
        highlight=False,
    )


@main.command("erase", help=erase.__doc__)
@CUSTOMERS
@PROSPECTS
@click.option("--reason", required=True, envvar="ASKED_REASON", help="Why, without the person's data; it is kept.")
@click.option(
    *("--accept-remaining", "accept"),
    default="",
    envvar="ASKED_ACCEPT",
    help="Why what the last report of this erasure lists may stay, without the person's data; it is kept.",
)
def _erase(customers: tuple[str, ...], prospects: tuple[str, ...], reason: str, accept: str) -> None:
    console = Console(soft_wrap=True)
    if not customers and not prospects:
        sys.exit("Name a person to erase, with --customer or --prospect.")
    if not reason.strip():
        sys.exit("Say why, with --reason.")
    try:
        reports = erase.erase(list(customers), list(prospects), reason, erase.Erasure(accept=accept.strip()))
    except erase.HeldProblem:
        try:
            with open_warehouse(read_only=False) as con:
                access_log.append(con, "erase-refused", {"why": "legal hold"})
        except (duckdb.Error, EncryptionProblem, KeyProblem):
            console.print("The refusal could not be noted in the access log.")
        raise
    for report in reports:
        console.print(erase.as_text(report), markup=False, highlight=False)
        console.print(f"The report is kept in {shown(reports_folder())}.")
        if set(report.found) - set(report.accepted_mentions):
            console.print(
                "Have what was found taken out where it stands, then run this again. Or decide that it may stay: run "
                'it again with ACCEPT="…" (--accept-remaining), which says why.',
                markup=False,
            )
    sys.exit(0 if all(r.is_complete for r in reports) else 1)


@main.command("legal-hold")
@CUSTOMERS
@PROSPECTS
@click.option("--until", envvar="ASKED_UNTIL", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the hold.")
@click.option("--by", envvar="ASKED_BY", help="Who ordered it, such as a court's file number.")
@click.option("--why", envvar="ASKED_WHY", help="Why, without the person's data; it is kept.")
@click.option("--release", is_flag=True, envvar="ASKED_RELEASE", help="Lift the hold.")
def _hold(
    customers: tuple[str, ...],
    prospects: tuple[str, ...],
    until: datetime | None,
    by: str | None,
    why: str | None,
    release: bool,
) -> None:
    """Put a person under a legal hold, or lift it: who is held isn't erased, whoever asks, until the day given.

    Holds are lines of the erasure ledger, which names the person by a keyed hash only.
    """
    named = [("customer", c) for c in customers] + [("prospect", p) for p in prospects]
    if len(named) != 1:
        sys.exit("Name one person, with --customer or --prospect.")
    if not release and not (until and by and why):
        sys.exit("A hold needs --until, --by and --why.")
    ((kind, value),) = named
    ledger = read_ledger()
    subject = ledger.hash(kind, value)
    if release and subject not in ledger.holds:
        sys.exit(f"This {kind} is under no hold.")
    entry: dict[str, object] = {"type": "release", "hash": subject}
    if until and not release:
        entry |= {"type": "hold", "until": until.date().isoformat(), "by": by, "why": why}
    manifest = read_manifest()
    with open_warehouse(read_only=False) as con:
        if not release:
            refuse_unknown(con, tables(con, manifest), kind, [value])
        ledger.append(entry)
        access_log.append(con, "release-hold" if release else "hold", {"ledger_entries": ledger.entries})
    click.echo("The hold is lifted." if release else f"Held until {until:%Y-%m-%d}.")


@main.command("retention", help=retention.__doc__)
@click.option(
    *("--apply", "is_applied"),
    is_flag=True,
    envvar="ASKED_APPLY",
    help="Act on what is due, instead of only listing it.",
)
def _retention(is_applied: bool) -> None:
    console = Console(soft_wrap=True)
    with open_warehouse() as con:
        found = retention.due(con, read_ledger())
    listed = Table("rule", "about", "kept since", "due", "held", box=None, pad_edge=False)
    for one in found:
        listed.add_row(one.rule, one.subject, f"{one.cutoff}", f"{one.rows:,}", f"{one.held:,}")
    console.print(listed)
    reports = retention.apply(found) if is_applied else []
    for report in reports:
        console.print(erase.as_text(report), markup=False, highlight=False)
    sys.exit(0 if all(r.is_complete for r in reports) else 1)


@main.command("check")
def _check() -> None:
    """Check that every table with personal columns leads to a person."""
    found = project_tables(read_manifest())
    problems = unreachable(found)
    for problem in problems:
        click.echo(problem)
    personal = sum(any(c.is_personal for c in t.columns) for t in found)
    click.echo(f"{personal} tables with personal columns, {len(problems)} without a way to a person.")
    sys.exit(1 if problems else 0)


@main.command("records", help=record_of_processing.__doc__)
@click.option("--check", "is_check", is_flag=True, help="Only say whether the pages are current.")
def _records(is_check: bool) -> None:
    pages = record_of_processing.render(read_manifest())
    record_of_processing.FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, text in pages.items():
        path = record_of_processing.FOLDER / name
        if not is_check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        sys.exit(f"Not current: {', '.join(stale)} in docs/privacy. Write them anew with `make privacy-docs`.")
    click.echo(f"{len(pages)} pages in docs/privacy are {'current' if is_check else 'written'}.")


if __name__ == "__main__":
    main()
