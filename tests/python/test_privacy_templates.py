"""SQL that is not the SQL that was checked: templates and settings that may give or send another are found."""
# ruff: noqa: E501 - a template is easier to read in one line.

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from leaking import INTERNAL, core, judged, model

from scripts.proof.allowed_jinja import strays
from scripts.proof.labels import Level
from scripts.proof.project import Label, Node, read
from scripts.proof.prove import prove

MACROS = frozenset({"end_of_time", "packaged.star"})
# Templates that may give or send other SQL when they run.
OTHER: dict[str, str] = {
    "the catalog": "select {% if this.database == 'memory' %} 1 {% else %} tax_id {% endif %} as code from {{ ref('x') }}",
    "the catalog of another": "select '{{ ref('x').database }}' as code",
    "the catalog by a filter": "select '{{ [ref('x')] | map(attribute='database') | first }}' as code",
    "the catalog in the table's name": "{% if 'memory' in this | string %}select 1{% else %}select tax_id{% endif %}",
    "the catalog in another table's name": "select {{ (ref('x') | string).split('.')[0] }} as code",
    "the table's name compared": "{% if source('a', 'b') == '…' %}select 1{% endif %}",
    "flags by their own name": "{% set flags = flags %}{% if flags.WHICH == 'run' %}select tax_id{% endif %}",
    "flags by their own name, in a loop": "{% for flags in [flags] %}{% if flags.WHICH == 'run' %}select tax_id{% endif %}{% endfor %}",
    "flags by default": "{% macro m(flags=flags) %}{% if flags.WHICH == 'run' %}select tax_id{% endif %}{% endmacro %}",
    "the catalog by its key": "select '{{ this['database'] }}' as code",
    "the catalog of a node": "{% for node in graph.nodes.values() %}{{ node.database }}{% endfor %}",
    "the table's whole name": "{% for node in graph.nodes.values() %}{{ node.relation_name }}{% endfor %}",
    "what is there": "{% if adapter.get_relation('a', 'b', 'c') %}select tax_id{% endif %}",
    "columns that are there": "{% for c in adapter.get_columns_in_relation(this) %}{{ c.name }},{% endfor %}",
    "the target": "{% if target.name == 'prod' %}select tax_id{% endif %}",
    "the target by its key": "{% if target['name'] == 'prod' %}select tax_id{% endif %}",
    "the target by another name": "{% set t = target %}{% if t.name == 'prod' %}select tax_id{% endif %}",
    "whether all is built anew": "{% if should_full_refresh() %}select tax_id{% endif %}",
    "the flag for it": "{% if flags.FULL_REFRESH %}select tax_id{% endif %}",
    "a variable": "select {{ var('column', 'status') }} as code",
    "a variable asked for": "{% if var.has_var('column') %}select tax_id{% endif %}",
    "the environment": "select {{ env_var('COLUMN', 'status') }} as code",
    "the invocation": "{% if invocation_args_dict.which == 'run' %}select tax_id{% endif %}",
    "the time of the run": "{% if run_started_at.day == 1 %}select tax_id{% endif %}",
    "the clock": "{% if modules.datetime.date.today().day == 1 %}select tax_id{% endif %}",
    "chance": "select {{ ['status', 'tax_id'] | random }} as code",
    "what has run": "{% if selected_resources | length > 1 %}select tax_id{% endif %}",
    "what the run noted": "{% if graph.state_at_start %}select tax_id{% endif %}",
    "what the run noted, asked for": "{% if graph.get('state_at_start') %}select tax_id{% endif %}",
    "what was compiled": "{% for node in graph.nodes.values() %}{{ node.compiled_code }}{% endfor %}",
    "a query": "{% set found = run_query('select max(tax_id) from x') %}",
    "a query by another name": "{% set ask = run_query %}{{ ask('select 1') }}",
    "a query by its own name": "{% set run_query = run_query %}{{ run_query('select 1') }}",
    "a query of a package": "{% set found = dbt_utils.get_column_values(ref('x'), 'tax_id') %}",
    "a query of dbt's": "{% set found = dbt.get_columns_in_query('select 1') %}",
    "a query in a block": "{% call statement('x', fetch_result=true) %}select 1{% endcall %}",
    "a query by the adapter": "{% do adapter.execute('select 1') %}",
    "a query by the adapter in a variable": "{% set a = adapter %}{% do a.execute('select 1') %}",
    "a query by the adapter in a list": "{% for a in [adapter] %}{% do a.add_query('select 1') %}{% endfor %}",
    "a query by the adapter as an argument": "{% macro m(a) %}{% do a.execute('select 1') %}{% endmacro %}{{ m(adapter) }}",
    "a macro by a made-up name": "{{ context['run_' ~ 'query']('select 1') }}",
    "a macro in brackets": "{{ adapter.dispatch('star' if true else 'x')() }}",
    "a macro whose name is a variable": "{% set name = 'star' %}{{ adapter.dispatch(name)() }}",
    "an attribute by filter": "{{ adapter | attr('execute') }}",
    "files of the project": "{{ ref.manifest.files }}",
    "builtins": "{{ builtins.ref('x').database }}",
    "a table made": "{{ create_table_as(false, this, 'select 1') }}",
    "another template": "{% include 'x.sql' %}",
    "a template's macros": "{% import 'x.sql' as x %}",
    "something rendered": "{{ render('{{ run_query(1) }}') }}",
    "what was returned": "{{ load_result('main').table }}",
    "no template": "{% if %}",
}  # fmt: skip
# Templates that give the same whenever.
SAME: dict[str, str] = {
    "plain SQL": "select 1 as code",
    "references": "select * from {{ ref('x') }} join {{ source('a', 'b') }} using (k)",
    "the model's own table": "{% if is_incremental() %}select max(k) from {{ this }}{% endif %}",
    "settings": "{{ config(materialized='incremental', unique_key='k') }} select 1 as k",
    "a loop": "{% for n in range(3) %}select {{ n }}{{ ' union all ' if not loop.last }}{% endfor %}",
    "lists and mappings": "{% set found = {} %}{% do found.update({'a': 1}) %}{{ found.items() | list | length }}{{ found.a }}",
    "a macro of the project": "{{ end_of_time() }}",
    "a macro of a package": "{{ packaged.star() }}",
    "a macro by its adapter": "{{ adapter.dispatch('end_of_time')() }}",
    "dbt's dates": "{{ dbt.datediff('a', 'b', 'day') }}",
    "what a node says": "{% for node in graph.nodes.values() if node.resource_type == 'model' %}{{ node.name }}{% endfor %}",
    "what the project wrote into meta": "{% for node in graph.nodes.values() %}{{ node.config.meta.path }}{% endfor %}",
    "a comment": "{# run_query('select 1') and target.name #} select 1 as code",
}  # fmt: skip
# Settings of a node that change what is done with its query.
SETTINGS: dict[str, dict[str, Any]] = {
    "expressions of a merge": {"merge_update_set_expressions": {"code": "src.tax_id"}},
    "conditions of a merge": {"merge_update_condition": "src.tax_id > '5'"},
    "columns of a merge": {"merge_update_columns": ["code"]},
    "clauses of a merge": {"merge_clauses": {"when_matched": [{"action": "update"}]}},
    "conditions that dbt adds": {"incremental_predicates": ["tax_id > '5'"]},
    "a strategy of its own": {"incremental_strategy": "leak"},
    "a snapshot's strategy of its own": {"strategy": "leak"},
    "an end that is an expression": {"dbt_valid_to_current": "(select max(tax_id) from x)"},
    "columns under other names": {"snapshot_meta_column_names": {"dbt_scd_id": "code"}},
    "another database": {"database": "elsewhere"},
    "a count that is a value": {"fail_calc": "max(tax_id)"},
    "an error that is a query": {"error_if": "> (select max(tax_id) from x)"},
    "grants": {"grants": {"select": ["everybody"]}},
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_what_may_give_other_sql_is_found(name: str) -> None:
    assert strays(OTHER[name], MACROS), OTHER[name]
    node = model("select 1 as code", {"code": INTERNAL}, raw_sql=OTHER[name])
    assert "dynamic" in {f.kind for f in judged(node).findings}


@pytest.mark.parametrize("name", SAME)
def test_what_gives_the_same_sql_passes(name: str) -> None:
    assert strays(SAME[name], MACROS) == ()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("resource", ["model", "snapshot", "test"])
def test_settings_that_change_a_query_are_found(name: str, resource: str) -> None:
    node = model("select 1 as code", {"code": INTERNAL}, resource=resource, config=SETTINGS[name])
    assert "dynamic" in {f.kind for f in judged(node).findings}


def test_settings_as_dbt_leaves_them_pass() -> None:
    config = {"enabled": True, "snapshot_meta_column_names": {"dbt_scd_id": None}, "error_if": "!= 0", "fail_calc": "count(*)",
              "incremental_strategy": "delete+insert", "database": None, "grants": {}}  # fmt: skip
    assert judged(model("select 1 as code", {"code": INTERNAL}, config=config)).findings == []


STAGING = model(
    "with source as (select 'x' as c_tax_id) select c_tax_id as code from source", {"code": INTERNAL}, layer="staging",
    schema="staging", parents=("source.x",),
    raw_sql="with source as (\n    {{ read_landed(source('x', 'x')) }}\n)\nselect c_tax_id as code from source",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "raw"),
    [
        (STAGING.sql, STAGING.raw_sql),
        # A second CTE of that name, which only DuckDB takes for another one.
        ("with source as (select 'x' as c_tax_id), t as (with SOURCE as (select c_tax_id as a from source) select a as code from SOURCE) "
         "select code from t", STAGING.raw_sql),
        ("with SOURCE as (select 'x' as c_tax_id) select c_tax_id as code from source", "with SOURCE as (select 1)"),
        ("with a as (select 'x' as c_tax_id), source as (select 1 as code) select code from source", "with a as (select 1)"),
    ],
)  # fmt: skip
def test_staging_reads_its_source_and_nothing_else(sql: str, raw: str) -> None:
    node = replace(STAGING, sql=sql, raw_sql=raw, columns={"code": INTERNAL})
    assert {f.kind for f in judged(node).findings} & {"flow", "unfollowed"}


