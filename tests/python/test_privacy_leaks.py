"""Ways to leak a personal column into the analytics schema: none passes unnoticed, and honest queries pass.

Each query is one that DuckDB runs, unless it is marked: a leak that is no SQL would prove nothing.
"""
# ruff: noqa: E501 - a leak is easier to read in one line.

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from leaking import DATABASE, INTERNAL, KEYS_ONLY, claimed, core, judged, model

from scripts.proof.labels import Level
from scripts.proof.project import Label, Node, Project
from scripts.proof.prove import prove

pytestmark = pytest.mark.slow

# A leak by its name: the query, and whether DuckDB can run it without more.
LEAKS: dict[str, str] = {
    "as it is": "select tax_id as code from core.dim_customer",
    "under its own name": "select tax_id from core.dim_customer",
    "an alias of an alias": "with a as (select tax_id as b from core.dim_customer), c as (select b as d from a) select d from c",
    "star": "select * from core.dim_customer",
    "star of an alias": "select c.* from core.dim_customer as c",
    "star with exclude": "select * exclude (tax_id, last_name, email1, dob, net_worth) from core.dim_customer",
    "star with replace": "select * exclude (sk_customer_id, customer_id, last_name, email1, dob, postal_code, gender, net_worth) "
    "replace (last_name as tax_id) from core.dim_customer",
    "replace of a harmless column": "select * replace (tax_id as status) from (select tax_id, status from core.dim_customer)",
    "star with rename": "select * rename (tax_id as code) from (select tax_id, status from core.dim_customer)",
    "star like": "select * like 'tax%' from core.dim_customer",
    "columns()": "select columns('tax.*') from core.dim_customer",
    "columns(*)": "select columns(*) from core.dim_customer",
    "columns with a lambda": "select columns(c -> c like 'tax%') from core.dim_customer",
    "unpacked columns": "select coalesce(*columns('tax_id|last_name')) as code from core.dim_customer",
    "from without select": "from core.dim_customer",
    "from first": "from core.dim_customer select email1 as code",
    "whole row": "select c as code from core.dim_customer as c",
    "whole row by table name": "select dim_customer as code from core.dim_customer",
    "whole row as text": "select cast(c as varchar) as code from core.dim_customer as c",
    "whole row as JSON": "select to_json(c) as code from core.dim_customer as c",
    "whole row in a list": "select list(c) as code from core.dim_customer as c",
    "field of a whole row": "select (c).tax_id as code from core.dim_customer as c",
    "struct_extract of a whole row": "select struct_extract(c, 'tax_id') as code from core.dim_customer as c",
    "whole row through a CTE": "with r as (select c as whole from core.dim_customer as c) select whole.tax_id as code from r",
    "struct": "select {'a': status, 'b': tax_id} as code from core.dim_customer",
    "struct, then a field by name": "select s.b as code from (select {'b': tax_id} as s from core.dim_customer)",
    "struct, then a field by place": "select (row(status, tax_id))[2] as code from core.dim_customer",
    "struct_pack": "select struct_pack(b := tax_id) as code from core.dim_customer",
    "row": "select row(status, tax_id) as code from core.dim_customer",
    "map": "select map([status], [tax_id]) as code from core.dim_customer",
    "list": "select [status, tax_id] as code from core.dim_customer",
    "list_value": "select list_value(status, tax_id) as code from core.dim_customer",
    "list, then an element": "select ([status, tax_id])[2] as code from core.dim_customer",
    "list comprehension": "select [x || '' for x in [tax_id]] as code from core.dim_customer",
    "list_transform": "select list_transform([1], x -> tax_id) as code from core.dim_customer",
    "list_transform over it": "select list_transform([tax_id], x -> x || '!') as code from core.dim_customer",
    "list_filter": "select list_filter([tax_id], x -> length(x) > 1) as code from core.dim_customer",
    "an arrow that is no lambda": "with r as (select to_json(c) as j from core.dim_customer as c) select concat(j -> 'tax_id', '') as code from r",
    "a lambda of words": "select list_transform([1], lambda x: tax_id) as code from core.dim_customer",
    "a unit from a column": "select date_trunc(case when gender = 'F' then 'day' else 'year' end, effective_date) as code from core.dim_customer",
    "list_reduce": "select list_reduce([tax_id, last_name], (a, b) -> a || b) as code from core.dim_customer",
    "unnest in select": "select unnest([tax_id]) as code from core.dim_customer",
    "unnest in from": "select u.x as code from core.dim_customer as c, unnest([c.tax_id]) as u(x)",
    "json_object": "select json_object('a', tax_id) as code from core.dim_customer",
    "JSON arrow": "select to_json({'a': tax_id}) ->> 'a' as code from core.dim_customer",
    "json_group_array": "select json_group_array(tax_id) as code from core.dim_customer",
    "union all": "select status as code from core.dim_customer union all select tax_id from core.dim_customer",
    "union": "select tax_id as code from core.dim_customer union select status from core.dim_customer",
    "union by name": "select status as code from core.dim_customer union by name select tax_id as code from core.dim_customer",
    "union all by name, another order": "select status as code, 1 as n from core.dim_customer "
    "union all by name select 2 as n, tax_id as code from core.dim_customer",
    "except": "select tax_id as code from core.dim_customer except select status from core.dim_customer",
    "intersect": "select tax_id as code from core.dim_customer intersect select tax_id from core.dim_customer",
    "pivot": "select * from (pivot core.dim_customer on tax_id using count(*) group by status)",
    "pivot in from": "select * from core.dim_customer pivot (max(tax_id) for status in ('Active'))",
    "unpivot": "unpivot (select tax_id, last_name from core.dim_customer) on tax_id, last_name into name n value code",
    "unpivot in from": "select code from (select tax_id, last_name from core.dim_customer) "
    "unpivot (code for n in (tax_id, last_name))",
    "md5": "select md5(tax_id) as code from core.dim_customer",
    "sha256": "select sha256(tax_id) as code from core.dim_customer",
    "hash": "select hash(tax_id) as code from core.dim_customer",
    "the hash without the mask": "select keyed_hash('customer', tax_id) as code from core.dim_customer",
    "max": "select max(tax_id) as code from core.dim_customer",
    "max by group": "select status, max(dob) as code from core.dim_customer group by status",
    "min_by": "select min_by(last_name, tier) as code from core.dim_customer",
    "arg_max": "select arg_max(email1, tier) as code from core.dim_customer",
    "any_value": "select any_value(last_name) as code from core.dim_customer",
    "first": "select first(last_name) as code from core.dim_customer",
    "mode": "select mode(last_name) as code from core.dim_customer",
    "median": "select median(net_worth) as code from core.dim_customer",
    "avg": "select avg(net_worth) as code from core.dim_customer",
    "sum": "select sum(net_worth) as code from core.dim_customer group by customer_id",
    "quantile": "select quantile_cont(net_worth, 0.5) as code from core.dim_customer",
    "string_agg": "select string_agg(last_name, ',') as code from core.dim_customer",
    "list aggregate": "select list(last_name order by tier) as code from core.dim_customer",
    "histogram": "select histogram(last_name) as code from core.dim_customer",
    "aggregate with filter": "select max(last_name) filter (where tier = 1) as code from core.dim_customer",
    "first_value": "select first_value(tax_id) over (order by tier) as code from core.dim_customer",
    "lag": "select lag(tax_id, 0) over (order by tier) as code from core.dim_customer",
    "window max": "select max(tax_id) over (partition by tier) as code from core.dim_customer",
    "named window": "select last_value(tax_id) over w as code from core.dim_customer window w as (order by tier)",
    "recursive CTE": "with recursive r as (select tax_id as code, 1 as n from core.dim_customer "
    "union all select code, n + 1 from r where n < 2) select code from r",
    "recursive CTE, letter by letter": "with recursive r(code, n) as (select left(tax_id, 1), 1 from core.dim_customer union all "
    "select substring(tax_id, r.n + 1, 1), r.n + 1 from r, core.dim_customer where r.n < 5) select code from r",
    "scalar subquery": "select (select tax_id from core.dim_customer limit 1) as code from core.dim_trade",
    "correlated subquery": "select (select c.tax_id from core.dim_customer as c where c.sk_customer_id = t.sk_customer_id) as code "
    "from core.dim_trade as t",
    "subquery of an outer column": "select (select c.tax_id) as code from core.dim_customer as c",
    "lateral": "select l.code from core.dim_customer as c, lateral (select c.tax_id as code) as l",
    "lateral without the word": "select l.code from core.dim_customer as c, (select c.tax_id as code) as l",
    "values": "select v.code from core.dim_customer as c, lateral (values (c.tax_id)) as v(code)",
    "join using": "select executed_by as code from core.dim_customer join core.dim_trade using (sk_customer_id)",
    "key of a join using": "select sk_customer_id as code from core.dim_customer join core.dim_trade using (sk_customer_id)",
    "natural join": "select executed_by as code from core.dim_customer natural join (select sk_customer_id, executed_by from core.dim_trade)",
    "positional join": "select c.tax_id as code from core.dim_trade positional join core.dim_customer as c",
    "asof join": "select c.tax_id as code from core.dim_trade as t asof join core.dim_customer as c on t.sk_customer_id >= c.sk_customer_id",
    "cross join": "select c.tax_id as code from core.dim_trade cross join core.dim_customer as c",
    "full join": "select c.tax_id as code from core.dim_trade as t full join core.dim_customer as c on t.trade_id = c.tier",
    "column list of an alias": "select b as code from (select status, tax_id from core.dim_customer) as t(a, b)",
    "column list of a CTE": "with t(a, b) as (select status, tax_id from core.dim_customer) select b as code from t",
    "column list of a part": "with t(tax_id) as (select status, tax_id as code from core.dim_customer) select code from t",
    "alias reused in the same list": "select tax_id as x, upper(x) as code from core.dim_customer",
    "prefix alias": "select code: tax_id from core.dim_customer",
    "case": "select case when tier = 1 then tax_id end as code from core.dim_customer",
    "case else": "select case when tier = 9 then '' else tax_id end as code from core.dim_customer",
    "if": "select if(tier = 1, tax_id, '') as code from core.dim_customer",
    "coalesce": "select coalesce(null, tax_id) as code from core.dim_customer",
    "nullif": "select nullif(tax_id, '') as code from core.dim_customer",
    "greatest": "select greatest(tax_id, '') as code from core.dim_customer",
    "cast": "select cast(dob as varchar) as code from core.dim_customer",
    "try_cast": "select try_cast(dob as varchar) as code from core.dim_customer",
    "double colon": "select dob::varchar as code from core.dim_customer",
    "concatenation": "select 'x' || tax_id as code from core.dim_customer",
    "concat_ws": "select concat_ws('-', status, tax_id) as code from core.dim_customer",
    "printf": "select printf('%s', tax_id) as code from core.dim_customer",
    "format": "select format('{}', tax_id) as code from core.dim_customer",
    "substring": "select substring(tax_id, 1, 3) as code from core.dim_customer",
    "slice": "select tax_id[1:3] as code from core.dim_customer",
    "reverse": "select reverse(tax_id) as code from core.dim_customer",
    "translate": "select translate(tax_id, '0123456789', 'abcdefghij') as code from core.dim_customer",
    "regexp_extract": "select regexp_extract(email1, '(.*)@', 1) as code from core.dim_customer",
    "regexp_replace": "select regexp_replace(tax_id, '-', '') as code from core.dim_customer",
    "string_split": "select string_split(email1, '@')[1] as code from core.dim_customer",
    "base64": "select base64(encode(tax_id)) as code from core.dim_customer",
    "hex": "select hex(tax_id) as code from core.dim_customer",
    "ascii": "select ascii(tax_id) as code from core.dim_customer",
    "length": "select length(last_name) as code from core.dim_customer",
    "levenshtein": "select levenshtein(last_name, 'Smith') as code from core.dim_customer",
    "arithmetic": "select net_worth + 1 as code from core.dim_customer",
    "bits": "select xor(net_worth, 12345) as code from core.dim_customer",
    "date parts": "select year(dob) as code from core.dim_customer",
    "date_trunc": "select date_trunc('month', dob) as code from core.dim_customer",
    "date difference": "select date_diff('day', dob, date '2020-01-01') as code from core.dim_customer",
    "an interval": "select date '2000-01-01' + to_days(net_worth::int) as code from core.dim_customer",
    "extract": "select extract(year from dob) as code from core.dim_customer",
    "strftime": "select strftime(dob, '%Y') as code from core.dim_customer",
    "collation": "select tax_id collate nocase as code from core.dim_customer",
    "generate_series by length": "select g.n as code from core.dim_customer as c, lateral generate_series(1, length(c.last_name)) as g(n)",
    "generate_series in a subquery": "select (select count(*) from generate_series(1, c.net_worth)) as code from core.dim_customer as c",
    "distinct on": "select distinct on (tax_id) status from core.dim_customer",
    "a filter": "select status from core.dim_customer where last_name = 'Oddname'",
    "a filter by list": "select status from core.dim_customer where tax_id in ('123-45')",
    "a filter by pattern": "select status from core.dim_customer where last_name like 'O%'",
    "a comparison shown": "select last_name = 'Oddname' as code from core.dim_customer",
    "a comparison for each letter": "select left(tax_id, 1) = '1' as a, substring(tax_id, 2, 1) = '2' as b from core.dim_customer",
    "a null shown": "select email1 is null as code from core.dim_customer",
    "exists": "select exists (select 1 from core.dim_customer where last_name = 'Oddname') as code",
    "a join condition": "select t.status from core.dim_trade as t join core.dim_customer as c on c.last_name = t.executed_by",
    "a semi join": "select t.status from core.dim_trade as t semi join core.dim_customer as c on c.last_name = t.executed_by",
    "a case on it": "select case when net_worth > 1000000 then 'rich' end as code from core.dim_customer",
    "a simple case on it": "select case gender when 'F' then 1 when 'M' then 2 end as code from core.dim_customer",
    "a rank": "select rank() over (order by net_worth) as code from core.dim_customer",
    "a row number": "select row_number() over (order by dob) as code from core.dim_customer",
    "a partition": "select count(*) over (partition by last_name) as code from core.dim_customer",
    "a count of values": "select count(distinct last_name) as code from core.dim_customer",
    "a group": "select count(*) as code from core.dim_customer group by dob",
    "a group without the column": "select count(*) as code from core.dim_customer group by postal_code, gender",
    "having": "select status from core.dim_customer group by status having max(net_worth) > 1000000",
    "qualify": "select status from core.dim_customer qualify row_number() over (order by net_worth desc) = 1",
    "order and limit": "select status from core.dim_customer order by net_worth desc limit 1",
    "limit by a value": "select status from core.dim_customer limit (select max(tier + net_worth) from core.dim_customer)",
    "sample": "select tax_id as code from core.dim_customer using sample 100%",
    "mask misspelt": "select pii_tokn('customer', tax_id) as code from core.dim_customer",
    "mask of its own": "select own_mask(tax_id) as code from core.dim_customer",
    "mask of another schema": "select main.pii_token('customer', tax_id) as code from core.dim_customer",
    "purpose as a channel": "select pii_token(last_name, 1) as code from core.dim_customer",
    "mask beside the value": "select pii_token('customer', customer_id) || tax_id as code from core.dim_customer",
    "mask of a constant": "select pii_token('customer', 1) as t, tax_id as code from core.dim_customer",
    "mask in the condition only": "select case when pii_token('a', tax_id) <> '' then tax_id end as code from core.dim_customer",
    "token of a property": "select pii_token('zip', postal_code) as code from core.dim_customer",
    "token of a name": "select pii_token('name', last_name) as code from core.dim_customer",
    "band without a release": "select pii_age_band(date_diff('year', dob, date '2020-01-01')) as code from core.dim_customer",
    "bands that add up": "select pii_age_band(net_worth - 1) as a, pii_age_band(net_worth - 2) as b from core.dim_customer",
    "area without a release": "select pii_zip3(postal_code) as code from core.dim_customer",
    "masked e-mail without a release": "select pii_mask_email(email1) as code from core.dim_customer",
    "group by a band": "select count(*) as code from core.dim_customer group by pii_zip3(postal_code)",
    "comment that hides": "select status /* as code from core.dim_customer */, tax_id as code from core.dim_customer -- where false",
    "quoted names": 'select "TAX_ID" as "Code" from "core"."DIM_CUSTOMER"',
    "the catalog before the name": "select memory.core.dim_customer.tax_id as code from memory.core.dim_customer",
    "query()": "select * from query('select tax_id as code from core.dim_customer')",
    "query_table()": "select tax_id as code from query_table('core.dim_customer')",
    "summary": "select max as code from (summarize core.dim_customer)",
    "a variable": "select getvariable('leak') as code",
    "a setting": "select current_setting('temp_directory') as code",
    "statistics": "select stats(tax_id) as code from core.dim_customer",
    "storage": "select * from pragma_storage_info('core.dim_customer')",
    "a file": "select * from read_csv('data/landing/Batch1/HR.csv')",
    "a file by its name": "select * from 'data/landing/Batch1/HR.csv'",
    "text of a file": "select content as code from read_text('data/landing/Batch1/HR.csv')",
    "a table nobody declared": "select * from core.copy_of_customers",
    "the landing area": "select * from landing_area",
    "two statements": "select 1 as code; select tax_id as code from core.dim_customer",
    "a statement that writes": "create table analytics.leak as select tax_id from core.dim_customer",
    "an update that returns": "update core.dim_customer set tier = 2 returning tax_id",
    "copy": "copy core.dim_customer to '/tmp/customers.csv'",
    "prepared": "execute leak",
    "not SQL": "select tax_id from from where",
}  # fmt: skip
NOT_RUN = {
    # What these need is not there, or they write; that they are refused is what counts.
    "a file", "a file by its name", "text of a file", "a table nobody declared", "the landing area", "a statement that writes",
    "an update that returns", "copy", "prepared", "not SQL", "columns with a lambda",
}  # fmt: skip

