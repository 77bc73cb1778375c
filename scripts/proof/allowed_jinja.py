"""What a template may use so that it gives the same SQL when it runs as when it was checked, and sends none itself.

Only names, calls, attributes and filters on the lists of `allowed_jinja.yml` may be used; everything else needs an
entry in `exceptions.yml`. Other macros of the project may be called, since each is looked at itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from dbt.context.providers import ModelContext
from dbt_common.clients.jinja import get_environment
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

_LISTS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
ALLOWED = {kind: frozenset(names) for kind, names in _LISTS.items()}
# What dbt gives a template besides the attributes of its context.
OF_DBT = ("builtins", "context", "dbt")
BRINGS_IN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@cache
def strays(text: str, macros: frozenset[str]) -> tuple[str, ...]:
    """What a template uses that no list names, in the order of the alphabet.

    `macros` are the project's, by name, and those of packages by package and name.
    """
    try:
        template = _environment().parse(text)
    except TemplateSyntaxError as error:
        return (f"a template that cannot be read: {error}",)
    return tuple(sorted(set(_strays(template, _taken(text), macros))))


@cache
def _environment() -> Environment:
    return get_environment(None, capture_macros=False)


def _strays(template: nodes.Template, taken: set[str], macros: frozenset[str]) -> Iterator[str]:
    own = {name.name for name in template.find_all(nodes.Name) if name.ctx in ("store", "param")} - taken
    called = {id(call.node) for call in template.find_all(nodes.Call)}
    inner = {id(part.node) for part in template.find_all(nodes.Getattr)}
    inner |= {id(part.node) for part in template.find_all(nodes.Getitem)}
    for node in template.find_all(nodes.Node):
        if isinstance(node, BRINGS_IN):
            yield type(node).__name__.lower()
        if isinstance(node, nodes.Filter | nodes.Compare | nodes.Test):
            yield from (
                f"{name.name} as a text" for name in node.find_all(nodes.Name) if name.name in ALLOWED["tables"]
            )
        if isinstance(node, nodes.Filter) and node.name not in ALLOWED["filters"]:
            yield f"| {node.name}"
        elif isinstance(node, nodes.Call) and _is_computed(node):
            yield "adapter.dispatch of a name that is made up"
        elif isinstance(node, nodes.Keyword) and node.key == "attribute":
            yield from _changing(str(getattr(node.value, "value", "")).split("."))
        elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem) and id(node) not in inner:
            yield from _path(node, own, macros, id(node) in called)


def _taken(text: str) -> set[str]:
    """Names of dbt's own that a template takes, even where it gives the same name to something of its own."""
    template = _environment().parse(text)
    defaults = [default for macro in template.find_all(nodes.Macro) for default in macro.defaults]
    names = {
        n.name for default in defaults for n in (default, *default.find_all(nodes.Name)) if isinstance(n, nodes.Name)
    }
    # This folds constants in the template, so nothing else is to look at it.
    return (names | meta.find_undeclared_variables(template)) & {*ModelContext._context_attrs_, *OF_DBT}


def _is_computed(call: nodes.Call) -> bool:
    """Whether a macro is called by anything but its name, so that it is unknown which one is called."""
    is_dispatch = isinstance(call.node, nodes.Getattr) and call.node.attr == "dispatch"
    return is_dispatch and not (call.args and all(isinstance(argument, nodes.Const) for argument in call.args))


def _path(node: nodes.Node, own: set[str], macros: frozenset[str], is_called: bool) -> Iterator[str]:
    """A name with its attributes, such as `adapter.execute`, as far as no list names it."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        parts.insert(0, key if isinstance(key, str) else "")  # Empty for a number, and for what is computed.
        node = node.node
    path = ".".join([node.name if isinstance(node, nodes.Name) else "", *parts])
    if isinstance(node, nodes.Name):
        if node.ctx != "load" or path in (ALLOWED["calls"] | macros if is_called else ALLOWED["names"]):
            return
        known = any(f"{path}.".startswith(f"{name}.") for name in ALLOWED["known"]) or node.name in own | {"loop"}
        if not known or (is_called and not parts):
            yield path
            return
    if is_called and parts and parts[-1] not in ALLOWED["methods"]:
        yield path
    yield from _changing(parts)


def _changing(parts: list[str]) -> Iterator[str]:
    said = parts[: parts.index("meta")] if "meta" in parts else parts  # `meta` holds what the project itself wrote.
    yield from (f".{part}" for part in said if part in ALLOWED["changing"])
