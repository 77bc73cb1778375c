"""The floor: every raw file into one DuckDB file, by plain `create table as select`, and nothing else.

Delimited files are typed by the project's own layouts; the newswire comes as lines, XML documents as texts. The
settings of DuckDB are those of the project's profile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Template

from scripts.encryption import quoted
from scripts.landing.definitions import Layout, layout
from scripts.landing.inventory import LandedFile, survey
from scripts.project import PROJECT


def engine_settings() -> dict[str, Any]:
    """DuckDB settings of the profile's DuckDB target, with values from the environment."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))["brokerage_warehouse"]
    return {
        name: Template(value).render(env_var=os.environ.get) if isinstance(value, str) else value
        for name, value in profile["outputs"]["dev"]["config_options"].items()
    }


def statements(landing: Path) -> list[str]:
    """One `create table` for each source, or two where later batches have other columns than the first."""
    files = survey(landing).files
    groups: dict[tuple[str, bool], list[LandedFile]] = {}
    for file in files:
        definition = layout(file.source)
        later = bool(definition.meta.get("cdc")) and file.batch_id > 1
        # Several layouts read the newswire's files; the floor reads each file once.
        name = "newswire" if definition.meta["format"] == "fixed" else file.source.replace(".", "__")
        groups.setdefault((name, later), []).append(file)
    return [
        f"create table {name + '__later' * later} as select * from {_scan(layout(found[0].source), found, later)}"
        for (name, later), found in groups.items()
    ]


def _scan(definition: Layout, files: Iterable[LandedFile], later: bool) -> str:
    paths = "[" + ", ".join(quoted(path) for path in sorted({f.path for f in files})) + "]"
    kind = definition.meta["format"]
    if kind == "xml":
        return f"read_text({paths})"
    columns = {c.name: "varchar" if kind == "audit" else c.data_type for c in definition.columns}
    if later:
        columns = {"cdc_flag": "varchar", "cdc_dsn": "bigint", **columns}
    marks = """delim = ',', quote = '"', escape = '"'"""
    if kind == "pipe":
        marks = "delim = '|', quote = '', escape = ''"
    if kind == "fixed":
        columns, marks = {"line": "varchar"}, "delim = chr(1), quote = '', escape = ''"
    listed = ", ".join(f"{quoted(name)}: {quoted(type_)}" for name, type_ in columns.items())
    header = f"header = {str(kind == 'audit').lower()}, null_padding = {str(kind == 'audit').lower()}"
    return f"read_csv({paths}, columns = {{{listed}}}, {marks}, auto_detect = false, {header}, ignore_errors = true)"
