"""How the loader reads a row, by the loader's own macros, rendered without dbt.

macros/landing defines once which rows are readable, and what is left of a row after an erasure. Code that rewrites
landed rows renders those macros here, so that the file holds what the loader would have made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment
from jinja2.environment import TemplateModule

from scripts.landing.definitions import Layout
from scripts.project import PROJECT

FILES = (
    *("landing/fields.sql", "landing/read_delimited.sql", "landing/unreadable_rows.sql", "landing/read_xml.sql"),
    *("landing/erased.sql", "keys/keys.sql"),
)
# Answers that the macros would get from the warehouse or the landing area.
ANSWERS = {"has_erasures": True, "landed_batch_dates": "select batch_id, day as batch_date from given"}
# Like dbt, rename macros, so that they call each other through globals, which may return more than text.
PREFIX = "dbt_macro__"


class _Returned(Exception):
    """Carries the value of a macro's `return`."""


def _return(value: object) -> None:
    raise _Returned(value)


def _call(name: str, *arguments: object) -> Any:
    """Call a macro; its return value, or else its text."""
    try:
        return getattr(_macros(), PREFIX + name)(*arguments)
    except _Returned as returned:
        return returned.args[0]


def _dispatch(name: str) -> Callable[..., Any]:
    """DuckDB's variant of a macro."""
    return partial(_call, f"duckdb__{name}")


@cache
def _macros() -> TemplateModule:
    """The macros of all FILES, as one template."""
    text = "".join((PROJECT / "macros" / file).read_text(encoding="utf-8") for file in FILES)
    calls: dict[str, Callable[..., Any]] = {n: partial(_call, n) for n in re.findall(r"{% macro (\w+)", text)}
    calls |= {name: lambda answer=answer: answer for name, answer in ANSWERS.items()}
    template = Environment(extensions=["jinja2.ext.do"]).from_string(text.replace("{% macro ", "{% macro " + PREFIX))
    return template.make_module({"return": _return, "adapter": SimpleNamespace(dispatch=_dispatch), **calls})


def _as_node(layout: Layout) -> dict[str, Any]:
    """A layout as a node of dbt's graph."""
    columns = {c.name: {"name": c.name, "data_type": c.data_type, "config": {"meta": c.meta}} for c in layout.columns}
    return {"columns": columns, "config": {"meta": layout.meta}}


@cache
def line_query(layout: Layout, with_cdc: bool) -> str:
    """A query for whether a line of a delimited file, its only parameter, is readable."""
    node = _as_node(layout)
    fields = _call("filled_fields", node)
    sound = _all_hold(_call("delimited_checks", node, with_cdc))
    return f"select {sound} from (select {fields} as fields from (select ?::varchar as line))"


@cache
def element_query(layout: Layout) -> str:
    """A query for whether an XML element is readable; its parameters are the values of the layout's columns."""
    values = ", ".join(f"?::varchar as {c.name}" for c in layout.columns)
    return f"select {_all_hold(_call('xml_checks', _as_node(layout)))} from (select {values})"


@cache
def erased_query(layout: Layout) -> tuple[str, tuple[str, ...]]:
    """A query for a row after the erasures of the ledger, and the query's columns.

    Its parameters are the batch's date and the values of the layout's columns. It returns only columns that an erasure
    may change: the new text, or null to keep the old one. The connection must have the ledger registered.
    """
    node = _as_node(layout)
    columns = node["columns"].values()
    changed = tuple(c["name"] for c in columns if c["config"]["meta"].get("subject") or _call("is_erasable", c))
    given = ", ".join(f"{_read_as(c['data_type'], layout)} as {c['name']}" for c in columns)
    texts = (f"case when new.{c} is distinct from old.{c} then coalesce(new.{c}::varchar, '') end" for c in changed)
    query = f"""
        with given as (select 1 as batch_id, ?::date as day), old as (select batch_id, {given} from given)
        select {", ".join(texts)} from old cross join ({_call("without_erased", node, "select * from old")}) as new
    """
    return query, changed


def _read_as(data_type: str, layout: Layout) -> str:
    """A parameter, cast as the loader casts it."""
    if layout.meta["format"] == "xml":
        return "?::varchar"
    return f"{'?::double' if _call('is_whole_type', data_type) else '?'}::{data_type}"


def _all_hold(checks: list[tuple[object, ...]]) -> str:
    return " and ".join(f"coalesce({sound}, false)" for *_, sound in checks)
