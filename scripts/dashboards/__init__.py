"""Dashboards: static pages on what is published for analysts and stewards, which filter in the browser."""

from scripts.dashboards.pages import Page
from scripts.dashboards.rendering import write
from scripts.published import NothingPublished

__all__ = ["NothingPublished", "Page", "write"]
