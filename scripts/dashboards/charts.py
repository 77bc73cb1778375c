"""Vega-Lite specifications of the charts. Colours are distinct for colour-blind readers, on light and dark."""

from __future__ import annotations

from typing import Any

from scripts.dashboards.pages import View

Spec = dict[str, Any]

# After Okabe and Ito, without those that are too light on white or too dark on black.
COLOURS = ["#0b84d0", "#d9762b", "#0f9d77", "#b565a7", "#8a8f2e", "#7a86c8", "#b0524d", "#5f7d8c"]
CONFIG: Spec = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "range": {"category": COLOURS},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "domain": False, "labelLimit": 180},
    "legend": {"title": None, "orient": "top", "labelFontSize": 12, "symbolType": "square"},
    "line": {"strokeWidth": 2},
    "bar": {"cornerRadiusEnd": 2},
}
WIDTH, HEIGHT = 560, 230
# A height for each row.
ROWS = {"step": 22}
FORMATS = {"money": "~s", "count": "~s", "percent": ".0%", "decimal": ",~f", "duration": "~s"}
# Months are written as in 2017-03.
MONTHS: Spec = {"labelOverlap": "greedy", "labelAngle": -45, "labelExpr": "slice(datum.label, 0, 7)"}


def _spec(mark: Spec, tooltip: list[str], height: int | Spec = HEIGHT, **encoding: Spec) -> Spec:
    """A chart; `tooltip` lists the fields that a mark shows on hover."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"name": "rows"},
        "mark": mark,
        "encoding": {**encoding, "tooltip": [{"field": field, "type": "nominal"} for field in tooltip]},
        "config": CONFIG,
    }


def _value(field: str, kind: str, title: str | None = None) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "axis": {"format": FORMATS[kind], "tickCount": 5}}


def spec(view: View, formats: dict[str, str]) -> Spec:
    """A view's chart; `formats` are those of the page's metrics."""
    name, metric = view.by[0], view.metrics[0]
    value, series = ("value", "series") if view.long else (metric, view.by[-1])
    amount = _value(value, formats[metric])
    line = amount | {"scale": {"zero": view.zero}}
    color = {"field": series, "type": "nominal"}
    day = {"field": name, "type": "temporal", "title": None, "axis": {"tickCount": 8, "labelOverlap": True}}
    month = {"field": name, "type": "ordinal", "title": None, "axis": MONTHS}
    # In the order of the rows.
    names = {"field": name, "type": "nominal", "title": None, "sort": None}
    first, second = COLOURS[:2]
    match view.chart:
        case "line":
            return _spec({"type": "line", "color": first}, [name, value], x=day, y=line)
        case "lines":
            return _spec({"type": "line", "point": {"size": 14}}, [name, series, value], x=day, y=line, color=color)
        case "columns":
            return _spec({"type": "bar"}, [name, series, value], x=month, y=amount, color=color)
        case "signed":
            sign = {"condition": {"test": f"datum.{value} < 0", "value": second}, "value": first}
            return _spec({"type": "bar"}, [name, value], x=month, y=amount, color=sign)
        case "bars":
            bar = {"type": "bar", "color": first, "cursor": "pointer"}
            return _spec(bar, [name, value], ROWS, y=names, x=amount)
        case "stacked_bars":
            bar = {"type": "bar", "cursor": "pointer"}
            return _spec(bar, [name, series, value], ROWS, y=names, x=amount, color=color)
        case "points":
            mark = {"type": "point", "filled": True, "opacity": 0.6, "size": 45, "color": first, "cursor": "pointer"}
            x, y = (
                _value(each, formats[each], title) | {"scale": {"zero": False}}
                for each, title in zip(view.metrics, view.axes, strict=False)
            )
            return _spec(mark, [name, *view.metrics[:2]], 300, x=x, y=y)
    raise ValueError(f"{view.id}: there is no chart {view.chart!r}.")
