"""Write what a reviewer wants to know of a change: `data/review/comment.md`, and the data diff's details as a page.

What changed in data and schema, which columns, exposures and owners that reaches, which tests came, went and failed,
and what the run costs, against the base that `make base` got.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
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
from scripts.project import PROJECT
from scripts.review.base import base, compile_all
from scripts.warehouse_file import attach_any, connect_encrypted, named_rows

FOLDER = PROJECT / "data" / "review"
SHOWN = 15
# Below this, or by less than this share, a model's time is chance.
SLOWER_SECONDS, SLOWER_SHARE = 0.5, 0.5

Manifest = dict[str, Any]
# Status, seconds and failing rows of each node.
Run = dict[str, dict[str, Any]]


def comment(report: Report, base_manifest: Manifest, head_manifest: Manifest, runs: tuple[Run, Run]) -> str:
    """The comment's text, the most important first."""
    tests = _tests(base_manifest, head_manifest)
    lines = [*_failed(runs[1]), markdown(report).rstrip(), "", *tests, *_cost(base_manifest, *runs)]
    return "\n".join(lines).strip() + "\n"


def _failed(run: Run) -> Iterator[str]:
    bad = {name: r for name, r in run.items() if r["status"] in ("error", "fail", "runtime error", "warn")}
    if bad:
        yield f"### {len(bad)} nodes failed or warned"
        yield from (f"- `{name}`: {r['status']}{_rows(r)}" for name, r in list(bad.items())[:SHOWN])
        yield from _more(len(bad))
        yield ""


def _rows(result: dict[str, Any]) -> str:
    return f", {result['failures']:,} rows" if result["failures"] else ""


def _tests(before: Manifest, now: Manifest) -> Iterator[str]:
    """Data tests and unit tests that came and went."""
    names = [
        {n["name"] for n in (*m["nodes"].values(), *m["unit_tests"].values()) if n["resource_type"].endswith("test")}
        for m in (before, now)
    ]
    added, removed = sorted(names[1] - names[0]), sorted(names[0] - names[1])
    if added or removed:
        yield f"### Tests: {len(added)} added, {len(removed)} removed"
        for sign, found in (("added", added), ("removed", removed)):
            yield from (f"- {sign} `{name}`" for name in found[:SHOWN])
            yield from _more(len(found))
        yield ""


def _more(count: int) -> Iterator[str]:
    if count > SHOWN:
        yield f"- and {count - SHOWN} more"


def _cost(base_manifest: Manifest, before: Run, now: Run) -> Iterator[str]:
    """Seconds of what both builds ran, and the nodes that take longer or shorter than chance, or are new."""
    both = before.keys() & now.keys()
    totals = [sum(run[name]["seconds"] or 0 for name in both) for run in (before, now)]
    if not all(totals):
        return
    yield f"### Cost: {totals[1]:.0f} s, {totals[0]:.0f} s on main, for the {len(both)} nodes that both built"
    moved = []
    for name in both:
        seconds, usual = now[name]["seconds"] or 0, before[name]["seconds"] or 0
        if abs(seconds - usual) > max(SLOWER_SECONDS, SLOWER_SHARE * usual):
            moved.append((usual - seconds, f"- `{name}`: {seconds:.1f} s, {usual:.1f} s on main"))
    known = {node["name"] for node in (*base_manifest["nodes"].values(), *base_manifest["unit_tests"].values())}
    new = [f"- `{name}`: {now[name]['seconds'] or 0:.1f} s, new" for name in sorted(now.keys() - both - known)]
    lines = [line for _, line in sorted(moved)] + new
    yield from lines[:SHOWN]
    yield from _more(len(lines))
    yield ""


def last_build(path: Path) -> Run:
    """What became of each node in the newest build that a warehouse has on record, and how long it took."""
    with connect_encrypted(Path(f"{path}.tmp")) as con:
        attach_any(con, path, "w")
        try:
            rows = named_rows(
                con,
                """
                select node_name, status, seconds, failures from w.operations.run_results
                where run_id = (
                    select max_by(run_id, started_at) from w.operations.runs where command in ('build', 'run')
                )
                """,
            )
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
