"""Write the pages: fill cubes from published files, compile charts, and put everything a page needs into it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from markupsafe import Markup

from scripts import files
from scripts.dashboards import charts
from scripts.dashboards.pages import PAGES, Cube, Metric, Page, View
from scripts.pages import data_block, environment, source_hash
from scripts.published import attach_published, connect, manifest

VEGA_LITE = "6.4"
AUDIENCES = ("analyst", "steward")
TEMPLATES = Path(__file__).parent / "templates"


def write(folder: Path, project: dict[str, Any], has_start: bool = False) -> tuple[Page, ...]:
    """Write every page to a folder; returns the pages. `project` is dbt's manifest, which says what metrics mean.

    Raises NothingPublished where there is nothing to show.
    """
    with connect(AUDIENCES[0]) as con:
        for audience in AUDIENCES[1:]:
            attach_published(con, audience)
        about = manifest(AUDIENCES[0])
        priced = con.sql("select max(day) from analyst.marts.market_days").fetchall()[0][0]
        facts = {
            "last_day": priced,
            "batch_id": about["batch_id"],
            "published_at": about["published_at"].replace("T", " ")[:16],
            "code_version": about["code_version"][:12],
        }
        defined = {m["name"]: (m["label"], m["description"]) for m in project["metrics"].values()}
        for page in PAGES:
            files.write(folder / f"{page.slug}.html", render(page, con, defined, facts, has_start))
    return PAGES


def render(
    page: Page,
    con: duckdb.DuckDBPyConnection,
    defined: dict[str, tuple[str, str]],
    facts: dict[str, Any],
    has_start: bool,
) -> str:
    """A page as HTML that needs nothing else."""
    con.execute(f"use {page.audience}")
    filled = {cube.name: fill(page, cube, con) for cube in page.cubes}
    cubes = {name: content for name, (content, _) in filled.items()}
    money = {measure for _, measures in filled.values() for measure in measures}
    metrics = {m.name: _metric(m, page, money, defined) for m in page.metrics}
    labels = {d: page.labels.get(d, d.replace("_", " ").capitalize()) for c in page.cubes for d in c.dimensions}
    formats = {m.name: m.format for m in page.metrics}
    views = [vars(view) | {"kind": view.kind, "spec": _compiled(view, formats)} for view in page.views]
    data = {"slug": page.slug, "cubes": cubes, "metrics": metrics, "views": views, "labels": labels}
    scripts = {
        "data_script": f"const page = {data_block(data)};",
        "vega_script": vega(),
        "page_script": (TEMPLATES / "dashboard.js").read_text(encoding="utf-8"),
    }
    hashes = " ".join(map(source_hash, scripts.values()))
    days = sorted(d for c in page.cubes if c.date for d in cubes[c.name]["dims"][c.date]["values"])
    filters = [{"dim": d, "label": labels[d], "options": _options(d, cubes)} for d in page.filters]
    return (
        environment("scripts.dashboards")
        .get_template("dashboard.html")
        .render(
            page=page,
            pages=PAGES,
            has_start=has_start,
            findings=[text for name in page.findings if (text := _sentence(con, page.query(f"finding_{name}")))],
            days=(days[0], days[-1]) if days else None,
            filters=filters,
            views=views,
            metrics=metrics,
            labels=labels,
            facts=facts,
            script_hashes=Markup(hashes),
            css=Markup((TEMPLATES / "dashboard.css").read_text(encoding="utf-8")),
            **{name: Markup(text) for name, text in scripts.items()},
        )
    )


def fill(page: Page, cube: Cube, con: duckdb.DuckDBPyConnection) -> tuple[dict[str, Any], set[str]]:
    """A cube's rows, as columns of codes and of whole numbers, and the names of those that are money.

    Money is counted in cents, since sums of fractions drift.
    """
    found = con.sql(page.query(cube.name))
    missing = set(cube.dimensions) - set(found.columns)
    if missing:
        raise ValueError(f"{page.slug}/{cube.name}.sql gives no {', '.join(sorted(missing))}.")
    types = dict(zip(found.columns, found.types, strict=True))
    table = found.fetchall()
    columns = {name: [row[place] for row in table] for place, name in enumerate(found.columns)}
    dims = {}
    for name in cube.dimensions:
        texts = ["–" if v is None else str(v) for v in columns[name]]
        # In the order of the query where that is all it says, else by name.
        values = list(dict.fromkeys(texts)) if len(cube.dimensions) == 1 else sorted(set(texts))
        places = {value: place for place, value in enumerate(values)}
        dims[name] = {"values": values, "codes": [places[text] for text in texts]}
    numbers = [name for name in found.columns if name not in dims]
    money = {name for name in numbers if str(types[name]).startswith("DECIMAL")}
    measures = {name: [_number(v, name in money) for v in columns[name]] for name in numbers}
    return {"size": len(table), "date": cube.date, "dims": dims, "measures": measures}, money


def _number(value: Any, is_money: bool) -> int | float:
    if value is None:
        return 0
    if is_money:
        return int(value * 100)
    return round(value, 6) if isinstance(value, float) else int(value)


def _metric(metric: Metric, page: Page, money: set[str], defined: dict[str, tuple[str, str]]) -> dict[str, Any]:
    if not metric.label and metric.name not in defined:
        raise ValueError(f"The page {page.slug} shows {metric.name}, which no metric of the semantic layer explains.")
    label, text = (metric.label, metric.text) if metric.label else defined[metric.name]
    over, *under = [100 if part in money else 1 for part in metric.parts]
    return vars(metric) | {"label": label, "text": text, "scale": over / (under[0] if under else 1)}


def _compiled(view: View, formats: dict[str, str]) -> Any:
    # What a screen reader says of a chart is its title; the table below it has the numbers.
    spec = view.chart and charts.spec(view, formats) | {"description": view.title}
    return vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE) if spec else None


def _options(dim: str, cubes: dict[str, Any]) -> list[str]:
    return sorted({value for cube in cubes.values() if dim in cube["dims"] for value in cube["dims"][dim]["values"]})


def _sentence(con: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    found = con.sql(sql).fetchone()
    return str(found[0]) if found and found[0] is not None else None


@cache
def vega() -> str:
    """Vega and its embedding, in one script."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", vl_version=VEGA_LITE)
    return f"(()=>{{{bundle}}})();".replace("</script", "<\\/script")
