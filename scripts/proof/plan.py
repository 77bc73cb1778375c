"""Follow personal data through a query as DuckDB itself understands it, column by column.

DuckDB binds the query on a database that holds the project's tables without rows. In its plan every reference is a
position, and views, stars, macros and names are resolved, so nothing here guesses what a name means. Every value gets
the columns that it depends on:

- a function, operator or aggregate depends on its arguments; a mask takes away what it hides;
- a comparison, condition or count depends on nothing that it shows. What it looks at is noted as a use without showing,
  and so is what filters, joins, groups, orders and limits rows;
- a row number depends on what it numbers by, and a window on its order.

An operator, a kind of expression or a function that is not known raises CannotFollow, so that a person looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from scripts.proof import functions
from scripts.proof.labels import NONE, CannotFollow, Implicit, Level, Ref, Refs, lower, token, union
from scripts.sql import identifier

Json = dict[str, Any]
Lookup = Callable[[str, str, str], Callable[[str], Ref] | None]
# Nothing but the project's tables is to be found.
SETTINGS = ("enable_external_access", "autoload_known_extensions", "python_enable_replacements")
# Operators that give their input's rows, or some of them, and what to call what decides which.
PASSING = {
    "FILTER": "filter", "ORDER_BY": "order by", "LIMIT": "limit", "SAMPLE": "sample", "DISTINCT": "distinct",
}  # fmt: skip
JOINS = {"COMPARISON_JOIN", "ANY_JOIN", "DELIM_JOIN", "ASOF_JOIN", "CROSS_PRODUCT", "POSITIONAL_JOIN"}
BOTH_SIDES = {"INNER", "LEFT", "RIGHT", "FULL", "SINGLE"}
LOOKS = {"COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}
# What only an optimised plan has; it would change the order of columns.
OPTIMISED = {"projection_map", "left_projection_map", "right_projection_map", "projection_ids", "delim_flipped"}
# What an expression has besides the expressions it is made of; those of a lambda are among its arguments.
NO_PARTS = {"function_data", "return_type", "value"}


@cache
def unsteady() -> frozenset[str]:
    """Functions that are not the same for the same arguments, as DuckDB says of its own, or see more than those."""
    with duckdb.connect() as con:
        rows = con.execute("select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'")
        return frozenset(name for (name,) in rows.fetchall()) | functions.SEE_MORE | functions.WORDS


def refuse(name: str, allowed: frozenset[str] = functions.SEE_NO_MORE) -> None:
    """Stop at a function that sees more than its arguments."""
    if lower(name) in unsteady() - allowed:
        raise CannotFollow(f"the function {name} sees more than its arguments")


class Database:
    """A DuckDB with the project's tables and masks, and without a row: it binds a query as the warehouse would."""

    def __init__(self, catalog: str = "memory") -> None:
        self.con = duckdb.connect(config={"threads": 1, **dict.fromkeys(SETTINGS, "false")})
        for name, mask in functions.MASKS.items():  # They are bound, never called.
            self.con.create_function(name, lambda *_: None, None, mask.type)
        self.con.create_function("pii_key_version", lambda: 1, [], "integer")
        self.catalog = catalog
        self.tables: dict[tuple[str, str, str], dict[str, str]] = {}
        self.plans: dict[str, tuple[dict[str, str], Json]] = {}
        self.con.execute(f"attach if not exists ':memory:' as {identifier(catalog)}; use {identifier(catalog)}")

    def create(self, name: tuple[str, str, str], columns: dict[str, str]) -> None:
        """Make a table of columns with their types, unless it is there as it should be.

        Raises CannotFollow where no table can have such columns.
        """
        if self.tables.get(name) == columns or not columns:
            return
        self.con.execute(f"attach if not exists ':memory:' as {identifier(name[0])}")
        self.con.execute(f"create schema if not exists {identifier(*name[:2])}")
        types = ", ".join(f"{identifier(column)} {type_}" for column, type_ in columns.items())
        try:
            self.con.execute(f"create or replace table {identifier(*name)} ({types})")
        except duckdb.Error as error:
            raise CannotFollow(f"no table can have its columns: {first_line(error)}") from None
        if name in self.tables:
            self.plans.clear()
        self.tables[name] = columns

    def bind(self, sql: str) -> tuple[dict[str, str], Json]:
        """Columns of a query with their types, and its plan."""
        if sql not in self.plans:
            self._look_at_text(sql)
            (plan,) = self._json("json_serialize_plan", sql, ", optimize := false")["plans"]
            try:
                relation = self.con.sql(sql)
            except duckdb.Error as error:
                raise CannotFollow(f"DuckDB cannot say what it means: {first_line(error)}") from None
            names = [lower(name) for name in relation.columns]
            if twice := {name for name in names if names.count(name) > 1}:
                raise CannotFollow(f"two columns are named {', '.join(sorted(twice))}")
            self.plans[sql] = dict(zip(names, map(str, relation.types), strict=True)), plan
        return self.plans[sql]

    def with_source(self, sql: str, table: tuple[str, str, str], otherwise: dict[str, str]) -> str:
        """A query whose first CTE, `source`, is read from a table instead. That has the CTE's columns; where it
        is read from files, with others."""
        parsed = self._json("json_serialize_sql", sql)
        ctes = parsed["statements"][0]["node"]["cte_map"]["map"]
        if not ctes or ctes[0]["key"] != "source":
            raise CannotFollow("its first CTE is not source")
        body = ctes[0]["value"]["query"]
        try:
            self.create(table, self.bind(self._text({**parsed, "statements": [body]}))[0])
        except CannotFollow:
            self.create(table, otherwise)
        instead = self._json("json_serialize_sql", f"select * from {identifier(*table)}")
        ctes[0]["value"]["query"] = instead["statements"][0]
        return self._text(parsed)

    def _text(self, parsed: Json) -> str:
        rows = self.con.execute("select json_deserialize_sql(?::json)", [json.dumps(parsed)]).fetchall()
        return str(rows[0][0])

    def _json(self, function: str, sql: str, options: str = "") -> Json:
        found: Json = json.loads(self.con.execute(f"select {function}(?{options})", [sql]).fetchall()[0][0])
        if found.get("error"):
            raise CannotFollow(f"DuckDB cannot say what it means: {first_line(found['error_message'])}")
        statements = found.get("plans") or found.get("statements") or []
        if len(statements) != 1:
            raise CannotFollow(f"it has {len(statements)} statements instead of one")
        return found

    def _look_at_text(self, sql: str) -> None:
        """Some functions are computed while a query is bound, and the plan holds but their value."""
        for node in walk(self._json("json_serialize_sql", sql)):
            refuse(node.get("function_name", ""))
            # Which columns and tables are meant must not hang on the day either.
            meant = [node.get("expr")] if node.get("class") == "STAR" else []
            if node.get("type") == "TABLE_FUNCTION" and node["function"].get("function_name") not in functions.SERIES:
                meant.append(node["function"])
            for inner in walk(meant):
                refuse(inner.get("function_name") or (inner.get("column_names") or [""])[-1], frozenset())


