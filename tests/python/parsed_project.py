"""dbt's manifest of the project and its macros, read once by the process that tests are forked from."""

from __future__ import annotations

import os
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache


def _read(path: Path) -> Manifest | None:
    if not path.is_file():
        return None
    manifest = Manifest.from_msgpack(path.read_bytes())
    # dbt keeps the first out of what it stores, and the second where it has parsed last.
    manifest.build_flat_graph()
    manifest.build_group_map()
    # A run of dbt would compile each of the macros it needs, for a second and a half.
    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)
    return manifest


MANIFEST = _read(Path(os.environ.get("PARSED_PROJECT", "")))
