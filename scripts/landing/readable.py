"""What the loader makes of a row, by the loader's own macros, rendered here without dbt.

What makes a row readable, and what is left of it once persons are erased, is written once, in macros/landing. What
changes a landed row asks here, so that the file holds what the loader would have made of it.
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
# What macros would ask the warehouse or the landing area.
ANSWERS = {"has_erasures": True, "landed_batch_dates": "select batch_id, day as batch_date from given"}
# As dbt does it: under another name, macros find each other as globals, where a result that is no text can be caught.
PREFIX = "dbt_macro__"


class _Returned(Exception):
    """What a macro gives by `return`."""


def _return(value: object) -> None:
    raise _Returned(value)


def _call(name: str, *arguments: object) -> Any:
    """A macro's result: its return value, or else its text."""
    try:
        return getattr(_macros(), PREFIX + name)(*arguments)
    except _Returned as returned:
        return returned.args[0]


def _dispatch(name: str) -> Callable[..., Any]:
    """DuckDB's variant of a macro."""
    return partial(_call, f"duckdb__{name}")


@cache
def _macros() -> TemplateModule:
    """The macros of all files, as one template."""
    text = "".join((PROJECT / "macros" / file).read_text(encoding="utf-8") for file in FILES)
    calls: dict[str, Callable[..., Any]] = {n: partial(_call, n) for n in re.findall(r"{% macro (\w+)", text)}
    calls |= {name: lambda answer=answer: answer for name, answer in ANSWERS.items()}
    template = Environment(extensions=["jinja2.ext.do"]).from_string(text.replace("{% macro ", "{% macro " + PREFIX))
    return template.make_module({"return": _return, "adapter": SimpleNamespace(dispatch=_dispatch), **calls})


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


@cache
def erased_query(layout: Layout) -> tuple[str, tuple[str, ...]]:
    """A query for a row as the loader takes it once the persons whom the ledger names are erased, and its columns.

    Its parameters are the date of the batch, and the values of the layout's columns. It gives those columns alone that
    an erasure may change: the new text, null where the old one stays. The connection must see the ledger.
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
    """A parameter as the value that the loader reads."""
    if layout.meta["format"] == "xml":
        return "?::varchar"
    return f"{'?::double' if _call('is_whole_type', data_type) else '?'}::{data_type}"


def _all_hold(checks: list[tuple[object, ...]]) -> str:
    return " and ".join(f"coalesce({sound}, false)" for *_, sound in checks)
