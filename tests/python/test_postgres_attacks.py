"""Serving from PostgreSQL, against a real server: what is served is right, and no role gets past what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from publication import Publication, prepare, take_as_passed
from warehouse import Warehouse

from scripts.audiences import PolicyProblem

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: serving from PostgreSQL was not tested")

from scripts.serve_postgres import _close_large_objects, role_name, serve  # noqa: E402

pytestmark = pytest.mark.skipif(
    not postgres_server.IS_INSTALLED,
    reason="no PostgreSQL server is installed (apt-get install postgresql): serving from it was not tested",
)
WHO = ["analyst", "steward", "compliance", "a", "b"]


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    """The folder of a server's socket."""
    with postgres_server.running() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(socket: str, published: Publication, loaded: Warehouse, secured_keys: Path) -> Iterator[Any]:
    """The server, loaded; the tests of the warehouse passed when it was published, and are not run again."""
    with psycopg.connect(host=socket, user="owner", dbname="postgres", autocommit=True) as owner:
        owner.execute("create database brokerage")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        psycopg.connect(host=socket, user="owner", dbname="brokerage", autocommit=True) as owner,
    ):
        prepare(monkeypatch, published.room, secured_keys, loaded.landing)
        take_as_passed(monkeypatch, published)
        audiences = [published.audience(who) for who in WHO]
        assert serve(owner, audiences) == [role_name(a) for a in audiences]
        serve(owner, audiences)  # A second time, over what is there.
        yield owner


@contextmanager
def connected(server: Any, role: str) -> Iterator[Any]:
    with psycopg.connect(host=server.info.host, user=role, dbname="brokerage", autocommit=True) as con:
        yield con


def role(published: Publication, who: str) -> str:
    return role_name(published.audience(who))


@pytest.mark.parametrize("who", WHO)
def test_the_same_is_served_as_published(server: Any, published: Publication, who: str) -> None:
    """Tables, columns and rows: both come from one policy. The access log has grown in between."""
    with published.open(who) as con, connected(server, role(published, who)) as reader:
        there = con.execute(
            "select schema_name, table_name, list(column_name order by column_name) from duckdb_columns() "
            "where database_name = 'published' and table_name <> 'access_log' group by all order by all"
        ).fetchall()
        assert there
        for schema, table, columns in there:
            listed = ", ".join(f'"{c}"' for c in columns)
            granted = reader.execute(
                'select array_agg(column_name::text order by column_name::text collate "C") '
                "from information_schema.columns where table_schema = %s and table_name = %s",
                [schema, table],
            ).fetchone()
            assert granted == (sorted(columns),), f"{schema}.{table}"
            expected = con.execute(f"select count(*) from {schema}.{table}").fetchone()
            assert (
                reader.execute(f"select count(*) from (select {listed} from {schema}.{table}) t").fetchone() == expected
            )


def test_values_arrive_as_they_are(server: Any, published: Publication) -> None:
    """Null and empty, dates, decimals and text, row by row."""
    columns = (
        "customer_id, status, last_name, middle_initial, dob, net_worth, national_tax_rate, is_current, address_line2"
    )
    sql = f"select {columns} from core.dim_customer order by sk_customer_id"
    with published.source() as con:
        expected = con.execute(sql).fetchall()
    with connected(server, role(published, "compliance")) as reader:
        assert reader.execute(sql).fetchall() == expected


