"""The quality report is one self-contained page that agrees with the warehouse."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from warehouse import PROJECT, Warehouse, copy_landing, rewrite

from scripts.report.__main__ import write_report

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and collects identifiers, links to them and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        if identifier := found.get("id"):
            self.ids.append(identifier)
        if tag == "a":
            self.anchors.append(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    return page


def test_a_page_needs_nothing_else(loaded: Warehouse, room: Path) -> None:
    out = room / "new folder" / "report.html"
    content = write_report(loaded.path, out)
    html = out.read_text(encoding="utf-8")
    page = read(html)
    assert {"#" + i for i in page.ids} >= set(page.anchors) and len(page.anchors) == 6
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert not [u for u in re.findall(r"https?://[^\"' <]+", html) if not u.startswith("http://www.w3.org/")]
    assert content["headline"] == "0 failing tests, 0 anomalies, 0 rejected rows"
    assert "every row that landed was loaded" in page.text and "brokerage.daily_market" in page.text


def test_differences_and_anomalies_are_shown(loaded: Warehouse, room: Path) -> None:
    """Names from the warehouse are text in the page, whatever they hold."""
    warehouse = loaded.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("update operations.row_counts set row_count = row_count - 7 where source_name = 'brokerage.trade'")
        con.execute(
            """
            insert into operations.anomalies
            select 3, source_name, feed, column_name, kind, series, category, value, value / 2, 0, value / 2 + 1, 9,
                '<script>alert(1)</script>'
            from operations.batch_series where batch_id = 3 and kind = 'rows' and feed = 'Trade'
            """
        )
    content = write_report(warehouse.path, room / "report.html")
    page = read((room / "report.html").read_text(encoding="utf-8"))
    assert content["headline"].startswith("0 failing tests, 1 anomaly, ")
    assert "script" not in page.tags and "<script>alert(1)</script>" in page.text
    assert "Trade:rows" in page.text
    assert [row["lost_rows"] for row in content["reconciled"]] == [7, 7, 7]


def test_what_was_not_made_is_not_called_none(loaded: Warehouse, room: Path) -> None:
    warehouse = loaded.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)) as con:
        for view in ("batches", "control_results", "reconciliation"):
            con.execute(f"drop view operations.{view}")
        for table in ("anomalies", "rejected_rows"):
            con.execute(f"drop table operations.{table}")
    content = write_report(warehouse.path, room / "report.html")
    text = read((room / "report.html").read_text(encoding="utf-8")).text
    assert content["headline"] == "0 failing tests, anomalies not known, rejected rows not known"
    assert "None: every test" in text and text.count("None: ") == 1
    assert text.count("Unknown: ") == 3
    assert "anomalies, batches, control_results, reconciliation, rejected_rows" in text


def test_a_failing_test_holds_nothing_up(loaded: Warehouse, room: Path) -> None:
    """`dbt build` makes the tables that explain a failure also when the test of a table they are made from fails."""
    landing = copy_landing(loaded.landing, room / "landing")
    ((day, next_day),) = loaded.query(
        "select max(market_date)::varchar, (max(market_date) + 1)::varchar from staging.stg_brokerage__daily_market"
    )
    rewrite(landing / "Batch3" / "DailyMarket.txt", lambda text: text.replace(day.encode(), next_day.encode()))
    warehouse = Warehouse(room / "warehouse", landing, loaded.session)
    ran = warehouse.dbt("build", "--exclude", "resource_type:unit_test")
    assert ran.code == 1 and "FAIL" in ran.output
    failed = warehouse.query("select test_name from operations.failing_rows")
    skipped = warehouse.query("select node_name from operations.run_results where status = 'skipped'")
    assert skipped == [] and ("prices_are_those_of_the_day_before_their_batch",) in failed
    assert not write_report(warehouse.path, room / "report.html")["missing"]


@pytest.mark.parametrize(("exists", "said"), [(False, "Load the warehouse first"), (True, "is not complete")])
def test_a_warehouse_that_is_not_there_is_named(room: Path, exists: bool, said: str) -> None:
    path = room / "w.duckdb"
    if exists:
        duckdb.connect(str(path)).close()
    command = [sys.executable, "-m", "scripts.report", "--out", str(room / "r.html")]
    environment = {"WAREHOUSE_PATH": str(path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert not (room / "r.html").exists()
