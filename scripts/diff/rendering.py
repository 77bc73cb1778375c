"""The diff as a comment on a pull request, in Markdown, and as one page of HTML that needs no network and no script.

What weighs most comes first, and a comment that is too long ends with how much more there is. Whatever comes out of a
warehouse is written so that Markdown and HTML take it as text.
"""

from __future__ import annotations

import re

from jinja2 import Environment
from markupsafe import Markup

from scripts.diff.metrics import Number
from scripts.diff.report import Report
from scripts.pages import environment, policy
from scripts.site.pages import TEMPLATES

LIMIT = 60_000
LISTED = 20
PLAIN = re.compile(r"[\w .:,+/()→-]+", re.ASCII)
END = 200


def page(report: Report) -> str:
    """The page as HTML."""
    style = (TEMPLATES / "site.css").read_text(encoding="utf-8")
    template = _environment().get_template("diff.html")
    return template.render(report=report, style=Markup(style), policy=policy(style, ()))


def markdown(report: Report) -> str:
    """The whole comment, shorter than GitHub takes."""
    text = _environment().get_template("diff.md").render(report=report)
    if len(text) < LIMIT:
        return text
    lines = text.split("\n")
    kept, length = 0, 0
    while length + len(lines[kept]) + 1 < LIMIT - END:
        length += len(lines[kept]) + 1
        kept += 1
    left = sum(line.startswith(("| `", "| <code>", "- ")) for line in lines[kept:])
    return "\n".join([*lines[:kept], "", f"**{left:,} more lines are in the HTML page.**"]) + "\n"


def _environment() -> Environment:
    pages = environment("scripts.diff")
    pages.filters |= {write.__name__: write for write in (number, percent, share, names, code, plain)}
    return pages


def number(value: Number | None) -> str:
    """A number for people; a fraction with enough digits to distinguish it from its neighbours."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:,.6g}"
    return f"{value:,.0f}" if isinstance(value, float) else f"{value:,}"


def percent(part: float | None) -> str:
    """A share for people. What is not nothing does not look like nothing."""
    if part is None:
        return "–"
    if part and abs(part) < 0.0001:
        return f"{'-' if part < 0 else ''}<0.01 %"
    return f"{100 * part:.4g} %"


def share(part: int | None, whole: int | None) -> str:
    """A part of a whole, as a share."""
    return percent(part / whole if part is not None and whole else None)


def names(listed: list[str]) -> str:
    """The first names of a list in Markdown, and how many more there are."""
    shown = ", ".join(code(name) for name in listed[:LISTED])
    return f"{shown} and {len(listed) - LISTED} more" if len(listed) > LISTED else shown or "–"


def code(name: str) -> str:
    """A text in Markdown's type of code."""
    return f"`{name}`" if PLAIN.fullmatch(name) and name == name.strip() else f"<code>{plain(name)}</code>"


def plain(text: str) -> str:
    """A text in which nothing is Markdown, HTML or a mention."""
    return re.sub(r"[&<>\"'\\`*_{}\[\]|~@:#!]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