DENIED = [
    ("a", "select tax_id from core.dim_customer"),
    ("a", "select * from core.dim_customer"),
    ("a", "table core.dim_customer"),
    ("a", "select c from core.dim_customer c"),
    ("a", "select row_to_json(c) from core.dim_customer c"),
    ("a", "select to_jsonb(c) -> 'tax_id' from core.dim_customer c"),
    ("a", "select (c).tax_id from core.dim_customer c"),
    ("a", "select c::text from core.dim_customer c"),
    ("a", "select count(tax_id) from core.dim_customer"),
    ("a", "select count(*) from core.dim_customer where tax_id like '1%'"),
    ("a", "select last_name from core.dim_customer order by dob"),
    ("a", "select max(net_worth) from core.dim_customer"),
    ("a", "select last_name from core.dim_customer group by last_name having min(tax_id) > '5'"),
    ("a", "select 1 from core.dim_customer x natural join core.dim_customer y"),
    ("a", "select 1 from core.dim_customer x join core.dim_customer y using (tax_id)"),
    ("a", "explain analyze select tax_id from core.dim_customer"),
    ("a", "copy core.dim_customer to stdout"),
    ("a", "copy core.dim_customer (tax_id) to stdout"),
    ("a", "select query_to_xml('select tax_id from core.dim_customer', true, true, '')"),
    ("a", "select table_to_xml('core.dim_customer', true, true, '')"),
    ("a", "do $$ begin perform tax_id from core.dim_customer; end $$"),
    ("a", "prepare p as select tax_id from core.dim_customer ;; execute p"),
    ("a", "select ctid from core.dim_customer"),
    ("a", "declare c cursor with hold for select tax_id from core.dim_customer"),
    ("a", "select * from core.prospect"),
    ("analyst", "select 1 from core.dim_customer"),
    ("analyst", "select tax_id from analytics.stand_in"),
    ("analyst", "select 1 from operations.rejected_rows"),
    ("steward", "select raw_text from operations.rejected_rows"),
    ("steward", "select message_data from operations.di_messages"),
    ("steward", "select 1 from staging.stg_brokerage__customer"),
    ("b", "select 1 from staging.stg_crm__customer_mgmt"),
    # Becoming another role
    ("a", "set role {compliance}"),
    ("a", "set role owner"),
    ("a", "set session authorization owner"),
    ("a", "grant {compliance} to {self}"),
    ("a", "alter role {self} bypassrls"),
    ("a", "alter role {self} superuser"),
    ("a", "create role more"),
    ("a", "grant select on core.dim_customer to {self}"),
    # Past row-level security
    ("a", "set row_security = off ;; select count(*) from core.dim_customer"),
    ("a", "alter table core.dim_customer disable row level security"),
    ("a", "drop policy {self} on core.dim_customer"),
    ("a", "create policy more on core.dim_customer using (true)"),
    ("a", "alter policy {self} on core.dim_customer using (true)"),
    ("a", "alter table core.dim_customer owner to {self}"),
    ("a", "create rule r as on select to core.dim_customer do instead select 1"),
    # Things of one's own, to read with later or to lure others into
    ("a", "create view public.v as select * from core.dim_customer"),
    ("a", "create view core.v as select 1"),
    ("a", "create table public.t (i int)"),
    ("a", "create temp table t as select last_name from core.dim_customer"),
    ("a", "create schema mine"),
    ("a", "create function public.f() returns int language sql security definer as 'select 1'"),
    ("a", "create function pg_temp.f(text) returns bool language plpgsql cost 0.01 as 'begin return true; end'"),
    ("a", "create operator public.=== (leftarg = text, rightarg = text, function = texteq)"),
    ("a", "create extension dblink"),
    ("a", "create event trigger t on ddl_command_start execute function f()"),
    ("a", "create language plpython3u"),
    # The system's own stores
    ("a", "select stavalues1 from pg_statistic"),
    ("a", "select rolpassword from pg_authid"),
    ("a", "select * from pg_shadow"),
    ("a", "select pg_read_file('/etc/passwd')"),
    ("a", "select pg_ls_dir('/')"),
    ("a", "copy core.dim_broker (branch) to '/tmp/x'"),
    ("a", "copy (select 1) to program 'cat'"),
    ("a", "select lo_import('/etc/passwd')"),
    ("a", "select pg_current_logfile()"),
    # Writing
    ("a", "set default_transaction_read_only = off ;; insert into core.dim_broker (broker_id) values (1)"),
    ("a", "set default_transaction_read_only = off ;; insert into core.dim_customer (tax_id) values ('1')"),
    ("a", "set default_transaction_read_only = off ;; update core.dim_account set status = 'x'"),
    ("a", "set default_transaction_read_only = off ;; delete from core.dim_trade"),
    ("a", "set default_transaction_read_only = off ;; truncate core.dim_trade"),
    ("a", "set default_transaction_read_only = off ;; create temp table t (i int)"),
    ("a", "set default_transaction_read_only = off ;; create table public.t (i int)"),
    (
        "a",
        "set default_transaction_read_only = off ;; create function pg_temp.f() returns int language sql as 'select 1'",
    ),
    ("a", "set default_transaction_read_only = off ;; create view public.v as select 1"),
    ("a", "set default_transaction_read_only = off ;; grant select on core.dim_customer to {self}"),
    ("a", "set default_transaction_read_only = off ;; alter role {self} bypassrls"),
    ("a", "set default_transaction_read_only = off ;; drop policy {self} on core.dim_customer"),
    ("a", "begin ;; lock table core.dim_customer in access exclusive mode"),
    ("a", "set default_transaction_read_only = off ;; select lo_create(4711)"),
    ("a", "set default_transaction_read_only = off ;; select lo_creat(-1)"),
    ("a", "set default_transaction_read_only = off ;; select lo_from_bytea(0, 'x')"),
    ("a", "set default_transaction_read_only = off ;; select lo_put(1, 0, 'x')"),
    ("a", "drop schema core cascade"),
]


