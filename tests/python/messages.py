"""The project's error messages, extracted from its code: `…` stands for whatever they fill in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dbt_common.clients.jinja import get_environment
from jinja2 import nodes

# What ends a command, besides the exceptions that the project defines.
ENDS = {"exit", "ClickException"}


@dataclass(frozen=True)
class Message:
    """A message and where it is raised."""

    file: str
    line: int
    text: str


def in_python(source: str, file: str, exceptions: frozenset[str]) -> Iterator[Message]:
    """Messages of a module: what it raises of the project's own, what it ends with, what it notes as a problem."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _says(node, exceptions) and node.args:
            for text in _texts(node.args[0], constants):
                if re.search(r"[a-z]", text.replace("…", "")):
                    yield Message(file, node.lineno, text)


def exceptions_of(sources: list[str]) -> frozenset[str]:
    """Names of the exceptions that modules define and that say something."""
    classes = [n for source in sources for n in ast.parse(source).body if isinstance(n, ast.ClassDef)]
    builtin = {"Exception", "ValueError", "ClickException"}
    named: set[str] = set()
    while found := {c.name for c in classes for b in c.bases if _last_name(b) in builtin | named} - named:
        named |= found
    return frozenset(named)


def in_template(source: str, file: str) -> Iterator[Message]:
    """Messages of a model or macro: what it raises, and what it logs."""
    for call in get_environment().parse(source).find_all(nodes.Call):
        name = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
        if name in ("raise_compiler_error", "warn") or (name == "log" and any(k.key == "info" for k in call.kwargs)):
            text = _of_template(call.args[0])
            if re.search(r"[a-z]", text.replace("…", "")):
                yield Message(file, call.lineno, text)


def _says(call: ast.Call, exceptions: frozenset[str]) -> bool:
    name = _last_name(call.func)
    if name == "echo":
        return any(k.arg == "err" for k in call.keywords)
    if name in ("add", "append") and isinstance(call.func, ast.Attribute):
        return _last_name(call.func.value) in ("problems", "notes")
    return name in exceptions or name in ENDS


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_texts(part, constants)[0] for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [a + b for a in _texts(node.left, constants) for b in _texts(node.right, constants)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, constants), *_texts(node.orelse, constants)]
    if isinstance(node, ast.Name) and node.id in constants:
        return _texts(constants[node.id], {})
    return ["…"]


def _of_template(node: nodes.Node) -> str:
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        return "".join(_of_template(part) for part in node.nodes)
    return "…"


@cache
def messages(project: Path) -> list[Message]:
    """All messages of the project, in the order of its files."""
    scripts = {path: path.read_text(encoding="utf-8") for path in sorted((project / "scripts").rglob("*.py"))}
    exceptions = exceptions_of(list(scripts.values()))
    found = [
        m for p, source in scripts.items() for m in in_python(source, p.relative_to(project).as_posix(), exceptions)
    ]
    for folder in ("macros", "models", "tests"):
        for path in sorted((project / folder).rglob("*.sql")):
            found += in_template(path.read_text(encoding="utf-8"), path.relative_to(project).as_posix())
    return found
