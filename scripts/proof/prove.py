"""Whether personal data stays where it is declared, and what could not be followed.

Each model is followed from the declared classes of what it reads to its own columns. What arrives in a column must not
be more protected than the column says. Models whose SQL does not exist before they run count by what they declare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import networkx
import yaml

from scripts.proof.allowed_jinja import strays
from scripts.proof.labels import NONE, CannotFollow, Level, Ref, Refs, union
from scripts.proof.plan import Database, follow
from scripts.proof.project import PLAIN, SHOWN, Label, Node, Project

EXCEPTIONS = Path(__file__).with_name("exceptions.yml")
READS_A_SOURCE = re.compile(r"\s*with source as \(\s*\{\{\s*read_landed\(source\('\w+', '\w+'\)\)\s*\}\}\s*\)")
# What reading adds to the columns of a source: where a row stood.
READING = ("batch_id", "cdc_flag", "cdc_dsn", "landed_file", "line_number", "byte_offset", "landed_batch_id")
VARIES = "which may send SQL, or give other SQL when it runs than when it is checked"
SETTINGS = yaml.safe_load(Path(__file__).with_name("allowed_settings.yml").read_text(encoding="utf-8"))
# Clauses that a rule without clauses accepts. What brings rows together by chance, order or a column that says nothing
# of a person must be named: it can put a number beside a person that says who it is.
ANY_CLAUSE = {"join", "filter", "condition", "group by", "partition by", "distinct", "count", "order by"}
VERSIONS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")

Columns = dict[str, Refs]


@dataclass(frozen=True, order=True)
class Finding:
    """Something that must be looked at: where it is, and what is wrong."""

    kind: str
    where: str
    message: str


@dataclass
class Proof:
    """What was found, what was accepted and why.

    `excepted_uses` has model, clause, column and reason of each column that decides rows or choices of a model without
    being shown, and may. `lineage` has, as `{model: {column: {table.column, ...}}}`, the columns of the tables it reads
    that a model's column depends on, whether they are shown, compared, counted or masked; what decides rows is not
    among them.
    """

    findings: list[Finding] = field(default_factory=list)
    excepted_uses: set[tuple[str, str, Ref, str]] = field(default_factory=set)
    trusted: set[tuple[str, str]] = field(default_factory=set)
    rules_used: set[str] = field(default_factory=set)
    columns_followed: int = 0
    lineage: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, kind: str, where: str, message: str) -> None:
        """Note a finding once."""
        finding = Finding(kind, where, message)
        if finding not in self.findings:
            self.findings.append(finding)


def exceptions(path: Path = EXCEPTIONS) -> dict[str, Any]:
    """What a person has looked at and accepted, with reasons."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