@pytest.mark.parametrize(("who", "attack"), DENIED)
def test_it_is_denied(server: Any, published: Publication, who: str, attack: str) -> None:
    names = {"self": role(published, who), "compliance": role(published, "compliance")}
    with connected(server, names["self"]) as con, pytest.raises(psycopg.Error) as raised:
        for statement in attack.format(**names).split(" ;; "):
            if statement.startswith("copy") and "stdout" in statement:
                with con.cursor().copy(statement) as copy:
                    copy.read()
            else:
                con.execute(statement)
    fine = ("42501", "25006", "42704", "0A000", "42710", "42809", "42P01", "42703", "42883")
    assert raised.value.sqlstate in fine, raised.value


SEEN = [
    "select {key} from {table}",
    "select {key} from {table} where true or sk_customer_id is null",
    "select {key} from {table} tablesample system (100)",
    "select {key} from only {table}",
    "with recursive r as (select {key} from {table} union select * from r) select * from r",
    "select {key} from {table} union all select {key} from {table} where false",
    "select {key} from {table} where {key} is not null or {key} is null",
    "select {key} from {table} t where exists (select 1 from {table} u where u.{key} <> t.{key})",
    "select {key} from lateral (select * from (select {key} from {table}) x) y",
]


@pytest.mark.parametrize("attack", SEEN)
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("core.dim_customer", "sk_customer_id"),
        ("core.dim_account", "sk_account_id"),
        ("core.dim_trade", "trade_id"),
        ("core.fact_cash_balances", "sk_account_id"),
        ("core.fact_holdings", "current_trade_id"),
        ("core.fact_watches", "sk_customer_id"),
    ],
)
def test_rows_of_other_branches_stay_hidden(
    server: Any, published: Publication, table: str, key: str, attack: str
) -> None:
    with published.open("a") as con:
        own = set(con.execute(f"select {key} from {table}").fetchall())
    with connected(server, role(published, "a")) as reader:
        found = set(reader.execute(attack.format(table=table, key=key)).fetchall())
    assert found == own


def _strangers(published: Publication) -> list[tuple[int, str]]:
    """Customers of the other branch alone."""
    with published.open("b") as con:
        theirs = con.execute("select sk_customer_id, last_name from core.dim_customer").fetchall()
    with published.open("a") as con:
        own = {k for (k,) in con.execute("select sk_customer_id from core.dim_customer").fetchall()}
    found = [row for row in theirs if row[0] not in own]
    assert found
    return found


def test_an_error_tells_nothing_about_hidden_rows(server: Any, published: Publication) -> None:
    """Conditions that fail on one row would tell that it is there, were they evaluated before the policy."""
    key, name = _strangers(published)[0]
    attacks = [
        f"select count(*) from core.dim_customer where 1 / (sk_customer_id - {key}) > 0",
        f"select count(*) from core.dim_customer where case when sk_customer_id = {key} then last_name::int > 0 end",
        f"select 1 / (count(*) - 1) from core.dim_customer where sk_customer_id = {key} having count(*) > 0",
        "select count(*) from core.dim_customer where "
        f"cast(case when sk_customer_id = {key} then 'x' else '1' end as int) = 1",
    ]
    with connected(server, role(published, "a")) as con:
        for attack in attacks:
            con.execute(attack).fetchall()
        found = con.execute("select count(*) from core.dim_customer where sk_customer_id = %s", [key]).fetchone()
        assert found == (0,)
    assert name


