"""The project as its readers see it: tables by layer with columns, tests and owners; metrics, and who uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from scripts.columns import Column
from scripts.site.artifacts import Json

# In the order in which data flows. A folder of models that is not named here comes after these.
LAYERS = {
    "sources": "What the source systems send, as it lands.",
    "reference": "Rules kept by people, from seeds.",
    "staging": "One table per source file: typed, named, nothing joined.",
    "intermediate": "Events and lookups that several tables share.",
    "core": "The star schema.",
    "marts": "Answers to the business's questions, made from the star schema.",
    "analytics": "The star schema as analysts may see it: keys as tokens, persons in groups.",
    "operations": "What happened: runs, rejected rows, control totals, anomalies, alerts.",
    "snapshots": "The history of the rules.",
}


@dataclass(frozen=True)
class Test:
    """A data test: its kind is the generic test's name, or `sql`."""

    name: str
    kind: str
    dimension: str
    severity: str
    reason: str


@dataclass(frozen=True)
class Reference:
    """A column that holds another table's key, and what says so: a test, a contract, or its name."""

    table: str
    column: str
    to: str
    to_column: str
    said_by: str


@dataclass(frozen=True)
class TestedColumn(Column):
    """A column with what its contract and its tests say."""

    is_required: bool = False
    tests: list[Test] = field(default_factory=list, hash=False)


@dataclass
class Table:
    """A source, seed, snapshot or model."""

    id: str
    name: str
    layer: str
    folder: str
    relation: str
    description: str
    owner: str
    owner_email: str
    materialized: str
    path: str
    has_contract: bool
    columns: dict[str, TestedColumn]
    tests: list[Test] = field(default_factory=list)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    foreign_keys: list[Reference] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    stated_grain: str = ""

    @property
    def url(self) -> str:
        """Its entry in the dictionary, from the site's root."""
        return f"dictionary/{self.layer}.html#{self.name}"

    @cached_property
    def summary(self) -> str:
        """The first sentence of its description."""
        return re.split(r"(?<=\.)\s", " ".join(self.description.split()), maxsplit=1)[0]

    @property
    def grain(self) -> str:
        """What a row is, where the model says so."""
        if self.stated_grain:
            return self.stated_grain
        return self.summary if re.match(r"(One|A|An|Each|Every)\b", self.summary) else ""

    @property
    def key(self) -> tuple[str, ...]:
        """The shortest key that is tested to be unique."""
        return min(self.keys, key=len, default=())


@dataclass(frozen=True)
class Metric:
    """A metric of the semantic layer."""

    name: str
    label: str
    description: str
    kind: str
    formula: str

    url = property(lambda self: f"dictionary/metrics.html#metric.{self.name}")


@dataclass(frozen=True)
class SemanticModel:
    """A table as metrics see it: entities it joins by, dimensions to cut by, measures to add up."""

    name: str
    description: str
    table: str
    parts: dict[str, list[Json]]

    url = property(lambda self: f"dictionary/metrics.html#semantic_model.{self.name}")


@dataclass(frozen=True)
class Exposure:
    """Who uses what, and who answers for it."""

    name: str
    label: str
    kind: str
    description: str
    owner: str
    email: str
    maturity: str
    link: str
    reads: tuple[str, ...]

    url = property(lambda self: f"dictionary/exposures.html#exposure.{self.name}")


@dataclass
class Project:
    """Everything that is documented, tables by name."""

    name: str
    tables: dict[str, Table]
    metrics: list[Metric]
    semantic_models: list[SemanticModel]
    exposures: list[Exposure]

    @cached_property
    def layers(self) -> dict[str, list[Table]]:
        """Tables by layer, in the order of LAYERS, each in order of name."""
        found: dict[str, list[Table]] = {layer: [] for layer in LAYERS}
        for table in sorted(self.tables.values(), key=lambda table: (table.folder, table.name)):
            found.setdefault(table.layer, []).append(table)
        return {layer: tables for layer, tables in found.items() if tables}


def read(manifest: Json, catalog: Json | None = None) -> Project:
    """The project from dbt's manifest; columns without a description are those of the catalog."""
    name = manifest["metadata"]["project_name"]
    everything = {**manifest["sources"], **manifest["nodes"]}
    own = {id_: node for id_, node in everything.items() if node["package_name"] == name}
    held = {**(catalog or {}).get("sources", {}), **(catalog or {}).get("nodes", {})}
    owners = {group["name"]: group["owner"] for group in manifest["groups"].values()}
    by_id = {
        id_: _table(id_, node, owners, held.get(id_, {}).get("columns", {}))
        for id_, node in own.items()
        if node["resource_type"] in ("model", "seed", "snapshot", "source")
    }
    for table in by_id.values():
        for parent in _parents(own[table.id], by_id):
            table.parents.append(parent.name)
            parent.children.append(table.name)
    tables = {table.name: table for table in by_id.values()}
    for node in own.values():
        if node["resource_type"] == "test":
            _add_test(node, by_id, tables)
    return Project(
        name=name,
        tables=tables,
        metrics=sorted((_metric(m) for m in manifest["metrics"].values()), key=lambda metric: metric.name),
        semantic_models=[_semantic_model(m, by_id) for m in manifest["semantic_models"].values()],
        exposures=[_exposure(e, by_id) for e in manifest["exposures"].values()],
    )


def _parents(node: Json, by_id: dict[str, Table]) -> list[Table]:
    return [by_id[id_] for id_ in (node.get("depends_on") or {}).get("nodes", ()) if id_ in by_id]


