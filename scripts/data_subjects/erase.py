"""Erase a person (GDPR Art. 17): from the landing area, the warehouse, and what was written of it.

1. The ledger notes who is erased, as keyed hashes; staging leaves them out of every load from then on.
2. The landed files are rewritten without them.
3. The warehouse is built anew from those files, into the same tables, and its totals must not have changed.
4. It is copied into a new file, which is searched for what was known of the person, as are all other places.
5. The new file takes the old one's place, and the old one's bytes are overwritten.

What is known of the person is kept in a file beside the warehouse until the end, encrypted as the warehouse is. A crash
at any moment leaves that file, and the next erasure finishes the one begun before it does anything else. Facts stay,
under a random number that leads nowhere. A legal hold in force stops all of it.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from rich.console import Console

from scripts import access_log
from scripts.audiences import published_folder
from scripts.data_subjects import search
from scripts.data_subjects.landing_rewrite import destroy, replace_destroying, rewrite_area
from scripts.data_subjects.ledger import Ledger, PrivacyProblem, read_ledger
from scripts.data_subjects.persons import Person, check, identify, read_manifest, refuse_unknown, tables
from scripts.data_subjects.rendering import fill
from scripts.encryption import attach_warehouse, is_encrypted, warehouse_path
from scripts.project import DBT, PROJECT, landing_folder, target_folder
from scripts.sql import literal, read_query
from scripts.warehouse_file import connect, open_warehouse

LEDGER_KINDS = {"customer": "customer", "account": "account", "prospect": "prospect", "match_key": "person"}


@dataclass
class Request:
    """An erasure: whom it is about, and what has to be the same before and after."""

    erasure: str
    reason: str
    person: Person
    needles: list[search.Needle]
    totals: dict[str, str]
    through_batch: int


@dataclass
class Report:
    """What was done and what was found, without the person's data."""

    erasure: str
    reason: str
    erased_at: str
    ledger_entries: int
    identifiers: dict[str, int]
    landed_rows_rewritten: dict[str, int] = field(default_factory=dict)
    files_removed: list[str] = field(default_factory=list)
    totals_compared: int = 0
    totals_changed: list[str] = field(default_factory=list)
    values_searched: int = 0
    values_shared_with_others: int = 0
    places_searched: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    accepted_mentions: list[str] = field(default_factory=list)
    accepted_because: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether everything found has been accepted, and no total has changed."""
        return set(self.found) <= set(self.accepted_mentions) and not self.totals_changed


RunDbt = Callable[[list[str]], None]


def run_dbt(arguments: list[str]) -> None:
    """Run dbt as a user would; its output is kept to itself, for a message of it may quote a value."""
    done = subprocess.run([DBT, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PrivacyProblem(
            f"`dbt {' '.join(arguments[:2])}` failed, so the erasure is not complete. See why with the same command, "
            "then run `make erase` again: it goes on from there."
        )


class Erasure:
    """One erasure, step by step. Each step can be done again after a crash, at any moment, with the same result."""

    def __init__(self, dbt: RunDbt = run_dbt, console: Console | None = None, accept: str = "") -> None:
        self.path = warehouse_path()
        self.work = self.path.with_name(self.path.name + ".erasing")
        self.copy = self.path.with_name(self.path.name + ".erased")
        self.landing = landing_folder()
        self.dbt = dbt
        self.accept = accept
        self.console = console or Console(stderr=True)
        self.encrypted = self.path.exists() and is_encrypted(self.path)

    def begin(self, customers: list[str], prospects: list[str], reason: str) -> Request:
        """Find out what is known of the person and keep it aside; the warehouse is only read."""
        ledger = read_ledger()
        if all(ledger.replacement("customer", c) for c in customers) and customers and not prospects:
            # Erased before: what has come since under the replacement is theirs too.
            customers = [*customers, *(str(ledger.replacement("customer", c)) for c in customers)]
        refuse_held(ledger, customers, prospects)
        manifest = read_manifest()
        with open_warehouse() as con:
            found = tables(con, manifest)
            check(found)
            person = identify(con, found, customers, prospects)
            refuse_held(ledger, person.of("customer"), person.of("prospect"))
            for kind, asked in (("customer", customers), ("prospect", prospects)):
                refuse_unknown(con, found, kind, [v for v in asked if not ledger.replacement(kind, v)])
            replaced = set(ledger.replacements.values())
            for kind in LEDGER_KINDS:
                values = person.ids.get(kind, set())
                values -= {v for v in values if v in replaced or v.startswith("ERASED ")}
            needles = search.needles(con, found, person)
            batch = con.execute("select max(batch_id) from operations.landed_files").fetchall()[0][0]
            request = Request(secrets.token_hex(8), reason, person, needles, _totals(con), int(batch))
        _refuse_naming(reason, request)
        self._keep(request)
        return request

    def unfinished(self) -> Request | None:
        """An erasure that was begun and not finished."""
        if not self.work.exists():
            return None
        try:
            with self._open(self.work) as con:
                row = con.execute("select content from request").fetchall()
        except duckdb.Error:
            row = []  # Stopped while it was being written: nothing was done yet.
        if not row:
            self._discard(self.work)
            return None
        content = json.loads(row[0][0])
        content["person"] = Person({kind: set(values) for kind, values in content["person"]["ids"].items()})
        content["needles"] = [search.Needle(**needle) for needle in content["needles"]]
        return Request(**content)

    def finish(self, request: Request, is_resumed: bool = False) -> Report:
        """Do what is to be done, or what is left of it."""
        _refuse_naming(self.accept, request)
        ledger = self.note(request)
        report = Report(
            request.erasure,
            request.reason,
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            ledger.entries,
            {k: len(v) for k, v in sorted(request.person.ids.items()) if k in LEDGER_KINDS},
        )
        if is_resumed:
            report.notes.append("An earlier run was stopped; the rows and files it had done are not counted here.")
        report.landed_rows_rewritten = self.rewrite(request, ledger)
        report.files_removed = self.clean_files(request)
        self.rebuild(request)
        self.compact(request, report)
        if report.is_complete:
            self.swap()
        self._write_report(report)
        if report.is_complete:
            self._discard(self.work)
        return report

    def note(self, request: Request) -> Ledger:
        """Enter the person into the ledger."""
        ledger = read_ledger()
        subjects = [(LEDGER_KINDS[k], v) for k in LEDGER_KINDS for v in request.person.of(k)]
        ledger.erase(subjects, request.erasure)
        return ledger

    def rewrite(self, request: Request, ledger: Ledger) -> dict[str, int]:
        """Take the person out of the landed files."""
        with self.console.status("Rewriting landed files"):
            return rewrite_area(self.landing, request.person, ledger, request.needles)

    def clean_files(self, request: Request) -> list[str]:
        """Remove what was written of the warehouse: files of dbt and exports that hold the person, and publications."""
        removed = []
        for folder in (target_folder(), search.logs_folder(), search.exports_folder()):
            for path in search.files_with(folder, request.needles):
                destroy(path)
                removed.append(search.shown(path))
        # Published files are encrypted, each with its own key, so they can't be searched; they are made again.
        published = published_folder()
        for path in sorted(published.rglob("*")) if published.is_dir() else []:
            if path.is_file() or path.is_symlink():
                destroy(path)
                removed.append(search.shown(path))
        return removed

    def rebuild(self, request: Request) -> None:
        """Build the warehouse anew, and drop stored test failures."""
        variables = {"through_batch": request.through_batch, "max_rejected_share": 1.0}
        with self.console.status("Building the warehouse anew"):
            self.dbt(["run", "--full-refresh", "--quiet", "--vars", json.dumps(variables)])
        with open_warehouse(read_only=False) as con:
            for (schema,) in con.execute(read_query(__file__, "stored_failures")).fetchall():
                con.execute(f'drop schema "{schema}" cascade')
            con.execute("update operations.failing_rows set failures_table = null")
            con.execute("checkpoint")

    def compact(self, request: Request, report: Report) -> None:
        """Copy the warehouse into a new file, which holds no deleted bytes; compare and search it."""
        self._discard(self.copy)
        with self.console.status("Copying the warehouse into a new file"), self._copying() as con:
            con.execute("copy from database warehouse to erased")
            con.execute("use erased")
            manifest = read_manifest(parse=False)
            after = _totals(con)
            report.totals_compared = len(request.totals)
            report.totals_changed = sorted(k for k in request.totals if request.totals[k] != after.get(k))
            found = tables(con, manifest)
            report.places_searched["columns of the warehouse"] = sum(len(t.columns) for t in found)
            named, live = search.mentions(con, found, request.person, request.needles)
            report.found = search.identified(con, found, request.person) + named
            con.execute("checkpoint erased")
            report.found += search.search_places(self.landing, self.copy, request.needles, live, report)
            if self.accept:
                # Only what a person has had before their eyes can have been accepted.
                report.accepted_because = self.accept
                report.accepted_mentions = sorted(set(report.found) & self._reported(report.erasure))
            self._log(con, request, report)
            con.execute("checkpoint erased")
        report.values_searched = sum(not n.is_shared for n in request.needles)
        report.values_shared_with_others = sum(n.is_shared for n in request.needles)

    def _log(self, con: duckdb.DuckDBPyConnection, request: Request, report: Report) -> None:
        access_log.create(con)
        known = con.execute(
            "select count(*) from operations.access_log where action = 'erase' and detail like ?",
            [f'%"{request.erasure}"%'],
        ).fetchall()[0][0]
        if not known:
            detail: dict[str, object] = {
                "erasure": request.erasure,
                "identifiers": report.identifiers,
                "ledger_entries": report.ledger_entries,
                "found": len(report.found),
            }
            if report.accepted_mentions:
                detail |= {"accepted": len(report.accepted_mentions), "accepted_because": report.accepted_because}
            access_log.append(con, "erase", detail)

    def swap(self) -> None:
        """Put the new file in the old one's place; the old one's bytes are overwritten."""
        wal = self.copy.with_name(self.copy.name + ".wal")
        if wal.exists():
            raise PrivacyProblem(f"{wal} is there after its checkpoint. Run `make erase` again.")
        destroy(self.path.with_name(self.path.name + ".wal"))
        replace_destroying(self.copy, self.path)

    @staticmethod
    def _report_of(erasure: str) -> Path:
        return search.reports_folder() / f"erasure-{erasure}.json"

    def _reported(self, erasure: str) -> set[str]:
        """What the last report of this erasure says that was found."""
        path = self._report_of(erasure)
        return set(json.loads(path.read_text(encoding="utf-8"))["found"]) if path.exists() else set()

    def _write_report(self, report: Report) -> None:
        stem = self._report_of(report.erasure)
        stem.parent.mkdir(parents=True, exist_ok=True)
        stem.with_suffix(".json").write_text(json.dumps(_as_json(report), indent=2) + "\n", encoding="utf-8")
        stem.with_suffix(".txt").write_text(as_text(report), encoding="utf-8")

    def _keep(self, request: Request) -> None:
        self._discard(self.work)
        with self._open(self.work) as con:
            content = json.dumps(asdict(request), default=sorted)  # Sets, which JSON has not.
            con.execute("create table request as select ?::varchar as content", [content])
            con.execute("checkpoint")

    @contextmanager
    def _open(self, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """A file of our own, encrypted where the warehouse is."""
        with self._connect() as con:
            self._attach(con, path, "aside")
            path.chmod(0o600)
            con.execute("use aside")
            yield con

    @contextmanager
    def _copying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the warehouse, to be read, and an empty file `erased`."""
        with self._connect() as con:
            self._attach(con, self.path, "warehouse", read_only=True)
            self._attach(con, self.copy, "erased")
            if compression := os.environ.get("ERASURE_COMPRESSION"):
                con.execute(f"set force_compression = {literal(compression)}")
            yield con

    def _connect(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return connect(self.path.with_name(self.path.name + ".tmp"), self.encrypted)

    def _attach(self, con: duckdb.DuckDBPyConnection, path: Path, alias: str, read_only: bool = False) -> None:
        if self.encrypted:
            attach_warehouse(con, path, alias, read_only)
        else:
            con.execute(f"attach {literal(path)} as {alias}{' (read_only)' if read_only else ''}")

    @staticmethod
    def _discard(path: Path) -> None:
        destroy(path)
        destroy(path.with_name(path.name + ".wal"))


def refuse_held(ledger: Ledger, customers: list[str], prospects: list[str]) -> None:
    """Raise PrivacyProblem if a legal hold keeps one of the persons."""
    for kind, values in (("customer", customers), ("prospect", prospects)):
        for value in values:
            if hold := ledger.hold_on(value, date.today(), kind):
                raise HeldProblem(
                    f"This {kind} is under a legal hold until {hold['until']}, by {hold['by']}: {hold['why']}. Nothing "
                    f"was erased. `make legal-hold {kind.upper()}=… RELEASE=1` lifts it, where that is right.",
                )


class HeldProblem(PrivacyProblem):
    """A person who must be kept."""


def _refuse_naming(reason: str, request: Request) -> None:
    """Raise PrivacyProblem where a reason, which is kept, holds something of the person."""
    if any(n.value.casefold() in reason.casefold() for n in request.needles if len(n.value) > 3):
        raise PrivacyProblem("The reason names the person, and it is kept. Give one without their data.")


def _totals(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Rows of each table of core and staging, and the sums of what can be summed."""
    totals: dict[str, str] = {}
    for table, columns in con.execute(read_query(__file__, "totals")).fetchall():
        sums = "".join(f', sum("{column}")' for column in columns)
        row = con.execute(f"select count(*){sums} from {table}").fetchall()[0]
        totals |= {f"{table}: {what}": str(value) for what, value in zip(["rows", *columns], row, strict=True)}
    return totals


def as_text(report: Report) -> str:
    """The report for a reader."""
    return fill("erasure.txt.j2", **_as_json(report))


def _as_json(report: Report) -> dict[str, object]:
    return {**asdict(report), "is_complete": report.is_complete}


def erase(customers: list[str], prospects: list[str], reason: str, erasure: Erasure | None = None) -> list[Report]:
    """Finish an erasure that was begun, then erase a person; returns the reports."""
    erasure = erasure or Erasure()
    reports = []
    if begun := erasure.unfinished():
        report = erasure.finish(begun, is_resumed=True)
        reports.append(report)
        if not report.is_complete:
            return reports
        asked = set(customers) | set(prospects)
        if asked <= set(begun.person.of("customer")) | set(begun.person.of("prospect")):
            return reports
    reports.append(erasure.finish(erasure.begin(customers, prospects, reason)))
    return reports