class Prover:
    """One pass over a compiled project."""

    def __init__(self, project: Project, rules: dict[str, Any], database: Database, proof: Proof) -> None:
        self.project, self.rules, self.database, self.proof = project, rules, database, proof
        self.via: dict[tuple[str, str], Ref] = {}
        self.made_of = networkx.DiGraph()
        self.released: list[tuple[Node, set[str], list[Node]]] = []
        self.purposes = {entry["purpose"]: set(entry["columns"]) for entry in rules.get("tokens") or []}
        built = (node for node in project.nodes.values() if node.resource in ("model", "seed", "snapshot"))
        self.tables = {node.place: node for node in built}
        for node in self.tables.values():
            if node.resource == "seed":
                database.create(node.place, declared(node))

    def run(self) -> None:
        """Everything: classes, hooks, dynamic SQL and flows."""
        for where, message in self.project.faults:
            self.proof.add("classification", where, message)
        for macro in self.project.overrides:
            if not self.rule("dynamic_sql", f"override {macro}"):
                self.proof.add("dynamic", macro, "a macro that takes the place of one of dbt's own")
        for stranger in self.project.strangers:
            self.proof.add("unfollowed", stranger, "a kind of node that is not looked into")
        for unique_id, hook in self.project.operations.items():
            self.hook(f"on-run hook {unique_id.rsplit('.', 1)[-1]}", hook)
        for node in self.ordered():
            if node.resource == "test":
                self.test(node)
            else:
                self.node(node)
        for node, names, tests in self.released:
            for test in tests:
                self.guarded(node, names, test)

    def ordered(self) -> Iterator[Node]:
        """Nodes after those they depend on."""
        nodes = self.project.nodes
        parents = {unique_id: [p for p in node.parents if p in nodes] for unique_id, node in nodes.items()}
        yield from (nodes[unique_id] for unique_id in TopologicalSorter(parents).static_order())

    # One node

    def node(self, node: Node) -> None:
        """A source, seed, snapshot or model."""
        if node.layer in SHOWN:
            for column, label in node.columns.items():
                if label is not None and label.level >= Level.personal:
                    self.proof.add(
                        "declared", f"{node.name}.{column}", f"{label.level.name} data is declared in {node.layer}"
                    )
        for hook in node.hooks:
            self.hook(node.name, hook)
        self.settings(node)
        if node.resource in ("source", "seed"):
            if not node.columns:
                self.proof.add("classification", node.name, "no column is described")
            return
        self.make(node)
        try:
            if node.language != "sql":
                raise CannotFollow(f"a {node.language} model")
            if node.materialized not in PLAIN:
                raise CannotFollow(f"materialised as {node.materialized}")
            self.dynamic(node)
            if reason := self.rule("opaque_models", node.name):
                self.proof.trusted.add((node.name, reason))
                return
            if any(macro.endswith(".written_by_hooks") for macro in node.macros):
                raise CannotFollow("hooks write its rows")
            columns, uses = self.query(self.text(node))
            if node.resource == "snapshot":
                self.versions(node, columns)
        except CannotFollow as error:
            self.proof.add("unfollowed", node.name, f"{node.path}: {error}")
            return
        self.compare(node, columns)
        for clause, ref in sorted(uses):
            self.use(node, clause, ref)

    def query(self, sql: str) -> tuple[Columns, set[tuple[str, Ref]]]:
        """Columns of a query with what each depends on, and what it uses without showing it."""
        types, plan = self.database.bind(sql)
        values, implicit = follow(plan, self.lookup, self.purposes)
        self.proof.rules_used |= {f"{purpose} of {column}" for purpose, column in implicit.tokens}
        if len(values) != len(types):
            raise CannotFollow(f"a plan that gives {len(values)} columns instead of {len(types)}")
        return {name: value.refs for name, value in zip(types, values, strict=True)}, implicit.uses

    def make(self, node: Node) -> None:
        """The table, for queries that read it: as its own query gives it, or else as it is described."""
        if node.materialized == "ephemeral" or node.place in self.database.tables:
            return
        try:
            types = dict(self.database.bind(self.text(node))[0])
            types |= dict.fromkeys(VERSIONS, "varchar") if node.resource == "snapshot" else {}
            self.database.create(node.place, types)
        except CannotFollow:
            self.database.create(node.place, declared(node))

    def lookup(self, catalog: str, schema: str, table: str) -> Callable[[str], Ref] | None:
        """What gives a table's columns by name."""
        node = self.tables.get((catalog, schema, table))
        return None if node is None else node.ref

    def text(self, node: Node) -> str:
        """A model's query. One of staging reads its source as a table that no other query can name: what is landed is
        read while the model runs."""
        if not node.sql:
            raise CannotFollow("there is no compiled SQL")
        if node.layer != "staging":
            return node.sql
        sources = [self.project.nodes[p] for p in node.parents if p.startswith("source.")]
        if len(sources) != 1:
            raise CannotFollow(f"a staging model that reads {len(sources)} sources")
        if not READS_A_SOURCE.match(node.raw_sql):
            raise CannotFollow("a staging model whose CTE source does more than read_landed, or is not the first")
        for column in READING:
            sources[0].columns.setdefault(column, Label(Level.internal))
        place = self.database.catalog, "landed files", sources[0].name
        self.tables[place] = sources[0]
        return self.database.with_source(node.sql, place, declared(sources[0]))

    def versions(self, node: Node, columns: Columns) -> None:
        """Columns that dbt adds to a snapshot: a hash of its key and time, and times, which may be a column's."""
        key, time = node.config.get("unique_key") or [], node.config.get("updated_at")
        names = {*([key] if isinstance(key, str) else key), *([time] if time else [])}
        if not names <= set(columns):
            raise CannotFollow("a snapshot whose key or time is no column of it")
        shown = union(columns[name] for name in names)
        for name in VERSIONS:
            columns[name] = shown if name == "dbt_scd_id" else columns[time] if time else NONE

    def compare(self, node: Node, columns: Columns) -> None:
        """What arrives against what is declared."""
        releases = self.releases(node)
        for column in node.columns:
            if column not in columns:
                self.proof.add("classification", f"{node.name}.{column}", "described, but the model does not give it")
        made_of = self.proof.lineage.setdefault(node.name, {})
        for column, refs in columns.items():
            self.proof.columns_followed += 1
            made_of.setdefault(column, set()).update(ref.name for ref in refs)
            self.made_of.add_edges_from(((node.name, column), (ref.table, ref.column)) for ref in refs)
            label = node.columns.get(column)
            if label is None:
                if column not in node.columns:
                    self.proof.add("classification", f"{node.name}.{column}", "given by the model, but not described")
                continue
            strongest = max(refs, key=lambda ref: (ref.level, ref.name), default=None)
            if strongest is None:
                continue
            self.via[node.name, column] = strongest
            allowed = label.level
            if column in releases and allowed >= Level.internal:
                allowed = max(allowed, Level.generalised)
            for ref in sorted(r for r in refs if r.level > allowed):
                trail = self.trail(node.name, column, ref)
                message = f"{node.path}: declared {label.level.name}, but {ref.level.name} data arrives: {trail}"
                self.proof.add("flow", f"{node.name}.{column}", message)
                # So that models downstream are found too.
                node.columns[column] = Label(ref.level if ref.level != Level.generalised else Level.personal, ref.kind)

    def releases(self, node: Node) -> set[str]:
        """Columns by which a model releases generalised data; only where tests for k-anonymity of error level exist."""
        names = set(node.meta.get("releases") or ())
        if not names:
            return set()
        tests = {n.name: n for n in self.project.nodes.values() if n.resource == "test"}
        for name in node.meta.get("released_under") or [""]:
            test = tests.get(name)
            if (
                test is None
                or str(test.config.get("severity", "error")).lower() != "error"
                or not any(m.endswith(".too_few_persons") for m in test.macros)
                or any(test.config.get(key) for key in ("where", "limit"))
                or test.config.get("fail_calc", "count(*)") != "count(*)"
                or test.config.get("error_if", "!= 0") != "!= 0"
                or not test.config.get("enabled", True)
            ):
                self.proof.add(
                    "release", node.name, f"no test {name or 'is named'} of error level guards what it releases"
                )
                return set()
        self.released.append((node, names, [tests[name] for name in node.meta["released_under"]]))
        return names

    def guarded(self, node: Node, names: set[str], test: Node) -> None:
        """A test guards what is released only where it looks at that, in the model or further on."""
        try:
            looked_at = {(ref.table, ref.column) for ref in union(self.query(test.sql)[0].values())}
        except CannotFollow as error:
            self.proof.add("release", node.name, f"{test.name} guards what it releases, and {error}")
            return
        further_on = (networkx.descendants(self.made_of, place) for place in looked_at if place in self.made_of)
        guarded = {column for table, column in looked_at.union(*further_on) if table == node.name}
        for column in sorted(names - guarded):
            self.proof.add("release", f"{node.name}.{column}", f"{test.name} is to guard it and does not look at it")

    def trail(self, table: str, column: str, ref: Ref) -> str:
        """The way of a value from where it came from."""
        steps = [f"{table}.{column}", ref.name]
        seen = {ref.name}
        while (before := self.via.get((ref.table, ref.column))) is not None and before.name not in seen:
            steps.append(before.name)
            seen.add(before.name)
            ref = before
        return " → ".join(reversed(steps))

    # What only a person can judge

    def rule(self, section: str, name: str) -> str:
        """The reason why something of a name is accepted; empty where it is not."""
        for number, rule in enumerate(self.rules.get(section) or []):
            if name in (rule.get("name"), rule.get("sql")) or name in rule.get("names", ()):
                self.proof.rules_used.add(f"{section}/{number}")
                return str(rule["reason"])
        return ""

    def hook(self, where: str, sql: str) -> None:
        """A hook can do anything, so each text must be known."""
        if not self.rule("hooks", sql):
            self.proof.add("hook", where, f"a hook that is not accepted: {sql[:120]}")

    def settings(self, node: Node) -> None:
        """Settings of a node that change its rows beyond its query."""
        for key, value in node.config.items():
            given = any(value.values()) if isinstance(value, dict) else value
            allowed = re.fullmatch(SETTINGS["some_values"].get(key, "$^"), str(value))
            if not given or allowed or key in SETTINGS["any_value"]:
                continue
            if not self.rule("dynamic_sql", f"{key} of {node.name}"):
                self.proof.add("dynamic", node.name, f"{node.path}: {key}, which changes what is done with its query")

    def dynamic(self, node: Node) -> None:
        """SQL that is sent while dbt compiles or runs, or that may change, by the model's text or a macro it calls."""
        templates = {f"model {node.name}": node.raw_sql}
        templates |= {macro.rsplit(".", 1)[-1]: self.project.macro_sql[macro] for macro in self.project.macros_of(node)}
        for name, text in sorted(templates.items()):
            found = strays(text, self.project.callable)
            if found and not self.rule("dynamic_sql", name):
                self.proof.add("dynamic", name.removeprefix("model "), f"uses {', '.join(found)}, {VARIES}")

    def test(self, node: Node) -> None:
        """A test whose failures are stored makes a table of whatever it selects; some schemas are made for that. The
        run history shows some columns of it all the same."""
        self.settings(node)
        if not node.config.get("store_failures") or node.config.get("store_failures_as") == "ephemeral":
            return
        kept = self.rule("stored_failures", node.name) or self.rule("stored_failures", f"schema {node.schema}")
        try:
            columns, _ = self.query(node.sql)
        except CannotFollow as error:
            self.proof.add("unfollowed", node.name, f"{node.path} stores its failures, and {error}")
            return
        for column, refs in columns.items():
            if not kept or self.is_shown(node, column):
                for ref in sorted(r for r in refs if r.level >= Level.generalised):
                    self.proof.add("flow", f"{node.name}.{column}", f"shown among the test's failing rows: {ref.name}")

    def is_shown(self, node: Node, column: str) -> bool:
        """Whether the run history shows a column of failing rows: the test says so, or all tested tables that have one.
        A generic test gives what it tests under a name of its own."""
        name = node.tested if column in ("value_field", "unique_field") else column
        tested = [self.project.nodes[parent].columns for parent in node.parents if parent in self.project.nodes]
        labels = [columns[name] for columns in tested if name in columns]
        harmless = bool(labels) and all(label is not None and label.level <= Level.internal for label in labels)
        return harmless or column in (node.meta.get("shows") or ())

    def use(self, node: Node, clause: str, ref: Ref) -> None:
        """Whether a use without showing has been accepted."""
        names = {ref.name, f"kind:{ref.kind}", f"class:{ref.level.name}"}
        for number, rule in enumerate(self.rules.get("implicit_flows") or []):
            if (
                any(fnmatchcase(m, pattern) for m in (node.name, f"layer:{node.layer}") for pattern in rule["models"])
                and clause in rule.get("clauses", ANY_CLAUSE)
                and any(fnmatchcase(name, pattern) for name in names for pattern in rule["columns"])
            ):
                self.proof.rules_used.add(f"implicit_flows/{number}")
                self.proof.excepted_uses.add((node.name, clause, ref, str(rule["reason"])))
                return
        self.proof.add("implicit", node.name, f"{clause} by {ref.level.name} data without showing it: {ref.name}")


