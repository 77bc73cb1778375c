"""Whether the loader reads a row, by the loader's own checks: its macros, rendered here without dbt.

What makes a row readable is written once, in macros/landing. Whoever changes a landed row asks here, so that a row that
was rejected stays rejected, and one that was loaded is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from jinja2 import Environment
from jinja2.environment import TemplateModule

from scripts.landing.definitions import Layout
from scripts.project import PROJECT

FILES = ("fields", "read_delimited", "unreadable_rows", "read_xml")
# As dbt does it: under another name, macros find each other as globals, where a result that is no text can be caught.
PREFIX = "dbt_macro__"


class _Returned(Exception):
    """What a macro gives by `return`."""


def _return(value: object) -> None:
    raise _Returned(value)


def _call(name: str, *arguments: object) -> Any:
    """What a macro gives: what it returns, or else its text."""
    try:
        return getattr(_macros(), PREFIX + name)(*arguments)
    except _Returned as returned:
        return returned.args[0]


class _Adapter:
    """What macros ask for the variant of an engine."""

    def dispatch(self, name: str) -> Callable[..., Any]:
        """DuckDB's variant of a macro."""
        return partial(_call, f"duckdb__{name}")


@cache
def _macros() -> TemplateModule:
    """The macros of all files, as one template."""
    folder = PROJECT / "macros" / "landing"
    text = "".join((folder / f"{file}.sql").read_text(encoding="utf-8") for file in FILES)
    calls = {name: partial(_call, name) for name in re.findall(r"{% macro (\w+)", text)}
    template = Environment(extensions=["jinja2.ext.do"]).from_string(text.replace("{% macro ", "{% macro " + PREFIX))
    return template.make_module({"return": _return, "adapter": _Adapter(), **calls})


def _as_node(layout: Layout) -> dict[str, Any]:
    """A layout as dbt's graph shows it to macros."""
    columns = {c.name: {"name": c.name, "data_type": c.data_type, "config": {"meta": c.meta}} for c in layout.columns}
    return {"columns": columns, "config": {"meta": layout.meta}}


@cache
def line_query(layout: Layout, with_cdc: bool) -> str:
    """A query that tells whether a line of a delimited file, its one parameter, is read."""
    node = _as_node(layout)
    fields = _call("filled_fields", node)
    sound = _all_hold(_call("delimited_checks", node, with_cdc))
    return f"select {sound} from (select {fields} as fields from (select ?::varchar as line))"


@cache
def element_query(layout: Layout) -> str:
    """A query that tells whether an XML element is read; its parameters are the values of the layout's columns."""
    values = ", ".join(f"?::varchar as {c.name}" for c in layout.columns)
    return f"select {_all_hold(_call('xml_checks', _as_node(layout)))} from (select {values})"


def _all_hold(checks: list[tuple[object, ...]]) -> str:
    return " and ".join(f"coalesce({sound}, false)" for *_, sound in checks)