def first_line(message: object) -> str:
    """The beginning of a message, which says what is wrong."""
    return (str(message).splitlines() or [""])[0][:200]


def walk(found: object) -> Iterator[Json]:
    """All objects within JSON, the outermost first."""
    if isinstance(found, dict):
        yield found
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from walk(value)


def outermost(found: object) -> Iterator[Json]:
    """Expressions of an operator that lie within no other expression or operator."""
    if isinstance(found, dict) and "expression_class" in found:
        yield found
        return
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in items:
        if key != "children":
            yield from outermost(value)


def parts_of(expression: Json, *without: str) -> Iterator[Json]:
    """The expressions that an expression is made of."""
    return outermost([value for key, value in expression.items() if key not in (*without, *NO_PARTS)])


@dataclass(frozen=True)
class Value:
    """The columns that a value depends on; the one that it is, if it is one as it stands; whether it is a constant."""

    refs: Refs = NONE
    bare: Ref | None = None
    fixed: bool = False

    @property
    def personal(self) -> bool:
        """Whether it depends on something that is protected."""
        return any(ref.level >= Level.generalised for ref in self.refs)


Rows = list[Value]


def merged(values: Iterable[Value]) -> Value:
    """What depends on several values."""
    found = list(values)
    bare = {value.bare for value in found}
    refs = union(value.refs for value in found)
    return Value(refs, bare.pop() if len(bare) == 1 else None, all(value.fixed for value in found))


def is_literal(part: Json) -> bool:
    """Whether an expression is a value, other than null and an empty text."""
    found = [node["value"] for node in walk(part) if node.get("expression_class") == "BOUND_CONSTANT"]
    is_fixed = not any(str(node.get("expression_class")).endswith("_REF") for node in walk(part))
    return is_fixed and any(value.get("value") not in (None, "") for value in found)