def declared(node: Node) -> dict[str, str]:
    """A table's columns with their types, as its description has them."""
    return {column: node.types.get(column, "varchar") for column in node.columns}


def _title(rule: dict[str, Any]) -> str:
    return str(
        rule.get("name") or rule.get("sql") or rule.get("names") or f"{rule.get('models')} {rule.get('columns')}"
    )


def prove(projects: Iterable[Project], rules: dict[str, Any] | None = None) -> Proof:
    """Follow personal data through a project in each of the forms in which it was compiled."""
    rules = exceptions() if rules is None else rules
    total, database = Proof(), None
    for project in projects:
        catalogs = {node.place[0] for node in project.nodes.values() if node.resource == "model"}
        database = database or Database(catalogs.pop() if len(catalogs) == 1 else "memory")
        Prover(project, rules, database, total).run()
    for entry in rules.get("tokens") or []:
        for column in entry["columns"]:
            if f"{entry['purpose']} of {column}" not in total.rules_used:
                total.add("stale", "exceptions.yml, tokens", f"no token is made of it: {column} for {entry['purpose']}")
    for section in ("hooks", "dynamic_sql", "opaque_models", "stored_failures", "implicit_flows"):
        for number, rule in enumerate(rules.get(section) or []):
            if f"{section}/{number}" not in total.rules_used:
                total.add("stale", f"exceptions.yml, {section}", f"accepts nothing any more: {_title(rule)}")
    return total
