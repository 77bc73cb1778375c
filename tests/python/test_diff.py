"""The data diff counts what Python counts, and shows no value of a person, wherever one tries to get out."""

from __future__ import annotations

import html as html_text
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scripts.diff.cli import main
from scripts.diff.project import Known
from scripts.diff.relations import SIDES, ColumnType, Relation
from scripts.diff.rendering import LIMIT, code, markdown, page, plain
from scripts.diff.report import Report, Side
from scripts.diff.rows import ColumnDiff, Comparison, Rules, TableDiff, compare, differences

pytestmark = pytest.mark.slow

SECRET = "Zzyzx Quux"


def make(path: Path, *statements: str) -> Path:
    """A small database with a table of three rows, changed by the statements."""
    with duckdb.connect(str(path)) as con:
        con.execute("create schema core")
        con.execute("create table core.things as select i as id, i % 2 as kind, now() as loaded_at from range(3) t(i)")
        for statement in statements:
            con.execute(statement)
    return path


def test_load_timestamps_do_not_count(tmp_path: Path) -> None:
    """Two builds of the same files differ in when they ran, and are equal."""
    head = make(tmp_path / "h.duckdb", "update core.things set loaded_at = now() - interval 1 day")
    found = differences(make(tmp_path / "b.duckdb"), head)
    assert [(d.table, d.rows_before, d.rows_after, d.differs) for d in found.tables] == [("core.things", 3, 3, False)]


@pytest.mark.parametrize(
    ("change", "removed", "added", "schema"),
    [
        ("update core.things set kind = 7 where id = 1", 1, 1, {}),
        ("delete from core.things where id = 1", 1, 0, {}),
        ("insert into core.things from core.things where id = 1", 0, 1, {}),
        ("update core.things set kind = null where id = 1", 1, 1, {}),
        (
            "alter table core.things rename kind to sort",
            0,
            0,
            {"core.things.kind": "removed (bigint)", "core.things.sort": "added (bigint)"},
        ),
        ("drop table core.things", 3, 0, {"core.things": "table removed"}),
        ("create table core.more as select 1 as i", 0, 1, {"core.more": "table added"}),
        ("alter table core.things alter kind type varchar", 0, 0, {"core.things.kind": "bigint → varchar"}),
        ("alter table core.things alter kind set not null", 0, 0, {"core.things.kind": "may not be null any more"}),
        (
            "drop table core.things; create view core.things as select i as id, i % 2 as kind, now() as loaded_at "
            "from range(3) t(i)",
            0,
            0,
            {"core.things": "table → view"},
        ),
    ],
)
def test_a_difference_is_found(tmp_path: Path, change: str, removed: int, added: int, schema: dict[str, str]) -> None:
    """A changed value, a missing row, a row too many, another column or type, a missing table is reported."""
    base, head = make(tmp_path / "b.duckdb"), make(tmp_path / "h.duckdb", change)
    found = differences(base, head)
    (table,) = found.different
    assert (table.removed, table.added) == (removed, added)
    report = Report(Side("b", base), Side("h", head), found, None, None, Known(), [])
    assert dict(report.schema_changes()) == schema


