"""Publish the warehouse: a read-only file for each audience, encrypted with the audience's own key.

Write, audit, publish: all tests of severity error must pass on the warehouse as it is; then the files are written
beside the old ones and read back; then they take the old ones' place in one step. Whoever has an old file open goes on
reading it. Who gets which tables, columns and rows stands in policies/audiences.yml.
"""

from __future__ import annotations

import base64
import csv
import fcntl
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console

from scripts import access_log, lake
from scripts.audiences import (
    Audience,
    Grant,
    PolicyProblem,
    find_audience,
    grants,
    published_folder,
    without_value,
)
from scripts.code_version import code_version
from scripts.columns import columns_of
from scripts.encryption import attach, fingerprint
from scripts.files import flush
from scripts.gate import GateClosed, Tested, tested_warehouse
from scripts.keys import Key, ensure_key
from scripts.sql import literal
from scripts.warehouse_file import WarehouseInUse, connect_encrypted, open_warehouse

PATIENCE_SECONDS = 60
PARQUET_KEY = "published"


def publish(audiences: list[Audience], folder: Path, parquet: bool = True) -> list[Path]:
    """Test the warehouse and publish it for some audiences; returns their folders."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _sweep(folder)
        with tested_warehouse() as tested:
            written = []
            for audience in audiences:
                version = _new_version(folder, audience)
                written.append((audience, version, _write(tested, audience, version, parquet)))
        # The entry is made first: an unrecorded publication would be worse than a record of one that failed.
        for _, version, manifest in written:
            _note(version, manifest)
        links = [_swap(audience, version, folder) for audience, version, _ in written]
        _sweep(folder)
        for audience, link in zip(audiences, links, strict=True):
            file, target = link / f"{audience.slug}.duckdb", folder / lake.LAKE / audience.slug
            lake.write(audience.rules.get("lake"), file, ensure_key(audience.key_name), target, tested.batch_id)
        return links


def _write(tested: Tested, audience: Audience, folder: Path, parquet: bool) -> dict[str, Any]:
    """Write an audience's files and read them back; returns their manifest, which is not written yet."""
    key = ensure_key(audience.key_name)
    given = grants(tested.con, audience, tested.manifest)
    file = folder / f"{audience.slug}.duckdb"
    attach(tested.con, file, "published", key)
    try:
        for schema in dict.fromkeys(g.schema for g in given):
            tested.con.execute(f'create schema if not exists published."{schema}"')
        for grant in given:
            table = f'published."{grant.schema}"."{grant.table}"'
            tested.con.execute(f"create table {table} as {grant.select}")
            lake.describe(tested.con, table, grant.description, grant.columns)
        tested.con.execute("checkpoint published")
    finally:
        tested.con.execute("detach published")
    if parquet:
        _write_parquet(tested, given, folder / "parquet", key)
    _write_dictionary(given, folder / "dictionary.csv")
    tables = _audit(tested, audience, given, file, key)
    for path in _files(folder):
        path.chmod(0o440)
    return _manifest(tested, audience, key, folder, tables)


def _write_parquet(tested: Tested, given: list[Grant], folder: Path, key: Key) -> None:
    """Write the same tables as encrypted Parquet files."""
    folder.mkdir()
    con = tested.con
    con.execute("set variable parquet_key = ?", [parquet_key(key)])
    con.execute(f"pragma add_parquet_key('{PARQUET_KEY}', getvariable('parquet_key'))")
    con.execute("reset variable parquet_key")
    for grant in given:
        con.execute(
            f"copy ({grant.select}) to {literal(folder / (grant.name + '.parquet'))} "
            f"(format parquet, compression zstd, encryption_config {{footer_key: '{PARQUET_KEY}'}})"
        )


