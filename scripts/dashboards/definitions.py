"""What a dashboard is made of: cubes of columns, metrics over them, and views that show metrics by dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class Metric:
    """A number of a page: a sum, or a ratio of two sums, of a cube's measures.

    `name` is that of the metric in dbt's semantic layer, which says what it is called and what it means. Where the page
    needs one that the layer does not have, `label` and `text` say so.
    """

    name: str
    parts: tuple[str, ...]
    format: str
    # Of a point in time: dates do not add up, so only the last one counts.
    at_end: bool = False
    # One less the ratio.
    minus: bool = False
    label: str = ""
    text: str = ""


@dataclass(frozen=True)
class Cube:
    """Rows that the browser filters and adds up: dimensions as text, all other columns as numbers.

    Its query lies in queries/, named after page and cube, and reads what is published for the audience.
    """

    name: str
    audience: str
    dimensions: tuple[str, ...]
    date: str | None = None


@dataclass(frozen=True)
class View:
    """A tile, or a chart with its table, or a table alone."""

    id: str
    cube: str
    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    title: str = ""
    note: str = ""
    spec: Spec | None = None
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
    """A dashboard page."""

    slug: str
    title: str
    description: str
    cubes: tuple[Cube, ...] = ()
    metrics: tuple[Metric, ...] = ()
    views: tuple[View, ...] = ()
    # Dimensions that can be chosen at the top of the page, and what they are called.
    filters: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    # What stands out, as (audience, name): a query finding_<name>.sql gives one sentence, or none.
    findings: tuple[tuple[str, str], ...] = ()

    def query(self, name: str) -> str:
        """The SQL of a cube or a finding."""
        return (QUERIES / self.slug / f"{name}.sql").read_text(encoding="utf-8")
