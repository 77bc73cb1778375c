"""Check that models and tests meet the standards of docs/quality.md, from the manifest that `dbt parse` writes.

Layers too: data flows from staging through intermediate and core to marts and analytics, and never back.

Names each model, column or test that lacks something, and what.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

PROJECT = Path(__file__).resolve().parents[1]
DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "integrity", "timeliness")
CLASSES = ("public", "internal", "confidential", "personal", "sensitive")
SHORTEST_REASON = 20
GATE = "publication.gate"
# What each layer may read besides itself, by folder; a room of a layer is named with its layer. Operations stand beside
# them and read everything; seeds are rules, which everybody may read.
READS = {
    "staging": (),
    "intermediate": ("staging",),
    "core": ("staging", "intermediate"),
    "marts": ("core/dimensions", "core/facts", "core/released"),
    "analytics": ("core/dimensions", "core/facts", "core/released"),
}

Node = dict[str, Any]


def problems(manifest: dict[str, Any]) -> list[str]:
    """Everything in a project that does not meet the standards, in order of name."""
    package = manifest["metadata"]["project_name"]
    nodes = {id_: n for id_, n in manifest["nodes"].items() if n["package_name"] == package}
    tests = [n for n in nodes.values() if n["resource_type"] == "test"]
    found: list[str] = []
    for test in tests:
        found += [f"test {test['name']}: {lack}" for lack in _test_lacks(test, manifest)]
    for id_, node in nodes.items():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            about = [t for t in tests if id_ in t["depends_on"]["nodes"]]
            found += [f"{node['resource_type']} {node['name']}: {lack}" for lack in _node_lacks(id_, node, about)]
    for id_, node in nodes.items():
        if node["resource_type"] == "model":
            found += [f"model {node['name']}: {lack}" for lack in _layer_lacks(id_, manifest)]
    for test in manifest["unit_tests"].values():
        found += [f"unit test {test['name']}: {lack}" for lack in _unit_test_lacks(test)]
    return sorted(found)


def _test_lacks(test: Node, manifest: dict[str, Any]) -> Iterator[str]:
    meta = test["config"]["meta"]
    if meta.get("dimension") not in DIMENSIONS:
        yield f"meta.dimension is {meta.get('dimension')!r}; give one of {', '.join(DIMENSIONS)}"
    if len(str(meta.get("reason") or "").strip()) < SHORTEST_REASON:
        yield "meta.reason does not say why it has its severity"
    if str(test["config"]["severity"]).lower() not in ("error", "warn"):
        yield f"severity is {test['config']['severity']!r}; give error or warn"
    if not test.get("attached_node"):
        read = {id_.split(".")[-1] for id_ in test["depends_on"]["nodes"]}
        if meta.get("model") not in read:
            yield f"meta.model is {meta.get('model')!r}; give the model it is about, one of {', '.join(sorted(read))}"
    if not any(id_.endswith(GATE) for id_ in test["depends_on"]["nodes"]):
        yield "a failure would make `dbt build` skip what comes after; call never_stops_the_load()"
    if "." in test["name"] or not test["name"].islower():
        yield "the name must be lower case, it names the table of failing rows"


def _unit_test_lacks(test: Node) -> Iterator[str]:
    if any(given["input"] == "this" and given["format"] != "sql" for given in test["given"]):
        yield "give `this` as SQL: `dbt build` of a new warehouse tests a model before it has a table with columns"


def _node_lacks(id_: str, node: Node, tests: list[Node]) -> Iterator[str]:
    kind, layer = node["resource_type"], node["fqn"][1] if len(node["fqn"]) > 2 else ""
    if not node["description"].strip():
        yield "no description"
    if kind == "snapshot":
        return
    yield from _column_lacks(node)
    if kind == "seed":
        if not _has_key(id_, node, tests):
            yield "no test of its key: unique and not_null on a column"
        return
    if not node["config"].get("group"):
        yield "no owner: give its folder a group in dbt_project.yml"
    if layer == "staging":
        sources = [parent for parent in node["depends_on"]["nodes"] if parent.startswith("source.")]
        if len(sources) != 1 or len(node["depends_on"]["nodes"]) != 1:
            yield "a staging model reads one source, and no other model"
    if _folders(node)[:2] in (["core", "dimensions"], ["core", "facts"]):
        yield from _core_lacks(id_, node, tests)
    if layer == "marts":
        yield from _mart_lacks(id_, node, tests)


def _layer_lacks(id_: str, manifest: dict[str, Any]) -> Iterator[str]:
    """References that go upward, or past a layer into the inside of another one."""
    node = manifest["nodes"][id_]
    layer = _folders(node)[0]
    if layer not in READS:
        if layer != "operations":
            yield f"it lies in no layer; move it into one of {', '.join(READS)} or operations"
        return
    for parent_id in node["depends_on"]["nodes"]:
        parent = manifest["nodes"].get(parent_id) or manifest["sources"][parent_id]
        if parent["resource_type"] == "source":
            if layer != "staging":
                yield f"it reads the source {parent['name']}; only staging reads sources"
        elif parent["resource_type"] == "model":
            folders = _folders(parent)
            allowed = {folders[0], "/".join(folders[:2])} & {layer, *READS[layer]}
            if not allowed:
                yield f"it reads {parent['name']} of {'/'.join(folders[:2])}; {layer} reads {_listed(layer)}"
    if node["schema"] != layer:
        yield f"its schema is {node['schema']}; a schema is named after its folder, {layer}"


def _listed(layer: str) -> str:
    return ", ".join((layer, *READS[layer]))


def _folders(node: Node) -> list[str]:
    """The folders below models that a model lies in."""
    return list(node["fqn"][1:-1]) or [""]


def _column_lacks(node: Node) -> Iterator[str]:
    if not node["columns"]:
        yield "no columns are described"
    for name, column in node["columns"].items():
        if not column["description"].strip():
            yield f"column {name} has no description"
        meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
        if meta.get("classification") not in CLASSES:
            yield f"column {name} has no classification; give one of {', '.join(CLASSES)}"


def _mart_lacks(id_: str, node: Node, tests: list[Node]) -> Iterator[str]:
    """A mart is read without its SQL: it says what a row is, keeps its types, and has no row twice."""
    if not node["description"].startswith("One row per "):
        yield "its description does not begin with its grain: One row per …"
    yield from _table_lacks(id_, node, tests)


def _table_lacks(id_: str, node: Node, tests: list[Node]) -> Iterator[str]:
    """What whoever joins a table relies on."""
    if not node["config"]["contract"]["enforced"]:
        yield "no enforced contract"
    if "batch_id" not in node["columns"]:
        yield "no column batch_id"
    if not (node["config"]["meta"].get("no_key") or _has_key(id_, node, tests)):
        yield "no test of its key: unique on a not_null column, unique_combination_of_columns, or meta.no_key"


def _core_lacks(id_: str, node: Node, tests: list[Node]) -> Iterator[str]:
    yield from _table_lacks(id_, node, tests)
    has_history = {"effective_date", "end_date", "is_current"} <= set(node["columns"])
    if has_history and not any("broken_history" in macro for t in tests for macro in t["depends_on"]["macros"]):
        yield "no test of its history (broken_history)"
    references = [c for c in node["columns"] if c.startswith("sk_") and "_date" not in c and "_time" not in c]
    if not has_history and references and not _is_own_key(node, references) and not any(_joins(t, id_) for t in tests):
        yield "no test that its rows join to their dimensions (an integrity test of this model)"


def _is_own_key(node: Node, references: list[str]) -> bool:
    """A dimension without history has a key of its own and refers to nothing."""
    return node["name"].startswith("dim_") and len(references) == 1


def _has_key(id_: str, node: Node, tests: list[Node]) -> bool:
    own = [t for t in tests if t.get("attached_node") == id_ and t.get("test_metadata")]
    if any(t["test_metadata"]["name"] == "unique_combination_of_columns" for t in own):
        return True
    filled = {t["column_name"] for t in own if t["test_metadata"]["name"] == "not_null"}
    filled |= {
        name
        for name, column in node["columns"].items()
        if any(c["type"] == "not_null" for c in column.get("constraints") or [])
    }
    return any(t["column_name"] in filled for t in own if t["test_metadata"]["name"] == "unique")


def _joins(test: Node, id_: str) -> bool:
    meta = test["config"]["meta"]
    about = test.get("attached_node") == id_ or meta.get("model") == id_.split(".")[-1]
    return bool(about and meta.get("dimension") == "integrity")


@click.command(help=__doc__)
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    default=lambda: PROJECT / os.environ.get("DBT_TARGET_PATH", "target") / "manifest.json",
    help="Manifest of dbt; target/manifest.json unless told.",
)
def main(manifest: Path) -> None:
    """Print what lacks; exit with 1 where something does."""
    if not manifest.exists():
        click.echo(f"{manifest} is not there. Run `dbt parse` first.", err=True)
        sys.exit(1)
    found = problems(json.loads(manifest.read_text(encoding="utf-8")))
    for problem in found:
        click.echo(problem)
    if found:
        click.echo(f"{len(found)} things do not meet the standards of docs/quality.md.", err=True)
        sys.exit(1)
    click.echo("All models and tests meet the standards.")


if __name__ == "__main__":
    main()
