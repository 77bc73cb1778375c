"""What all pages and other texts are made with: Jinja, data in a script element, and a policy that lets in only what a
page holds."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup


def environment(*packages: str, **options: Any) -> Environment:
    """Jinja with the templates of some packages, and further options of Jinja's. Values are escaped in HTML and SVG and
    nowhere else."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=select_autoescape(("html", "html.j2", "svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )


def data_block(data: object) -> Markup:
    """JSON that can stand in a page's script element, whatever texts it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029"))


def source_hash(text: str) -> str:
    """A script or style as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(style: str, scripts: Iterable[str]) -> str:
    """A Content-Security-Policy for a page with this style and these scripts, each known by its hash."""
    allowed = " ".join(source_hash(script) for script in scripts)
    return f"default-src 'none'; style-src {source_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'" + (
        f"; script-src {allowed}" if allowed else ""
    )
