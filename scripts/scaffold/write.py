"""The files of a scaffolded source, as the project writes them by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.landing.errors import LandingError
from scripts.project import PROJECT
from scripts.scaffold.names import pascal_case
from scripts.scaffold.profile import Profile

# What is expected of columns: how severe it is where it fails, the dimension of quality, and the reason.
Standard = tuple[str, str, str]
UNIQUE: Standard = ("error", "uniqueness", "A key that occurs twice doubles every figure that joins it.")
FILLED: Standard = ("error", "completeness", "A row without its key can't be found again, nor told from others.")
KNOWN: Standard = ("warn", "validity", "An unknown code falls out of reports that list the known ones.")


@dataclass(frozen=True)
class Proposal:
    """A table of a source, ready to be written."""

    source: str
    table: str
    came_from: str
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
        """The pattern of the names under which it lands."""
        return f"{pascal_case(self.source, self.table)}_????-??-??.csv"

    @property
    def may_return(self) -> bool:
        """Whether a later batch sends rows again. Each state of what is replaced does; without a key, any file may."""
        return self.delivery["kind"] == "replaced" or not self.key

    def folder(self) -> Path:
        """Where its files lie."""
        return PROJECT / "models" / "staging" / self.source

    def files(self) -> dict[Path, str]:
        """What is to be written, whole, by path; what stands in YAML already stays and is added to."""
        layouts, models = (self.folder() / f"_{self.source}__{kind}.yml" for kind in ("sources", "models"))
        source = f"  - name: {self.source}\n    description: The source system {self.source}.\n    tables:\n"
        return {
            layouts: _extended(layouts, f"version: 2\n\nsources:\n{source}", self.layout()),
            models: _extended(models, "version: 2\n\nmodels:\n", self.description()),
            self.folder() / f"{self.model}.sql": self.sql(),
        }

    def layout(self) -> str:
        """The table in the source's YAML."""
        meta = [f"file: {_text(self.file)}", "format: csv", "batches: any"]
        meta += [f"key: {_flow({name: name for name in self.key})}"] if self.key else []
        meta += ["may_return: true"] if self.may_return else []
        lines = [
            f"      - name: {self.table}",
            f"        description: {_text(f'{self.came_from}, as {self.source} delivers it.')}",
            "        config:",
            "          meta:",
            *(f"            {line}" for line in meta),
            "            delivery:",
            *(f"              {name}: {_value(value)}" for name, value in self.delivery.items()),
            "        columns:",
        ]
        for column in self.columns:
            required = {"required": True} if column.filled == self.rows else {}
            header = {"header": column.header} if column.header != column.name and self._has_header else {}
            lines += [
                f"          - name: {column.name}",
                f"            data_type: {_text(column.data_type)}",
                f"            description: {_text(self._known(column))}",
                f"            config: {_flow({'meta': _protection(column) | required | header | column.written})}",
            ]
        return "\n".join(lines) + "\n"

    @property
    def _has_header(self) -> bool:
        return bool(self.delivery.get("header", True))

    def _known(self, column: Profile) -> str:
        """What a column holds, without any value of it."""
        share = f"{100 * column.filled / self.rows:.3g}"
        seems = f"{column.meaning.words}, it seems; " if column.meaning else ""
        values = f"{column.distinct:,} distinct value{'' if column.distinct == 1 else 's'}"
        known = f"{seems}{column.data_type}, filled in {share} % of rows, with {values}."
        return known[0].upper() + known[1:]

    def sql(self) -> str:
        """The staging model."""
        columns = "".join(f"        {column.name},\n" for column in self.columns)
        return (
            f"with source as (\n    {{{{ read_landed(source('{self.source}', '{self.table}')) }}}}\n),\n\n"
            f"renamed as (\n    select\n{columns}\n        batch_id\n    from source\n)\n\nselect * from renamed\n"
        )

    def description(self) -> str:
        """The model in the source's YAML, with its tests."""
        grain = f"One row per row of {self.came_from}{' and batch' if self.may_return else ''}."
        lines = [f"  - name: {self.model}", f"    description: {_text(grain)}"]
        unique = [*self.key, "batch_id"] if self.may_return else self.key
        if self.key and len(unique) > 1:
            name, arguments = (
                f"{self.source}_{self.table}_is_there_once",
                f"combination_of_columns: [{', '.join(unique)}]",
            )
            lines.append("    data_tests:")
            lines += _test(4, "dbt_utils.unique_combination_of_columns", name, UNIQUE, arguments)
        lines.append("    columns:")
        for column in self.columns:
            lines += [
                f"      - name: {column.name}",
                f"        description: {_text(self._known(column))}",
                f"        config: {_flow({'meta': _protection(column)})}",
            ]
            tests = self._tests(column, unique)
            lines += ["        data_tests:", *tests] if tests else []
        lines += [
            "      - name: batch_id",
            "        description: \"{{ doc('delivered_batch_id') }}\"",
            "        config: {meta: {classification: internal}}",
        ]
        return "\n".join(lines) + "\n"

    def _tests(self, column: Profile, unique: list[str]) -> list[str]:
        prefix, tests = f"{self.source}_{self.table}", []
        if column.name in self.key:
            tests += _test(8, "not_null", f"{prefix}_has_{column.name}", FILLED)
        if [column.name] == unique:
            tests += _test(8, "unique", f"{prefix}_is_there_once", UNIQUE)
        if column.codes:
            values = f"values: [{', '.join(map(_quoted, column.codes))}]"
            tests += _test(8, "accepted_values", f"{prefix}_knows_{column.name}", KNOWN, values)
        return tests


def _test(indent: int, test: str, name: str, standard: Standard, arguments: str = "") -> list[str]:
    severity, dimension, reason = standard
    lines = [
        f"- {test}:",
        f"    name: {name}",
        *([f"    arguments: {{{arguments}}}"] if arguments else []),
        "    config:",
        f"      severity: {severity}",
        f"      meta: {{dimension: {dimension}, reason: {_quoted(reason)}}}",
    ]
    return [" " * (indent + 2) + line for line in lines]


def _protection(column: Profile) -> dict[str, Any]:
    if column.meaning is None:
        return {"classification": "internal"}
    return {"classification": column.meaning.classification, "kind": column.meaning.kind}


def _extended(path: Path, head: str, addition: str) -> str:
    """A YAML file with an addition at its end, or a new one; a LandingError where its end is no place for it."""
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
    """The content of a YAML file without its last table, or its last model."""
    entries = content["sources"][-1]["tables"] if "sources" in content else content["models"]
    entries.pop()
    return content


def _flow(mapping: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in mapping.items()) + "}"


def _value(value: object) -> str:
    """A value within braces or behind a key."""
    if isinstance(value, dict):
        return _flow(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if re.fullmatch(r"[a-z][\w./-]*", text) and _is_plain(text) else _quoted(text)


def _text(text: str) -> str:
    """A text on a line of its own."""
    return text if not set(text) & set("(){}[]\"'`") and _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    """Whether YAML reads a text without quotes as it is."""
    try:
        return bool(yaml.safe_load(f"- {text}") == [text])
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    # Every text of JSON is one of YAML, once what can't be printed is escaped.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def write(files: dict[Path, str]) -> Iterable[Path]:
    """Write files, each whole; gives their paths."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        yield path