def _write_dictionary(given: list[Grant], path: Path) -> None:
    """Say what each column means, in a file that a spreadsheet opens; it holds no data."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["table", "column", "type", "description"])
        for grant in given:
            writer.writerow([grant.name, "", "", " ".join(grant.description.split())])
            for column in grant.columns:
                writer.writerow([grant.name, column.name, column.data_type, " ".join(column.description.split())])


def parquet_key(key: Key) -> str:
    """An audience's key in the form that `pragma add_parquet_key` takes."""
    return base64.b64encode(key.secret).decode()


def _audit(tested: Tested, audience: Audience, given: list[Grant], file: Path, key: Key) -> list[dict[str, Any]]:
    """Read the file back as a reader would, and compare it with what should be in it."""
    found = []
    with connect_encrypted(file.with_name("audit.tmp")) as con:
        attach(con, file, "published", key, read_only=True)
        held = {table: [c.name for c in columns] for table, columns in columns_of(con, "published").items()}
        if held != {g.name: [c.name for c in g.columns] for g in given}:
            raise GateClosed(f"The file for {audience.name} does not hold the tables and columns that it should.")
        for grant in given:
            rows, value = fingerprint(con, f'published."{grant.schema}"."{grant.table}"')
            if (rows, value) != fingerprint(tested.con, f"({grant.select})"):
                raise GateClosed(f"The file for {audience.name} holds other rows of {grant.name} than it should.")
            listed = [c.name for c in grant.columns]
            found.append({"table": grant.name, "rows": rows, "columns": listed, "withheld": list(grant.withheld)})
    return found


def _manifest(
    tested: Tested, audience: Audience, key: Key, folder: Path, tables: list[dict[str, Any]]
) -> dict[str, Any]:
    """What was published, for people and for those who want to know whether files were changed."""
    return {
        "audience": audience.name,
        "value": audience.value or None,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "batch_id": tested.batch_id,
        "code_version": code_version() or "unknown",
        "duckdb_version": duckdb.__version__,
        "key": {"name": key.name, "version": key.version},
        "tests": {"passed": tested.tests - tested.warned, "warned": tested.warned},
        "accepted_differences": tested.accepted,
        "tables": tables,
        "files": _hashes(folder),
    }


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _hashes(folder: Path) -> dict[str, str]:
    """A hash of each file by its name."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in _files(folder)}


def _note(folder: Path, manifest: dict[str, Any]) -> None:
    """Note the publication in the access log, and the log's head in the manifest."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    detail = {
        **{name: manifest[name] for name in ("audience", "value", "batch_id")},
        "key_version": manifest["key"]["version"],
        "tables": len(manifest["tables"]),
        "manifest_sha256": _digest(manifest),
    }
    while True:
        try:
            with open_warehouse(read_only=False) as con:
                access_log.append(con, "publish", dict(detail))
                entry, entry_hash = access_log.head(con)
            break
        except WarehouseInUse:
            if time.monotonic() > deadline:
                raise GateClosed(
                    "The publication could not be noted in the access log, because another process has the warehouse "
                    "open. Nothing was published; run again when it has ended."
                ) from None
            time.sleep(0.5)
    path = folder / "manifest.json"
    content = {**manifest, "access_log": {"entry": entry, "hash": entry_hash}}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o440)


def verify(folder: Path, con: duckdb.DuckDBPyConnection) -> list[str]:
    """What was changed in a publication since it was made. The manifest itself is held against the warehouse's access
    log, so that who can write files cannot make them fit.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files, there = manifest["files"], _hashes(folder)
    del there["manifest.json"]
    found = [f"{name} is missing." for name in files if name not in there]
    found += [f"{name} does not belong to the publication." for name in there if name not in files]
    found += [f"{name} was changed." for name in there if there[name] != files.get(name)]
    noted = manifest.pop("access_log")
    entries = con.execute(
        "select detail from operations.access_log where entry = ? and entry_hash = ? and action = 'publish'",
        [noted["entry"], noted["hash"]],
    ).fetchall()
    if not entries or json.loads(entries[0][0])["manifest_sha256"] != _digest(manifest):
        found.append("manifest.json is not the one that the access log noted.")
    return found


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _swap(audience: Audience, version: Path, folder: Path) -> Path:
    """Let the audience's name point at the new files."""
    flush(*version.rglob("*"), version)
    link, beside = folder / audience.slug, folder / f".{audience.slug}.next"
    beside.unlink(missing_ok=True)
    beside.symlink_to(version.relative_to(folder), target_is_directory=True)
    beside.replace(link)
    flush(folder)
    return link


