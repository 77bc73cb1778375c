"""Who may see which tables, columns and rows: the policy in policies/audiences.yml, applied to a warehouse.

Whatever the policy or the models do not settle stops the publication: a column without a classification, a table that
no model describes, a value that no row has.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml

from scripts.columns import Column, columns_of
from scripts.encryption import ALIAS
from scripts.problem import Problem
from scripts.project import PROJECT
from scripts.sql import literal

POLICY = PROJECT / "policies" / "audiences.yml"
CLASSIFICATIONS = ("public", "internal", "confidential", "personal", "sensitive")


def published_folder() -> Path:
    """The folder of published files: PUBLISH_DIR, or data/published."""
    return PROJECT / os.environ.get("PUBLISH_DIR", "data/published")


class PolicyProblem(Problem):
    """A policy that cannot be applied. The message says where and what to do."""


@dataclass(frozen=True)
class Grant:
    """An audience's share of a table: columns granted and withheld, and a row filter."""

    schema: str
    table: str
    description: str
    columns: tuple[Column, ...]
    withheld: tuple[str, ...]
    condition: str

    @property
    def name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.table}"

    @property
    def select(self) -> str:
        """The rows and columns that are given, as SQL in an order that is always the same."""
        listed = ", ".join(f'"{c.name}"' for c in self.columns)
        where = f" where {self.condition}" if self.condition else ""
        return f'select {listed} from "{self.schema}"."{self.table}"{where} order by all'


@dataclass(frozen=True)
class Audience:
    """An audience, for one value where its rows depend on one."""

    name: str
    value: str
    rules: dict[str, Any]

    @property
    def slug(self) -> str:
        """A name for files, keys and roles; two values never share one."""
        if not self.value:
            return self.name
        safe = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in self.value)
        return f"{self.name}-{safe}"

    @property
    def key_name(self) -> str:
        """The key that its files are encrypted with."""
        return f"audience-{self.slug}"


def load_policy(path: Path | None = None) -> dict[str, Any]:
    """The policy, validated."""
    path = path or POLICY
    policy: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, rules in policy["audiences"].items():
        unknown = set(rules.get("classifications") or ["none"]) - set(CLASSIFICATIONS)
        if unknown:
            raise PolicyProblem(f"{path.name}: the audience {name} has classifications that do not exist: {unknown}.")
        if ("rows" in rules) != ("value_of" in rules) or ("rows" in rules) == ("schemas" in rules):
            raise PolicyProblem(f"{path.name}: the audience {name} needs either schemas, or rows and value_of.")
        if rules.get("lake") not in (None, "delta", "ducklake"):
            raise PolicyProblem(f"{path.name}: the lake of {name} can be delta or ducklake, or be left out.")
        if rules.get("lake") == "delta" and {"personal", "sensitive"} & set(rules["classifications"]):
            raise PolicyProblem(f"{path.name}: {name} has personal data, and Delta tables are not encrypted.")
        for table, condition in (rules.get("rows") or {}).items():
            if condition != "all" and "{value}" not in condition:
                raise PolicyProblem(f"{path.name}: rows of {table} for {name} do not depend on the value.")
    return policy


def without_value() -> list[str]:
    """Names of the audiences that are not for one branch or broker."""
    return [name for name, rules in load_policy()["audiences"].items() if "rows" not in rules]


def find_audience(name: str, value: str | None = None) -> Audience:
    """An audience of the policy, with the value that its rows depend on."""
    audiences = load_policy()["audiences"]
    if name not in audiences:
        raise PolicyProblem(f"There is no audience {name}. Those in {POLICY.name} are: {', '.join(audiences)}.")
    rules = audiences[name]
    if ("rows" in rules) and not value:
        raise PolicyProblem(f"The audience {name} is for one {rules['value_of']}: say which, with --value.")
    if "rows" not in rules and value:
        raise PolicyProblem(f"The audience {name} has no value to choose: leave out --value.")
    return Audience(name, value or "", rules)