def test_a_plan_counts_no_hidden_rows(server: Any, published: Publication) -> None:
    key, _ = _strangers(published)[0]
    with connected(server, role(published, "a")) as con:
        shown = "explain (analyze, costs off, timing off)"
        plan = str(con.execute(f"{shown} select 1 from core.dim_customer where sk_customer_id = {key}").fetchall())
    assert "rows=0" in plan


@pytest.mark.parametrize("who", ["analyst", "steward", "a"])
def test_statistics_show_no_hidden_values(server: Any, published: Publication, who: str) -> None:
    server.execute("analyze")
    with connected(server, role(published, who)) as con:
        hidden = ["tax_id", "dob", "net_worth"]
        rows = con.execute("select 1 from pg_stats where attname = any(%s)", [hidden]).fetchall()
        assert rows == []
        assert con.execute("select 1 from pg_stats where schemaname = 'core'").fetchall() == []


def test_other_sessions_are_not_seen(server: Any, published: Publication) -> None:
    with connected(server, role(published, "compliance")) as other, connected(server, role(published, "a")) as con:
        other.execute("select 'a secret query' from core.dim_customer limit 1")
        assert "secret" not in str(
            con.execute("select query from pg_stat_activity where usename <> current_user").fetchall()
        )


def test_what_no_audience_gets_is_not_on_the_server(server: Any, published: Publication) -> None:
    assert server.execute("select 1 from pg_tables where tablename = 'rebuilds_due'").fetchall() == []
    assert server.execute("select 1 from pg_namespace where nspname like '%next'").fetchall() == []


def test_every_table_has_row_level_security(server: Any) -> None:
    open_tables = server.execute(
        "select relname from pg_class join pg_namespace n on n.oid = relnamespace where relkind = 'r' "
        "and nspname not in ('pg_catalog', 'information_schema') and not relrowsecurity"
    ).fetchall()
    assert open_tables == []


def test_roles_have_nothing_but_what_was_granted(server: Any, published: Publication) -> None:
    roles = [role(published, who) for who in WHO]
    rows = server.execute(
        "select rolname from pg_roles where rolname = any(%s) "
        "and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolinherit)",
        [roles],
    ).fetchall()
    assert rows == []
    assert (
        server.execute("select 1 from pg_auth_members where member::regrole::text = any(%s)", [roles]).fetchall() == []
    )


def test_a_role_that_may_more_is_refused(
    server: Any, published: Publication, loaded: Warehouse, secured_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scripts.audiences import PolicyProblem

    prepare(monkeypatch, published.room, secured_keys, loaded.landing)
    take_as_passed(monkeypatch, published)
    name = role(published, "analyst")
    server.execute(f'alter role "{name}" bypassrls')
    try:
        with pytest.raises(PolicyProblem, match="has rights beyond reading"):
            serve(server, [published.audience("analyst")])
    finally:
        server.execute(f'alter role "{name}" nobypassrls')


def test_without_the_right_to_close_large_objects_it_says_how(server: Any) -> None:
    """Only a superuser takes a right on the server's own functions away; once that is done, no other user has to."""
    server.execute("create role loader createrole")
    server.execute("set role loader")
    try:
        _close_large_objects(server)
        server.execute("reset role")
        server.execute("grant execute on function lo_create(oid) to public")
        server.execute("set role loader")
        with pytest.raises(
            PolicyProblem, match=r"superuser.*\n  revoke execute on function lo_create\(oid\) from public;"
        ):
            _close_large_objects(server)
    finally:
        server.execute("reset role")
        _close_large_objects(server)
        server.execute("drop role loader")


@pytest.mark.long
def test_what_is_not_served_any_more_goes(
    server: Any, published: Publication, loaded: Warehouse, secured_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Serving fewer audiences leaves no old tables behind. Last, since it takes away what the others look at."""
    prepare(monkeypatch, published.room, secured_keys, loaded.landing)
    take_as_passed(monkeypatch, published)
    serve(server, [published.audience("analyst")])
    schemas = server.execute(
        "select distinct schemaname from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema') order by 1"
    ).fetchall()
    assert schemas == [("analytics",), ("marts",)]
