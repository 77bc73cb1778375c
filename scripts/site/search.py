"""What the start page's search looks through: models, columns, metrics, dashboards and guides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scripts.dashboards import Page
from scripts.site.guides import Guide
from scripts.site.project import Project

# What is found, what it says of itself, where it is.
Entry = tuple[str, str, str, str]
LONGEST = 160


def entries(project: Project, guides: Iterable[Guide], dashboards: Iterable[Page]) -> list[Entry]:
    """Everything there is, as kind, name, description and link."""
    found = [
        *((("dashboard"), page.title, page.description, f"dashboards/{page.slug}.html") for page in dashboards),
        *(("metric", metric.label, metric.description, metric.url) for metric in project.metrics),
        *(("semantic model", model.name, model.description, model.url) for model in project.semantic_models),
        *(("exposure", exposure.label, exposure.description, exposure.url) for exposure in project.exposures),
        *_tables(project),
        *_guides(guides),
    ]
    return [(kind, name, " ".join(text.split())[:LONGEST], link) for kind, name, text, link in found]


def _tables(project: Project) -> Iterator[Entry]:
    kinds = {"sources": "source", "reference": "seed", "snapshots": "snapshot"}
    for table in project.tables.values():
        yield kinds.get(table.layer, "model"), table.name, table.description, table.url
    for table in project.tables.values():
        for column in table.columns.values():
            yield "column", f"{table.name}.{column.name}", column.description, f"{table.url}.{column.name}"


def _guides(guides: Iterable[Guide]) -> Iterator[Entry]:
    for guide in guides:
        yield "guide", guide.title, guide.summary, guide.url
        for heading in guide.headings:
            if heading.level > 1:
                yield "guide", heading.text, guide.title, f"{guide.url}#{heading.anchor}"