def classifications(manifest: dict[str, Any], policy: dict[str, Any]) -> dict[str, dict[str, tuple[str, str]]]:
    """Classification and description of each column by table, from dbt's manifest and the policy."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            columns = found.setdefault(f"{node['schema']}.{node['alias']}", {})
            columns[""] = ("", node.get("description") or "")
            for name, column in node["columns"].items():
                meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
                columns[name.lower()] = (str(meta.get("classification") or ""), column.get("description") or "")
    for table, columns in policy.get("described_here", {}).items():
        for name, classification in columns.items():
            described = found.setdefault(table, {})
            described[name] = (classification, described.get(name, ("", ""))[1])
    return found


def grants(con: duckdb.DuckDBPyConnection, audience: Audience, manifest: dict[str, Any]) -> list[Grant]:
    """What an audience gets of the warehouse, the connection's default catalog."""
    policy = load_policy()
    described = classifications(manifest, policy)
    _check_value(con, audience)
    given = []
    for table, columns in columns_of(con, ALIAS).items():
        if table in policy.get("left_out", {}) or not _asked_for(audience, table):
            continue
        classes = {c.name: _classification(described, table, c.name) for c in columns}
        kept = tuple(c for c in columns if classes[c.name] in audience.rules["classifications"])
        withheld = tuple(c.name for c in columns if c not in kept)
        if kept:
            about = described[table]
            kept = tuple(replace(c, description=about.get(c.name.lower(), ("", ""))[1]) for c in kept)
            schema, _, name = table.partition(".")
            given.append(
                Grant(schema, name, about.get("", ("", ""))[1], kept, withheld, row_condition(audience, table))
            )
    missing = sorted(set(audience.rules.get("rows", {})) - {g.name for g in given})
    if missing:
        raise PolicyProblem(f"{POLICY.name} names tables for {audience.name} that are not there: {', '.join(missing)}.")
    if not given:
        asked = ", ".join(audience.rules["schemas"])
        raise PolicyProblem(f"There is nothing for {audience.name}: the warehouse has no tables in {asked}.")
    return given


def _asked_for(audience: Audience, table: str) -> bool:
    if "rows" in audience.rules:
        return table in audience.rules["rows"]
    return bool(audience.rules["schemas"] == "all" or table.partition(".")[0] in audience.rules["schemas"])


def _classification(described: dict[str, dict[str, tuple[str, str]]], table: str, column: str) -> str:
    columns = described.get(table)
    if columns is None:
        raise PolicyProblem(
            f"No model describes {table}, so who may see it is not known. Describe it under models/, drop it, or list "
            f"it under left_out in policies/{POLICY.name}. Nothing was published."
        )
    found = columns.get(column.lower(), ("", ""))[0] or columns.get("*", ("", ""))[0]
    if found not in CLASSIFICATIONS:
        raise PolicyProblem(
            f"The column {column} of {table} has no classification, or none that exists ({found or 'none'}). Give it "
            "one of " + ", ".join(CLASSIFICATIONS) + " where the model is described. Nothing was published."
        )
    return found


def _check_value(con: duckdb.DuckDBPyConnection, audience: Audience) -> None:
    if not audience.value:
        return
    schema, table, column = audience.rules["value_of"].split(".")
    counted = con.execute(
        f'select count(*) from "{schema}"."{table}" where "{column}"::varchar = ?', [audience.value]
    ).fetchall()
    if not counted[0][0]:
        raise PolicyProblem(f"No {audience.rules['value_of']} is {audience.value!r}. Nothing was published.")


def row_condition(audience: Audience, table: str) -> str:
    """The condition on a table's rows, with the value in it; empty where all are given."""
    rule = str(audience.rules.get("rows", {}).get(table, "all")).strip()
    return "" if rule == "all" else rule.replace("{value}", literal(audience.value))
