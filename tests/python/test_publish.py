"""A publication happens whole or not at all, of a warehouse that was tested as it is."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from publication import Publication, prepare, take_as_passed
from warehouse import Warehouse, copy_project

from scripts import access_log, gate
from scripts.audiences import PolicyProblem, find_audience, load_policy
from scripts.encryption import attach
from scripts.gate import GateClosed
from scripts.keys import read_key
from scripts.project import PROJECT
from scripts.publish import publish, published_before, withdraw
from scripts.warehouse_file import connect_encrypted, open_warehouse


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, secured_keys: Path) -> None:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))


@pytest.fixture
def twin(
    published: Publication, room: Path, monkeypatch: pytest.MonkeyPatch, loaded: Warehouse, secured_keys: Path
) -> Publication:
    """A copy of the warehouse that may be changed, with its tests taken as passed."""
    prepare(monkeypatch, room, secured_keys, loaded.landing)
    shutil.copy(published.warehouse, room / "warehouse.duckdb")
    take_as_passed(monkeypatch, published)
    return Publication(
        room,
        room / "warehouse.duckdb",
        room / "published",
        published.manifest,
        published.branches,
        published.broker,
        published.models,
    )


def change(sql: str) -> None:
    with open_warehouse(read_only=False) as con:
        con.execute(sql)


def publish_for(twin: Publication, *who: str) -> list[Path]:
    return publish([twin.audience(w) for w in who], twin.folder, parquet=False)


def manifest(twin: Publication, who: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((twin.folder / twin.slug(who) / "manifest.json").read_text())
    return content


def versions(twin: Publication) -> list[Path]:
    return list((twin.folder / ".versions").iterdir())


def test_a_failing_test_closes_the_gate(
    published: Publication, room: Path, monkeypatch: pytest.MonkeyPatch, loaded: Warehouse, secured_keys: Path
) -> None:
    """The tests themselves are run, on the rows as they are."""
    prepare(monkeypatch, room, secured_keys, loaded.landing)
    shutil.copy(published.warehouse, room / "warehouse.duckdb")
    change("update core.dim_trade set sk_broker_id = -1 where trade_id = (select min(trade_id) from core.dim_trade)")
    with pytest.raises(GateClosed, match="dim_trade_joins_versions_in_force: fail"):
        publish([published.audience("steward")], room / "published")
    assert not (room / "published" / "steward").exists()
    with open_warehouse() as con:
        log = con.execute("select count(*) from operations.access_log").fetchall()
    with published.source() as con:
        assert con.execute("select count(*) from operations.access_log").fetchall() == log


def test_a_warehouse_that_changes_meanwhile_is_not_published(
    twin: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_for(twin, "analyst")
    before = manifest(twin, "analyst")

    def meanwhile(_: Path) -> tuple[dict[str, Any], int, int]:
        change("update core.dim_customer set tier = 3 where tier = 2")
        return twin.manifest, 1, 0

    monkeypatch.setattr(gate, "_run_tests", meanwhile)
    with pytest.raises(GateClosed, match=r"changed while it was tested: core\.dim_customer"):
        publish_for(twin, "analyst")
    assert manifest(twin, "analyst") == before


@pytest.mark.parametrize(
    "statement",
    [
        "update core.dim_customer set middle_initial = 'Z' where is_current and tier = 1",
        "delete from core.dim_broker where broker_id = (select max(broker_id) from core.dim_broker)",
        "create or replace view analytics.industry as select in_id, in_name, last_name as in_sc_id "
        "from core.industry cross join (select last_name from core.dim_customer limit 1)",
        "drop view analytics.industry",
    ],
)
def test_rows_that_no_model_gives_are_not_published(
    twin: Publication, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever wrote them, and whether a test would mind."""
    monkeypatch.setattr(gate, "proven_models", lambda _: twin.models)
    change(statement)
    with pytest.raises(GateClosed, match=r"what their models produce(.|\n)*--full-refresh --select") as raised:
        publish_for(twin, "steward")
    assert re.findall(r"^  (\w+) (?:holds|was|:)", str(raised.value), re.MULTILINE)
    assert not (twin.folder / "steward").exists()