def test_a_source_says_nothing_of_a_table_of_the_project() -> None:
    """A source over a model's table, declared harmless, is no other table; nor are landed files one for other layers."""
    source = replace(core("core.dim_customer", {"tax_id": INTERNAL}), resource="source", table="dim_customer")
    reads = model("select tax_id as code from core.dim_customer", {"code": INTERNAL}, parents=("core.dim_customer",))
    assert "flow" in {f.kind for f in judged(source, reads).findings}
    landed = model('select c_tax_id as code from "landed files"."x.x"', {"code": INTERNAL}, parents=("leak",))
    assert {f.kind for f in judged(STAGING, replace(landed, name="other", table="other")).findings} & {
        "flow",
        "unfollowed",
    }


def test_failing_rows_show_nothing_of_a_person() -> None:
    """By a column that the test itself lets be shown, or one named like a harmless column of what is tested."""
    kept = {"stored_failures": [{"name": "schema analytics", "reason": "…"}]}

    def shown(sql: str, **meta: Any) -> set[str]:
        test = model(sql, resource="test", config={"store_failures": True}, meta=meta, parents=("dim_customer",))
        return {f.kind for f in judged(test, rules=kept).findings}

    assert shown("select tax_id as code from core.dim_customer") == set()
    assert shown("select tax_id as code from core.dim_customer", shows=["code"]) == {"flow"}
    assert shown("select tax_id as status from core.dim_customer") == {"flow"}
    assert shown("select status from core.dim_customer", shows=["status"]) == set()