# What two tables hold, by key: a number and a text, either of which may be null.
KEYS = st.tuples(st.sampled_from([None, 0, 1, 2]), st.sampled_from([None, "", "a"]))
VALUES = st.tuples(
    st.sampled_from([None, 0, 1, -1]), st.sampled_from([None, float("nan"), 0.0, 1.5]), st.sampled_from([None, "", "x"])
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=12)
COLUMNS = ("number", "fraction", "text")


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two catalogs with an empty table each."""
    with duckdb.connect() as con:
        for side in SIDES:
            con.execute(f"attach ':memory:' as {side}")
            con.execute(f"create schema {side}.core")
            con.execute(f"create table {side}.core.t (k1 int, k2 varchar, number int, fraction double, text varchar)")
        yield con


def fill(con: duckdb.DuckDBPyConnection, *tables: list[tuple[Any, ...]]) -> None:
    for side, rows in zip(SIDES, tables, strict=True):
        con.execute(f"delete from {side}.core.t")
        if rows:
            places = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
            con.execute(f"insert into {side}.core.t values {places}", [value for row in rows for value in row])


def differ(one: object, other: object) -> bool:
    """As Python sees it: nothing is the same as nothing, and a NaN as a NaN."""
    return repr(one) != repr(other)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TABLES, after=TABLES)
def test_rows_are_matched_by_their_key(
    empty: duckdb.DuckDBPyConnection, before: dict[Any, Any], after: dict[Any, Any]
) -> None:
    fill(empty, *([(*key, *values) for key, values in table.items()] for table in (before, after)))
    (found,) = compare(empty, Rules(keys=lambda table: [("k1", "k2")], shows=lambda table, column: True)).tables
    common = before.keys() & after.keys()
    changed = {
        name: {key for key in common if differ(before[key][place], after[key][place])}
        for place, name in enumerate(COLUMNS)
    }
    assert (found.rows_before, found.rows_after) == (len(before), len(after))
    assert (found.added, found.removed) == (len(after) - len(common), len(before) - len(common))
    assert found.changed == len(set().union(*changed.values()))
    told = {column.name: column for column in found.columns}
    assert told.keys() == {name for name, keys in changed.items() if keys}
    for name, column in told.items():
        place = COLUMNS.index(name)
        assert column.changed == len(changed[name])
        assert column.nulls_before == sum(values[place] is None for values in before.values())
        assert column.nulls_after == sum(values[place] is None for values in after.values())
        assert len(column.examples) == min(3, len(changed[name]))
        texts = {(str(k1) if k1 is not None else None, k2) for k1, k2 in changed[name]}
        assert {(example.key["k1"], example.key["k2"]) for example in column.examples} <= texts
        assert all(example.before != example.after for example in column.examples)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.tuples(KEYS, VALUES), max_size=8),
    after=st.lists(st.tuples(KEYS, VALUES), max_size=8),
    again=st.integers(0, 8),
    keys=st.sampled_from([[], [("k1",)]]),
)
def test_rows_without_a_key_are_counted(
    empty: duckdb.DuckDBPyConnection, before: list[Any], after: list[Any], again: int, keys: list[tuple[str, ...]]
) -> None:
    """Where no key is known, or the one that is repeats, each row counts as often as it is there."""
    sides = [[(*key, *values) for key, values in rows] for rows in (before, [*after, *before[:again]])]
    fill(empty, *sides)
    (found,) = compare(empty, Rules(keys=lambda table: keys)).tables
    one, other = (Counter(map(repr, rows)) for rows in sides)
    if not found.key:
        assert (found.added, found.removed) == ((other - one).total(), (one - other).total())
        counts = [[Counter(repr(row[place]) for row in rows) for place in range(5)] for rows in sides]
        named = zip(("k1", "k2", *COLUMNS), *counts, strict=True)
        assert {column.name for column in found.columns} == {name for name, old, new in named if old != new}
    assert not found.repeated_key or not found.key
    has_repeats = any(count > 1 for rows in sides for count in Counter(row[0] for row in rows).values())
    if keys and one != other:
        assert found.repeated_key == (("k1",) if has_repeats else ())
        assert found.key == (() if has_repeats else ("k1",))


@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize(
    ("old", "type_", "values", "changed"),
    [
        ("integer", "varchar", ["1", "2", "3"], 0),
        ("integer", "varchar", ["01", "2", None], 2),
        ("integer", "bigint", [1, 2, 3], 0),
        ("integer", "decimal(9, 1)", ["1.0", "2.5", "3.0"], 1),
        ("integer", "date", ["2020-01-01", "2020-01-02", "2020-01-03"], 3),
        ("integer", "integer[]", [[1], [2], [3]], 3),
        ("decimal(9, 2)", "double", [1.0, 2.0, 3.5], 1),
        ("varchar", "integer", [1, 2, None], 1),
        ("double", "decimal(9, 2)", ["1.00", "2.00", "3.01"], 1),
    ],
)
def test_values_of_two_types_are_the_same_where_they_survive(
    has_key: bool, old: str, type_: str, values: list[Any], changed: int
) -> None:
    with duckdb.connect() as con:
        for side, kind in zip(SIDES, (old, type_), strict=True):
            con.execute(f"attach ':memory:' as {side}")
            con.execute(f"create table {side}.main.t (k integer, v {kind})")
        con.execute("insert into base.main.t values (1, 1), (2, 2), (3, 3)")
        con.executemany("insert into head.main.t values (?, ?)", list(enumerate(values, 1)))
        (found,) = compare(con, Rules(keys=lambda table: [("k",)] if has_key else [])).tables
    counts = (found.changed, found.added, found.removed)
    assert counts == ((changed, 0, 0) if has_key else (0, changed, changed))
    assert [column.has_other_values for column in found.columns] == [changed > 0]
    assert found.has_other_schema


def test_a_key_may_change_its_type(tmp_path: Path) -> None:
    base = make(tmp_path / "b.duckdb")
    head = make(
        tmp_path / "h.duckdb",
        "alter table core.things alter id type varchar",
        "update core.things set kind = 9, id = 'x' where id = '1'",
    )
    with duckdb.connect() as con:
        for side, path in zip(SIDES, (base, head), strict=True):
            con.execute(f"attach '{path}' as {side}")
        (found,) = compare(con, Rules(keys=lambda table: [("id",)])).tables
    assert (found.added, found.removed, found.changed, found.key) == (1, 1, 0, ("id",))


def test_a_table_of_load_times_only_is_counted(tmp_path: Path) -> None:
    made = "create table core.times as select now() as loaded_at from range({})"
    found = differences(make(tmp_path / "b.duckdb", made.format(2)), make(tmp_path / "h.duckdb", made.format(5)))
    assert [(d.table, d.added, d.removed) for d in found.different] == [("core.times", 3, 0)]


VIEWS = (
    "create macro core.twice(x) as 2 * x",
    "create macro core.one_more(x) as core.twice(x) + 1",
    "create view core.all_things as select id, kind from core.things",
    "create view core.odd_things as select id from core.all_things where kind = 1",
    "create view core.counted as select core.one_more(1) as amount",
    "create view core.constant as select 1 as amount",
)


@pytest.mark.parametrize(
    ("change", "compared", "different"),
    [
        ("select 1", set(), set()),
        ("update core.things set kind = 0", {"all_things", "odd_things"}, {"things", "all_things", "odd_things"}),
        # What it reads differs, and it holds the same all the same.
        ("update core.things set kind = 2 where kind = 0", {"all_things", "odd_things"}, {"things", "all_things"}),
        (
            "create or replace view core.all_things as from core.things select id, kind where true",
            {"all_things"},
            set(),
        ),
        (
            "create or replace view core.all_things as select id, 1 as kind from core.things",
            {"all_things", "odd_things"},
            {"all_things", "odd_things"},
        ),
        ("create or replace macro core.twice(x) as 3 * x", {"counted"}, {"counted"}),
        ("create or replace macro core.twice(x) as x + x", {"counted"}, set()),
    ],
)
def test_views_are_compared_where_they_may_differ(
    tmp_path: Path, change: str, compared: set[str], different: set[str]
) -> None:
    found = differences(make(tmp_path / "b.duckdb", *VIEWS), make(tmp_path / "h.duckdb", *VIEWS, change))
    assert {d.table for d in found.tables} == {f"core.{name}" for name in {"things", *compared}}
    assert {d.table for d in found.different} == {f"core.{name}" for name in different}
    views = {"all_things", "odd_things", "counted", "constant"}
    assert found.not_compared.keys() == {f"core.{name}" for name in views - compared}
    assert found.macros == (["one_more", "twice"] if "macro" in change else [])


@pytest.mark.parametrize("table", ["operations.runs", "operations.access_log", "quality_failures.some_test"])
def test_what_was_done_with_a_warehouse_is_not_compared(tmp_path: Path, table: str) -> None:
    made = [f"create schema {table.split('.')[0]}", f"create table {table} as select {{}} as i"]
    view = f"create view core.seen as select i, {{}} as j from {table}"
    sides = [make(tmp_path / f"{n}.duckdb", *(text.format(n) for text in (*made, view))) for n in range(2)]
    found = differences(*sides)
    assert table in found.not_compared
    # A view of the history is history; one of failing rows is its author's business.
    assert ("core.seen" in found.not_compared) == (table.startswith("operations."))


# From here on: what dbt says of the tables, and what is shown of them.


def manifest(folder: Path, tables: dict[str, dict[str, Any]], exposures: dict[str, list[str]] | None = None) -> Path:
    """A target folder whose manifest has these tables, by `schema.name`."""
    nodes: dict[str, Any] = {}
    ids = {name: f"model.shop.{name.split('.')[1]}" for name in tables}
    for name, table in tables.items():
        schema, bare = name.split(".")
        nodes[ids[name]] = {
            "resource_type": "model",
            "package_name": "shop",
            "name": bare,
            "alias": bare,
            "schema": schema,
            "database": "warehouse",
            "fqn": ["shop", schema, bare],
            "original_file_path": f"models/{schema}/{bare}.sql",
            "description": "Things.",
            "config": {"materialized": "table"},
            "depends_on": {"nodes": [ids[read] for read in table.get("reads", ())], "macros": []},
            "compiled_code": table.get("sql", ""),
            "constraints": [{"type": "primary_key", "columns": table["key"]}] if "key" in table else [],
            "columns": {
                column: {
                    "name": column,
                    "description": "",
                    "config": {"meta": {"classification": class_}} if class_ else {},
                }
                for column, class_ in table["columns"].items()
            },
        }
    folder.mkdir()
    document = {
        "metadata": {"project_name": "shop"},
        "nodes": nodes,
        "exposures": {
            f"exposure.shop.{name}": {
                "name": name,
                "type": "dashboard",
                "owner": {"name": f"Owner of {name}", "email": f"{name}@example.com"},
                "depends_on": {"nodes": [ids[table] for table in reads]},
            }
            for name, reads in (exposures or {}).items()
        },
        **{key: {} for key in ("sources", "groups", "metrics", "semantic_models", "macros")},
    }
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def run(room: Path, *arguments: str | Path) -> tuple[Result, str]:
    """The command, and all that it says and writes."""
    files = [room / "diff.md", room / "diff.html"]
    given = [str(argument) for argument in arguments]
    ran = CliRunner().invoke(main, [*given, "--markdown", str(files[0]), "--html", str(files[1])])
    assert ran.exit_code in (0, 1, 2) and not isinstance(ran.exception, Exception), ran.exception
    shown = CliRunner().invoke(main, given)
    texts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
    return ran, "\n".join([ran.output, shown.output, *texts])


PEOPLE = {"core.people": {"columns": {"id": "internal", "city": "public", "email": "personal"}, "key": ["id"]}}
BEFORE = f"create table core.people as select i as id, 'Town' as city, '{SECRET} ' || i as email from range(5) t(i)"


def classified(**classes: str) -> dict[str, Any]:
    """The people's table with other classes of columns."""
    table = PEOPLE["core.people"]
    assert isinstance(table["columns"], dict)
    return {"core.people": {**table, "columns": {**table["columns"], **classes}}}