def test_a_mart_that_says_less_than_it_shows_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of containment is a part of the gate."""
    project = copy_project(tmp_path / "project")
    marts = project / "models" / "marts"
    assert marts.is_dir()
    (marts / "leak.sql").write_text("select last_name as label from {{ ref('dim_customer') }}\n")
    (marts / "_leak.yml").write_text(
        "models: [{name: leak, description: x, columns: [{name: label, config: {meta: {classification: internal}}}]}]\n"
    )
    monkeypatch.setattr(gate, "PROJECT", project)
    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("LANDING_DIR", str(tmp_path))
    with pytest.raises(GateClosed, match=r"(?s)does not stay where it is declared.*leak\.label"):
        gate.proven_models(tmp_path / "target")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ({"test.a": "pass"}, 0),
        ({"test.a": "pass", "test.b": "skipped"}, 0),
        ({"test.a": "pass", "test.b": "error"}, 1),
        ({"test.a": "fail", "test.b": "pass"}, 1),
        ({"test.a": "pass", "test.b": "pass"}, 1),
        ({}, 0),
    ],
)
def test_every_test_must_have_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statuses: dict[str, str], code: int
) -> None:
    """A test that was left out, skipped or could not be run has not passed."""
    nodes = {n: {"name": n, "resource_type": "test", "config": {"severity": "ERROR"}} for n in ("test.a", "test.b")}

    def pretend(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
        results = [{"unique_id": name, "status": status} for name, status in statuses.items()]
        (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
        return subprocess.CompletedProcess([], code)

    monkeypatch.setattr(subprocess, "run", pretend)
    with pytest.raises(GateClosed, match="did not pass"):
        gate._run_tests(tmp_path)


def test_a_column_without_a_classification_stops_it(twin: Publication) -> None:
    change("alter table operations.landed_files add column remark varchar")
    with pytest.raises(PolicyProblem, match=r"column remark of operations\.landed_files has no classification"):
        publish_for(twin, "analyst", "steward")
    assert not (twin.folder / "analyst").exists()


def test_a_table_that_nobody_describes_stops_it(twin: Publication) -> None:
    change("create table operations.more as select 1 as i")
    with pytest.raises(PolicyProblem, match=r"No model describes operations\.more"):
        publish_for(twin, "compliance")


def test_a_new_class_of_data_is_not_given_by_mistake(twin: Publication) -> None:
    node = next(n for n in twin.manifest["nodes"].values() if n.get("alias") == "reconciliation")
    column = node["columns"]["batch_id"]
    kept = json.dumps(column)
    try:
        column.pop("meta", None)
        column["config"] = {"meta": {"classification": "secret"}}
        with pytest.raises(PolicyProblem, match=r"none that exists \(secret\)"):
            publish_for(twin, "steward")
    finally:
        node["columns"]["batch_id"] = json.loads(kept)


@pytest.mark.long
def test_readers_of_the_old_file_go_on_reading(twin: Publication) -> None:
    publish_for(twin, "analyst")
    with twin.open("analyst") as reader:
        old = reader.execute("select sum(accounts) from marts.stand_in").fetchall()
        change("delete from core.dim_account")
        publish_for(twin, "analyst")
        assert reader.execute("select sum(accounts) from marts.stand_in").fetchall() == old
    with twin.open("analyst") as reader:
        assert reader.execute("select sum(accounts) from marts.stand_in").fetchall() != old
    assert len(versions(twin)) == 1


@pytest.mark.long
def test_an_interrupted_publication_leaves_the_old_one(twin: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts import publish as module

    publish_for(twin, "analyst")
    before = manifest(twin, "analyst")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(module, "_swap", stop)
        with pytest.raises(KeyboardInterrupt):
            publish_for(twin, "analyst")
    assert manifest(twin, "analyst") == before
    assert len(versions(twin)) == 2
    publish_for(twin, "analyst")
    assert len(versions(twin)) == 1


@pytest.mark.long
def test_what_was_published_can_be_published_again_or_withdrawn(twin: Publication) -> None:
    publish_for(twin, "analyst", "a", "broker")
    assert {a.slug for a in published_before(twin.folder)} == {twin.slug(w) for w in ("analyst", "a", "broker")}
    assert withdraw(twin.folder) == sorted(twin.slug(w) for w in ("analyst", "a", "broker"))
    assert versions(twin) == []
    assert published_before(twin.folder) == []
    with open_warehouse() as con:
        assert con.execute("select max_by(action, entry) from operations.access_log").fetchall() == [("withdraw",)]


@pytest.mark.long
def test_the_same_warehouse_gives_the_same_files(twin: Publication) -> None:
    publish_for(twin, "a")
    first = manifest(twin, "a")
    with twin.open("a") as con:
        rows = con.execute("select * from core.dim_trade").fetchall()
    publish_for(twin, "a")
    assert manifest(twin, "a")["tables"] == first["tables"]
    with twin.open("a") as con:
        assert con.execute("select * from core.dim_trade").fetchall() == rows


def test_a_manifest_gives_no_value_to_guess(published: Publication) -> None:
    """Of rows it holds counts; its only hashes are those of encrypted files and of the log."""
    text = (published.folder / "analyst" / "manifest.json").read_text(encoding="utf-8")
    content = json.loads(text)
    known = [*content["files"].values(), content["access_log"]["hash"]]
    assert set(re.findall(r"\b[0-9a-f]{16,}\b", text)) <= set(known)
    assert {key for table in content["tables"] for key in table} == {"table", "rows", "columns", "withheld"}


def test_each_publication_is_in_the_access_log(twin: Publication) -> None:
    publish_for(twin, "analyst", "steward")
    with open_warehouse() as con:
        heads = [manifest(twin, who)["access_log"] for who in ("analyst", "steward")]
        assert access_log.problems(con, [(h["entry"], h["hash"]) for h in heads]) == []
        noted = con.execute("select detail from operations.access_log order by entry desc limit 2").fetchall()
    assert [json.loads(detail)["audience"] for (detail,) in noted] == ["steward", "analyst"]


def test_a_publication_that_cannot_be_noted_does_not_happen(twin: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts import publish as module

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    program = (
        "import sys\nfrom scripts.warehouse_file import open_warehouse\n"
        "with open_warehouse(): print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        with pytest.raises(GateClosed, match="could not be noted"):
            publish_for(twin, "analyst")
        other.communicate("")
    assert not (twin.folder / "analyst").exists()


def test_columns_and_tables_keep_their_descriptions(published: Publication) -> None:
    with published.open("a") as con:
        comments = con.execute(
            "select comment from duckdb_columns() where database_name = 'published' and comment is not null"
        ).fetchall()
    assert len(comments) > 100


def test_a_dictionary_lies_beside_the_files(published: Publication) -> None:
    """One line per table and column that the audience has, each with what it means."""
    folder = published.folder / "analyst"
    with (folder / "dictionary.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    tables = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    listed = {(line["table"], line["column"]) for line in lines if line["column"]}
    assert listed == {(table["table"], column) for table in tables for column in table["columns"]}
    told = [line["description"] for line in lines if not line["table"].endswith(".stand_in")]
    assert all(told)


def test_parquet_holds_the_same_rows(published: Publication) -> None:
    from scripts.publish import parquet_key

    with published.open("a") as con:
        con.execute("set variable k = ?", [parquet_key(published.key("a"))])
        con.execute("pragma add_parquet_key('k', getvariable('k'))")
        folder = published.folder / published.slug("a") / "parquet"
        for path in folder.iterdir():
            file = f"read_parquet('{path}', encryption_config = {{footer_key: 'k'}})"
            for left, right in ((path.stem, file), (file, path.stem)):
                assert con.execute(f"select count(*) from (from {left} except all from {right})").fetchall() == [(0,)]


@pytest.mark.long
def test_a_new_key_takes_effect_with_the_next_publication(
    twin: Publication, secured_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scripts.keys import new_key

    # Keys of the test's own: a new one would lock other tests out of what is published already.
    shutil.copytree(secured_keys, twin.room / "keys")
    monkeypatch.setenv("WAREHOUSE_KEYS", str(twin.room / "keys"))
    publish_for(twin, "analyst")
    name = twin.audience("analyst").key_name
    old, new = read_key(name), new_key(name)
    publish_for(twin, "analyst")
    assert manifest(twin, "analyst")["key"] == {"name": name, "version": new.version}
    with connect_encrypted(twin.room / "spill") as con:
        with pytest.raises(Exception, match="another one"):
            attach(con, twin.file("analyst"), "x", old, read_only=True)
        attach(con, twin.file("analyst"), "x", new, read_only=True)


def test_a_plain_warehouse_is_published_too(
    loaded: Warehouse, published: Publication, room: Path, monkeypatch: pytest.MonkeyPatch, secured_keys: Path
) -> None:
    prepare(monkeypatch, room, secured_keys, loaded.landing)
    twin = loaded.copy(room / "plain")
    monkeypatch.setenv("WAREHOUSE_PATH", str(twin.path))
    take_as_passed(monkeypatch, published)
    with pytest.raises(Exception, match="prod keeps its warehouse encrypted"):
        publish([published.audience("a")], room / "published")
    monkeypatch.setenv("DBT_TARGET", "dev")
    (link,) = publish([published.audience("a")], room / "published", parquet=False)
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(str(link / f"{link.name}.duckdb"), read_only=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--audience", "nobody"], "There is no audience nobody"),
        (["--audience", "branch"], "say which, with --value"),
        (["--audience", "analyst", "--value", "x"], "has no value to choose"),
        (["--value", "x"], "belongs to one --audience"),
    ],
)
def test_the_program_says_what_is_wrong(arguments: list[str], message: str) -> None:
    command = [sys.executable, "-m", "scripts.publish", *arguments]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_rules_of_an_audience_must_depend_on_its_value(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(
        "audiences: {x: {classifications: [public], value_of: a.b.c, rows: {core.dim_customer: 'true'}}}", "utf-8"
    )
    with pytest.raises(PolicyProblem, match="do not depend on the value"):
        load_policy(path)
    path.write_text("audiences: {x: {schemas: all, classifications: [open]}}", "utf-8")
    with pytest.raises(PolicyProblem, match="do not exist"):
        load_policy(path)


def test_every_audience_of_the_policy_can_be_found() -> None:
    for name, rules in load_policy()["audiences"].items():
        assert find_audience(name, "x" if "rows" in rules else None).name == name
