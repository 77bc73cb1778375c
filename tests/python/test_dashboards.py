"""Dashboards open from disk in a browser, make no requests, filter, and show the warehouse's numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from publication import Publication

from scripts.dashboards import Page, rendering
from scripts.dashboards.pages import PAGES
from scripts.pages import data_block
from scripts.published import NothingPublished, connect

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")
SLUGS = [page.slug for page in PAGES]


@pytest.fixture(scope="module")
def folder(published: Publication, secured_keys: Path, session: Path) -> Path:
    """The pages, made of what is published."""
    out = session / "dashboards"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PUBLISH_DIR", str(published.folder))
        monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))
        rendering.write(out, published.manifest)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("There is no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )


def opened(browser: Any, folder: Path, slug: str, hash: str = "", width: int = 1300) -> tuple[Any, list[str]]:
    """A page once it shows its data, and what went wrong or was asked for on the way."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(f"{(folder / f'{slug}.html').as_uri()}{hash}")
    page.wait_for_selector("body[data-ready=yes]", timeout=30_000)
    return page, troubles


@pytest.mark.parametrize("page", PAGES, ids=SLUGS)
def test_a_page_opens_from_disk_and_shows_something(folder: Path, browser: Any, page: Page) -> None:
    """No error, no request, no chart without marks, and nothing wider than a phone."""
    shown, troubles = opened(browser, folder, page.slug)
    assert troubles == []
    charts = [view for view in page.views if view.chart]
    assert shown.locator(".chart svg").count() == len(charts)
    empty = [v.id for v in charts if not shown.locator(f"#{v.id} tbody tr").count()]
    # A sound landing area has no rejects; those have no chart.
    assert empty == []
    assert all(text.strip() not in ("", "–") for text in shown.locator(".tile .value").all_inner_texts())
    shown.set_viewport_size({"width": 390, "height": 800})
    # Charts follow the screen a moment later.
    for _ in range(50):
        if shown.evaluate("document.documentElement.scrollWidth") <= 390:
            break
        shown.wait_for_timeout(100)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    shown.close()
    assert (folder / f"{page.slug}.html").stat().st_size < 3_000_000


def test_a_filter_works_across_the_page_and_stands_in_the_address(folder: Path, browser: Any) -> None:
    """A chosen value changes every number it applies to, and the address brings it back."""
    page, troubles = opened(browser, folder, "trading")
    everything = page.inner_text("#completed .value")
    page.select_option("select[data-dim=type]", "Limit Buy")
    page.wait_for_selector("body[data-ready=yes]")
    limited = page.inner_text("#completed .value")
    assert number(limited) < number(everything)
    assert "type=Limit+Buy" in page.url
    again, _ = opened(browser, folder, "trading", "#type=Limit+Buy")
    assert again.inner_text("#completed .value") == limited
    page.click("#reset")
    page.wait_for_selector("body[data-ready=yes]")
    assert page.inner_text("#completed .value") == everything
    assert troubles == []


def test_a_table_sorts_drills_and_downloads(folder: Path, browser: Any) -> None:
    """From the league table to one broker, and to a file that holds every row."""
    page, _ = opened(browser, folder, "brokers")
    revenue = page.locator("#league th[data-column=revenue] button")
    revenue.click()
    revenue.click()
    assert page.locator("#league th[data-column=revenue]").get_attribute("aria-sort") == "ascending"
    with page.expect_download() as download:
        page.click("#league .csv")
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("broker,branch,revenue")
    assert len(lines) > page.locator("#league tbody tr").count()
    first = page.locator("#league tbody tr").first.locator("td button")
    name = first.inner_text()
    first.click()
    page.wait_for_selector("body[data-ready=yes]")
    assert page.input_value("select[data-dim=broker]") == name


def test_numbers_are_those_of_the_warehouse(
    folder: Path, browser: Any, published: Publication, secured_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assets, trades and clients, straight from the facts."""
    monkeypatch.setenv("PUBLISH_DIR", str(published.folder))
    monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))
    with connect("analyst") as con:
        trades = one(con, "select count(*) from analytics.dim_trade where status = 'Completed'")
        clients = one(con, "select count(distinct customer_id) from analytics.dim_customer")
        assets = one(
            con,
            """
            with holdings as (
                select trade_id, symbol,
                    max_by(current_holding, (h.sk_date_id, h.sk_time_id, current_trade_id)) as quantity
                from analytics.fact_holdings as h join analytics.dim_security using (sk_security_id) group by all
            ),
            prices as (
                select symbol, max_by(close_price, p.sk_date_id) as close_price
                from analytics.fact_market_history as p join analytics.dim_security using (sk_security_id) group by all
            ),
            cash as (
                select account_id, max_by(cash, b.sk_date_id) as cash
                from analytics.fact_cash_balances as b join analytics.dim_account using (sk_account_id) group by all
            ),
            securities as (select sum(quantity * close_price) as held from holdings join prices using (symbol))
            select securities.held + (select sum(cash) from cash) from securities
            """,
        )
    overview, _ = opened(browser, folder, "overview")
    trading, _ = opened(browser, folder, "trading")
    people, _ = opened(browser, folder, "clients")
    assert number(trading.inner_text("#completed .value")) == trades
    assert number(people.inner_text("#clients .value")) == clients
    assert number(overview.inner_text("#assets .value")) == pytest.approx(float(assets), rel=1e-3)
    assert overview.inner_text("#assets .value") == people.inner_text("#assets .value")


def test_every_number_says_what_it_means(published: Publication) -> None:
    """A metric has a text, from the semantic layer unless the page gives one, and a view's metrics are the page's."""
    defined = {metric["name"] for metric in published.manifest["metrics"].values()}
    for page in PAGES:
        names = {metric.name for metric in page.metrics}
        for metric in page.metrics:
            assert metric.text or metric.name in defined, f"{page.slug}: {metric.name}"
            assert not (metric.label and metric.name in defined), f"{page.slug}: {metric.name} is defined twice"
        for view in page.views:
            assert set(view.metrics) <= names, f"{page.slug}: {view.id}"


def test_nothing_published_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message with the command to run, not a traceback."""
    monkeypatch.setenv("PUBLISH_DIR", str(tmp_path))
    with pytest.raises(NothingPublished, match="make publish"):
        rendering.write(tmp_path / "out", {"metrics": {}})


def one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The only value of a query."""
    return con.sql(sql).fetchall()[0][0]


def number(text: str) -> float:
    """A number as a page shows it."""
    factor = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1], 1.0)
    return float(text.rstrip("KMBT").replace(",", "")) * factor


def test_data_cannot_end_the_script() -> None:
    """A company may be called anything."""
    text = data_block({"name": "</script><b>\u2028"})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><b>\u2028"}