def looked_at(parts: Iterable[tuple[Json, Rows]]) -> Iterator[Value]:
    """The columns within expressions."""
    for part, rows in parts:
        for node in walk(part):
            if str(node.get("expression_class")).endswith("_REF"):  # Of a lambda, or in the input of a function, any.
                yield rows[node["index"]] if node.get("index", len(rows)) < len(rows) else Value(merged(rows).refs)


def follow(plan: Json, lookup: Lookup, purposes: dict[str, set[str]]) -> tuple[Rows, Implicit]:
    """What each column of a plan depends on, and the columns it uses without showing them.

    `lookup` gives a table's columns by its catalog, schema and name; `purposes` says which have tokens of a purpose.
    Raises CannotFollow.
    """
    follower = Follower(lookup, purposes)
    try:
        return follower.rows(plan), follower.implicit
    except RecursionError:
        raise CannotFollow("it is nested too deeply") from None
    except (LookupError, TypeError, ValueError) as error:
        raise CannotFollow(f"a plan of an unknown form: {error!r}"[:200]) from None


class Follower:
    """One plan's reading; gathers uses without showing on the way."""

    def __init__(self, lookup: Lookup, purposes: dict[str, set[str]]) -> None:
        self.lookup, self.purposes = lookup, purposes
        self.implicit = Implicit()
        self.ctes: dict[int, Rows] = {}
        self.correlated: list[Rows] = []

    # Operators

    def rows(self, operator: Json) -> Rows:
        """Columns of what an operator gives, by position."""
        kind = operator["type"].removeprefix("LOGICAL_")
        children = operator.get("children", [])
        if strange := [key for key in operator if operator[key] and key in OPTIMISED]:
            raise CannotFollow(f"a {kind} with {strange[0]}")
        if kind in JOINS:
            return self.join(operator, kind)
        if kind == "MATERIALIZED_CTE":
            self.ctes[operator.get("table_index", 0)] = self.rows(children[0])
            return self.rows(children[1])
        if kind == "RECURSIVE_CTE":
            return self.recursion(operator)
        if kind == "CTE_REF":
            return self.ctes[operator.get("cte_index", 0)]
        if kind == "DELIM_GET":
            if len(self.correlated[-1]) != len(operator["chunk_types"]):
                raise CannotFollow("a subquery whose outer columns are not those of its join")
            return self.correlated[-1]
        if kind == "DUMMY_SCAN":
            return [Value()]
        if kind == "GET":
            return self.get(operator)
        sides = [self.rows(child) for child in children]
        if kind in ("UNION", "EXCEPT", "INTERSECT"):
            return self.set_operation(kind.lower(), sides)
        (rows,) = sides
        if kind in PASSING:
            self.use(PASSING[kind], operator, rows)
            return rows
        expressions = operator.get("expressions", [])
        if kind == "PROJECTION":
            return [self.value(expression, rows) for expression in expressions]
        if kind == "EXPRESSION_GET":
            lines = [[self.value(expression, rows) for expression in line] for line in expressions]
            return [merged(column) for column in zip(*lines, strict=True)]
        if kind == "WINDOW":
            return rows + [self.window(expression, rows) for expression in expressions]
        if kind == "UNNEST":
            lists = self.all_of(expressions, rows)
            self.implicit.add("unnest", lists.refs)
            return rows + [lists] * len(expressions)  # Element by element, one beside the other.
        if kind == "AGGREGATE_AND_GROUP_BY":
            groups = [self.value(group, rows, "group by") for group in operator.get("groups", [])]
            self.implicit.add("group by", merged(groups).refs)
            aggregates = [self.value(expression, rows) for expression in expressions]
            return groups + aggregates + [Value() for _ in operator.get("grouping_functions", [])]
        raise CannotFollow(f"a step of DuckDB's plan that is not known: {kind}")

    def use(self, clause: str, found: object, rows: Rows) -> None:
        """Note what all expressions of a part of an operator look at."""
        for expression in outermost(found):
            self.implicit.add(clause, self.value(expression, rows, clause).refs)

    def get(self, operator: Json) -> Rows:
        """A table of the project; or a function that makes rows of its arguments, all of which count."""
        name, columns = operator["name"], operator.get("names", [])
        given = [column.get("index", 0) for column in operator.get("column_indexes", [])]
        if name == "seq_scan":
            table = operator.get("function_data", {})
            found = self.lookup(*(lower(table[part]) for part in ("catalog", "schema", "table")))
            if found is None:
                raise CannotFollow(f"{table['schema']}.{table['table']} is neither a model nor declared")
            refs = [found(lower(column)) for column in columns]
            every = Value(frozenset(refs))  # The place where a row lies depends on all of it.
            return [Value(frozenset({refs[n]}), refs[n]) if n < len(refs) else every for n in given]
        if name not in functions.SERIES:
            raise CannotFollow(f"the table function {name}")
        rows = [value for child in operator.get("children", []) for value in self.rows(child)]
        every = Value(merged(rows).refs)
        self.implicit.add("unnest", every.refs)
        return [every] * (len(given) + len(operator.get("projected_input", [])))

    def join(self, operator: Json, kind: str) -> Rows:
        """Both sides, one beside the other; what rows are brought together by is used."""
        first, second = operator["children"]
        left = self.rows(first)
        pairs = [pair for pair in operator.get("conditions", []) if "left" in pair]
        if kind == "DELIM_JOIN":
            self.correlated.append([self.value(e, left) for e in operator["duplicate_eliminated_columns"]])
        right = self.rows(second)
        if kind == "DELIM_JOIN":
            self.correlated.pop()
        if kind == "POSITIONAL_JOIN":
            self.implicit.add("position", merged([*left, *right]).refs)
        seen = [self.compared([(pair["left"], left), (pair["right"], right)], "join") for pair in pairs]
        rest = [condition for condition in operator.get("conditions", []) if condition not in pairs]
        self.use("join", [rest, operator.get("condition"), operator.get("predicate")], left + right)
        how = operator.get("join_type", "INNER" if kind in ("CROSS_PRODUCT", "POSITIONAL_JOIN") else "")
        if how == "MARK":
            return [*left, merged(seen)]
        if how in ("SEMI", "ANTI"):
            return left
        if how not in BOTH_SIDES:
            raise CannotFollow(f"a join of the kind {how}")
        return left + right

    def set_operation(self, kind: str, sides: list[Rows]) -> Rows:
        """Union, except and intersect, whose sides DuckDB has brought into the same order."""
        columns = list(zip(*sides, strict=True))
        rows = [merged(column) for column in columns]
        if kind != "union":
            self.implicit.add(kind, merged(rows).refs)
        for column, value in zip(columns, rows, strict=True):
            if value.personal and not all(side.personal or side.fixed for side in column):
                self.implicit.add("match", value.refs)  # Groups and windows then bring the two together.
        return rows if kind != "except" else sides[0]

    def recursion(self, operator: Json) -> Rows:
        """Followed until another turn adds nothing."""
        if operator.get("payload_aggregates"):
            raise CannotFollow("a recursive CTE with aggregates by key")
        first, again = operator["children"]
        rows, before = self.rows(first), None
        while rows != before:
            before = rows
            self.ctes[operator.get("table_index", 0)] = rows
            rows = [merged(column) for column in zip(rows, self.rows(again), strict=True)]
        if not operator.get("union_all"):
            self.implicit.add("distinct", merged(rows).refs)
        return rows

    # Expressions

    def value(self, expression: Json, rows: Rows, clause: str = "condition") -> Value:
        """What a value depends on; what it only looks at is noted under the clause."""
        kind, what = expression["expression_class"], expression["type"]
        if kind == "BOUND_REF":
            return rows[expression.get("index", 0)]
        if kind == "BOUND_COLUMN_REF":
            return Value(merged(rows).refs)  # DuckDB leaves these in the input of a table function.
        if kind == "BOUND_CONSTANT":
            return Value(fixed=True)
        if kind == "BOUND_CASE":
            return self.case(expression, rows, clause)
        if kind == "BOUND_WINDOW":
            return self.window(expression, rows)
        if kind == "BOUND_COMPARISON" or what in LOOKS:
            return self.compared([(part, rows) for part in parts_of(expression)], clause)
        if kind == "BOUND_AGGREGATE":
            return self.aggregate(expression, rows)
        if kind == "BOUND_FUNCTION":
            return self.function(expression, rows, clause)
        if kind in ("BOUND_CAST", "BOUND_CONJUNCTION", "BOUND_OPERATOR", "BOUND_UNNEST"):
            return self.all_of(parts_of(expression), rows, clause)
        raise CannotFollow(f"a kind of expression that is not known: {kind}")

    def all_of(self, parts: Iterable[Json], rows: Rows, clause: str = "condition") -> Value:
        """What depends on all of several expressions."""
        values = [self.value(part, rows, clause) for part in parts]
        return Value(union(value.refs for value in values), fixed=all(value.fixed for value in values))

    def compared(self, parts: Sequence[tuple[Json, Rows]], clause: str) -> Value:
        """What a comparison looks at is used and not shown. Some reveal more than others, so they have their own names:

        - personal data beside a column that is none is a `match`: who knows the one then knows the other;
        - a person's number beside a literal says who is meant;
        - one person's number beside another is a `join`, wherever it is written.
        """
        refs = union(self.value(part, rows, clause).refs for part, rows in parts)
        seen = list(looked_at(parts))
        personal = [value.personal for value in seen]
        is_number = any(value.bare is not None and value.bare.kind == "identifier" for value in seen)
        if any(personal) and not all(personal):
            clause = "match"
        elif is_number and any(is_literal(part) for part, _ in parts):
            clause = "literal"
        elif clause == "filter" and [part["type"] for part, _ in parts] == ["BOUND_REF"] * 2:
            clause = "join" if all(ref.kind in ("identifier", "") for ref in refs) else clause
        self.implicit.add(clause, refs)
        return Value(frozenset(ref.looked_at() for ref in refs))

    def case(self, expression: Json, rows: Rows, clause: str) -> Value:
        """Results are shown; conditions only choose, which adds nothing where what they look at is shown as well."""
        checks = expression["case_checks"]
        value = self.all_of([expression["else_expr"], *(check["then_expr"] for check in checks)], rows, clause)
        outside, self.implicit = self.implicit, Implicit()
        self.use(clause, [check["when_expr"] for check in checks], rows)
        outside.tokens |= self.implicit.tokens
        outside.uses |= {use for use in self.implicit.uses if use[0] == "match" or use[1] not in value.refs}
        self.implicit = outside
        return value

    def aggregate(self, expression: Json, rows: Rows) -> Value:
        """An aggregate depends on its arguments and their order; a count says only how many there are."""
        self.use("filter", expression.get("filter"), rows)
        value = self.all_of(parts_of(expression, "filter"), rows)
        return self.counted(value) if expression["name"] in functions.COUNTS else value

    def counted(self, value: Value) -> Value:
        """How many there are of something."""
        self.implicit.add("count", value.refs)
        return Value(frozenset(ref.looked_at() for ref in value.refs))

    def window(self, expression: Json, rows: Rows) -> Value:
        """A window depends on its arguments and order; without an order, a row's number reveals where the row lies."""
        self.use("partition by", expression.get("partitions"), rows)
        self.use("filter", expression.get("filters"), rows)
        arguments = self.all_of(parts_of(expression, "partitions", "filters", "orders", "arg_orders"), rows)
        orders = self.all_of(outermost([expression.get("orders"), expression.get("arg_orders")]), rows).refs
        if expression["type"] in functions.NUMBERS and not expression.get("orders"):
            orders = merged(rows).refs
        counts = expression.get("name") in functions.COUNTS
        orders = frozenset(ref if ref.level >= Level.generalised else ref.looked_at() for ref in orders)
        return Value((self.counted(arguments) if counts else arguments).refs | orders)

    def function(self, expression: Json, rows: Rows, clause: str) -> Value:
        """A mask, a comparison, or a function that depends on its arguments alone."""
        name, arguments = expression["name"], expression.get("children", [])
        refuse(name)
        if name in functions.MASKS:
            return self.mask(name, arguments, rows)
        for inner in walk(expression.get("function_data")):  # A lambda.
            refuse(str(inner.get("name", "")))
            if inner.get("name") in functions.MASKS:
                raise CannotFollow(f"{inner['name']} of each element of a list")
        if name in functions.COMPARISONS:
            return self.compared([(argument, rows) for argument in arguments], clause)
        return self.all_of(arguments, rows, clause)

    def mask(self, name: str, arguments: list[Json], rows: Rows) -> Value:
        """What the result of a mask still depends on."""
        mask = functions.MASKS[name]
        if len(arguments) != mask.arguments:
            raise CannotFollow(f"{name} with {len(arguments)} arguments instead of {mask.arguments}")
        value = self.value(arguments[-1], rows)
        if not mask.purpose:
            return Value(frozenset(r.generalised() if r.kind in mask.kinds else r for r in value.refs))
        if arguments[0]["expression_class"] != "BOUND_CONSTANT":
            raise CannotFollow(f"{name} with a purpose that is no literal text")
        purpose, column = str(arguments[0]["value"].get("value")), value.bare
        if column is not None and column.name in self.purposes.get(purpose, ()) and column.kind in mask.kinds:
            self.implicit.tokens.add((purpose, column.name))
            return Value(frozenset({column.looked_at()}))
        return Value(value.refs | {token(purpose)})
