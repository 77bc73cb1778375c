"""What must hold after a load of a damaged landing area, counted on the bytes and independently of the loader.

Either it was refused before anything changed, with a message that names the file; or it stopped at the limit of
rejected rows, with those on record, or at keys that contradict each other, and no table of core made from the file has
changed; or it loaded, and every row that landed is in the warehouse or was rejected.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

from warehouse import Ran, Warehouse

from scripts.landing.definitions import Layout, identify, layouts

# Each row of the source is one of the table.
FACTS = {
    "brokerage.daily_market": "fact_market_history",
    "brokerage.holding_history": "fact_holdings",
    "newswire.financial": "financial",
}
KEYS = {
    "dim_account": "sk_account_id",
    "dim_broker": "broker_id",
    "dim_company": "sk_company_id",
    "dim_customer": "sk_customer_id",
    "dim_date": "sk_date_id",
    "dim_security": "sk_security_id",
    "dim_time": "sk_time_id",
    "dim_trade": "trade_id",
    "fact_cash_balances": "sk_account_id, sk_date_id",
    "fact_holdings": "trade_id, current_trade_id",
    "fact_market_history": "sk_security_id, sk_date_id",
    "industry": "in_id",
    "prospect": "agency_id",
    "status_type": "st_id",
    "tax_rate": "tx_id",
    "trade_type": "tt_id",
}
NOT_AN_ACTION = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
ACTION = re.compile(rb"<(?:[\w.-]+:)?Action[\s>/]")
ROOT_END = re.compile(rb"</(?:[\w.-]+:)?Actions\s*>")
BATCH = re.compile(r"Batch\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """How a load ended: refused, stopped, at the limit, loaded, or broken; and, if broken, what does not hold."""

    end: str
    fault: str = ""


def judge(start: Warehouse, warehouse: Warehouse, ran: Ran, damaged: Iterable[str]) -> Outcome:
    """Judge a load that began with the first warehouse and left the second."""
    if ran.code is None:
        return Outcome("broken", "did not end")
    if "Traceback" in ran.output:
        return Outcome("broken", "traceback: " + _last_line(ran.output))
    if ran.code and "max_rejected_share" in ran.output:
        return _at_limit(start, warehouse, ran.output)
    if ran.code and "The landing area cannot be loaded" not in ran.output:
        return _stopped(start, warehouse, ran.output, damaged)
    if ran.code:
        if _contents(start) != _contents(warehouse):
            return Outcome("broken", "failed halfway: " + _error(ran.output))
        if not any(_names(ran.output, file) for file in damaged):
            return Outcome("broken", "refused without the file's name: " + _error(ran.output))
        return Outcome("refused")
    return _loaded(warehouse)


def _last_line(output: str) -> str:
    return output.strip().splitlines()[-1][:200]


def _error(output: str) -> str:
    lines = [re.sub(r"^\d\d:\d\d:\d\d\s+", "", line) for line in output.splitlines()]
    found = [line for line in lines if re.search(r"Error|cannot be|refused|Failure in", line)]
    return " / ".join((found or lines[-3:])[-3:])[:400]


def _names(output: str, file: str) -> bool:
    """Whether a message speaks of a file, whole or part; the date's file stands for its batch."""
    stem = re.split(r"[_.]", Path(file).name)[0]
    return stem.lower() in output.lower() or (stem == "BatchDate" and bool(BATCH.search(output)))


def _contents(warehouse: Warehouse) -> dict[str, tuple[object, ...]]:
    """A sum over the rows of every table that a load fills: comparing them one by one takes seconds."""
    if not warehouse.path.exists():
        return {}
    tables = warehouse.query(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where schema_name in ('staging', 'intermediate', 'core')"
    )
    return {table: warehouse.query(f"select count(*), sum(hash(rows)) from {table} as rows")[0] for (table,) in tables}


def _at_limit(start: Warehouse, warehouse: Warehouse, output: str) -> Outcome:
    if not _has_table(warehouse, "rejected_rows") or not _has_table(warehouse, "reconciliation"):
        return Outcome("broken", "stopped at the limit without a record: no table of rejected rows")
    recorded = warehouse.query("""
        select rejects.source_name, rejects.file_name, coalesce(max(counts.rejected_rows), 0)
        from operations.rejected_rows as rejects
        left join operations.reconciliation as counts using (source_name, batch_id)
        group by rejects.source_name, rejects.file_name
    """)
    said = {source: reconciled for source, file, reconciled in recorded if f"{file}: " in output}
    if not said:
        return Outcome("broken", "stopped at the limit without a record: rows of the named file are not on it")
    if not all(said.values()):
        return Outcome("broken", "stopped at the limit and not reconciled")
    changed = _changed(start, warehouse, set(said))
    return Outcome("broken", f"stopped at the limit, but {changed} has changed") if changed else Outcome("limit")


def _stopped(start: Warehouse, warehouse: Warehouse, output: str, damaged: Iterable[str]) -> Outcome:
    """A load that a staging model stopped, since keys of one of its files contradict each other."""
    known = [(file, identify(Path(file).name)) for file in damaged]
    named = {x.name for file, name in known if name for x in name.layouts if file in output or x.file in output}
    if not named or not re.search(r"Compilation Error in model stg_", output):
        return Outcome("broken", "failed halfway: " + _error(output))
    changed = _changed(start, warehouse, named)
    return Outcome("broken", f"stopped, but {changed} has changed") if changed else Outcome("stopped")


def _changed(start: Warehouse, warehouse: Warehouse, feeds: set[str]) -> str:
    """A table of core that has changed though it is made from some feeds."""
    before, after = _contents(start), _contents(warehouse)
    return next((table for table in _made_from(warehouse, feeds) if before.get(table) != after.get(table)), "")


