"""Charts of the report, as SVG that stands in the page."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import vl_convert
from markupsafe import Markup

INK, QUIET, ACCENT, ALARM = "#1f2933", "#9aa5b1", "#2c6fbb", "#c0392b"
CONFIG: dict[str, Any] = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": INK, "gridColor": "#e4e7eb", "domain": False, "tickColor": "#cbd2d9"},
    "legend": {"labelColor": INK, "title": None, "orient": "top"},
}
STATUS_COLOURS = {"success": ACCENT, "warned": "#d9902f", "failed": ALARM}

Point = dict[str, Any]

_numbers = count()


def runs_chart(runs: list[Point]) -> Markup:
    """Seconds of each run, oldest first, coloured by how it ended."""
    values = [
        {
            "seconds": run["seconds"] or 0,
            "status": "failed" if run["status"] != "success" else "warned" if run["warned"] else "success",
        }
        for run in runs
    ]
    colours = {"domain": list(STATUS_COLOURS), "range": list(STATUS_COLOURS.values())}
    encoding = {
        "y": {"field": "seconds", "type": "quantitative", "title": "seconds"},
        "color": {"field": "status", "type": "nominal", "scale": colours},
    }
    return _by_run(runs, values, 150, {"type": "bar"}, encoding, f"Seconds of the last {len(runs)} runs")


def score_chart(scores: list[Point]) -> Markup:
    """Share of checks that passed in each run that tested, oldest first."""
    values = [{"score": float(score["score"])} for score in scores]
    y = {"field": "score", "type": "quantitative", "title": "checks passed", "scale": {"zero": False, "domainMax": 1}}
    y["axis"] = {"format": ".1%", "tickCount": 4}
    mark = {"type": "line", "point": True, "color": ACCENT}
    told = f"Share of checks that passed in the last {len(scores)} runs with tests"
    return _by_run(scores, values, 110, mark, {"y": y}, told)


def _by_run(runs: list[Point], values: list[Point], height: int, mark: Point, encoding: Point, label: str) -> Markup:
    """A chart with a value of each run."""
    data = [{"run": f"{run['started_at']:%m-%d %H:%M:%S}", **value} for run, value in zip(runs, values, strict=True)]
    x = {"field": "run", "type": "ordinal", "sort": None, "title": None, "axis": {"labelOverlap": True}}
    spec = {"width": 640, "height": height, "data": {"values": data}, "mark": mark, "encoding": {"x": x, **encoding}}
    return _svg(spec, label)


def series_chart(points: list[Point], anomaly: Point) -> Markup:
    """A series: its values, what was expected of each, and the batch that is odd with the range it should lie in."""
    odd = anomaly["batch_id"]
    found = [
        {"batch": p["batch_id"], "value": p["value"], "expected": p["expected"], "odd": p["batch_id"] == odd}
        for p in points
    ]
    band = {"lower": anomaly["lower"], "upper": anomaly["upper"], "batch": odd}
    x = {"field": "batch", "type": "quantitative", "title": "batch", "scale": {"zero": False, "nice": False}}
    x["axis"] = {"tickMinStep": 1, "tickCount": 6, "format": "d", "grid": False}
    highest = max((abs(point["value"]) for point in points), default=0)
    number = ".0%" if anomaly["kind"].endswith("share") else "~s" if highest >= 10 else ".2~f"
    y = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 4, "format": number}}
    spec = {
        "width": 340,
        "height": 110,
        "data": {"values": found},
        "layer": [
            {
                "data": {"values": [band]},
                "mark": {"type": "rule", "strokeWidth": 9, "color": "#cde0f3"},
                "encoding": {"x": x, "y": y | {"field": "lower"}, "y2": {"field": "upper"}},
            },
            {
                "mark": {"type": "line", "color": QUIET, "strokeDash": [3, 3]},
                "encoding": {"x": x, "y": y | {"field": "expected"}},
            },
            {
                "mark": {"type": "line", "color": ACCENT, "point": {"size": 12, "color": ACCENT}},
                "encoding": {"x": x, "y": y | {"field": "value"}},
            },
            {
                "transform": [{"filter": "datum.odd"}],
                "mark": {"type": "point", "filled": True, "size": 70, "color": ALARM, "opacity": 1},
                "encoding": {"x": x, "y": y | {"field": "value"}},
            },
        ],
    }
    return _svg(spec, f"{anomaly['series']} by batch; batch {odd} is odd")


def _svg(spec: Point, label: str) -> Markup:
    svg = vl_convert.vegalite_to_svg({"config": CONFIG, **spec}, show_warnings=False)
    # Identifiers repeat from chart to chart, and must not within a page.
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>c{next(_numbers)}-", svg)
    return Markup(svg.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1))
