"""Charts of the report, as SVG that stands in the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import vl_convert
import yaml
from markupsafe import Markup

CHARTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))

_numbers = count()


def chart(rows: Iterable[dict[str, Any]], name: str, label: str, **axis: str) -> Markup:
    """A chart of charts.yml that shows these rows; `label` says the same to those who cannot see it, `axis` is what its
    vertical axis is like."""
    spec = deepcopy(CHARTS[name]) | {"config": CHARTS["config"], "data": {"values": list(rows)}}
    spec["encoding"]["y"].setdefault("axis", {}).update(axis)
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, default=str), show_warnings=False)
    # Identifiers repeat from chart to chart, and must not within a page.
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>c{next(_numbers)}-", svg)
    return Markup(svg.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1))
