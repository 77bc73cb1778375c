"""Vega-Lite specifications of the charts. Colours can be told apart by colour-blind readers, and on light and dark."""

from __future__ import annotations

from typing import Any

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
FORMATS = {"money": "~s", "count": "~s", "percent": ".0%", "decimal": ",~f", "duration": "~s"}


# Months are written as in 2017-03.
MONTHS: Spec = {"labelOverlap": "greedy", "labelAngle": -45, "labelExpr": "slice(datum.label, 0, 7)"}


def _spec(mark: Spec, encoding: Spec, width: int = WIDTH, height: int | Spec = HEIGHT) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"name": "rows"},
        "mark": mark,
        "encoding": encoding,
        "config": CONFIG,
    }


def _value(field: str, kind: str, title: str | None = None) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "axis": {"format": FORMATS[kind], "tickCount": 5}}


def _time(field: str) -> Spec:
    return {"field": field, "type": "temporal", "title": None, "axis": {"tickCount": 8, "labelOverlap": True}}


def _tooltip(*fields: str) -> list[Spec]:
    return [{"field": field, "type": "nominal"} for field in fields]


def lines(date: str, kind: str, series: str = "series", value: str = "value", zero: bool = True) -> Spec:
    """Lines over time, one for each series."""
    y = _value(value, kind) | {"scale": {"zero": zero}}
    return _spec(
        {"type": "line", "point": {"size": 14}},
        {
            "x": _time(date),
            "y": y,
            "color": {"field": series, "type": "nominal"},
            "tooltip": _tooltip(date, series, value),
        },
    )


def line(date: str, value: str, kind: str, zero: bool = False) -> Spec:
    """One line over time."""
    return _spec(
        {"type": "line", "color": COLOURS[0]},
        {"x": _time(date), "y": _value(value, kind) | {"scale": {"zero": zero}}, "tooltip": _tooltip(date, value)},
    )


def columns(date: str, kind: str, series: str = "series", value: str = "value") -> Spec:
    """Columns over time, stacked by series."""
    return _spec(
        {"type": "bar"},
        {
            "x": {"field": date, "type": "ordinal", "title": None, "axis": MONTHS},
            "y": _value(value, kind),
            "color": {"field": series, "type": "nominal"},
            "tooltip": _tooltip(date, series, value),
        },
    )


def signed(date: str, value: str, kind: str) -> Spec:
    """Columns over time above and below zero, coloured by sign."""
    return _spec(
        {"type": "bar"},
        {
            "x": {"field": date, "type": "ordinal", "title": None, "axis": MONTHS},
            "y": _value(value, kind),
            "color": {"condition": {"test": f"datum.{value} < 0", "value": COLOURS[1]}, "value": COLOURS[0]},
            "tooltip": _tooltip(date, value),
        },
    )


def bars(name: str, value: str, kind: str) -> Spec:
    """Horizontal bars in the order of the rows."""
    return _spec(
        {"type": "bar", "color": COLOURS[0], "cursor": "pointer"},
        {
            "y": {"field": name, "type": "nominal", "title": None, "sort": None},
            "x": _value(value, kind),
            "tooltip": _tooltip(name, value),
        },
        height={"step": 22},
    )


def stacked_bars(name: str, kind: str, series: str = "series", value: str = "value") -> Spec:
    """Horizontal bars in the order of the rows, stacked by series."""
    return _spec(
        {"type": "bar", "cursor": "pointer"},
        {
            "y": {"field": name, "type": "nominal", "title": None, "sort": None},
            "x": _value(value, kind),
            "color": {"field": series, "type": "nominal"},
            "tooltip": _tooltip(name, series, value),
        },
        height={"step": 22},
    )


def points(x: str, y: str, x_kind: str, y_kind: str, x_title: str, y_title: str, name: str) -> Spec:
    """One point for each name."""
    return _spec(
        {"type": "point", "filled": True, "opacity": 0.6, "size": 45, "color": COLOURS[0], "cursor": "pointer"},
        {
            "x": _value(x, x_kind, x_title) | {"scale": {"zero": False}},
            "y": _value(y, y_kind, y_title) | {"scale": {"zero": False}},
            "tooltip": _tooltip(name, x, y),
        },
        height=300,
    )


def heat(x: str, y: str, value: str, kind: str) -> Spec:
    """A grid of two dimensions, darker where there is more."""
    return _spec(
        {"type": "rect"},
        {
            "x": {"field": x, "type": "nominal", "title": None, "sort": None, "axis": {"labelAngle": 0}},
            "y": {"field": y, "type": "nominal", "title": None, "sort": None},
            "color": {
                "field": value,
                "type": "quantitative",
                "scale": {"scheme": "blues"},
                "legend": {"format": FORMATS[kind]},
            },
            "tooltip": _tooltip(x, y, value),
        },
        height={"step": 26},
    )
