"""The floor: every raw file into one DuckDB file, by plain `create table as select`, and nothing else.

The settings of DuckDB are those of the project's profile.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Template

from scripts.landing.definitions import Layout, layout
from scripts.landing.inventory import survey
from scripts.pages import environment
from scripts.project import PROJECT
from scripts.sql import literal


def engine_settings() -> dict[str, Any]:
    """DuckDB settings of the profile's DuckDB target, with values from the environment."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))["brokerage_warehouse"]
    return {
        name: Template(value).render(env_var=os.environ.get) if isinstance(value, str) else value
        for name, value in profile["outputs"]["dev"]["config_options"].items()
    }


def script(landing: Path) -> str:
    """SQL with one table for each source, or two where later batches have other columns than the first."""
    groups: dict[tuple[str, bool], tuple[Layout, set[str]]] = {}
    for file in survey(landing).files:
        definition = layout(file.source)
        later = bool(definition.meta.get("cdc")) and file.batch_id > 1
        # Several layouts read the newswire's files; the floor reads each file once.
        name = "newswire" if definition.meta["format"] == "fixed" else file.source.replace(".", "__")
        groups.setdefault((name, later), (definition, set()))[1].add(file.path)
    templates = environment("scripts.benchmark")
    templates.filters["literal"] = literal
    return templates.get_template("floor.sql.j2").render(groups=groups)