HONEST: dict[str, str] = {
    "plain columns": "select status, tier from core.dim_customer",
    "a token": "select pii_key('c', sk_customer_id) as code, status from core.dim_customer",
    "a token of a tax id": "select pii_token('tax', tax_id) as code from core.dim_customer",
    "the version of the key": "select pii_key_version() as code from core.dim_customer",
    "tokens joined by key": "with c as (select sk_customer_id as real_key, pii_key('c', sk_customer_id) as k from core.dim_customer) "
    "select c.k, t.quantity from core.dim_trade as t inner join c on t.sk_customer_id = c.real_key",
    "a token of the last customer": "select max(pii_key('c', sk_customer_id)) as code from core.dim_customer",
    "counts": "select status, count(*) as n from core.dim_customer group by status",
    "counts by key": "select pii_key('c', sk_customer_id) as k, count(*) as n from core.dim_trade group by sk_customer_id",
    "sums": "select type, sum(quantity) as n from core.dim_trade group by all order by all",
    "windows": "select trade_id, sum(quantity) over (partition by type order by trade_id) as n from core.dim_trade",
    "qualify": "select trade_id from core.dim_trade qualify row_number() over (partition by type order by trade_id) = 1",
    "a star without the personal": "select * exclude (sk_customer_id, executed_by) from core.dim_trade",
    "a union": "select status from core.dim_customer union all select status from core.dim_trade",
    "a union by name": "select status, 1 as n from core.dim_customer union by name select 2 as n, status from core.dim_trade",
    "case and dates": "select case when tier = 1 then 'first' else 'other' end as c, effective_date + interval 1 day as d, "
    "year(effective_date) as y from core.dim_customer",
    "lists": "select list_transform([tier], x -> x + 1) as l, [status, 'x'] as m, {'a': tier} as s from core.dim_customer",
    "a correlated subquery": "select (select sum(t.quantity) from core.dim_trade as t where t.status = c.status) as q "
    "from core.dim_customer as c",
    "values": "select v.n from (values (1), (2)) as v(n)",
    "a series": "select n from generate_series(1, 3) as g(n)",
}  # fmt: skip


