"""What dbt says about the project: its manifest with compiled SQL, its catalog, and its own documentation page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from scripts.problem import Problem
from scripts.project import PROJECT, target_folder

Json = dict[str, Any]
# Its page is written with scripts and styles inline.
DBT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


class SiteProblem(Problem):
    """The site cannot be made. The message says why, and what to do."""


def generate() -> Path:
    """Compile the project as for a first load, since only that SQL shows where every column comes from, then document
    it. All in one process, which reads the project once. Returns dbt's folder, with manifest and catalog."""
    parsed = _parsed()
    for command in (["compile", "--full-refresh"], ["docs", "generate", "--static", "--no-compile"]):
        done = parsed.invoke([*command, "--quiet"])
        if not done.success:
            raise SiteProblem(f"`dbt {' '.join(command)}` failed: {done.exception or 'it says why above'}")
    return target_folder()


def _parsed(*options: str) -> Any:
    """dbt, once it has read the project."""
    from dbt.cli.main import dbtRunner

    os.chdir(PROJECT)
    parsed = dbtRunner().invoke(["parse", "--quiet", *options])
    if not parsed.success:
        raise SiteProblem(f"dbt cannot read the project: {parsed.exception or 'it says why above'}")
    return dbtRunner(manifest=parsed.result)


def documentation(target: Path) -> str:
    """dbt's page, which holds all it shows: made unable to request anything, and without the paths of this machine."""
    html = (target / "static_index.html").read_text(encoding="utf-8")
    for folder, shown in ((target, "target"), (PROJECT, ".")):
        html = html.replace(json.dumps(str(folder))[1:-1], shown)
    return html.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{DBT_POLICY}">', 1)


def parse() -> Json:
    """The manifest without compiled SQL, which needs no warehouse."""
    folder = target_folder() / "lint"
    _parsed("--target", "lint", "--target-path", str(folder), "--log-path", str(folder))
    return read_json(folder / "manifest.json")


def read_json(path: Path) -> Json:
    """A file of dbt's."""
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found
