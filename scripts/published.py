"""Open published files read-only, as their readers do.

    from scripts.published import connect

    con = connect("analyst")
    con.sql("select segment, count(*) from marts.client_360 group by all")

The files lie in PUBLISH_DIR, the reader's key in WAREHOUSE_KEYS. `python -m scripts.published` lists the tables.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb

from scripts.audiences import Audience, find_audience, published_folder
from scripts.encryption import attach, load_cipher
from scripts.keys import read_key
from scripts.problem import Problem
from scripts.sql import literal


class NothingPublished(Problem):
    """Nothing is published for an audience. The message says what to do."""


def connect(audience: str = "analyst", value: str | None = None, alias: str | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to what an audience gets, whose tables need no catalog before their names; `value` is the branch or
    broker. The catalog has the name of the audience by default. Tables of one's own go into the schema `memory.main`.

    Raises NothingPublished, PolicyProblem, KeyProblem or EncryptionProblem where it cannot be opened.
    """
    con = duckdb.connect(config={"temp_file_encryption": True})
    try:
        # DuckDB makes the folder when it spills, and removes it.
        con.execute(
            f"set temp_directory = {literal(Path(tempfile.gettempdir()) / f'published-{secrets.token_hex(8)}')}"
        )
        # What it spills is encrypted; published files alone can be read without the cipher.
        load_cipher(con)
        con.execute(f"use {attach_published(con, audience, value, alias)}")
    except Exception:
        con.close()
        raise
    return con


def attach_published(
    con: duckdb.DuckDBPyConnection, audience: str, value: str | None = None, alias: str | None = None
) -> str:
    """Attach what an audience gets to a connection; returns the catalog's name, by default the audience's."""
    chosen = find_audience(audience, value)
    folder = _folder(chosen)
    attach(con, folder / f"{chosen.slug}.duckdb", alias or audience, read_key(chosen.key_name), read_only=True)
    return alias or audience


def manifest(audience: str = "analyst", value: str | None = None) -> dict[str, Any]:
    """What was published for an audience: when, from which batch, which tables, rows and columns."""
    folder = _folder(find_audience(audience, value))
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def _folder(audience: Audience) -> Path:
    folder = published_folder() / audience.slug
    if not (folder / "manifest.json").exists():
        raise NothingPublished(
            f"Nothing is published for the {audience.name} in {folder.parent}. Run `make publish` first, or name the "
            f"folder that holds `{audience.slug}` in PUBLISH_DIR."
        )
    return folder


@click.command(help="List the tables of an audience, with their rows.")
@click.argument("audience", default="analyst")
@click.option("--value", help="The branch or broker that the audience is for.")
def main(audience: str, value: str | None) -> None:
    """Print schema, name, rows and description of each table."""
    about = manifest(audience, value)
    with connect(audience, value) as con:
        said = con.sql(
            "select schema_name || '.' || table_name, comment from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
    click.echo(f"Published {about['published_at'][:16].replace('T', ' ')}, through batch {about['batch_id']}.\n")
    comments = dict(said)
    for table in about["tables"]:
        sentence = " ".join((comments.get(table["table"]) or "").split()).split(". ")[0].rstrip(".")
        click.echo(f"{table['table']:32}{table['rows']:>12,}  {sentence}")


if __name__ == "__main__":
    main()
