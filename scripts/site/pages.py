"""Write pages: one frame around all of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from scripts.pages import environment, policy
from scripts.report.__main__ import FILTERS
from scripts.site.diagram import STYLE
from scripts.site.guides import inline

TEMPLATES = Path(__file__).parent / "templates"


class Site:
    """A folder of pages."""

    def __init__(self, folder: Path, **shared: Any) -> None:
        self.folder = folder
        self.style = (TEMPLATES / "site.css").read_text(encoding="utf-8") + STYLE
        self.environment = environment("scripts.site", "scripts.report")
        self.environment.filters |= {**FILTERS, "markdown": inline}
        self.environment.globals |= shared

    def write(self, path: str, template: str, title: str, scripts: Iterable[str] = (), **content: Any) -> None:
        """Write a page; `path` is from the site's root, and `scripts` are names of templates."""
        codes = [(TEMPLATES / name).read_text(encoding="utf-8") for name in scripts]
        html = self.environment.get_template(template).render(
            title=title,
            root="../" * (len(PurePosixPath(path).parts) - 1),
            policy=policy(self.style, codes),
            style=Markup(self.style),
            scripts=[Markup(code) for code in codes],
            **content,
        )
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html, encoding="utf-8")
