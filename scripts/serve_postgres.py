"""Serve the warehouse from PostgreSQL: a role for each audience, column grants, and row-level security.

Roles, grants and policies are made from policies/audiences.yml, the same that makes published files. All is loaded in
one transaction, after all tests of severity error have passed: readers see the old data until the new are complete.
The server is the one that libpq's variables name (PGHOST, PGDATABASE, PGUSER …); the user must be able to create roles.
Roles get no password here: how they log in is the server's business.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow.csv as pa_csv
from rich.console import Console

from scripts import access_log
from scripts.audiences import (
    Audience,
    Grant,
    PolicyProblem,
    find_audience,
    grants,
    row_condition,
    without_value,
)
from scripts.gate import Tested, tested_warehouse
from scripts.sql import identifier
from scripts.warehouse_file import open_warehouse

if TYPE_CHECKING:
    import psycopg

# Audiences and their grants by role.
Served = dict[str, tuple[Audience, list[Grant]]]

SERVED = "Served by the brokerage warehouse"

ROLE_PREFIX = "warehouse_"

# DuckDB's types that PostgreSQL knows by the same name, and its name for others; what is neither is text there.
SAME_TYPE = re.compile(r"BOOLEAN|SMALLINT|INTEGER|BIGINT|DECIMAL\(.*\)|DATE|TIME|TIMESTAMP( WITH TIME ZONE)?")
OTHER_TYPES = {
    "TINYINT": "smallint",
    "HUGEINT": "numeric(39)",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
}


def serve(server: psycopg.Connection[Any], audiences: list[Audience]) -> list[str]:
    """Load the warehouse into the server for some audiences, in one transaction; returns their roles."""
    with tested_warehouse() as tested:
        served = {role_name(a): (a, grants(tested.con, a, tested.manifest)) for a in audiences}
        roles = list(served)
        _refuse_privileged(server, roles)
        with server.transaction():
            _close_large_objects(server)
            _load(server, tested, served)
    with open_warehouse(read_only=False) as con:
        access_log.append(con, "serve", {"roles": roles, "batch_id": tested.batch_id})
    return roles


def role_name(audience: Audience) -> str:
    """The role of an audience; PostgreSQL cuts names at 63 bytes, so longer ones are refused."""
    name = ROLE_PREFIX + audience.slug.lower().replace("-", "_")
    if len(name) > 63:
        raise PolicyProblem(f"The role {name} would have a name longer than PostgreSQL takes.")
    return name


def _refuse_privileged(server: psycopg.Connection[Any], roles: list[str]) -> None:
    """A role that is more than a reader would see past row-level security."""
    for role in _asked(server, "privileged_roles"):
        if role in roles:
            raise PolicyProblem(
                f"The role {role} has rights beyond reading: it is a superuser, owns tables, is a member of another "
                "role or may do what readers may not. Revoke those rights, or drop the role. Nothing was changed."
            )


def _close_large_objects(server: psycopg.Connection[Any]) -> None:
    """Revoke from PUBLIC the rights to make and change large objects: a role could keep rows in one and share it.

    Only a superuser can take it away, once for the database; refuses where that is still to be done.
    """
    functions = _asked(server, "open_large_objects")
    if not functions:
        return
    revoke = f"revoke execute on function {', '.join(functions)} from public"
    if not server.execute("select rolsuper from pg_roles where rolname = current_user").fetchall()[0][0]:
        raise PolicyProblem(
            "Every role can make large objects in this database and open them to all others. Have a superuser take "
            f"that away, once:\n  {revoke};\nNothing was changed."
        )
    server.execute(revoke)


def _asked(server: psycopg.Connection[Any], query: str) -> list[str]:
    """The names that a query in postgres/queries finds on the server."""
    sql = Path(__file__).with_name("postgres") / "queries" / f"{query}.sql"
    return [name for (name,) in server.execute(sql.read_text(encoding="utf-8")).fetchall()]


def _load(server: psycopg.Connection[Any], tested: Tested, served: Served) -> None:
    tables = _union(served)
    schemas = list(dict.fromkeys(table.partition(".")[0] for table in tables))
    for role in served:
        if not server.execute("select 1 from pg_roles where rolname = %s", [role]).fetchall():
            server.execute(f"create role {identifier(role)} login noinherit")
        server.execute(f"alter role {identifier(role)} set default_transaction_read_only = on")
    database = identifier(str(server.info.dbname))
    server.execute(f"revoke all on database {database} from public")
    server.execute("revoke all on schema public from public")
    for schema in schemas:
        server.execute(f"create schema {identifier(schema + '__next')}")
        server.execute(f"revoke all on schema {identifier(schema + '__next')} from public")
    for table, columns in tables.items():
        _load_table(server, tested, table, columns)
    # All that an earlier run served goes, also what no audience of this run gets.
    for (old,) in server.execute(
        "select nspname from pg_namespace where obj_description(oid, 'pg_namespace') = %s", [SERVED]
    ).fetchall():
        server.execute(f"drop schema {identifier(old)} cascade")
    for schema in schemas:
        server.execute(f"alter schema {identifier(schema + '__next')} rename to {identifier(schema)}")
        server.execute(f"comment on schema {identifier(schema)} is '{SERVED}'")
    for role, (audience, given) in served.items():
        server.execute(f"grant connect on database {database} to {identifier(role)}")
        _grant(server, identifier(role), audience, given)


def _union(served: Served) -> dict[str, dict[str, str]]:
    """Columns with types of each table that some audience gets; all others never reach the server."""
    tables: dict[str, dict[str, str]] = {}
    for _, given in served.values():
        for grant in given:
            tables.setdefault(grant.name, {}).update({c.name: c.data_type for c in grant.columns})
    return tables


def _load_table(server: psycopg.Connection[Any], tested: Tested, table: str, columns: dict[str, str]) -> None:
    schema, _, name = table.partition(".")
    target = f"{identifier(schema + '__next')}.{identifier(name)}"
    typed = ", ".join(f"{identifier(column)} {_type(data_type)}" for column, data_type in columns.items())
    server.execute(f"create table {target} ({typed})")
    rows = f'select {", ".join(map(identifier, columns))} from "{schema}"."{name}" order by all'
    reader = tested.con.execute(f"select columns(*)::varchar from ({rows})").to_arrow_reader(100_000)
    with server.cursor().copy(f"copy {target} from stdin (format csv)") as copy:
        for batch in reader:
            buffer = io.BytesIO()
            # Text is quoted and null is not, which is how PostgreSQL distinguishes empty text from null.
            pa_csv.write_csv(batch, buffer, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
            copy.write(buffer.getvalue())
    server.execute(f"alter table {target} enable row level security")


def _grant(server: psycopg.Connection[Any], role: str, audience: Audience, given: list[Grant]) -> None:
    """Grant an audience's role its columns, and its rows by a row-level policy."""
    for schema in dict.fromkeys(g.schema for g in given):
        server.execute(f"grant usage on schema {identifier(schema)} to {role}")
    for grant in given:
        table = f"{identifier(grant.schema)}.{identifier(grant.table)}"
        server.execute(f"grant select ({', '.join(identifier(c.name) for c in grant.columns)}) on {table} to {role}")
        condition = row_condition(audience, grant.name) or "true"
        server.execute(f"create policy {role} on {table} for select to {role} using ({condition})")


