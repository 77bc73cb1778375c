"""Follow personal data through a query, column by column.

Every expression gets the set of columns its value depends on. What is not known to be harmless raises CannotFollow, so
that a new construct is looked at by a person before it is trusted:

- typed functions depend on their arguments alone; others must be listed in `functions.py`, masks among them;
- a row as a whole (`select t`, `to_json(t)`) depends on all its columns;
- `union by name`, `lateral`, `using`, star with exclude, replace and rename are followed as DuckDB reads them;
- pivots, `columns()`, recursive CTEs, table functions, files, parameters and statements other than one query are not.

Where a name could mean two things, both count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from scripts.privacy import functions
from scripts.privacy.labels import NONE, CannotFollow, Implicit, Refs, union

Columns = dict[str, Refs]
Lookup = Callable[[str, str], Columns | None]

HARMLESS = (
    exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.Var, exp.Interval, exp.CurrentDate, exp.CurrentTimestamp,
)  # fmt: skip
STRUCTURE = (
    exp.Binary, exp.Unary, exp.Cast, exp.TryCast, exp.Bracket, exp.Array, exp.Tuple, exp.Alias, exp.Ordered,
    exp.Order, exp.Distinct, exp.Slice, exp.Struct, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls,
    exp.AtTimeZone, exp.Kwarg, exp.Limit, exp.Having, exp.Where,
)  # fmt: skip
PREDICATES = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.RegexpLike, exp.SimilarTo, exp.StartsWith, exp.EndsWith, exp.Exists,
    exp.Contains,
)  # fmt: skip
COUNTS = (
    exp.Count, exp.CountIf, exp.ApproxDistinct, exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist,
    exp.Ntile,
)  # fmt: skip
PASSED = {"_type", "comments"}
SELECT = {
    "with_", "kind", "expressions", "hint", "distinct", "into", "from_", "limit", "offset", "joins", "laterals",
    "where", "group", "having", "qualify", "windows", "order", "sample", "operation_modifiers",
}  # fmt: skip
NEVER = {"into", "kind", "hint", "operation_modifiers"}
JOIN = {"this", "on", "using", "kind", "side", "method"}
JOIN_KINDS = {"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"}
TABLE = {"this", "db", "catalog", "alias", "sample"}


@dataclass
class Scope:
    """What names mean at one place of a query."""

    ctes: dict[str, Columns]
    parent: Scope | None = None
    sources: dict[str, Columns] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    aliases: Columns = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()


def follow(
    sql: str, lookup: Lookup, replaced: dict[str, Columns] | None = None, catalogs: frozenset[str] | None = None
) -> tuple[Columns, Implicit]:
    """Columns of a query with what each depends on, and what decides rows and choices without being shown.

    `lookup` gives a table's columns by schema and name, or None. `replaced` gives columns for CTEs whose own SQL is not
    to be read. Tables of a catalog that is not among `catalogs`, where these are given, are not known.
    """
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise CannotFollow(f"it cannot be parsed: {str(error).splitlines()[0][:200]}") from None
    found = [statement for statement in statements if statement is not None]
    if len(found) != 1:
        raise CannotFollow(f"it has {len(found)} statements instead of one")
    follower = Follower(lookup, replaced or {}, catalogs)
    return follower.query(found[0], Scope({})), follower.implicit


def _name(node: object) -> str:
    return str(getattr(node, "name", node) or "").lower()


def _refuse(node: exp.Expr, what: str) -> CannotFollow:
    text = node.sql(dialect="duckdb")
    return CannotFollow(f"{what}: {text[:120]}{'…' if len(text) > 120 else ''}")


def _only(node: exp.Expr, known: set[str]) -> None:
    strange = {key for key, value in node.args.items() if value and key not in known | PASSED}
    if strange:
        raise _refuse(node, f"{type(node).__name__.lower()} with {', '.join(sorted(strange))}")


class Follower:
    """One query's reading; gathers implicit uses on the way."""

    def __init__(self, lookup: Lookup, replaced: dict[str, Columns], catalogs: frozenset[str] | None) -> None:
        self.lookup, self.replaced, self.catalogs = lookup, replaced, catalogs
        self.implicit = Implicit()

    # Queries

    def query(self, node: exp.Expr, outer: Scope) -> Columns:
        """Columns of a query of any form."""
        if isinstance(node, exp.Subquery):
            _only(node, {"this", "alias", "with_", "sample", "order", "limit", "offset"})
            outer = self.with_ctes(node, outer)
            columns = self.query(node.this, outer)
            self.modifiers(node, Scope(outer.ctes, outer, {"": columns}))
            return columns
        if isinstance(node, exp.SetOperation):
            return self.set_operation(node, outer)
        if isinstance(node, exp.Values):
            return self.values(node, outer)
        if isinstance(node, exp.Select):
            return self.select(node, outer)
        raise _refuse(node, f"a {type(node).__name__.lower()} instead of a query")

    def with_ctes(self, node: exp.Expr, outer: Scope) -> Scope:
        """A scope that knows the CTEs of a query."""
        scope = Scope(dict(outer.ctes), outer.parent, outer.sources, outer.hidden, outer.merged, outer.aliases)
        scope.parameters = outer.parameters
        clause = node.args.get("with_")
        if clause is None:
            return scope
        if clause.args.get("recursive"):
            raise _refuse(clause, "a recursive CTE")
        for cte in clause.expressions:
            _only(cte, {"this", "alias", "materialized"})
            name = cte.alias.lower()
            if name in self.replaced:
                columns = self.replaced[name]
            else:
                columns = self.query(cte.this, Scope(dict(scope.ctes), scope.parent))
            scope.ctes[name] = _renamed(columns, cte.args["alias"])
        return scope

    def set_operation(self, node: exp.SetOperation, outer: Scope) -> Columns:
        """Union, except and intersect, by position or by name."""
        _only(node, {"this", "expression", "distinct", "by_name", "with_", "order", "limit", "offset"})
        outer = self.with_ctes(node, outer)
        left, right = (self.query(side, outer) for side in (node.this, node.expression))
        if node.args.get("by_name"):
            columns = {n: left.get(n, NONE) | right.get(n, NONE) for n in [*left, *(n for n in right if n not in left)]}
        elif len(left) != len(right):
            raise _refuse(node, f"sides with {len(left)} and {len(right)} columns")
        else:
            columns = {name: refs | other for (name, refs), other in zip(left.items(), right.values(), strict=True)}
        self.modifiers(node, Scope(outer.ctes, outer, {"": columns}))
        return columns

    def values(self, node: exp.Values, outer: Scope) -> Columns:
        """Literal rows, which may refer to what stands around them."""
        _only(node, {"expressions", "alias"})
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        if len({len(row) for row in rows}) != 1:
            raise _refuse(node, "rows of different length")
        return {f"col{n}": union(self.value(row[n], outer) for row in rows) for n in range(len(rows[0]))}

    def select(self, node: exp.Select, outer: Scope) -> Columns:
        """A plain query block."""
        _only(node, SELECT - NEVER)
        outer = self.with_ctes(node, outer)
        parent = outer if outer.sources or outer.parent or outer.parameters else None
        scope = Scope(outer.ctes, parent, parameters=outer.parameters)
        if source := node.args.get("from_"):
            _only(source, {"this"})
            self.add_source(source.this, scope)
        for join in node.args.get("joins") or []:
            self.join(join, scope)
        for lateral in node.args.get("laterals") or []:
            self.add_source(lateral, scope)
        for window in node.args.get("windows") or []:
            scope.windows[_name(window.this)] = window
        columns: Columns = {}
        for projection in node.expressions:
            self.project(projection, scope, columns)
        for window in scope.windows.values():
            self.window(window, scope)
        if node.args.get("distinct"):
            distinct = node.args["distinct"]
            if on := distinct.args.get("on"):
                self.implicit.add("distinct on", self.value(on, scope))
        for key, clause in (("where", "filter"), ("having", "having"), ("qualify", "qualify")):
            if condition := node.args.get(key):
                self.implicit.add(clause, self.condition(condition.this, scope))
        if group := node.args.get("group"):
            self.group(group, scope, columns)
        self.modifiers(node, scope)
        return columns

    def group(self, group: exp.Group, scope: Scope, columns: Columns) -> None:
        """What rows are grouped by decides how many there are."""
        _only(group, {"expressions", "all", "grouping_sets", "rollup", "cube"})
        keys = list(group.expressions)
        for key in ("grouping_sets", "rollup", "cube"):
            for part in group.args.get(key) or []:
                keys += part.expressions
        for expression in keys:
            if isinstance(expression, exp.Literal):
                continue  # A position; the column itself is shown.
            self.implicit.add("group by", self.value(expression, scope))

    def modifiers(self, node: exp.Expr, scope: Scope) -> None:
        """Order, limit and offset; an order alone shows no more than the rows do."""
        for key in ("limit", "offset"):
            if clause := node.args.get(key):
                self.implicit.add(key, self.value(clause.expression, scope))
        if order := node.args.get("order"):
            for ordered in order.expressions:
                if isinstance(ordered.this, exp.Literal | exp.Var):
                    continue
                refs = self.value(ordered.this, scope)
                self.implicit.add("order by", refs)

    # Sources

    def join(self, join: exp.Join, scope: Scope) -> None:
        """A join adds a source; its condition decides rows."""
        _only(join, JOIN)
        kind, method = (str(join.args.get(key) or "").upper() for key in ("kind", "method"))
        if kind not in JOIN_KINDS or method not in {"", "POSITIONAL", "ASOF"}:
            raise _refuse(join, f"a {method or kind} join".lower())
        alias = self.add_source(join.this, scope)
        using = [_name(column) for column in join.args.get("using") or []]
        for column in using:
            self.implicit.add("join", self.column(column, scope))
        scope.merged.update(using)
        if on := join.args.get("on"):
            self.implicit.add("join", self.condition(on, scope))
        if kind in {"SEMI", "ANTI"}:
            scope.hidden.add(alias)

    def add_source(self, node: exp.Expr, scope: Scope) -> str:
        """Make a table, subquery or list in `from` known under its name; returns the name."""
        inner = Scope(scope.ctes, scope, parameters=scope.parameters)
        if isinstance(node, exp.Lateral):
            _only(node, {"this", "alias", "view", "outer"})
            if not isinstance(node.this, exp.Subquery):
                raise _refuse(node, "lateral with something else than a query")
            columns = self.query(node.this, inner)
        elif isinstance(node, exp.Unnest):
            _only(node, {"expressions", "alias"})
            refs = self.value(exp.Tuple(expressions=node.expressions), inner)
            self.implicit.add("unnest", refs)
            columns = {f"col{n}": refs for n in range(len(node.expressions))}
            columns = columns if (node.args.get("alias") or exp.TableAlias()).args.get("columns") else {"unnest": refs}
        elif isinstance(node, exp.Table):
            columns = self.table(node, inner)
        elif isinstance(node, exp.Subquery | exp.Values):
            columns = self.query(node, inner)
        else:
            raise _refuse(node, f"a {type(node).__name__.lower()} as a source")
        name = (node.alias_or_name or f"?{len(scope.sources)}").lower()
        if name in scope.sources:
            raise _refuse(node, f"two sources named {name}")
        scope.sources[name] = _renamed(columns, node.args.get("alias"))
        return name

    def table(self, node: exp.Table, scope: Scope) -> Columns:
        """A table of the warehouse or a CTE; joins may hang on it in brackets."""
        joins = node.args.get("joins") or []
        if joins:
            raise _refuse(node, "a join in brackets")
        if isinstance(node.this, exp.GenerateSeries):
            refs = union(self.value(part, scope) for part in node.this.args.values() if isinstance(part, exp.Expr))
            self.implicit.add("generate_series", refs)
            return {"generate_series": refs}
        _only(node, TABLE)
        if not isinstance(node.this, exp.Identifier):
            raise _refuse(node, "a table function")
        name, schema = _name(node.this), node.db.lower()
        if not schema and name in scope.ctes:
            return scope.ctes[name]
        columns = self.lookup(schema, name)
        if columns is None or (
            node.catalog and self.catalogs is not None and node.catalog.lower() not in self.catalogs
        ):
            raise _refuse(node, "a table that is neither a model nor declared")
        return columns

    # Projections

    def project(self, node: exp.Expr, scope: Scope, columns: Columns) -> None:
        """Add an item of a select list to the columns."""
        if isinstance(node, exp.Star):
            self.star(node, [n for n in scope.sources if n not in scope.hidden], scope, columns)
            return
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            table = node.table.lower()
            if table not in scope.sources:
                raise _refuse(node, "a star of something else than a source")
            self.star(node.this, [table], scope, columns)
            return
        name = node.alias_or_name.lower() or node.sql(dialect="duckdb").lower()
        refs = self.value(node.this if isinstance(node, exp.Alias) else node, scope)
        if name in columns:
            raise _refuse(node, f"two columns named {name}")
        columns[name] = refs
        if isinstance(node, exp.Alias):
            scope.aliases[name] = scope.aliases.get(name, NONE) | refs

    def star(self, star: exp.Star, tables: list[str], scope: Scope, columns: Columns) -> None:
        """A star with what it excludes, replaces and renames."""
        _only(star, {"except_", "replace", "rename"})
        excluded = {_name(column) for column in star.args.get("except_") or []}
        replaced = {e.alias.lower(): self.value(e.this, scope) for e in star.args.get("replace") or []}
        renamed = {_name(e.this): e.alias.lower() for e in star.args.get("rename") or []}
        for table in tables:
            for name, refs in scope.sources[table].items():
                if name in excluded:
                    continue
                shown = renamed.get(name, name)
                value = replaced.get(name, refs)
                if shown in columns:
                    if name not in scope.merged:
                        raise _refuse(star, f"two columns named {shown}")
                    value = value | columns[shown]
                columns[shown] = value

    # Expressions

    def value(self, node: exp.Expr, scope: Scope) -> Refs:
        """Columns that a value depends on."""
        if isinstance(node, exp.Column):
            return self.name(node, scope)
        if isinstance(node, exp.Identifier):
            if _name(node) in scope.parameters:
                return NONE  # The list that a lambda runs over counts where it stands.
            raise _refuse(node, "a name without a meaning")
        if isinstance(node, HARMLESS):
            return union(self.value(child, scope) for child in node.iter_expressions())
        if isinstance(node, exp.Subquery | exp.Query):
            return union(self.query(node, Scope(scope.ctes, scope, parameters=scope.parameters)).values())
        if isinstance(node, PREDICATES):
            self.implicit.add("condition", self.operands(node, scope))
            return NONE
        if isinstance(node, exp.Case | exp.If):
            return self.case(node, scope)
        if isinstance(node, exp.Window):
            self.window(node, scope)
            return self.value(node.this, scope)
        if isinstance(node, exp.Filter):
            _only(node, {"this", "expression"})
            self.implicit.add("filter", self.condition(node.expression.this, scope))
            return self.value(node.this, scope)
        if isinstance(node, COUNTS):
            self.implicit.add("count", union(self.value(c, scope) for c in _arguments(node)))
            return NONE
        if isinstance(node, exp.Lambda):
            names = frozenset(_name(parameter) for parameter in node.expressions)
            inner = Scope(scope.ctes, scope, parameters=scope.parameters | names)
            return union([self.value(node.this, inner), *(self.perhaps(name, scope) for name in names)])
        if isinstance(node, exp.PropertyEQ):
            return self.value(node.expression, scope)
        if isinstance(node, exp.Dot):
            if isinstance(node.expression, exp.Identifier):
                return self.value(node.this, scope)  # A field of a struct; of it, all counts.
            raise _refuse(node, "a function of another schema")
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
            return self.function(node, scope)
        if isinstance(node, (exp.Func, *STRUCTURE)):
            if type(node).__name__ in functions.UNSAFE_TYPES:
                raise _refuse(node, "a function that reads more than its arguments")
            return self.operands(node, scope)
        raise _refuse(node, f"a {type(node).__name__.lower()}")

    def operands(self, node: exp.Expr, scope: Scope) -> Refs:
        """What an operator or function is given."""
        return union(self.value(child, scope) for child in _arguments(node))

    def condition(self, node: exp.Expr, scope: Scope) -> Refs:
        """What a condition looks at; comparisons within it have been noted with the clause as well."""
        outer, self.implicit = self.implicit, Implicit()
        refs = self.value(node, scope)
        inner, self.implicit = self.implicit, outer
        for clause, ref in inner.uses:
            if clause == "condition":
                refs |= {ref}
            else:
                outer.uses.add((clause, ref))
        return refs

    def case(self, node: exp.Expr, scope: Scope) -> Refs:
        """Results are shown; conditions only choose."""
        branches = node.args.get("ifs") or [node]
        results = []
        if isinstance(node, exp.Case) and node.this is not None:
            self.implicit.add("condition", self.value(node.this, scope))
        for branch in branches:
            if isinstance(node, exp.Case) and node.this is not None:
                self.implicit.add("condition", self.value(branch.this, scope))
            else:
                self.implicit.add("condition", self.condition(branch.this, scope))
            results.append(self.value(branch.args["true"], scope))
        default = node.args.get("default") or node.args.get("false")
        return union([*results, self.value(default, scope) if default is not None else NONE])

    def window(self, node: exp.Expr, scope: Scope) -> None:
        """Partitions and orders of a window choose rows."""
        _only(node, {"this", "partition_by", "order", "spec", "alias", "over", "first"})
        for part in node.args.get("partition_by") or []:
            self.implicit.add("partition by", self.condition(part, scope))
        if order := node.args.get("order"):
            for ordered in order.expressions:
                self.implicit.add("window order", self.value(ordered.this, scope))
        if spec := node.args.get("spec"):
            for key in ("start", "end"):
                if isinstance(bound := spec.args.get(key), exp.Expr):
                    self.implicit.add("window frame", self.value(bound, scope))

    def function(self, node: exp.Expr, scope: Scope) -> Refs:
        """A function that sqlglot does not know by type: a mask, a listed one, or a refusal."""
        name = str(node.this).lower()
        arguments = list(node.expressions)
        if name not in functions.MASKS:
            if name not in functions.PURE:
                raise _refuse(node, f"the function {name}, which is not known")
            return self.operands(node, scope)
        mask = functions.MASKS[name]
        if len(arguments) != mask.arguments:
            raise _refuse(node, f"{name} with {len(arguments)} arguments instead of {mask.arguments}")
        if mask.purpose and not (isinstance(arguments[0], exp.Literal) and arguments[0].is_string):
            raise _refuse(node, f"{name} with a purpose that is no literal text")
        refs = union(self.value(argument, scope) for argument in arguments)
        return functions.masked(mask, refs)

    # Names

    def name(self, node: exp.Column, scope: Scope) -> Refs:
        """What a column reference means: a column, a field of one, or a whole row."""
        if isinstance(node.this, exp.Star):
            raise _refuse(node, "a star within an expression")
        parts = [_name(part) for part in node.parts]
        if len(parts) == 1:
            return self.column(parts[0], scope, node)
        level: Scope | None = scope
        while level is not None:
            for start in range(len(parts) - 1):
                source = level.sources.get(parts[start])
                if source is not None and parts[start + 1] in source:
                    return source[parts[start + 1]]
            if parts[0] in level.sources:
                return union(level.sources[parts[0]].values())  # A field of the row: all of it counts.
            level = level.parent
        return self.column(parts[0], scope, node)  # A field of a struct in a column.

    def perhaps(self, name: str, scope: Scope) -> Refs:
        """What a lambda's parameter means as a column: `j -> 'key'` may be an arrow of JSON, too."""
        try:
            return self.column(name, scope)
        except CannotFollow:
            return NONE

    def column(self, name: str, scope: Scope, node: exp.Expr | None = None) -> Refs:
        """A name without a table, looked for from the inside out."""
        level: Scope | None = scope
        while level is not None:
            if name in level.parameters and name not in (level.parent.parameters if level.parent else ()):
                return NONE
            found = [source[name] for source in level.sources.values() if name in source]
            if name in level.aliases:
                found.append(level.aliases[name])
            if found:
                return union(found)
            if name in level.sources:
                return union(level.sources[name].values())
            level = level.parent
        raise CannotFollow(f"a name that no source has: {node.sql(dialect='duckdb') if node else name}")


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    """Operands, without the names that keywords are."""
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return []
    found: list[exp.Expr] = []
    for key, value in node.args.items():
        if key == "alias" or key in PASSED:
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, exp.Expr) and not isinstance(item, exp.DataType):
                found.append(item)
    return found


def _renamed(columns: Columns, alias: exp.Expr | None) -> Columns:
    """Columns under the names that an alias gives them; the first ones may be renamed alone."""
    names = [_name(name) for name in (alias.args.get("columns") or [])] if isinstance(alias, exp.TableAlias) else []
    if not names:
        return columns
    old = list(columns)
    if len(names) > len(old):
        raise CannotFollow(f"more names than columns: {', '.join(names)}")
    return dict(zip([*names, *old[len(names) :]], columns.values(), strict=True))