def test_a_mask_of_another_kind_of_data_masks_nothing() -> None:
    """The first characters of a tax id are no area, in a release that names a test as well."""
    few = model("select area, count(*) as n from analytics.leak group by area", name="few", resource="test", parents=("leak",),
                macros=("macro.x.too_few_persons",))  # fmt: skip
    for sql, kinds in (
        ("pii_zip3(postal_code)", set()),
        ("pii_zip3(tax_id)", {"flow"}),
        ("pii_gender(last_name)", {"flow"}),
    ):
        node: Node = model(f"select {sql} as area from core.dim_customer", {"area": Label(Level.confidential)},
                           meta={"releases": ["area"], "released_under": ["few"]})  # fmt: skip
        assert {f.kind for f in judged(node, few).findings} == kinds


@pytest.mark.parametrize(
    ("schema", "kinds"), [("operations", set()), ("analytics", {"declared"}), ("ANALYTICS", {"declared"})]
)
def test_a_schema_is_published_from_whatever_folder(tmp_path: Path, schema: str, kinds: set[str]) -> None:
    columns = {"name": {"name": "name", "config": {"meta": {"classification": "personal", "kind": "name"}}}}
    node = {
        "resource_type": "seed", "name": "people", "alias": "people", "schema": schema, "config": {"materialized": "seed"},
        "original_file_path": "models/operations/people.sql", "columns": columns,
    }  # fmt: skip
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"sources": {}, "macros": {}, "nodes": {"seed.p.people": node}}), encoding="utf-8")
    assert {f.kind for f in prove([read(manifest)], {}).findings} == kinds


def test_a_constraint_that_is_an_expression_is_found(tmp_path: Path) -> None:
    column = {"name": "code", "config": {"meta": {"classification": "internal"}},
              "constraints": [{"type": "custom", "expression": "generated always as (tax_id)"}]}  # fmt: skip
    node = {
        "resource_type": "model", "name": "people", "alias": "people", "schema": "core", "columns": {"code": column},
        "config": {"materialized": "table"}, "original_file_path": "models/core/people.sql", "compiled_code": "select 1 as code",
    }  # fmt: skip
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"sources": {}, "macros": {}, "nodes": {"model.p.people": node}}), encoding="utf-8")
    assert {f.kind for f in prove([read(manifest)], {}).findings} == {"classification"}


def test_macros_of_another_engine_are_no_way_around(tmp_path: Path) -> None:
    """They never run on DuckDB, so they raise no finding, but a call by name does."""
    macros = {
        f"macro.p.{name}": {
            "name": name, "package_name": "p", "depends_on": {"macros": []}, "macro_sql": "{{ run_query('select 1') }}"
        }
        for name in ("spark__given", "materialization_table_spark", "given")
    }  # fmt: skip
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"sources": {}, "macros": macros, "nodes": {}}), encoding="utf-8")
    project = read(manifest)
    assert project.overrides == ()
    assert strays("{{ spark__given() }}", project.callable) == ("spark__given",)
    assert strays("{{ given() }}", project.callable) == ()
