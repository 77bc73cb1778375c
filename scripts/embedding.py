"""What stands inside a page: data in a script element, and the hash by which a page's policy lets a script in."""

from __future__ import annotations

import base64
import hashlib
import json

from markupsafe import Markup


def data_block(data: object) -> Markup:
    """JSON that can stand in a page's script element, whatever texts it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029"))


def source_hash(text: str) -> str:
    """A script or style as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