def _made_from(warehouse: Warehouse, feeds: set[str]) -> list[str]:
    """Tables of core that are made from some feeds, directly or not, but for those that hold rejected rows as well."""
    manifest = json.loads((warehouse.session / "target" / "manifest.json").read_text(encoding="utf-8"))
    reached = [id for id, node in manifest["sources"].items() if f"{node['source_name']}.{node['name']}" in feeds]
    for id in reached:
        reached.extend(child for child in manifest["child_map"][id] if child not in reached)
    made = [manifest["nodes"][id] for id in reached if id in manifest["nodes"]]
    models = [node for node in made if node["resource_type"] == "model"]
    return [f"core.{n['alias']}" for n in models if n["fqn"][1] == "core" and n["fqn"][2] != "resolved"]


def _has_table(warehouse: Warehouse, name: str) -> bool:
    query = f"select 1 from information_schema.tables where table_schema = 'operations' and table_name = '{name}'"
    return warehouse.path.exists() and warehouse.query(query) != []


def _loaded(warehouse: Warehouse) -> Outcome:
    for table, key in KEYS.items():
        twice = warehouse.query(f"select {key} from core.{table} group by {key} having count(*) > 1 limit 1")
        if twice:
            return Outcome("broken", f"duplicate key in {table}: {twice[0]}")
    counts = {
        (source, batch): (landed, loaded, rejected, lost)
        for source, batch, landed, loaded, rejected, lost in warehouse.query(
            "select source_name, batch_id, landed_rows, loaded_rows, rejected_rows, lost_rows"
            " from operations.reconciliation"
        )
    }
    for (source, batch), (*_, lost) in counts.items():
        if lost:
            return Outcome("broken", f"{lost} rows of {source} lost in batch {batch}")
    landed, unknown = landed_rows(warehouse.landing)
    for place, found in landed.items():
        if found != counts.get(place, (0,))[0]:
            return Outcome("broken", f"{found} rows of {place} landed, {counts.get(place, (0,))[0]} are reconciled")
    for source, table in FACTS.items():
        in_core = dict(warehouse.query(f"select batch_id, count(*) from core.{table} group by batch_id"))
        for (name, batch), (_, _, rejected, _) in counts.items():
            # A batch whose files are gone from the landing area was judged when it was loaded.
            if name == source and (source, batch) in landed:
                expected = landed[source, batch] - rejected
                if in_core.get(batch, 0) != expected:
                    return Outcome(
                        "broken", f"{expected} rows for {table} in batch {batch}, {in_core.get(batch, 0)} in it"
                    )
    if twice_sent := sent_twice(warehouse.landing):
        return Outcome("broken", f"loaded although it {twice_sent}")
    ignored = {name for (name,) in warehouse.query("select file_name from operations.ignored_files")}
    for file in unknown:
        if file not in ignored:
            return Outcome("broken", f"an unread file is not named: {file}")
    return Outcome("loaded")


def landed_rows(area: Path) -> tuple[Counter[tuple[str, int]], list[str]]:
    """Rows by source and batch of the complete batches, and the files there that belong to no source."""
    landed: Counter[tuple[str, int]] = Counter()
    unknown = []
    for batch, folder in complete_batches(area):
        for path in sorted(folder.iterdir()):
            mine = [x for x in layouts() if x.lands_in(batch) and x.pattern.fullmatch(path.name)]
            if not mine or not path.is_file():
                unknown.append(f"{folder.name}/{path.name}")
            elif mine[0].meta["format"] != "audit":
                landed.update({(name, batch): found for name, found in rows(path, mine).items()})
    return landed, unknown


def complete_batches(area: Path) -> Iterator[tuple[int, Path]]:
    """Numbers and folders of the batches that may be loaded."""
    for batch in count(1):
        folder = area / f"Batch{batch}"
        if not (folder / "BatchDate.txt").is_file():
            return
        yield batch, folder


def sent_twice(area: Path) -> str:
    """What in a landing area would load rows twice or lack some though every row that is there is accounted for."""
    for batch, folder in complete_batches(area):
        due = [source for source in layouts() if source.lands_in(batch) and source.meta["format"] != "audit"]
        numbers: dict[str, list[int]] = {}
        for path in folder.iterdir():
            if any(source.pattern.fullmatch(path.name) for source in due):
                stem, _, number = path.stem.partition("_")
                numbers.setdefault(stem, []).append(int(number or 0))
            if path.suffix == ".xml" and path.is_file() and len(ROOT_END.findall(path.read_bytes())) > 1:
                return f"has two documents in {path.name}"
        for stem, found in numbers.items():
            if sorted(found) not in ([0], list(range(1, len(found) + 1))):
                return f"has parts {sorted(found)} of {folder.name}/{stem}"
    return ""


def rows(path: Path, sources: list[Layout]) -> dict[str, int]:
    """Rows of a file by source."""
    data, first = path.read_bytes(), sources[0]
    if first.meta["format"] == "fixed":
        records = {source.meta["record_type"].encode(): source.name for source in sources}
        lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
        return dict(Counter(records.get(line[15:18], first.name) for line in lines if line))
    if first.meta["format"] == "csv":
        return {first.name: sum(1 for row in csv.reader(io.StringIO(data.decode(), newline="")) if row)}
    if first.meta["format"] == "xml":
        return {first.name: _actions(data)}
    return {first.name: sum(1 for line in data.split(b"\n") if line.strip(b"\r"))}


def _actions(data: bytes) -> int:
    """Actions of a document, nested ones too, or what looks like one where it is not well formed."""
    try:
        return sum(1 for element in ElementTree.fromstring(data).iter() if element.tag.rpartition("}")[2] == "Action")
    except ElementTree.ParseError:
        return len(ACTION.findall(NOT_AN_ACTION.sub(b"", data)))
