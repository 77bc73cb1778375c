"""The files of a scaffolded source, in the style of the project's own, from templates/."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from scripts.landing.errors import LandingError
from scripts.pages import environment
from scripts.project import PROJECT
from scripts.scaffold.names import pascal_case
from scripts.scaffold.profile import Profile


@dataclass(frozen=True)
class Proposal:
    """A proposed table of a source."""

    source: str
    table: str
    delivery: dict[str, Any]
    columns: list[Profile]
    key: list[str]
    rows: int

    @property
    def model(self) -> str:
        """The staging model's name."""
        return f"stg_{self.source}__{self.table}"

    @property
    def file(self) -> str:
        """The pattern of its landed files' names."""
        return f"{pascal_case(self.source, self.table)}_????-??-??.csv"

    @property
    def may_return(self) -> bool:
        """Whether later batches repeat rows: each state of a replaced file does; without a key, any file may."""
        return self.delivery["kind"] == "replaced" or not self.key

    def folder(self) -> Path:
        """The folder of its files."""
        return PROJECT / "models" / "staging" / self.source

    def files(self) -> dict[Path, str]:
        """Content of the files to write, by path; existing YAML is kept and added to."""
        layouts, models = (self.folder() / f"_{self.source}__{kind}.yml" for kind in ("sources", "models"))
        source = f"  - name: {_flow(self.source)}\n    description: The source system {self.source}.\n    tables:\n"
        return {
            layouts: _extended(layouts, f"version: 2\n\nsources:\n{source}", self.rendered("layout.yml")),
            models: _extended(models, "version: 2\n\nmodels:\n", self.rendered("model.yml")),
            self.folder() / f"{self.model}.sql": self.rendered("model.sql"),
        }

    def rendered(self, name: str) -> str:
        """The text of a file: `layout.yml`, `model.yml` or `model.sql`."""
        return _templates().get_template(f"{name}.j2").render(proposal=self)

    def describe(self, column: Profile) -> str:
        """Describe a column without any of its values."""
        share = f"{100 * column.filled / self.rows:.3g}"
        seems = f"{column.meaning.words}, it seems; " if column.meaning else ""
        values = f"{column.distinct:,} distinct value{'' if column.distinct == 1 else 's'}"
        known = f"{seems}{column.data_type}, filled in {share} % of rows, with {values}."
        return known[0].upper() + known[1:]

    def meta(self, column: Profile) -> dict[str, Any]:
        """A column's settings in the layout."""
        required = {"required": True} if column.filled == self.rows else {}
        is_renamed = column.header != column.name and self.delivery.get("header", True)
        header = {"header": column.header} if is_renamed else {}
        return column.protection | required | header | column.written


@cache
def _templates() -> Environment:
    """The templates, whose delimiters leave dbt's alone."""
    templates = environment(
        "scripts.scaffold",
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        keep_trailing_newline=True,
    )
    templates.filters |= {"flow": _flow, "text": _text, "quoted": _quoted}
    return templates


def _extended(path: Path, head: str, addition: str) -> str:
    """A YAML file, old or new, with an addition at its end; raises a LandingError if that is not where it belongs."""
    if not path.exists():
        return head + addition
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    text = before + addition
    try:
        then, now = yaml.safe_load(before), yaml.safe_load(text)
        is_added = then != now and _without_last(now) == then
    except yaml.YAMLError:
        is_added = False
    if not is_added:
        raise LandingError(f"{path} does not end with a list that can be added to. Add this there:\n{addition}")
    return text


def _without_last(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a YAML file without its last table or model."""
    entries = content["sources"][-1]["tables"] if "sources" in content else content["models"]
    entries.pop()
    return content


def _flow(value: object) -> str:
    """A value within braces or after a key."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    return value if re.fullmatch(r"[a-z][\w./-]*", value) and _is_plain(value) else _quoted(value)


def _text(text: str) -> str:
    """A text after a key, quoted if need be."""
    return text if not set(text) & set("(){}[]\"'`") and _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    """Whether YAML reads a text correctly without quotes."""
    try:
        return bool(yaml.safe_load(f"- {text}") == [text])
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    # Every JSON string is valid YAML once unprintable characters are escaped.
    return json.dumps(text, ensure_ascii=not text.isprintable())
