"""Check the project against the rules of docs/quality.md, from the manifest that `dbt parse` writes.

dbt-bouncer checks what dbt-bouncer.yml lists: descriptions, names, layers, contracts, owners of exposures. Here are the
rules it lacks: what a data test must say, classifications, keys, histories, owners of models, macros without use.

Each finding names file and line, what is missing, and so what to write there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from scripts.audiences import CLASSIFICATIONS
from scripts.project import PROJECT, target_folder

RULES = PROJECT / "dbt-bouncer.yml"
DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "integrity", "timeliness")
SHORTEST_REASON = 20
GATE = "publication.gate"
# What dbt calls by itself: variants of a dispatched macro, materialisations, tests, and macros of its own replaced.
CALLED_BY_DBT = re.compile(
    r"(default|duckdb|postgres|spark)__\w+|(materialization|test)_\w+"
    r"|generate_\w+_name|should_full_refresh|is_incremental"
)
CODE = ("models", "macros", "tests", "snapshots", "analyses")

Node = dict[str, Any]


@dataclass(frozen=True, order=True)
class Finding:
    """A violated rule and its place: a file of the project, and a line from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def findings(target: Path, rules: Path = RULES) -> list[Finding]:
    """Everything in a project that breaks a rule, in order of file and line; `target` holds its manifest."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    found = {Finding(*_place(node, about), message) for node, about, message in own_rules(manifest)}
    found |= set(_bouncer(manifest, target, rules))
    return sorted(found)


def _bouncer(manifest: dict[str, Any], target: Path, rules: Path) -> Iterator[Finding]:
    config = {**yaml.safe_load(rules.read_text(encoding="utf-8")), "dbt_artifacts_dir": str(target.resolve())}
    nodes = {id_: n for kind in ("nodes", "sources", "macros", "exposures") for id_, n in manifest[kind].items()}
    with tempfile.TemporaryDirectory() as folder:
        copy, results = Path(folder) / "dbt-bouncer.yml", Path(folder) / "results.json"
        copy.write_text(yaml.safe_dump(config), encoding="utf-8")
        options = ["--config-file", str(copy), "--output-file", str(results), "--output-only-failures"]
        program = str(Path(sys.executable).with_name("dbt-bouncer"))
        ran = subprocess.run([program, "run", *options], capture_output=True, text=True, cwd=folder)
        if not results.exists():
            raise click.ClickException(f"dbt-bouncer did not run:\n{ran.stdout}{ran.stderr}")
        for result in json.loads(results.read_text(encoding="utf-8")):
            node = nodes.get(result["unique_id"])
            if node is None or CALLED_BY_DBT.fullmatch(node["name"]):
                continue
            rule = result["check_run_id"].split(":")[0]
            columns = [c for c in node.get("columns") or {} if f"'{c}'" in result["failure_message"]]
            yield Finding(*_place(node, columns[0] if columns else None), f"{result['failure_message']} ({rule})")


def _place(node: Node, about: str | None = None) -> tuple[str, int]:
    """File and line where a node is described, or the column of it that is named; where there is no YAML, its code."""
    patch = node.get("patch_path")
    file = patch.partition("://")[2] if patch else node["original_file_path"]
    path = PROJECT / file
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = 1
    for name in map(re.escape, filter(None, (node["name"], about))):
        named = re.compile(rf"\s*(- )?name: ['\"]?{name}['\"]?\s*(#.*)?|.*macro {name}\(.*")
        found = next((n for n in range(found, len(lines) + 1) if named.fullmatch(lines[n - 1])), found)
    return file, found


def own_rules(manifest: dict[str, Any]) -> Iterator[tuple[Node, str | None, str]]:
    """Node, the column concerned, and the fault."""
    package = manifest["metadata"]["project_name"]
    listed = [n for kind in ("nodes", "sources", "unit_tests", "macros") for n in manifest[kind].values()]
    tests = [n for n in listed if n["resource_type"] == "test" and n["package_name"] == package]
    words = _words()
    lacks: list[tuple[Node, str | None, str]]
    lacks = [(node, None, lack) for node in listed for lack in _lacks(node, tests, words)]
    lacks += [(node, column, lack) for node in listed for column, lack in _column_lacks(node)]
    disabled = [node for versions in manifest["disabled"].values() for node in versions]
    lacks += [(node, None, "it is disabled; mend it or delete it") for node in disabled]
    for node, column, lack in lacks:
        if node["package_name"] == package:
            name = f"{node['source_name']}.{node['name']}" if node["resource_type"] == "source" else node["name"]
            yield node, column, f"{node['resource_type'].replace('_', ' ')} {name}: {lack}"


def _words() -> set[str]:
    """All that code, hooks and YAML name, but for the definitions of macros themselves."""
    paths = [p for folder in CODE for p in (PROJECT / folder).rglob("*") if p.suffix in (".sql", ".yml")]
    text = "\n".join(
        p.read_text(encoding="utf-8") for p in (*paths, PROJECT / "dbt_project.yml") if "__macros" not in p.name
    )
    return set(re.findall(r"\w+", re.sub(r"{%-?\s*(macro|test|materialization)\s+\w+", "", text)))


def _lacks(node: Node, tests: list[Node], words: set[str]) -> Iterator[str]:
    match node["resource_type"]:
        case "test":
            yield from _test_lacks(node)
        case "model":
            yield from _model_lacks(node, [t for t in tests if node["unique_id"] in t["depends_on"]["nodes"]])
        case "seed" if not _has_key(node, tests):
            yield "no test of its key: unique and not_null on a column"
        case "unit_test" if any(given["input"] == "this" and given["format"] != "sql" for given in node["given"]):
            yield "give `this` as SQL: `dbt build` of a new warehouse tests a model before it has a table with columns"
        # A variant is used where the macro that dispatches to it is.
        case "macro" if node["name"] not in words and not CALLED_BY_DBT.fullmatch(node["name"]):
            yield "nothing calls it; delete it"


def _test_lacks(test: Node) -> Iterator[str]:
    meta, read = test["config"]["meta"], test["depends_on"]["nodes"]
    if meta.get("dimension") not in DIMENSIONS:
        yield f"meta.dimension is {meta.get('dimension')!r}; give one of {', '.join(DIMENSIONS)}"
    if len(str(meta.get("reason") or "").strip()) < SHORTEST_REASON:
        yield "meta.reason does not say why it has its severity"
    if str(test["config"]["severity"]).lower() not in ("error", "warn"):
        yield f"severity is {test['config']['severity']!r}; give error or warn"
    names = sorted({id_.split(".")[-1] for id_ in read})
    if not test.get("attached_node") and meta.get("model") not in names:
        yield f"meta.model is {meta.get('model')!r}; give the model it is about, one of {', '.join(names)}"
    if not any(id_.endswith(GATE) for id_ in read):
        yield "a failure would make `dbt build` skip what comes after; call never_stops_the_load()"
    if "." in test["name"] or not test["name"].islower():
        yield "the name must be lower case, it names the table of failing rows"


def _model_lacks(model: Node, tests: list[Node]) -> Iterator[str]:
    folders, columns = model["fqn"][1:-1], model["columns"]
    if not model["config"].get("group"):
        yield "no owner: give its folder a group in dbt_project.yml"
    is_core = folders[:2] in (["core", "dimensions"], ["core", "facts"])
    if is_core or folders[:1] == ["marts"]:
        if "batch_id" not in columns:
            yield "no column batch_id"
        if not (model["config"]["meta"].get("no_key") or _has_key(model, tests)):
            yield "no test of its key: unique on a not_null column, unique_combination_of_columns, or meta.no_key"
    has_history = {"effective_date", "end_date", "is_current"} <= set(columns)
    if is_core and has_history:
        if not any((t.get("test_metadata") or {}).get("name") == "continuous_history" for t in tests):
            yield "no test of its history (continuous_history)"
    elif is_core:
        references = [c for c in columns if c.startswith("sk_") and "_date" not in c and "_time" not in c]
        # A dimension without history has its own key and refers to nothing.
        is_own_key = model["name"].startswith("dim_") and len(references) == 1
        if references and not is_own_key and not any(_joins(t, model) for t in tests):
            yield "no test that its rows join to their dimensions (an integrity test of this model)"


def _column_lacks(node: Node) -> Iterator[tuple[str | None, str]]:
    if node["resource_type"] not in ("model", "seed", "source") or node.get("source_name") == "publication":
        return
    if not node["columns"]:
        yield None, "no columns are described"
    for name, column in node["columns"].items():
        meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
        if meta.get("classification") not in CLASSIFICATIONS:
            yield name, f"column {name} has no classification; give one of {', '.join(CLASSIFICATIONS)}"


def _has_key(node: Node, tests: list[Node]) -> bool:
    own = [t for t in tests if t.get("attached_node") == node["unique_id"] and t.get("test_metadata")]
    if any(t["test_metadata"]["name"] == "unique_combination_of_columns" for t in own):
        return True
    filled = {t["column_name"] for t in own if t["test_metadata"]["name"] == "not_null"}
    filled |= {
        name
        for name, column in node["columns"].items()
        if any(c["type"] == "not_null" for c in column.get("constraints") or [])
    }
    return any(t["column_name"] in filled for t in own if t["test_metadata"]["name"] == "unique")


def _joins(test: Node, model: Node) -> bool:
    meta = test["config"]["meta"]
    is_about = test.get("attached_node") == model["unique_id"] or meta.get("model") == model["name"]
    return bool(is_about and meta.get("dimension") == "integrity")


@click.command(help=__doc__)
@click.option(
    "--target",
    type=click.Path(file_okay=False, path_type=Path),
    default=target_folder,
    help="Folder of dbt's manifest.json; DBT_TARGET_PATH or target unless given.",
)
def main(target: Path) -> None:
    """Print violations; exit with 1 if there are any."""
    if not (target / "manifest.json").exists():
        sys.exit(f"{target / 'manifest.json'} is not there. Run `dbt parse` first.")
    found = findings(target)
    for finding in found:
        click.echo(finding)
    if found:
        sys.exit(f"{len(found)} findings break the rules of docs/quality.md.")
    click.echo("The project keeps its rules.")


if __name__ == "__main__":
    main()
