"""The pages: each has a folder in queries/, where page.yml says what it shows, and SQL what it asks of published files.

A page is made of cubes of columns, metrics over them, and views that show metrics by dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class Cube:
    """Rows that the browser filters and adds up: dimensions as text, all other columns as numbers.

    Its query bears its name.
    """

    name: str
    dimensions: Sequence[str]
    date: str | None = None


@dataclass(frozen=True)
class Metric:
    """A number of a page: a sum, or a ratio of two sums, of a cube's measures.

    `name` is that of the metric in dbt's semantic layer, which says what it is called and what it means. Where the page
    needs one that the layer does not have, `label` and `text` say so.
    """

    name: str
    parts: Sequence[str]
    format: str
    # Of a point in time: dates do not add up, so only the last one counts.
    at_end: bool = False
    # One less the ratio.
    minus: bool = False
    label: str = ""
    text: str = ""


@dataclass(frozen=True)
class View:
    """A tile, or a chart with its table, or a table alone."""

    id: str
    cube: str
    metrics: Sequence[str]
    by: Sequence[str] = ()
    title: str = ""
    note: str = ""
    # How the first metric is drawn by the first dimension; the last dimension parts it into series where there are any.
    chart: str = ""
    # Whether lines are seen from zero on; what the two axes of points are called.
    zero: bool = True
    axes: Sequence[str] = ()
    # Rows as pairs of series and value, to draw several metrics in one chart.
    long: bool = False
    sort: str = ""
    top: int = 0
    # A dimension that a click on a mark, or on its name in the table, filters the page by.
    click: str = ""
    wide: bool = False

    @property
    def kind(self) -> str:
        """How the page shows it."""
        return "tile" if not self.by else "view"


@dataclass(frozen=True)
class Page:
    """A dashboard page on what is published for an audience."""

    slug: str
    title: str
    description: str
    audience: str = "analyst"
    cubes: Sequence[Cube] = ()
    metrics: Sequence[Metric] = ()
    views: Sequence[View] = ()
    # Dimensions that can be chosen at the top of the page, and what they are called.
    filters: Sequence[str] = ()
    labels: dict[str, str] = field(default_factory=dict)
    # What stands out: a query finding_<name>.sql gives one sentence, or none.
    findings: Sequence[str] = ()

    def query(self, name: str) -> str:
        """The SQL of a cube or a finding."""
        return (QUERIES / self.slug / f"{name}.sql").read_text(encoding="utf-8")


def read(slug: str) -> Page:
    """A page as its folder has it."""
    said: dict[str, Any] = yaml.safe_load((QUERIES / slug / "page.yml").read_text(encoding="utf-8"))
    parts: dict[str, Callable[..., Any]] = {"cubes": Cube, "metrics": Metric, "views": View}
    made = {part: [kind(name, **about) for name, about in said[part].items()] for part, kind in parts.items()}
    return Page(slug, **said | made)


PAGES = tuple(map(read, ("overview", "clients", "brokers", "trading", "market", "marketing", "quality", "pipeline")))
