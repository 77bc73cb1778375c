"""Write pages: one frame around all of them, with a policy that lets in only what the page itself holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scripts.embedding import source_hash
from scripts.report.__main__ import FILTERS
from scripts.site.diagram import STYLE
from scripts.site.guides import inline

TEMPLATES = Path(__file__).parent / "templates"


def environment(*packages: str) -> Environment:
    """Jinja with the templates of some packages."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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


def policy(style: str, scripts: Iterable[str]) -> str:
    """A Content-Security-Policy for a page with this style and these scripts, each known by its hash."""
    allowed = " ".join(source_hash(script) for script in scripts)
    return f"default-src 'none'; style-src {source_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'" + (
        f"; script-src {allowed}" if allowed else ""
    )
