"""The check as a command: what it reads of a compiled project, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from scripts.proof import __main__ as check
from scripts.proof import prove

PERSON = {
    "id": {"classification": "personal", "kind": "identifier"},
    "name": {"classification": "personal", "kind": "name"},
    "since": {"classification": "internal"},
}


def node(name: str, layer: str, columns: dict[str, dict[str, str]], sql: str = "", **more: Any) -> dict[str, Any]:
    return {
        "resource_type": "model" if sql else "seed",
        "name": name,
        "alias": name,
        "schema": layer,
        "original_file_path": f"models/{layer}/{name}.sql",
        "columns": {c: {"name": c, "config": {"meta": meta}} for c, meta in columns.items()},
        "config": {"materialized": "view" if sql else "seed"},
        "compiled_code": sql,
        "raw_code": sql,
        "depends_on": {"macros": [], "nodes": ["seed.person"] if sql else []},
        **more,
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on a project of some nodes, where nothing has been accepted."""
    rules = tmp_path / "exceptions.yml"
    rules.write_text("tables: {}", encoding="utf-8")
    monkeypatch.setattr(prove.exceptions, "__defaults__", (rules,))

    def runs(*nodes: dict[str, Any], arguments: tuple[str, ...] = ()) -> tuple[int, str]:
        manifest = tmp_path / "manifest.json"
        data = {
            "metadata": {"project_name": "p"},
            "sources": {},
            "macros": {},
            "nodes": {f"{n['resource_type']}.{n['name']}": n for n in nodes},
        }
        manifest.write_text(json.dumps(data), encoding="utf-8")
        result = CliRunner().invoke(check.main, ["--manifest", str(manifest), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return runs


def test_nothing_wrong(run: Any) -> None:
    shown = node("people", "analytics", {"since": PERSON["since"]}, "select since from core.person")
    code, output = run(node("person", "core", PERSON), shown)
    assert (code, "0 findings" in output) == (0, True), output


def test_a_leak_is_named_with_path_model_and_column(run: Any) -> None:
    shown = node("people", "analytics", {"since": PERSON["since"]}, "select upper(name) as since from core.person")
    code, output = run(node("person", "core", PERSON), shown)
    assert code == 1
    assert "people.since: models/analytics/people.sql: declared internal, but personal data arrives" in output
    assert "person.name → people.since" in output


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({}, "no classification; give it one of public, internal"),
        ({"classification": "secret"}, "the classification secret is none of public"),
        ({"classification": "generalised"}, "the classification generalised is none of public"),
        ({"classification": "personal"}, "personal without a kind"),
        ({"classification": "sensitive", "kind": "shoe size"}, "sensitive without a kind"),
    ],
)
def test_a_column_without_a_true_class_stops_it(run: Any, meta: dict[str, str], message: str) -> None:
    code, output = run(node("person", "core", {**PERSON, "shoe": meta}))
    assert code == 1
    assert f"person.shoe: {message}" in output


def test_columns_in_code_and_description_must_be_the_same(run: Any) -> None:
    shown = node("people", "core", {"other": PERSON["since"]}, "select since from core.person")
    code, output = run(node("person", "core", PERSON), shown)
    assert code == 1
    assert "people.other: described, but the model does not give it" in output
    assert "people.since: given by the model, but not described" in output


def test_what_a_warehouse_holds_beyond_the_description_is_found(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema core; create table core.person (id int, name text, since date, shoe int)")
        con.execute("create table core.copies (name text)")
    code, output = run(node("person", "core", PERSON), arguments=("--warehouse", str(path)))
    assert code == 1
    assert "core.person.shoe: in the warehouse, but not described" in output
    assert "core.copies.name: in the warehouse, but not described" in output
    assert "2 findings" in output


def test_a_warehouse_that_cannot_be_read_is_said(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a warehouse" * 1000)
    code, output = run(node("person", "core", PERSON), arguments=("--warehouse", str(path)))
    assert code == 1
    assert "is not a DuckDB file" in output
    assert "Traceback" not in output


def test_findings_as_json(run: Any) -> None:
    code, output = run(node("person", "core", {**PERSON, "shoe": {}}), arguments=("--json",))
    assert code == 1
    assert [finding["where"] for finding in json.loads(output)] == ["person.shoe"]
