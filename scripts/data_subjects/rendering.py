"""What exports, reports and records are written with: the templates of this folder."""

from __future__ import annotations

from scripts.pages import environment


def fill(template: str, **content: object) -> str:
    """A template with content, which is escaped where it gets into HTML."""
    templates = environment("scripts.data_subjects", keep_trailing_newline=True)
    return templates.get_template(template).render(content)
