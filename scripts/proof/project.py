"""The project as dbt compiled it: tables, their columns and classes, their SQL, hooks and macros."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx

from scripts.proof.labels import DECLARABLE, KINDS, Level, Ref, lower

# Schemas that analysts read.
SHOWN = {"analytics", "marts"}
# Packages that come with dbt itself.
ENGINE = {"dbt", "dbt_duckdb"}
OF_ANOTHER_ENGINE = re.compile(r"spark__\w+|materialization_\w+_spark")
PLAIN = {"table", "view", "incremental", "ephemeral", "seed", "snapshot"}


@dataclass(frozen=True)
class Label:
    """A column's declared class and kind."""

    level: Level
    kind: str = ""


@dataclass
class Node:
    """A table that dbt makes or reads, or a test."""

    name: str
    resource: str
    layer: str
    path: str
    schema: str
    table: str
    columns: dict[str, Label | None]
    sql: str = ""
    raw_sql: str = ""
    language: str = "sql"
    materialized: str = ""
    hooks: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    database: str = ""
    types: dict[str, str] = field(default_factory=dict)
    tested: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Catalog, schema and table."""
        return self.database or "memory", self.schema, self.table

    def ref(self, column: str) -> Ref:
        """A column as what depends on it when this table is read; one without a description may be anything."""
        label = self.columns.get(column) or Label(Level.sensitive, "unknown")
        return Ref(self.name, column, label.level, label.kind)


@dataclass
class Project:
    """All nodes by unique id, and macros with what they call."""

    nodes: dict[str, Node]
    operations: dict[str, str]
    macro_sql: dict[str, str]
    macro_calls: dict[str, tuple[str, ...]]
    faults: list[tuple[str, str]]
    overrides: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

    def macros_of(self, node: Node) -> set[str]:
        """Macros of the project that a node calls, directly or not."""
        called = {macro for macro in node.macros if macro in self.macro_sql}
        indirectly = (networkx.descendants(self.call_graph, macro) for macro in called)
        return called.union(*indirectly) & self.macro_sql.keys()

    @cached_property
    def call_graph(self) -> networkx.DiGraph:
        """Edges from each macro of the project to those it calls."""
        return networkx.DiGraph(self.macro_calls)

    @cached_property
    def callable(self) -> frozenset[str]:
        """Macros that a template may call because they are looked at themselves: by name, and by package and name. One
        that takes the place of dbt's own is called for what it answers, which may change."""
        parts = [key.split(".") for key in self.macro_sql]
        return frozenset(n for p in parts if p[-1] not in self.overrides for n in (p[-1], ".".join(p[1:])))


def read(manifest: Path) -> Project:
    """Read what `dbt compile` wrote."""
    data = json.loads(manifest.read_text(encoding="utf-8"))
    faults: list[tuple[str, str]] = []
    nodes: dict[str, Node] = {}
    operations: dict[str, str] = {}
    for unique_id, raw in {**data["sources"], **data["nodes"]}.items():
        if raw["resource_type"] == "operation":
            operations[unique_id] = raw["raw_code"].strip()
            continue
        if raw["resource_type"] == "analysis":
            continue  # Compiled to be run by hand; nothing is built from it.
        nodes[unique_id] = _node(raw, faults)
    own = {k: m for k, m in data["macros"].items() if m["package_name"] not in ENGINE}
    # DuckDB's dispatch finds none of these, and who calls one by its name uses something that nothing has looked at.
    macros = {k: m for k, m in own.items() if not OF_ANOTHER_ENGINE.fullmatch(m["name"])}
    calls = {k: tuple(m["depends_on"]["macros"]) for k, m in macros.items()}
    texts = {k: m["macro_sql"] for k, m in macros.items()}
    for key, text in texts.items():
        for name in re.findall(r"adapter\s*\.\s*dispatch\(\s*'(\w+)'", text):
            calls[key] += tuple(m for m in macros if re.fullmatch(rf"[a-z]+__{name}", macros[m]["name"]))
    engine = {m["name"].split("__", 1)[-1] for m in data["macros"].values() if m["package_name"] in ENGINE}
    overrides = [
        m["name"]
        for m in macros.values()
        if m["name"].split("__", 1)[-1] in engine or m["name"].startswith("materialization_")
    ]
    strangers = [key for kind in ("functions", "saved_queries") for key in data.get(kind) or {}]
    return Project(nodes, operations, texts, calls, faults, tuple(sorted(overrides)), tuple(strangers))


def _node(raw: dict[str, Any], faults: list[tuple[str, str]]) -> Node:
    resource = raw["resource_type"]
    config = raw["config"]
    name = f"{raw['source_name']}.{raw['name']}" if resource == "source" else raw["name"]
    columns: dict[str, Label | None] = {}
    types = {lower(column): type_ for column, type_ in (config.get("column_types") or {}).items()}
    if resource not in ("test", "unit_test"):
        for column in raw["columns"].values():
            meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
            columns[lower(column["name"])] = _label(name, column["name"], meta, faults)
            if column.get("data_type"):
                types[lower(column["name"])] = column["data_type"]
    for constrained in (raw, *raw["columns"].values()) if resource == "model" else ():
        if any(constraint.get("expression") for constraint in constrained.get("constraints") or []):
            fault = f"{constrained['name']} has a constraint with an expression, which the proof does not follow"
            faults.append((name, fault))
    hooks = [h["sql"].strip() for key in ("pre-hook", "post-hook") for h in config.get(key) or []]
    if config.get("sql_header"):
        hooks.append(config["sql_header"])
    folder, schema = raw["original_file_path"].split("/"), lower(raw["schema"])
    layer = folder[1] if folder[0] == "models" and len(folder) > 2 else folder[0]
    return Node(
        name=name,
        resource=resource,
        layer=schema if schema in SHOWN else layer,
        path=raw["original_file_path"],
        schema=schema,
        table=lower(raw.get("identifier") or raw.get("alias") or raw["name"]),
        columns=columns,
        sql=raw.get("compiled_code") or "",
        raw_sql=raw.get("raw_code") or "",
        language=raw.get("language", "sql"),
        materialized=config.get("materialized", ""),
        hooks=tuple(hooks),
        macros=tuple((raw.get("depends_on") or {}).get("macros", ())),
        parents=tuple((raw.get("depends_on") or {}).get("nodes", ())),
        meta=config.get("meta") or {},
        config=config,
        database=lower(raw.get("database") or ""),
        types=types,
        tested=lower(raw.get("column_name") or ""),
    )


def _label(table: str, column: str, meta: dict[str, Any], faults: list[tuple[str, str]]) -> Label | None:
    """A column's class; what is missing or unknown is a fault."""
    where = f"{table}.{column}"
    text, kind = meta.get("classification"), str(meta.get("kind") or "")
    if text not in DECLARABLE:
        wrong = "no classification; give it one of" if text is None else f"the classification {text} is none of"
        faults.append((where, f"{wrong} {', '.join(DECLARABLE)}"))
        return None
    level = DECLARABLE[text]
    if level >= Level.personal and kind not in KINDS:
        faults.append((where, f"{text} without a kind; give it one of {', '.join(sorted(KINDS))}"))
    return Label(level, kind)
