"""Dashboards: pages that show the marts as charts. None has been drawn yet; the site lists what `write` gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """A dashboard that lies in the folder as `slug`.html."""

    slug: str
    title: str
    description: str


def write(folder: Path) -> list[Page]:
    """Write all dashboards into a folder, and say which."""
    return []