def test_there_are_enough_leaks() -> None:
    """A list that had lost most of its leaks would prove little."""
    assert len(LEAKS) + 20 > 80
    assert len(set(LEAKS.values())) == len(LEAKS)


@pytest.mark.parametrize("name", [name for name in LEAKS if name not in NOT_RUN])
def test_a_leak_is_something_duckdb_runs(name: str) -> None:
    with duckdb.connect() as con:
        con.execute(DATABASE)
        con.execute(LEAKS[name])


@pytest.mark.parametrize("name", LEAKS)
def test_no_leak_passes(name: str) -> None:
    """A query that shows something of a person is found, even where all columns are declared and claim to be harmless."""
    proof = judged(model(LEAKS[name], claimed(LEAKS[name])), rules=dict(KEYS_ONLY))
    found = [f for f in proof.findings if f.kind in ("flow", "unfollowed", "implicit")]
    assert found, LEAKS[name]
    assert all(f.where.startswith("leak") and "leak" in f"{f.where} {f.message}" for f in found)


@pytest.mark.parametrize("name", HONEST)
def test_honest_queries_pass(name: str) -> None:
    """No cry of wolf: what shows nothing of a person is not found."""
    columns = {column: Label(Level.confidential) for column in claimed(HONEST[name])}
    proof = judged(model(HONEST[name], dict(columns)), rules=dict(KEYS_ONLY))
    assert [f for f in proof.findings if f.kind != "stale"] == []


