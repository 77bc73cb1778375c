"""The diff as one page, which needs no network and holds no script."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from scripts.diff.report import Report, number, percent, share
from scripts.site.pages import TEMPLATES, environment, policy


def page(report: Report) -> str:
    """The page as HTML."""
    style = (TEMPLATES / "site.css").read_text(encoding="utf-8")
    pages = environment("scripts.diff")
    pages.filters |= {"number": number, "percent": percent}
    return pages.get_template("diff.html").render(
        report=report, share=share, style=Markup(style), policy=policy(style, ())
    )


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
