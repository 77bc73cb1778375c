"""Guides: Markdown files of the project as pages, with links between them that work in the site."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from scripts.project import PROJECT

IMAGES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class Heading:
    """A heading with the anchor that leads to it."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Guide:
    """A guide as a page."""

    source: str
    url: str
    title: str
    summary: str
    headings: list[Heading]
    html: Markup

    @property
    def contents(self) -> list[Heading]:
        """What its table of contents lists."""
        return [heading for heading in self.headings if heading.level == 2]


def files() -> list[str]:
    """The README, what contributors read, and all guides, by path in the project."""
    return [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "docs").rglob("*.md")),
    ]


def url(source: str) -> str:
    """Where a guide's page lies."""
    return f"guides/{PurePosixPath(source.removeprefix('docs/')).with_suffix('.html').as_posix().lower()}"


def read_guides(layers: list[str]) -> list[Guide]:
    """All guides. Links to folders of models lead to the dictionary, where it has the layer."""
    pages = {source: url(source) for source in files()}
    pages |= {f"models/{layer}": f"dictionary/{layer}.html" for layer in layers}
    pages |= {
        "docs": "index.html#guides",
        "seeds": "dictionary/reference.html",
        "snapshots": "dictionary/snapshots.html",
    }
    folders = {str(PurePosixPath(source).parent) for source in files() if source.count("/") > 1}
    pages |= dict.fromkeys(folders, "index.html#guides")
    return [_guide(source, pages) for source in files()]


def inline(text: str) -> Markup:
    """A description's Markdown as HTML, without a paragraph around it where it has only one."""
    html = _markdown().render(text).strip()
    if html.count("<p>") == 1 and html.startswith("<p>"):
        html = html.removeprefix("<p>").removesuffix("</p>")
    return Markup(html)


def first_paragraph(source: str) -> str:
    """The Markdown of a file's first paragraph."""
    blocks = (PROJECT / source).read_text(encoding="utf-8").split("\n\n")
    return next((block for block in blocks if not block.startswith("#")), "")


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _guide(source: str, pages: dict[str, str]) -> Guide:
    parser = _markdown()
    tokens = parser.parse((PROJECT / source).read_text(encoding="utf-8"))
    headings = list(_name_headings(tokens))
    for token in _all(tokens):
        if token.type == "link_open":
            _lead(token, source, pages)
        elif token.type == "image":
            _embed(token, source)
        elif style := token.attrs.pop("style", None):
            # A policy without inline styles would not let it through.
            token.attrJoin("class", str(style).replace("text-align:", ""))
    html = parser.renderer.render(tokens, parser.options, {})
    html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    first = next((t.content for before, t in pairwise(tokens) if before.type == "paragraph_open"), "")
    return Guide(
        source=source,
        url=pages[source],
        title=next((h.text for h in headings if h.level == 1), source),
        summary=_plain(first),
        headings=headings,
        html=Markup(html),
    )


def _name_headings(tokens: list[Token]) -> Iterator[Heading]:
    """Give headings the anchors that links to them use, as GitHub makes them."""
    seen: dict[str, int] = {}
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            text = _plain(content.content)
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            seen[anchor] = seen.get(anchor, -1) + 1
            anchor = f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
            opening.attrSet("id", anchor)
            yield Heading(int(opening.tag[1]), anchor, text)


def _lead(token: Token, source: str, pages: dict[str, str]) -> None:
    """Turn a link to a file into one to its page; what has none is shown without a link."""
    target, _, anchor = str(token.attrs["href"]).partition("#")
    if re.match(r"[a-z]+:", target) or not target:
        return
    path = os.path.normpath(PurePosixPath(source).parent / target)
    page = pages.get(path) or next(
        (pages[p.as_posix()] for p in PurePosixPath(path).parents if _is_model(p, pages)), ""
    )
    if not page:
        del token.attrs["href"]
        token.attrSet("title", path)
        return
    page, _, own_anchor = page.partition("#")
    start = PurePosixPath(pages[source]).parent
    anchor = anchor or own_anchor
    token.attrs["href"] = os.path.relpath(page, start) + (f"#{anchor}" if anchor else "")


def _is_model(path: PurePosixPath, pages: dict[str, str]) -> bool:
    return path.as_posix() in pages and path.as_posix().startswith(("models/", "seeds", "snapshots"))


def _embed(token: Token, source: str) -> None:
    """Put a picture into the page, so that it needs nothing else."""
    path = PROJECT / os.path.normpath(PurePosixPath(source).parent / str(token.attrs["src"]))
    if path.is_file() and path.suffix in IMAGES:
        data = base64.b64encode(path.read_bytes()).decode()
        token.attrs["src"] = f"data:{IMAGES[path.suffix]};base64,{data}"


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _plain(markdown: str) -> str:
    """Text without marks."""
    return re.sub(r"[`*]", "", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(markdown.split())))