def test_a_finding_names_path_model_and_column() -> None:
    middle = model("select tax_id as code from core.dim_customer", {"code": Label(Level.sensitive, "government_id")},
                   name="middle", layer="core", schema="core", table="middle", path="models/core/middle.sql")  # fmt: skip
    end = model("select upper(code) as code from core.middle", {"code": INTERNAL}, parents=("middle",))
    (found,) = judged(middle, end).findings
    assert found.where == "leak.code"
    assert "models/analytics/leak.sql" in found.message
    assert "dim_customer.tax_id → middle.code → leak.code" in found.message


def test_personal_data_may_be_where_it_is_declared() -> None:
    sql = "select tax_id from core.dim_customer"
    declared: dict[str, Label | None] = {"tax_id": Label(Level.sensitive, "government_id")}
    assert judged(model(sql, declared, layer="operations", path="models/operations/x.sql")).findings == []


@pytest.mark.parametrize("layer", ["analytics", "marts"])
def test_nothing_personal_may_be_declared_where_analysts_read(layer: str) -> None:
    declared: dict[str, Label | None] = {"tax_id": Label(Level.sensitive, "government_id")}
    proof = judged(model("select tax_id from core.dim_customer", declared, layer=layer))
    assert [f.kind for f in proof.findings] == ["declared"]


