"""dbt's manifest of the project, read once by the process that tests are forked from."""

from __future__ import annotations

import os
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest


def _read(path: Path) -> Manifest | None:
    if not path.is_file():
        return None
    manifest = Manifest.from_msgpack(path.read_bytes())
    # dbt keeps the first out of what it stores, and the second where it has parsed last.
    manifest.build_flat_graph()
    manifest.build_group_map()
    return manifest


MANIFEST = _read(Path(os.environ.get("PARSED_PROJECT", "")))
