"""The diff as one page, which needs no network and holds no script."""

from __future__ import annotations

from markupsafe import Markup

from scripts.diff.report import Report, number, percent, share
from scripts.pages import environment, policy
from scripts.site.pages import TEMPLATES


def page(report: Report) -> str:
    """The page as HTML."""
    style = (TEMPLATES / "site.css").read_text(encoding="utf-8")
    pages = environment("scripts.diff")
    pages.filters |= {"number": number, "percent": percent}
    return pages.get_template("diff.html").render(
        report=report, share=share, style=Markup(style), policy=policy(style, ())
    )