def test_a_public_value_is_shown(tmp_path: Path) -> None:
    """Otherwise the following tests could not fail."""
    base, head = (
        make(tmp_path / "b.duckdb", BEFORE),
        make(tmp_path / "h.duckdb", BEFORE, "update core.people set email = 'x'"),
    )
    target = manifest(tmp_path / "t", classified(email="public"))
    ran, said = run(tmp_path, base, head, "--base-target", target, "--head-target", target)
    assert ran.exit_code == 1
    assert said.count(SECRET) == 9, "three examples on the terminal, in Markdown and in HTML"


CHANGED = "update core.people set email = email || '!'"
MOVED = "update core.people set city = 'Village'"
KEYED_BY_EMAIL = {"core.people": {**PEOPLE["core.people"], "key": ["email"]}}
KEYED_BY_BOTH = {"core.people": {**PEOPLE["core.people"], "key": ["id", "email"]}}
RENAMED = {"core.people": {"columns": {"id": "internal", "city": "public", "contact": "public"}, "key": ["id"]}}
ATTACKS = {
    "a value changes": (CHANGED, PEOPLE, PEOPLE, "not shown (personal)"),
    "it is the key of a public value": (MOVED, KEYED_BY_EMAIL, KEYED_BY_EMAIL, "not shown (personal)"),
    "it is a part of that key": (MOVED, KEYED_BY_BOTH, KEYED_BY_BOTH, "not shown (personal)"),
    "it is the key, and changes": (CHANGED, KEYED_BY_EMAIL, KEYED_BY_EMAIL, ""),
    "it is renamed and called public": ("alter table core.people rename email to contact", PEOPLE, RENAMED, "added"),
    "it was renamed, and is called public by the base": (
        "alter table core.people rename email to contact",
        RENAMED,
        RENAMED,
        "added",
    ),
    "only the head calls it public": (CHANGED, PEOPLE, classified(email="public"), "not shown (personal)"),
    "only the base calls it public": (CHANGED, classified(email="public"), PEOPLE, "not shown (personal)"),
    "it is not classified": (CHANGED, classified(email=""), classified(email=""), "not shown (not classified)"),
    "its class does not exist": (
        CHANGED,
        classified(email="open"),
        classified(email="open"),
        "not shown (not classified)",
    ),
    "it is confidential": (
        CHANGED,
        classified(email="confidential"),
        classified(email="confidential"),
        "not shown (confidential)",
    ),
    "its table is not in the project": (CHANGED, {}, {}, "whole rows"),
    "its new type does not take it": (
        "alter table core.people alter email type integer using id",
        PEOPLE,
        PEOPLE,
        "varchar → integer",
    ),
    "its values are the new type": (
        f"create type moods as enum ({', '.join(repr(f'{SECRET} {i}') for i in range(5))}); "
        "alter table core.people alter email type moods",
        PEOPLE,
        PEOPLE,
        "varchar → enum(…, …, …, …, …)",
    ),
    "it is in a struct": (
        "alter table core.people alter email type struct(e varchar) using {'e': email}",
        PEOPLE,
        PEOPLE,
        "struct(e varchar)",
    ),
    "a view fails over it": (
        "create table core.kept as from core.people; drop table core.people; "
        "create view core.people as select id, city, email::integer as email from core.kept",
        PEOPLE,
        PEOPLE,
        "cannot be read",
    ),
    "a view quotes it": (
        "create table core.kept as from core.people; drop table core.people; "
        "create view core.people as select id, city, error(email)::varchar as email from core.kept",
        PEOPLE,
        PEOPLE,
        "cannot be read",
    ),
    "a view has it in its text": (
        f"drop table core.people; create view core.people as select 1 as id, 'x' as city, '{SECRET}' as email",
        PEOPLE,
        PEOPLE,
        "table → view",
    ),
    "a macro has it in its text": (f"create macro core.who() as '{SECRET}'", PEOPLE, PEOPLE, "macro"),
    "its row is added": (f"insert into core.people values (9, 'Town', '{SECRET}')", PEOPLE, PEOPLE, "1"),
    "it is a default": (
        f"alter table core.people alter email set default '{SECRET}'",
        PEOPLE,
        PEOPLE,
        "Nothing differs",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_personal_value_gets_out(tmp_path: Path, attack: str) -> None:
    change, before, after, expected = ATTACKS[attack]
    base, head = make(tmp_path / "b.duckdb", BEFORE), make(tmp_path / "h.duckdb", BEFORE, change)
    targets = [manifest(tmp_path / side, tables) for side, tables in zip(SIDES, (before, after), strict=True)]
    for one, other in ((base, head), (head, base)):
        ran, said = run(tmp_path, one, other, "--base-target", targets[0], "--head-target", targets[1])
        assert SECRET not in html_text.unescape(said) and "Zzyzx" not in said
        assert ran.exit_code == (2 if expected == "cannot be read" else 0 if expected == "Nothing differs" else 1)
        if one is base:
            assert expected in said, said
        targets.reverse()


@pytest.mark.parametrize("given", [[], ["--base-target"], ["--head-target"]])
def test_without_both_manifests_no_value_is_shown(tmp_path: Path, given: list[str]) -> None:
    base, head = make(tmp_path / "b.duckdb", BEFORE), make(tmp_path / "h.duckdb", BEFORE, CHANGED)
    target = manifest(tmp_path / "t", classified(email="public"))
    ran, said = run(tmp_path, base, head, *(part for option in given for part in (option, target)))
    assert ran.exit_code == 1 and "Zzyzx" not in said
    assert "Unknown: give the target folders" in said


def relation(table: str) -> dict[str, str]:
    """A table as a semantic manifest has it."""
    place = f'"warehouse"."core"."{table}"'
    return {"alias": table, "schema_name": "core", "database": "warehouse", "relation_name": place}


MEASURES = ("people", "highest", "broken")
SEMANTIC = {
    "semantic_models": [
        {
            "name": "people",
            "node_relation": relation("people"),
            "defaults": {"agg_time_dimension": "day"},
            "primary_entity": "person",
            "entities": [],
            "dimensions": [
                {"name": "day", "expr": "date '2020-01-01'", "type": "time", "type_params": {"time_granularity": "day"}}
            ],
            "measures": [
                {"name": "people", "agg": "sum", "expr": "1"},
                {"name": "highest", "agg": "max", "expr": "email"},
                {"name": "broken", "agg": "max", "expr": "cast(email as integer)"},
            ],
        }
    ],
    "metrics": [
        {
            "name": f"{name}_metric",
            "type": "simple",
            "type_params": {"measure": {"name": name}, "input_measures": [{"name": name}]},
        }
        for name in MEASURES
    ],
    "project_configuration": {
        "time_spine_table_configurations": [],
        "time_spines": [
            {
                "node_relation": relation("days"),
                "primary_column": {"name": "day", "time_granularity": "day"},
                "custom_granularities": [],
            }
        ],
    },
    "saved_queries": [],
}


@pytest.mark.parametrize("class_", ["public", "personal"])
def test_no_metric_is_a_persons_number(tmp_path: Path, class_: str) -> None:
    base, head = (
        make(tmp_path / "b.duckdb", BEFORE),
        make(tmp_path / "h.duckdb", BEFORE, "delete from core.people where id = 1"),
    )
    target = manifest(tmp_path / "t", classified(email=class_))
    document = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    document["metrics"] = {name: {"name": f"{name}_metric"} for name in MEASURES}
    (target / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    (target / "semantic_manifest.json").write_text(json.dumps(SEMANTIC), encoding="utf-8")
    ran, said = run(tmp_path, base, head, "--base-target", target, "--head-target", target)
    assert ran.exit_code == 1 and "Zzyzx" not in said
    if class_ == "public":
        assert "| `people_metric` | 5 | 4 | -20 % |" in said
        assert "metric `highest_metric`: it is no number" in said
        assert "metric `broken_metric`: it cannot be evaluated on the head (ConversionException)" in said
    else:
        assert "1 of 3 metrics moved" not in said
        assert said.count("it reads core.people, which has personal or unclassified columns") == 9


def test_whoever_is_downstream_is_named(tmp_path: Path) -> None:
    """Columns that are made of one that differs, and who reads a table that does; not who reads another."""
    things = "select id, city, email from warehouse.core.people"
    tables = {
        **PEOPLE,
        "marts.towns": {
            "columns": {"town": "public", "people": "public"},
            "key": ["town"],
            "reads": ["core.people"],
            "sql": "select upper(city) as town, count(*) as people from warehouse.core.people group by 1",
        },
        "marts.letters": {
            "columns": {"letter": "public"},
            "reads": ["marts.towns"],
            "sql": "select left(town, 1) as letter from warehouse.marts.towns",
        },
        "marts.ids": {"columns": {"id": "public"}, "reads": ["core.people"], "sql": f"select id from ({things})"},
    }
    made = [
        "create schema marts",
        "create table marts.towns as select upper(city) as town, count(*) as people from core.people group by 1",
        "create table marts.letters as select left(town, 1) as letter from marts.towns",
        "create table marts.ids as select id from core.people",
    ]
    target = manifest(tmp_path / "t", tables, {"map": ["marts.letters"], "list": ["marts.ids"]})
    ran, said = run(
        tmp_path,
        make(tmp_path / "b.duckdb", BEFORE, *made),
        make(tmp_path / "h.duckdb", BEFORE, MOVED, *made),
        *("--base-target", target, "--head-target", target),
    )
    assert "3 tables of 5 compared differ" in ran.output
    assert "1 exposure reads what differs (Owner of map)" in ran.output
    assert "| `core.people.city` | other values | 2: `marts.letters.letter`, `marts.towns.town` |" in said
    assert "| map | Owner of map map&#64;example.com | `marts.letters` | – |" in said
    assert "| list |" not in said


# How it is written.


def report(comparison: Comparison) -> Report:
    """A report of which nothing else is known."""
    return Report(Side("b", Path("b")), Side("h", Path("h")), comparison, None, None, Known(), [])


@settings(max_examples=200)
@given(st.text())
def test_any_text_stays_text_in_markdown(text: str) -> None:
    """A value is neither markup nor a mention, and stays in its cell of a table."""
    for write in (code, plain):
        written = write(text)
        assert not re.search("[\n\r|]", written) and "@" not in written.replace("`", "")
        shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| x |\n|---|\n| x{written}x |\n")
        cell = shown.split("<td>")[1].split("</td>")[0].replace("<code>", "").replace("</code>", "")
        assert "<" not in cell
        assert html_text.unescape(cell) == f"x{' '.join(text.split())}x" or "\x00" in text


def test_a_long_diff_is_cut_off(tmp_path: Path) -> None:
    """What weighs most stays, and the rest is counted; the page has all of it."""
    column = ColumnType("INTEGER", True)
    things = Relation("", {"v": column})
    tables = [
        TableDiff(
            f"core.table_{number}",
            things,
            things,
            rows_before=number,
            rows_after=number,
            changed=number,
            key=("id",),
            columns=[ColumnDiff("v", column, column, changed=number, has_other_values=True)],
        )
        for number in range(1, 2001)
    ]
    long = report(Comparison(tables))
    text, html = markdown(long), page(long)
    assert LIMIT - 500 < len(text) < LIMIT
    last = text.strip().splitlines()[-1]
    left = int(re.fullmatch(r"\*\*([\d,]+) more lines are in the HTML page\.\*\*", last)[1].replace(",", ""))  # type: ignore[index]
    assert left + text.count("| `core.table_") == 2 * len(tables)
    assert text.index("`core.table_2000`") < text.index("`core.table_1999`")
    assert html.count("core.table_7<") == 1 and html.count("<code>core.table_7.v</code>") == 1
    assert markdown(report(Comparison(tables[:3]))).count("| `core.table_") == 6


def test_the_page_lets_nothing_in(tmp_path: Path) -> None:
    base, head = (
        make(tmp_path / "b.duckdb", BEFORE),
        make(tmp_path / "h.duckdb", BEFORE, "update core.people set city = '<script>'"),
    )
    target = manifest(tmp_path / "t", PEOPLE)
    ran, _ = run(tmp_path, base, head, "--base-target", target, "--head-target", target)
    html = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert ran.exit_code == 1
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert "<script" not in html and "&lt;script&gt;" in html
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", html)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["{b}", "{same}"], 0, "Nothing differs: 1 table compared."),
        (["{b}", "{h}"], 1, "1 table of 1 compared differ"),
        (["{b}", "{h}", "--select", "core.things"], 1, "1 table of 1 compared differ"),
        (["{b}", "{h}", "--select", "core,main"], 2, "--select main: neither warehouse has such a schema or table."),
        (["{b}", "{b}"], 2, "are one file. Name two."),
        (["{b}", "{none}"], 2, "There is no warehouse"),
        (["{b}", "{text}"], 2, "is not a DuckDB file"),
        (["{b}", "{h}", "--base-ref", "HEAD"], 2, "--base-ref builds both sides"),
        (["--base-ref", "no-such-ref"], 2, "no-such-ref names no commit here"),
        ([], 2, "Name the warehouse to compare with as BASE"),
        (["{b}", "{h}", "--base-target", "{room}"], 2, "Name the target folder of the dbt run"),
    ],
)
def test_the_exit_code_says_how_it_ended(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    places = {
        "b": make(tmp_path / "b.duckdb"),
        "same": make(tmp_path / "same.duckdb"),
        "h": make(tmp_path / "h.duckdb", "delete from core.things where id = 1"),
        "none": tmp_path / "none.duckdb",
        "text": tmp_path / "text.duckdb",
        "room": tmp_path,
    }
    places["text"].write_text("no warehouse at all, but long enough for a header", encoding="utf-8")
    ran = CliRunner().invoke(main, [argument.format(**places) for argument in arguments])
    assert ran.exit_code == code and said in ran.output, ran.output


def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    ran = CliRunner().invoke(
        main, [str(make(tmp_path / "b.duckdb")), str(make(tmp_path / "h.duckdb")), "--base-target", str(tmp_path)]
    )
    assert ran.exit_code == 2 and f"{tmp_path / 'manifest.json'} is no manifest" in ran.output