@pytest.mark.parametrize("layer", ["operations", "marts", "core", "intermediate"])
def test_every_layer_is_followed(layer: str) -> None:
    proof = judged(model("select tax_id as code from core.dim_customer", {"code": INTERNAL}, layer=layer))
    assert [f.kind for f in proof.findings] == ["flow"]


def test_a_class_that_is_too_low_is_found_again_downstream() -> None:
    """One false declaration does not wash the data for those who read on."""
    first = model("select tax_id as code from core.dim_customer", {"code": INTERNAL}, name="first", layer="core",
                  schema="core", table="first")  # fmt: skip
    second = model("select code from core.first", {"code": INTERNAL}, parents=("first",))
    assert {f.where for f in judged(first, second).findings} == {"first.code", "leak.code"}


def test_ephemeral_models_are_followed_where_they_are_inlined() -> None:
    sql = "with __dbt__cte__x as (select last_name as code from core.dim_customer) select code from __dbt__cte__x"
    assert judged(model(sql, {"code": INTERNAL}, materialized="ephemeral")).findings


FAULTS: dict[str, tuple[Node, str]] = {
    "a Python model": (model("", language="python", materialized="table"), "unfollowed"),
    "a materialisation of its own": (model("select 1 as code", {"code": INTERNAL}, materialized="leaky"), "unfollowed"),
    "an external file": (model("select 1 as code", {"code": INTERNAL}, materialized="external"), "unfollowed"),
    "a model without SQL": (model(""), "unfollowed"),
    "a post-hook": (
        model("select 1 as code", {"code": INTERNAL}, hooks=("insert into analytics.leak select tax_id from core.dim_customer",)),
        "hook",
    ),
    "rows that hooks write": (
        model("select null as code where false", {"code": INTERNAL}, macros=("macro.p.written_by_hooks",)),
        "unfollowed",
    ),
    "a header": (model("select 1 as code", {"code": INTERNAL}, hooks=("create macro pii_token(p, x) as x;",)), "hook"),
    "a hook that makes a mask anew": (
        model("select 1 as code", {"code": INTERNAL}, hooks=("create or replace temp macro pii_token(p, x) as x",)),
        "hook",
    ),
    "run_query in a model": (
        model("select 1 as code", {"code": INTERNAL}, raw_sql="{% do run_query('insert …') %} select 1 as code"),
        "dynamic",
    ),
    "a statement block": (
        model("select 1 as code", {"code": INTERNAL}, raw_sql="{% call statement('x') %} … {% endcall %}"),
        "dynamic",
    ),
    "conditions that dbt adds": (model("select 1 as code", {"code": INTERNAL}, config={"incremental_predicates": ["…"]}), "dynamic"),
    "a source that is renamed before it is read": (
        model("with source as (select c_tax_id as batch_id from x) select batch_id as code from source", {"code": INTERNAL},
              layer="staging", parents=("source.x",), raw_sql="with source as (select c_tax_id as batch_id from {{ source('x', 'x') }})"),
        "unfollowed",
    ),
    "another database": (model("select status as code from other.core.dim_customer", {"code": INTERNAL}, database="memory"), "unfollowed"),
    "a macro by a made-up name": (model("select 1 as code", {"code": INTERNAL}, raw_sql="{{ context['run_' ~ 'query']('…') }}"), "dynamic"),
    "a column from the environment": (model("select 1 as code", {"code": INTERNAL}, raw_sql="select {{ env_var('C', '1') }} as code"), "dynamic"),
    "another query in production": (model("select 1 as code", {"code": INTERNAL}, raw_sql="{% if target.name == 'prod' %}…{% endif %}"), "dynamic"),
    "another query when it runs": (model("select 1 as code", {"code": INTERNAL}, raw_sql="{% if flags.WHICH == 'run' %}…{% endif %}"), "dynamic"),
    "adapter.execute": (model("select 1 as code", {"code": INTERNAL}, raw_sql="{% do adapter.execute('…') %}"), "dynamic"),
    "a column that is not described": (model("select status, status as more from core.dim_customer", {"status": INTERNAL}), "classification"),
    "a column that is described nowhere": (model("select tax_id as code from core.dim_customer", {}), "classification"),
    "stored failures": (
        model("select * from core.dim_customer", resource="test", config={"store_failures": True}),
        "flow",
    ),
    "a snapshot": (
        model("select * from core.dim_customer", {"tax_id": INTERNAL}, resource="snapshot", materialized="snapshot",
              config={"unique_key": "tier"}),
        "flow",
    ),
    "a snapshot of a query": (
        model("select tax_id as x from core.dim_customer", {"x": INTERNAL}, resource="snapshot", materialized="snapshot"),
        "flow",
    ),
    "a snapshot's hash of its key": (
        model("select * from core.dim_customer", {"dbt_scd_id": INTERNAL}, resource="snapshot", materialized="snapshot",
              config={"unique_key": "tax_id"}),
        "flow",
    ),
    "a snapshot's time": (
        model("select * from core.dim_customer", {"dbt_valid_from": INTERNAL}, resource="snapshot", materialized="snapshot",
              config={"unique_key": "tier", "updated_at": "dob"}),
        "flow",
    ),
    "a snapshot by an expression": (
        model("select status, tier from core.dim_customer", resource="snapshot", materialized="snapshot",
              config={"unique_key": "status || tier"}),
        "unfollowed",
    ),
    "a release without a test": (
        model("select pii_zip3(postal_code) as area from core.dim_customer", {"area": INTERNAL}, meta={"releases": ["area"]}),
        "release",
    ),
    "a seed that declares a name": (
        replace(core("names", {"n": Label(Level.personal, "name")}), layer="analytics"),
        "declared",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_no_way_around_sql_passes(name: str) -> None:
    """Leaks that are in no query: hooks, Python, SQL sent by macros, and declarations."""
    node, kind = FAULTS[name]
    assert kind in {f.kind for f in judged(node).findings}


def test_a_macro_that_sends_sql_is_found_through_another() -> None:
    macros = {"macro.outer": "{% macro outer() %}{{ inner() }}{% endmacro %}",
              "macro.inner": "{% macro inner() %}{% do run_query('…') %}{% endmacro %}"}  # fmt: skip
    every = {"leak": model("select 1 as code", {"code": INTERNAL}, macros=("macro.outer",))}
    project = Project(every, {}, macros, {"macro.outer": ("macro.inner",), "macro.inner": ()}, [])
    assert [f.kind for f in prove([project], {}).findings] == ["dynamic"]


def test_what_takes_the_place_of_dbt_is_found() -> None:
    """A macro of the project under the name of one of dbt's own, a function that dbt makes, a query that it saves."""
    project = Project({}, {}, {}, {}, [], ("duckdb__create_table_as",), ("function.p.pii_token", "saved_query.p.q"))
    assert [f.kind for f in prove([project], {}).findings] == ["dynamic", "unfollowed", "unfollowed"]


def test_a_release_is_guarded_by_a_test_of_error_level() -> None:
    """A band passes where a k-anonymity test is named, and no longer where that test only warns or looks at a part."""
    node = model(
        "select pii_zip3(postal_code) as area from core.dim_customer",
        {"area": Label(Level.confidential)},
        meta={"releases": ["area"], "released_under": ["areas_are_k_anonymous"]},
    )
    few = "select area, count(*) as persons from analytics.leak group by area having count(*) < 5"
    test = model(
        few, name="areas_are_k_anonymous", resource="test", macros=("macro.x.too_few_persons",), parents=("leak",)
    )
    assert judged(node, test).findings == []
    for spoilt in (
        replace(test, config={"severity": "warn"}),
        replace(test, config={"where": "false"}),
        replace(test, config={"error_if": "> 1000"}),
        replace(test, config={"fail_calc": "0"}),
        replace(test, macros=()),
    ):
        node = replace(node, columns={"area": Label(Level.confidential)})
        assert {f.kind for f in judged(node, spoilt).findings} >= {"release", "flow"}
    for blind in (
        "select 1 as area",
        "select status as area from core.dim_customer",
        "select pii_zip3(area) as area from x",
    ):
        node = replace(node, columns={"area": Label(Level.confidential)})
        assert {f.kind for f in judged(node, replace(test, sql=blind)).findings} == {"release"}, blind


def test_an_acceptance_that_accepts_nothing_is_found() -> None:
    rules = {
        "hooks": [{"sql": "select 1", "reason": "It was once."}],
        "tokens": [{"purpose": "c", "columns": ["dim_customer.sk_customer_id", "dim_trade.sk_customer_id"]}],
    }
    node = model("select pii_key('c', sk_customer_id) as code from core.dim_trade", {"code": INTERNAL})
    assert [(f.kind, f.message) for f in judged(node, rules=rules).findings] == [
        ("stale", "no token is made of it: dim_customer.sk_customer_id for c"),
        ("stale", "accepts nothing any more: select 1"),
    ]
