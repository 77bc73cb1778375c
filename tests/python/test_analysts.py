"""The code of docs/analysts.md, docs/questions.md and the notebook runs on published files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient
from publication import Publication
from warehouse import PROJECT

from scripts.encryption import EncryptionProblem
from scripts.keys import KeyProblem
from scripts.published import NothingPublished, connect, manifest

GUIDE = PROJECT / "docs" / "analysts.md"
SCRIPT = PROJECT / "scripts" / "open_published.sql"
NOTEBOOK = PROJECT / "notebooks" / "first_look.ipynb"
QUESTIONS = {
    int(number): sql
    for number, sql in re.findall(
        r"^### (\d+)\. .*?^```sql\n(.*?)^```",
        (PROJECT / "docs" / "questions.md").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
}
DEFAULT_FILE, DEFAULT_KEY = "data/published/analyst", "data/keys/audience-analyst.v1.key"


def blocks(language: str) -> list[str]:
    """Code of a language in the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def reader(published: Publication, monkeypatch: pytest.MonkeyPatch, secured_keys: Path) -> Publication:
    """Set the environment of an analyst: the published files and their keys."""
    monkeypatch.setenv("PUBLISH_DIR", str(published.folder))
    monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))
    return published


@pytest.fixture
def con(reader: Publication) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect("analyst") as opened:
        yield opened


def statements(text: str, reader: Publication, keys: Path) -> list[str]:
    """Statements for the places that files have by default, for those they have here."""
    here = text.replace(DEFAULT_FILE, str(reader.folder / "analyst")).replace(
        DEFAULT_KEY, str(keys / "audience-analyst.v1.key")
    )
    # Not by DuckDB, which prepares a pragma where it takes a text apart, before the statements before it have run.
    return [statement for statement in re.split(r";\n", here) if statement.strip()]


def test_there_are_twenty_questions() -> None:
    assert list(QUESTIONS) == list(range(1, 21))


@pytest.mark.parametrize("number", QUESTIONS)
def test_a_question_is_answered_from_analytics_and_marts(con: duckdb.DuckDBPyConnection, number: int) -> None:
    sql = QUESTIONS[number]
    tree = json.loads(con.execute("select json_serialize_sql(?)", [sql]).fetchall()[0][0])
    schemas = {table["schema_name"] for table in tables(tree)} - {""}
    assert schemas and schemas <= {"analytics", "marts"}
    rows = con.sql(sql).fetchall()
    assert rows
    assert rows == con.sql(sql).fetchall(), "equal rows must come in the same order, or a limit cuts at random"


def tables(tree: Any) -> Iterator[dict[str, Any]]:
    """Tables in the tree of a query; common table expressions have no schema."""
    if isinstance(tree, dict):
        if tree.get("type") == "BASE_TABLE":
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from tables(branch)


def answer(con: duckdb.DuckDBPyConnection, number: int) -> list[dict[str, Any]]:
    found = con.sql(QUESTIONS[number])
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_the_statement_of_the_last_day_is_what_positions_say(con: duckdb.DuckDBPyConnection) -> None:
    today = QUESTIONS[1].replace("(select max(day) - 90 from marts.market_days)", "date '9999-12-30'")
    assert today != QUESTIONS[1]
    columns = "symbol, quantity, cost, market_value, unrealised_gain"
    account = "select account_id from marts.positions group by 1 order by sum(market_value) desc, 1 limit 1"
    expected = con.sql(f"select {columns} from marts.positions where account_id = ({account})").fetchall()
    found = con.sql(f"select {columns} from ({today.rstrip().rstrip(';')})")
    assert sorted(found.fetchall()) == sorted(expected)


def test_the_statement_of_a_day_is_what_trades_until_then_add_up_to(
    con: duckdb.DuckDBPyConnection, published: Publication
) -> None:
    """Shares counted from what each trade did to holdings, in core, without lots."""
    account = con.sql(
        "select account_id from marts.positions group by all order by sum(market_value) desc, account_id limit 1"
    ).fetchall()[0][0]
    trade = con.sql(
        "select min(trade_id) from analytics.dim_trade join analytics.dim_account using (sk_account_id) "
        f"where account_id = {account}"
    ).fetchall()[0][0]
    last: date = con.sql("select max(day) from marts.market_days").fetchall()[0][0]
    with published.source() as source:
        expected = source.execute(
            """
            with changes as (
                select f.*, current_holding - coalesce(lag(current_holding) over (
                    partition by trade_id order by sk_date_id, sk_time_id, current_trade_id), 0) as delta
                from core.fact_holdings f where sk_date_id is not null
            )
            select symbol, sum(delta) from changes
            join core.dim_account using (sk_account_id) join core.dim_security using (sk_security_id)
            where account_id = (
                select account_id from core.dim_trade join core.dim_account using (sk_account_id) where trade_id = ?
            ) and sk_date_id <= ?
            group by all having sum(delta) <> 0
            """,
            [trade, int((last - timedelta(days=90)).strftime("%Y%m%d"))],
        ).fetchall()
    found = con.sql(
        f"select symbol, quantity from ({QUESTIONS[1].rstrip().rstrip(';')}) where quantity <> 0"
    ).fetchall()
    assert dict(found) == dict(expected)