def published_before(folder: Path) -> list[Audience]:
    """Audiences, with their values, that have files in the folder."""
    manifests = [link / "manifest.json" for link in sorted(folder.glob("*")) if link.is_symlink()]
    known = [json.loads(path.read_text(encoding="utf-8")) for path in manifests]
    return [find_audience(m["audience"], m["value"]) for m in known]


def withdraw(folder: Path) -> list[str]:
    """Remove every published file, and note it; returns the names of what was removed."""
    with _alone(folder):
        names = sorted(link.name for link in folder.glob("*") if link.is_symlink())
        for name in names:
            (folder / name).unlink()
        lake.remove(folder)
        _sweep(folder)
    with open_warehouse(read_only=False) as con:
        access_log.append(con, "withdraw", {"publications": names})
    return names


def _new_version(folder: Path, audience: Audience) -> Path:
    version = folder / ".versions" / f"{audience.slug}.{time.time_ns()}"
    version.mkdir(parents=True)
    return version


def _sweep(folder: Path) -> None:
    """Remove versions that no audience's name points at: older ones, and those of an interrupted publication."""
    used = {link.resolve() for link in folder.iterdir() if link.is_symlink() and not link.name.startswith(".")}
    for version in (folder / ".versions").glob("*"):
        if version.resolve() not in used:
            shutil.rmtree(version, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold off a second publication into the same folder."""
    with open(folder / ".lock", "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GateClosed(f"Another publication into {folder} is under way. Wait until it has ended.") from None
        yield


@click.command(help=__doc__)
@click.option(
    "--audience",
    "names",
    multiple=True,
    envvar="ASKED_AUDIENCE",
    help="One audience; all that need no value by default.",
)
@click.option("--value", envvar="ASKED_VALUE", help="The branch or broker that the audience is for.")
@click.option("--parquet/--no-parquet", default=True, help="Write Parquet files too.")
@click.option("--again", is_flag=True, help="All audiences, branches and brokers that have files now.")
@click.option("--withdraw", "withdrawn", is_flag=True, help="Publish nothing; remove every published file.")
@click.option(
    "--verify",
    "checked",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Publish nothing; say what was changed in a publication's folder since it was made.",
)
def main(
    names: tuple[str, ...], value: str | None, parquet: bool, again: bool, withdrawn: bool, checked: Path | None
) -> None:
    """Publish, and say where the files lie."""
    folder = published_folder()
    if checked:
        with open_warehouse() as con:
            changes = verify(checked, con)
        if changes:
            sys.exit("\n".join(changes))
        click.echo(f"{checked} is as it was published.")
        return
    if withdrawn:
        click.echo(f"{len(withdraw(folder))} publications were removed.")
        return
    if again and names:
        raise PolicyProblem("--again chooses the audiences itself: leave out --audience.")
    if value and len(names) != 1:
        raise PolicyProblem("--value belongs to one --audience.")
    audiences = [find_audience(name, value) for name in names or without_value()]
    if again:
        audiences = published_before(folder)
        if not audiences:
            raise PolicyProblem(f"Nothing is published in {folder} yet.")
    with Console(stderr=True).status("Testing and publishing the warehouse"):
        links = publish(audiences, folder, parquet)
    for link in links:
        manifest = json.loads((link / "manifest.json").read_text(encoding="utf-8"))
        rows = sum(t["rows"] for t in manifest["tables"])
        click.echo(f"{link}: {len(manifest['tables'])} tables, {rows:,} rows, as of batch {manifest['batch_id']}.")


if __name__ == "__main__":
    main()
