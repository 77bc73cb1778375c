"""Write what a reviewer wants to know of a change: `data/review/comment.md`, and the data diff's details as a page.

What changed in data and schema, which columns, exposures and owners that reaches, which tests came, went and failed,
and what the run costs, against the base that `make base` got.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console

from scripts.diff.cli import make
from scripts.diff.rendering import markdown, page
from scripts.diff.report import Report, Side
from scripts.encryption import warehouse_path
from scripts.files import write
from scripts.pages import environment
from scripts.project import PROJECT
from scripts.review.base import base, compile_all
from scripts.warehouse_file import attach_any, connect_encrypted, named_rows

FOLDER = PROJECT / "data" / "review"
SHOWN = 15
FAILED = ("error", "fail", "runtime error", "warn")
# Below this, or by less than this share, a model's time is chance.
SLOWER_SECONDS, SLOWER_SHARE = 0.5, 0.5

Manifest = dict[str, Any]
# Status, seconds and failing rows of each node.
Run = dict[str, dict[str, Any]]


def comment(report: Report, base_manifest: Manifest, head_manifest: Manifest, runs: tuple[Run, Run]) -> str:
    """The comment's text, the most important first: what failed, the diff, data tests and unit tests that came and
    went, and seconds of what both builds ran."""
    tests, tests_now = (
        {n["name"] for n in (*m["nodes"].values(), *m["unit_tests"].values()) if n["resource_type"].endswith("test")}
        for m in (base_manifest, head_manifest)
    )
    before, now = ({name: result["seconds"] or 0 for name, result in run.items()} for run in runs)
    compared = before.keys() & now.keys()
    text = (
        environment("scripts.review")
        .get_template("comment.md")
        .render(
            failed=[(name, result) for name, result in runs[1].items() if result["status"] in FAILED],
            diff=markdown(report).rstrip(),
            added=sorted(tests_now - tests),
            removed=sorted(tests - tests_now),
            compared=compared,
            seconds=sum(now[name] for name in compared),
            usual_seconds=sum(before[name] for name in compared),
            moved=_moved(base_manifest, before, now),
            shown=SHOWN,
        )
    )
    return text.strip() + "\n"


def _moved(
    base_manifest: Manifest, before: dict[str, float], now: dict[str, float]
) -> list[tuple[str, float, float | None]]:
    """Nodes that take longer or shorter than chance, the slowest change first, with what they took before; then new
    ones."""
    moved = [
        (name, seconds, before[name])
        for name, seconds in now.items()
        if name in before and abs(seconds - before[name]) > max(SLOWER_SECONDS, SLOWER_SHARE * before[name])
    ]
    known = {node["name"] for node in (*base_manifest["nodes"].values(), *base_manifest["unit_tests"].values())}
    new = [(name, now[name], None) for name in sorted(now.keys() - before.keys() - known)]
    return [*sorted(moved, key=lambda node: (node[2] - node[1], node[0])), *new]


def last_build(path: Path) -> Run:
    """What became of each node in the newest build that a warehouse has on record, and how long it took."""
    with connect_encrypted(Path(f"{path}.tmp")) as con:
        attach_any(con, path, "w")
        try:
            newest = "select max_by(run_id, started_at) from w.operations.runs where command in ('build', 'run')"
            results = "select node_name, status, seconds, failures from w.operations.run_results"
            rows = named_rows(con, f"{results} where run_id = ({newest})")
        except duckdb.CatalogException:
            return {}
    return {row["node_name"]: row for row in rows}


def review(head: Path) -> str:
    """Compare a warehouse with the base, write the comment and the page, and return the summary in a line."""
    found, target = base(), compile_all()
    sides = (Side("main", found.warehouse, found.target), Side("this change", head, target))
    report = make(*sides, (), [], Console(stderr=True))
    runs = (last_build(found.warehouse), last_build(head))
    manifests = [json.loads((f / "manifest.json").read_text(encoding="utf-8")) for f in (found.target, target)]
    write(FOLDER / "diff.html", page(report))
    write(FOLDER / "comment.md", comment(report, manifests[0], manifests[1], runs))
    return f"{report.summary}\nWritten: {os.path.relpath(FOLDER)}/comment.md and diff.html"


@click.command(help=__doc__)
def main() -> None:
    """Compare, write; exit with 1 only where the two could not be compared."""
    click.echo(review(warehouse_path()))


if __name__ == "__main__":
    main()