def test_tenths_hold_all_assets(con: duckdb.DuckDBPyConnection) -> None:
    expected = con.sql("select sum(assets), count(*) from marts.client_360 where assets > 0").fetchall()[0]
    rows = answer(con, 4)
    assert (sum(r["assets"] for r in rows), sum(r["clients"] for r in rows)) == expected
    assert [r["assets"] / r["clients"] for r in rows] == sorted(
        (r["assets"] / r["clients"] for r in rows), reverse=True
    )


def test_fill_times_are_those_of_core(con: duckdb.DuckDBPyConnection, published: Publication) -> None:
    with published.source() as source:
        expected = source.execute(
            """
            select type, count(*) from core.dim_trade
            where status = 'Completed' and sk_close_date_id is not null group by all
            """
        ).fetchall()
    rows = answer(con, 13)
    assert {(r["type"], r["trades"]) for r in rows} == set(expected)
    assert all(timedelta(0) <= r["half_within"] <= r["nearly_all_within"] for r in rows)


def test_prospects_match_as_the_prospect_table_says(con: duckdb.DuckDBPyConnection) -> None:
    rows = answer(con, 19)
    expected = con.sql("select count(*), count(*) filter (is_customer) from analytics.prospect").fetchall()[0]
    assert (sum(r["prospects"] for r in rows), sum(r["clients"] or 0 for r in rows)) == expected


def test_industries_are_priced_by_what_their_companies_earn(
    con: duckdb.DuckDBPyConnection, published: Publication
) -> None:
    rows = {r["industry"]: r["pe_ratio"] for r in answer(con, 18)}
    with published.source() as source:
        expected = source.execute(
            """
            select c.industry, sum(s.shares_outstanding * f.close_price::double)
                / sum(s.shares_outstanding * f.close_price::double / f.pe_ratio)
            from core.fact_market_history f
            join core.dim_security s using (sk_security_id) join core.dim_company c on c.sk_company_id = f.sk_company_id
            where f.sk_date_id = (select max(sk_date_id) from core.fact_market_history) and f.pe_ratio > 0
            group by all
            """
        ).fetchall()
    assert rows == {industry: pytest.approx(ratio, abs=1e-3) for industry, ratio in expected}


def test_households_are_those_of_the_addresses(con: duckdb.DuckDBPyConnection) -> None:
    rows = answer(con, 8)
    count, assets = con.sql("select count(*), sum(assets) from marts.households").fetchall()[0]
    assert sum(r["households"] for r in rows) == count
    assert sum(r["households"] * r["assets_per_household"] for r in rows) == pytest.approx(float(assets), rel=1e-6)


def test_python_of_the_guide_runs(
    reader: Publication, room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(room)
    written = blocks("python")
    assert len(written) >= 3
    for code in written:
        exec(compile(code, str(GUIDE), "exec"), {})
    assert "<svg" in (room / "revenue.svg").read_text(encoding="utf-8")
    assert "segment" in capsys.readouterr().out


def test_sql_of_the_guide_runs(reader: Publication, secured_keys: Path) -> None:
    con = duckdb.connect()
    opening = SCRIPT.read_text(encoding="utf-8")
    for text in [opening, *blocks("sql")]:
        for statement in statements(text, reader, secured_keys):
            found = con.execute(statement).fetchall()
        if text != opening:
            assert found
        assert con.sql("select getvariable('published_key') is null").fetchall() == [(True,)]
    extensions = con.sql("select extension_name from duckdb_extensions() where loaded").fetchall()
    assert ("httpfs",) not in extensions, "reading should need no extension"


def test_every_mart_is_in_the_table_of_the_guide(reader: Publication) -> None:
    listed = re.findall(r"^\| (`.*?`) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for cell in listed for name in re.findall(r"`(\w+)`", cell)}
    marts = {t["table"].partition(".")[2] for t in manifest()["tables"] if t["table"].startswith("marts.")}
    assert named == marts - {"stand_in"}


def test_a_connection_writes_nothing_but_its_own(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        con.execute("create table marts.mine as select 1")
    con.execute("create table memory.main.mine as select count(*) as n from marts.client_360")
    assert con.sql("select n > 0 from memory.main.mine").fetchall() == [(True,)]


def test_who_cannot_open_it_is_told_why(reader: Publication, monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room))
    with pytest.raises(KeyProblem, match="audience-analyst"):
        connect("analyst")
    (room / "audience-analyst.v1.key").write_text("0" * 64)
    (room / "audience-analyst.v1.key").chmod(0o600)
    with pytest.raises(EncryptionProblem, match="encrypted with another one"):
        connect("analyst")
    monkeypatch.setenv("PUBLISH_DIR", str(room))
    with pytest.raises(NothingPublished, match="make publish"):
        connect("analyst")


def test_a_branch_opens_its_own_file(reader: Publication) -> None:
    with connect("branch", reader.branches[0]) as con:
        assert con.sql("select distinct branch from core.dim_broker").fetchall() == [(reader.branches[0],)]


def test_tables_are_listed(reader: Publication) -> None:
    command = [sys.executable, "-m", "scripts.published"]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert re.search(r"^marts\.client_360 +[\d,]+  One row per customer", ran.stdout, re.MULTILINE)


def test_the_notebook_runs_and_keeps_no_outputs(reader: Publication) -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code), "clear all outputs"
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    environment = os.environ | {"IPYTHONDIR": str(reader.room / "ipython")}
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    client.execute(env=environment)
    drawn = [o for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    assert sum("image/svg+xml" in output["data"] for output in drawn) == 3
