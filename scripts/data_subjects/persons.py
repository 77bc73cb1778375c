"""Which rows of which tables are about a person.

Derived from dbt's manifest (classification of each column) and from `subjects.yml` (which columns lead to a person),
never from a list of tables. A table with personal columns and no way to a person stops the check, and every request.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from scripts.columns import Column
from scripts.data_subjects.ledger import PrivacyProblem
from scripts.landing.definitions import Layout, layouts
from scripts.project import DBT, PROJECT, target_folder
from scripts.sql import read_query

VERSION = 100_000_000
MATCH = ("last_name", "first_name", "address_line1", "address_line2", "postal_code")
# Which identifiers lead to which others of a person, one after the other, where a table has both.
LEADS = (
    ("customer", "match_key"),
    ("customer", "account"),
    ("match_key", "prospect"),
    ("prospect", "match_key"),
    ("account", "trade"),
)
# What is searched for, kind by kind of column; the rest of what is personal isn't one person's alone.
DISTINCTIVE = ("name", "contact", "government_id")


@dataclass(frozen=True)
class Table:
    """A table of the warehouse."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    description: str = ""

    @property
    def full_name(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"

    @property
    def relation(self) -> str:
        """The same, quoted for SQL."""
        return f'"{self.schema}"."{self.name}"'


@dataclass
class Person:
    """The identifiers of a person, kind by kind."""

    ids: dict[str, set[str]] = field(default_factory=dict)

    def add(self, kind: str, values: Iterable[object]) -> None:
        """Add identifiers of a kind; an empty one identifies no one."""
        self.ids.setdefault(kind, set()).update(str(v) for v in values if v is not None and str(v))

    def of(self, kind: str) -> list[str]:
        """Identifiers of a kind, sorted."""
        return sorted(self.ids.get(kind, ()))

    def rows(self, con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query that names lists of identifiers by their kinds, such as $account."""
        return self.run(con, sql).fetchall()

    def run(self, con: duckdb.DuckDBPyConnection, sql: str, **values: object) -> duckdb.DuckDBPyConnection:
        """The same, not fetched yet; `values` are for other names in the query. No value ever stands in SQL."""
        kinds = set(re.findall(r"\$([a-z]\w*)", sql)) - set(values)
        return con.execute(sql, {**{kind: self.of(kind) for kind in kinds}, **values})


def read_manifest(parse: bool = True) -> dict[str, Any]:
    """dbt's manifest of the project as it is now."""
    target = target_folder()
    if parse or not (target / "manifest.json").exists():
        done = subprocess.run([DBT, "parse", "--quiet"], cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PrivacyProblem(f"The project can't be parsed:\n{done.stdout.strip()}")
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return manifest


@cache
def relations() -> dict[str, dict[str, str]]:
    """What `subjects.yml` says."""
    path = Path(__file__).with_name("subjects.yml")
    found: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _column(name: str, data_type: str, node: dict[str, Any]) -> Column:
    meta = node.get("config", {}).get("meta") or node.get("meta") or {}
    names = relations()
    subject = meta.get("subject") or names["columns"].get(name) or names["text"].get(name)
    text = " ".join(str(node.get("description", "")).split())
    return Column(name, data_type, {**meta, "subject": subject}, text)


def project_tables(manifest: dict[str, Any]) -> list[Table]:
    """Tables as the project declares them: models, seeds and snapshots that are kept, and sources."""
    found = []
    for node in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        if node["resource_type"] not in ("model", "seed", "snapshot", "source"):
            continue
        if node["config"].get("materialized") == "ephemeral":
            continue
        columns = tuple(_column(c["name"], c.get("data_type") or "", c) for c in node["columns"].values())
        schema = node["source_name"] if node["resource_type"] == "source" else node["schema"]
        name = node["name"] if node["resource_type"] == "source" else node["alias"]
        found.append(Table(schema, name, columns, " ".join(node["description"].split())))
    return sorted(found, key=lambda t: t.full_name)


def tables(con: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[Table]:
    """All tables that the warehouse holds, with what the project says about them. Tables that the project doesn't
    know, such as stored test failures, are among them; views are not.
    """
    declared = {table.full_name: table for table in project_tables(manifest)}
    found = []
    for schema, name, columns in con.execute(read_query(__file__, "tables")).fetchall():
        table = declared.get(f"{schema}.{name}", Table(schema, name, ()))
        known = {column.name: column for column in table.columns}
        held = (replace(known.get(c) or _column(c, "", {}), data_type=data_type) for c, data_type in columns)
        found.append(replace(table, columns=tuple(held)))
    return found


def unreachable(found: Iterable[Table]) -> list[str]:
    """What is wrong: tables with personal columns that lead to no person."""
    problems = []
    for table in found:
        personal = [c.name for c in table.columns if c.is_personal]
        is_explained = table.full_name in relations()["other_people"] or any(c.subject for c in table.columns)
        if personal and not is_explained:
            problems.append(
                f"{table.full_name} has personal columns ({', '.join(personal[:5])}) but none that leads to a person. "
                "Name the one that does in its YAML with `meta: {subject: customer}`, account, prospect or employee; "
                "or say in scripts/data_subjects/subjects.yml, under other_people, whom it is about."
            )
    return problems


def check(found: Iterable[Table]) -> None:
    """Raise PrivacyProblem where a table with personal columns leads to no person."""
    if problems := unreachable(found):
        raise PrivacyProblem("\n".join(problems))


def identify(
    con: duckdb.DuckDBPyConnection,
    found: list[Table],
    customers: Iterable[str] = (),
    prospects: Iterable[str] = (),
    employees: Iterable[str] = (),
) -> Person:
    """The identifiers of a person: a customer's accounts, trades, and the prospects of the same name and address."""
    person = Person()
    person.add("customer", customers)
    person.add("prospect", prospects)
    person.add("employee", employees)
    for known, sought in LEADS:
        for table in found:
            person.add(sought, _pick(con, table, sought, known, person))
    person.ids.get("match_key", set()).discard("\x1f" * 4)
    return person


def _identifying(table: Table, kind: str) -> list[str]:
    """What holds identifiers of a kind in a table, as SQL: columns, or name and address together."""
    if kind != "match_key":
        return [f'"{column.name}"' for column in table.columns if column.subject == kind]
    if not set(MATCH) <= {column.name for column in table.columns}:
        return []
    return ["upper(" + " || chr(31) || ".join(f"coalesce(cast({c} as varchar), '')" for c in MATCH) + ")"]


def _pick(con: duckdb.DuckDBPyConnection, table: Table, sought: str, known: str, person: Person) -> list[object]:
    """Identifiers of one kind in rows that have the person's of another kind, where a table has both."""
    identifying, where = _identifying(table, sought), [_among(by, known) for by in _identifying(table, known)]
    if not (identifying and where and person.of(known)):
        return []
    query = f"select distinct {identifying[0]} from {table.relation} where {' or '.join(where)}"
    return [value for (value,) in person.rows(con, query)]


def _among(expression: str, kind: str) -> str:
    """Whether a value is one of the person's identifiers of a kind, as SQL for Person.rows."""
    return f"cast({expression} as varchar) in (select unnest(${kind}::varchar[]))"


def refuse_unknown(con: duckdb.DuckDBPyConnection, found: list[Table], kind: str, values: Iterable[str]) -> None:
    """Raise PrivacyProblem where no one in the warehouse has an identifier."""
    for value in values:
        asked = Person({kind: {value}})
        if not any(_pick(con, table, kind, kind, asked) for table in found):
            raise PrivacyProblem(f"No {kind} of this number is in the warehouse, so nothing was done.")


def condition(column: Column, person: Person) -> str | None:
    """Whether a row is about the person by one of its columns, as SQL for Person.rows; None where that column
    can't decide.
    """
    name, subject = f'"{column.name}"', column.subject
    if subject == "message":
        found = [
            _among(f"regexp_extract({name}, '{mark} = (\\d+)', 1)", kind)
            for mark, kind in (("\\bC_ID", "customer"), ("\\bT_ID", "trade"), ("\\bCA_ID", "account"))
            if person.of(kind)
        ]
        return " or ".join(found) or None
    if subject == "landed_text":
        return " or ".join(_text_condition(x, person) for x in layouts() if _text_condition(x, person)) or None
    if subject and subject.endswith("_version"):
        subject, name = subject.removesuffix("_version"), f"{name} // {VERSION}"
    return _among(name, subject) if subject and person.of(subject) else None


def _text_condition(layout: Layout, person: Person) -> str:
    """Whether the column raw_text is the person's row of a source; source_name and batch_id stand beside it."""
    found = []
    for position, column in enumerate(layout.columns, start=1):
        kind = str(column.meta.get("subject"))
        if not person.of(kind):
            continue
        if layout.meta["format"] == "xml":
            attribute = str(column.meta["path"]).rpartition("@")[2]
            found.append(_among(f"regexp_extract(raw_text, '\\b{attribute}\\s*=\\s*[\"'']\\s*0*(\\d+)', 1)", kind))
        else:
            shift = "(case when batch_id > 1 then 2 else 0 end)" if layout.meta.get("cdc") else "0"
            mark = "|" if layout.meta["format"] == "pipe" else ","
            field = f"trim(string_split(raw_text, '{mark}')[{position} + {shift}], ' \"')"
            found.append(_among(field if column.data_type == "varchar" else f"ltrim({field}, '0')", kind))
    return f"(source_name = '{layout.name}' and ({' or '.join(found)}))" if found else ""


def rows_of(table: Table, person: Person) -> str | None:
    """The condition for a table's rows about the person, as SQL for Person.rows; None where it leads to
    no one of their kinds.

    An employee is sought only in tables that are about employees: the others name a broker beside a customer, whose
    data it is.
    """
    others = any(c.subject and not c.subject.startswith("employee") for c in table.columns)
    found = []
    for column in table.columns:
        if column.subject in ("employee", "employee_version") and others:
            continue
        if column.subject == "landed_text" and not {"source_name", "batch_id"} <= {c.name for c in table.columns}:
            continue
        if column.subject and (sql := condition(column, person)):
            found.append(f"({sql})")
    return " or ".join(found) or None
