"""The access log: who published, exported, erased or changed keys, in `operations.access_log`.

Entries are only ever appended. Each carries a hash over its content and the hash of the entry before, so that no entry
can be changed, removed or slipped in between others without breaking all that follow; and a seal, an HMAC of that hash
under the key `access-log`, so that write access without the key is not enough to recompute the chain.
A test of dbt checks the chain, and `python -m scripts.access_log` checks chain and seals. That the last entries were
not cut off shows only against a place outside: each publication's manifest holds the head of the log at that time, and
those that are published now are looked at.

Entries hold no personal data: a person is named by a token that leads nowhere without a key.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import duckdb

from scripts.audiences import published_folder
from scripts.keys import KeyProblem, ensure_key, read_key
from scripts.problem import Problem
from scripts.warehouse_file import open_warehouse

KEY = "access-log"
NO_HASH = "0" * 64
COLUMNS = "entry, happened_at, action, actor, detail, key_version, previous_hash, entry_hash, seal"


def append(con: duckdb.DuckDBPyConnection, action: str, detail: dict[str, object]) -> None:
    """Append an entry to the log of the default catalog, in the connection's transaction if it has one.

    `action` is a plain word such as publish, export, erase or rotate-key; `detail` is kept as JSON.
    """
    if not re.fullmatch(r"[a-z][a-z-]*", action):
        raise ValueError(f"The action {action!r} is not a word of lower-case letters.")
    key = ensure_key(KEY)
    create(con)
    entry, previous = head(con)
    details = json.dumps(detail, sort_keys=True, ensure_ascii=False, default=str)
    content = [entry + 1, datetime.now(UTC).replace(tzinfo=None), action, actor(), details, key.version, previous]
    entry_hash = _hash(*content)
    con.execute(
        f"insert into operations.access_log ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*content, entry_hash, _seal(key.secret, entry_hash)],
    )


def head(con: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """Number and hash of the last entry; 0 and zeros before the first."""
    rows = con.execute("select entry, entry_hash from operations.access_log order by entry desc limit 1").fetchall()
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, NO_HASH)


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table where dbt has not made it yet, as the model access_log would."""
    con.execute("create schema if not exists operations")
    con.execute(
        """
        create table if not exists operations.access_log (
            entry bigint, happened_at timestamp, action varchar, actor varchar, detail varchar, key_version integer,
            previous_hash varchar, entry_hash varchar, seal varchar
        )
        """
    )


def actor() -> str:
    """The account that acts: WAREHOUSE_ACTOR, or else the system's user."""
    try:
        name = os.environ.get("WAREHOUSE_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return re.sub(r"[^\w@.-]", "_", name)


def problems(con: duckdb.DuckDBPyConnection, anchors: Iterable[tuple[int, str]] = ()) -> list[str]:
    """What is wrong with the log, entry by entry. `anchors` are entries that were seen, with their hashes."""
    found: list[str] = []
    rows = con.execute(f"select {COLUMNS} from operations.access_log order by entry").fetchall()
    previous, hashes = NO_HASH, {0: NO_HASH}  # Manually written entries may hold nulls.
    for number, row in enumerate(rows, start=1):
        found += _entry_problems(number, row, previous)
        previous = str(row[7])
        hashes[row[0]] = previous
    for entry, seen in anchors:
        if entry not in hashes:
            found.append(f"Entry {entry} is missing: the log was truncated.")
        elif hashes[entry] != seen:
            found.append(f"Entry {entry} differs from the one recorded before: the log was rewritten.")
    return found


def _entry_problems(number: int, row: tuple[Any, ...], previous: str) -> list[str]:
    if None in row:
        return [f"Entry {number} lacks its {COLUMNS.split(', ')[row.index(None)]}."]
    entry, *_, version, before, entry_hash, seal = row
    found = []
    if entry != number:
        found.append(f"Entry {entry} stands where entry {number} should.")
    if before != previous:
        found.append(f"Entry {entry} does not follow the one before it.")
    if entry_hash != _hash(*row[:-2]):
        found.append(f"Entry {entry} was changed: its content does not give its hash.")
    try:
        if not hmac.compare_digest(str(seal), _seal(read_key(KEY, version).secret, str(entry_hash))):
            found.append(f"Entry {entry} was written without the key: its seal is wrong.")
    except KeyProblem as error:
        found.append(f"The seal of entry {entry} cannot be checked: {error}")
    return found


def _hash(*values: Any) -> str:
    content = [v.strftime("%Y-%m-%dT%H:%M:%S.%f") if isinstance(v, datetime) else str(v) for v in values]
    return hashlib.sha256("|".join(content).encode()).hexdigest()


def _seal(secret: bytes, entry_hash: str) -> str:
    return hmac.new(secret, entry_hash.encode(), hashlib.sha256).hexdigest()


def _noted_head(path: Path) -> tuple[int, str]:
    """Number and hash of the entry that a publication's manifest names."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))["access_log"]
        return int(noted["entry"]), str(noted["hash"])
    except (ValueError, KeyError, TypeError):
        raise Problem(
            f"{path} is not a publication's manifest, or not any more: it names no entry of the access log."
        ) from None


@click.command(help="Check the access log's chain and seals, and print how many entries it has.")
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A manifest kept elsewhere, whose entry of the log must still be there, besides those published now. Can be "
    "given several times.",
)
def main(manifests: tuple[Path, ...]) -> None:
    """Print problems; exit with 1 if there are any."""
    there = sorted(published_folder().glob("*/manifest.json"))
    heads = [_noted_head(path) for path in (*manifests, *there)]
    try:
        with open_warehouse() as con:
            found = problems(con, heads)
            count = head(con)[0]
    except duckdb.Error as error:
        sys.exit(f"The access log cannot be read: {str(error).splitlines()[0]}")
    for problem in found:
        click.echo(problem)
    click.echo(
        f"{count} entries in the access log, held against {len(heads)} publications' manifests: {len(found)} problems."
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