def _table(id_: str, node: Json, owners: dict[str, Json], held: Json) -> Table:
    kind, config = node["resource_type"], node["config"]
    folders = list(node["fqn"][1:-1])
    layer = {"source": "sources", "seed": "reference", "snapshot": "snapshots"}.get(kind) or (folders or ["models"])[0]
    meta = {**(node.get("meta") or {}), **(config.get("meta") or {})}
    owner = owners.get(config.get("group") or "", {})
    columns = {column["name"].lower(): _column(column) for column in node["columns"].values()}
    for held_name, column in sorted(held.items(), key=lambda item: item[1]["index"]):
        found = columns.get(held_name.lower(), TestedColumn(held_name.lower(), ""))
        columns[found.name] = replace(found, data_type=found.data_type or str(column["type"]).lower())
    constraints = [(list(c.get("columns") or ()), c) for c in node.get("constraints") or ()]
    for column in node["columns"].values():
        constraints += [([column["name"]], c) for c in column.get("constraints") or ()]
    name = f"{node['source_name']}.{node['name']}" if kind == "source" else node["name"]
    return Table(
        id=id_,
        name=name,
        layer=layer,
        folder=node["source_name"] if kind == "source" else "/".join(folders[1:]) if kind == "model" else "",
        relation=f"{node['schema']}.{node.get('alias') or node.get('identifier') or node['name']}",
        description=node["description"].strip(),
        owner=owner.get("name") or "",
        owner_email=owner.get("email") or "",
        materialized=kind if kind != "model" else config.get("materialized", ""),
        path=node["original_file_path"],
        has_contract=bool((config.get("contract") or {}).get("enforced")),
        columns=columns,
        keys=[tuple(names) for names, c in constraints if c["type"] in ("primary_key", "unique") and names],
        foreign_keys=list(_declared_keys(name, constraints)),
        stated_grain=str(meta.get("grain") or ""),
    )


def _column(column: Json) -> TestedColumn:
    return TestedColumn(
        name=column["name"].lower(),
        data_type=column.get("data_type") or "",
        meta={**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})},
        description=column["description"].strip(),
        is_required=any(c["type"] in ("not_null", "primary_key") for c in column.get("constraints") or ()),
    )


def _declared_keys(table: str, constraints: list[tuple[list[str], Json]]) -> Iterator[Reference]:
    for names, constraint in constraints:
        if constraint["type"] == "foreign_key" and len(names) == 1 and (to := _referred(constraint.get("to"))):
            yield Reference(table, names[0], to, (constraint.get("to_columns") or names)[0], "contract")


def _referred(text: Any) -> str:
    """The model in `ref('model')`, or in a relation's name."""
    return re.sub(r"[\"'`)\s]", "", re.split(r"[(,.]", str(text or ""))[-1])


def _add_test(node: Json, by_id: dict[str, Table], tables: dict[str, Table]) -> None:
    meta, generic = node["config"].get("meta") or {}, node.get("test_metadata") or {}
    table = by_id.get(node.get("attached_node") or "") or tables.get(str(meta.get("model")))
    if table is None:
        return
    test = Test(
        name=node["name"],
        kind=generic.get("name") or "sql",
        dimension=str(meta.get("dimension") or ""),
        severity=str(node["config"].get("severity") or "").lower(),
        reason=str(meta.get("reason") or ""),
    )
    column = table.columns.get((node.get("column_name") or "").lower())
    (column or table).tests.append(test)
    given = generic.get("kwargs") or {}
    if test.kind == "unique" and column and not node["config"].get("where"):
        table.keys.append((column.name,))
    elif test.kind == "unique_combination_of_columns":
        table.keys.append(tuple(given.get("combination_of_columns") or ()))
    elif test.kind == "not_null" and column:
        table.columns[column.name] = replace(column, is_required=True)
    elif test.kind.startswith("relationships") and column and (to := _referred(given.get("to"))):
        table.foreign_keys.append(
            Reference(table.name, column.name, to, str(given.get("field") or column.name), "test")
        )


def _metric(metric: Json) -> Metric:
    return Metric(
        metric["name"],
        metric.get("label") or metric["name"],
        (metric.get("description") or "").strip(),
        str(metric.get("type") or ""),
        _formula(metric.get("type_params") or {}),
    )


def _formula(given: Json) -> str:
    """How a metric is computed, in one line."""

    def name(part: Any) -> str:
        return str(part.get("name") or "") if isinstance(part, dict) else str(part or "")

    if given.get("numerator"):
        return f"{name(given['numerator'])} / {name(given.get('denominator'))}"
    if given.get("expr"):
        return str(given["expr"])
    if aggregated := given.get("metric_aggregation_params"):
        return f"{aggregated.get('agg')}({aggregated.get('expr') or '*'})"
    return name(given.get("measure")) or ", ".join(name(part) for part in given.get("metrics") or ())


def _semantic_model(model: Json, by_id: dict[str, Table]) -> SemanticModel:
    parents = [table.name for table in _parents(model, by_id)]
    parts = {kind: model.get(kind) or [] for kind in ("entities", "dimensions", "measures")}
    return SemanticModel(model["name"], (model.get("description") or "").strip(), parents[0] if parents else "", parts)


def _exposure(exposure: Json, by_id: dict[str, Table]) -> Exposure:
    owner = exposure.get("owner") or {}
    email = owner.get("email") or ""
    return Exposure(
        name=exposure["name"],
        label=exposure.get("label") or exposure["name"],
        kind=str(exposure.get("type") or ""),
        description=(exposure.get("description") or "").strip(),
        owner=owner.get("name") or "",
        email=", ".join(email) if isinstance(email, list) else email,
        maturity=str(exposure.get("maturity") or ""),
        link=exposure.get("url") or "",
        reads=tuple(table.name for table in _parents(exposure, by_id)),
    )