def _type(data_type: str) -> str:
    """PostgreSQL's type for one of DuckDB's; text if it has none."""
    return data_type if SAME_TYPE.fullmatch(data_type) else OTHER_TYPES.get(data_type, "text")


@click.command(help=__doc__)
@click.option(
    "--audience",
    "names",
    multiple=True,
    help="An audience, or AUDIENCE=VALUE for a branch or broker; all that need no value by default.",
)
def main(names: tuple[str, ...]) -> None:
    """Serve, and say which roles there are."""
    try:
        import psycopg
    except ImportError:
        sys.exit("Serving needs psycopg: install the project with its extra, `pip install '.[postgres]'`.")
    split = [name.partition("=") for name in names or without_value()]
    audiences = [find_audience(name, value or None) for name, _, value in split]
    status = Console(stderr=True).status("Testing the warehouse and loading the server")
    try:
        with status, psycopg.connect(autocommit=True) as server:
            roles = serve(server, audiences)
    except psycopg.OperationalError as error:
        sys.exit(f"PostgreSQL cannot be reached; libpq's variables PGHOST, PGDATABASE and PGUSER name it.\n{error}")
    except psycopg.Error as error:
        # The message may hold values.
        sys.exit(f"PostgreSQL refused with {type(error).__name__}, SQLSTATE {error.sqlstate}. Nothing was changed.")
    click.echo(f"Served to the roles {', '.join(roles)}.")


if __name__ == "__main__":
    main()
