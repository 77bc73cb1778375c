"""Planting: a generated landing area with something wrong in it, to see whether it is found.

Planting is a pass over the files of one daily batch after they were written. Everything else stays byte for byte as it
was, and the same seed plants the same rows. Control totals say what the source believes it has sent. They stay as they
are where the source knows nothing of the fault, and change only with `broker_surge`, whose trades the source did make.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import yaml

from scripts.generate_landing.dice import Dice
from scripts.landing.definitions import layout
from scripts.landing.xml_reader import XmlTable
from scripts.problem import Problem
from scripts.sql import read_query

FIRST_PLANTED_NUMBER = 9_000_000_000
"""Trades and change numbers that are planted start here, far from those that are generated."""


class PlantError(Problem):
    """A request to plant that cannot be met; the message is for the person who made it."""


@dataclass(frozen=True)
class Plant:
    """One fault to plant."""

    kind: str
    file: str
    batch: int
    strength: float

    @property
    def batches(self) -> range:
        """Batches whose files it changes, were the landing area long enough."""
        return range(self.batch, self.batch + KINDS[self.kind].batches)

    def __str__(self) -> str:
        return f"{self.kind}/{self.file}@{self.batch}:{self.strength:g}"


@dataclass(frozen=True)
class Kind:
    """One kind of fault, as faults.yml describes it."""

    meaning: str
    files: list[str]
    strength: float
    tried: tuple[float, float]
    highest: float = 1
    shown_by: list[str] = field(default_factory=list)
    batches: int = 1
    copies: int = 1
    set: dict[str, str] = field(default_factory=dict)
    every_row: bool = False


_FAULTS = yaml.safe_load(Path(__file__).with_name("faults.yml").read_text(encoding="utf-8"))
KINDS = {name: Kind(**fields) for name, fields in _FAULTS.items()}


def parse(text: str) -> Plant:
    """`KIND[/FILE]@BATCH[:STRENGTH]` as a plant."""
    match = re.fullmatch(r"(\w+)(?:/(\w+))?@(\d+)(?::(\d+(?:\.\d+)?))?", text)
    if not match:
        raise PlantError(f"{text!r} is not KIND@BATCH or KIND@BATCH:STRENGTH, such as missing_rows@12:0.5.")
    name, file, batch, strength = match.groups()
    if name not in KINDS:
        raise PlantError(f"There is no kind {name!r}. The kinds are {', '.join(KINDS)}.")
    kind = KINDS[name]
    file = file or kind.files[0]
    if file not in kind.files:
        raise PlantError(f"{name} cannot be planted in {file}, only in {', '.join(kind.files)}.")
    value = float(strength) if strength else kind.strength
    if not 0 < value <= kind.highest:
        raise PlantError(
            f"The strength of {name} is the {kind.meaning}: choose more than 0 and at most {kind.highest:g}."
        )
    return Plant(name, file, int(batch), value)


def check(plants: Iterable[Plant], days: int) -> None:
    """Refuse plants in batches that are not daily batches of the landing area."""
    for plant in plants:
        if not 2 <= plant.batch <= days + 1:
            raise PlantError(f"{plant} is not in a daily batch: choose a batch from 2 to {days + 1}, or more --days.")


def plant_all(root: Path, plants: Iterable[Plant], seed: int) -> None:
    """Plant faults in a generated landing area."""
    for plant in plants:
        dice = Dice(seed, f"plant/{plant.kind}/{plant.file}/{plant.batch}")
        for batch in plant.batches:
            if files := _files(root, batch, plant.file):
                rows = _read(files, batch, plant.file)
                if plant.kind == "broker_surge":
                    changed = _surged(root, plant, rows, files[-1])
                else:
                    changed = _changed(root, plant, rows, batch, dice)
                for path in files:
                    _write(path, changed.filter(pc.equal(changed["part"], path.name)))


def _files(root: Path, batch: int, name: str) -> list[Path]:
    """A file, whole or in parts."""
    folder = root / f"Batch{batch}"
    return sorted(p for p in folder.glob(f"{name}*.txt") if re.fullmatch(rf"{name}(_\d+)?\.txt", p.name))


def _columns(file: str, batch: int) -> list[str]:
    """Columns of a file: in a daily batch, the flag and the number of the change come first."""
    columns = [c.name for c in layout(f"brokerage.{re.sub('(?<!^)(?=[A-Z])', '_', file).lower()}").columns]
    return ["cdc_flag", "cdc_dsn", *columns] if batch > 1 else columns


def _read(files: list[Path], batch: int, name: str) -> pa.Table:
    """Rows of a file as text, with `part`, the name of the part that each is in, and `n`, its number in all parts."""
    columns = pa.schema([(column, pa.string()) for column in _columns(name, batch)])
    options = (
        pa_csv.ReadOptions(column_names=columns.names),
        pa_csv.ParseOptions(delimiter="|", quote_char=False),
        pa_csv.ConvertOptions(column_types=columns),
    )
    parts = [_in_part(columns.empty_table(), "")]
    parts += [_in_part(pa_csv.read_csv(path, *options), path.name) for path in files if path.stat().st_size]
    rows = pa.concat_tables(parts)
    return rows.append_column("n", [np.arange(len(rows))])


def _in_part(rows: pa.Table, name: str) -> pa.Table:
    return rows.append_column("part", [pa.array([name] * len(rows), pa.string())])


def _write(path: Path, rows: pa.Table) -> None:
    """Write a new file, since the old one's bytes may be shared with a landing area that nothing is planted in."""
    path.unlink()
    form = pa_csv.WriteOptions(include_header=False, delimiter="|", quoting_style="none")
    pa_csv.write_csv(rows.drop_columns("part"), path, form)


def _changed(root: Path, plant: Plant, rows: pa.Table, batch: int, dice: Dice) -> pa.Table:
    """The rows of a batch's file, with a random share of them changed as the kind says."""
    kind, columns = KINDS[plant.kind], _columns(plant.file, batch)
    chosen = dice.unit("row", rows["n"].to_numpy()) < (1 if kind.every_row else plant.strength)
    rows = rows.append_column("chosen", [chosen])
    values = dict(kind.set)
    if every := values.pop("*", None):
        earlier = _read(_files(root, batch - 1, plant.file), batch - 1, plant.file)
        if len(earlier):
            earlier = earlier.take(rows["n"].to_numpy() % len(earlier))
            for column in columns[2:]:
                rows = rows.append_column(f"previous_{column}", earlier[column])
                values[column] = every.format(column=column)
    shown = [f"if(chosen, {values[name]}, {name}) as {name}" if name in values else name for name in columns]
    with duckdb.connect() as con:
        con.execute("create macro scaled(amount, factor) as printf('%.2f', amount::double * factor)")
        con.register("landed", rows)
        query = f"""
            select {", ".join(shown)}, part
            from (select *, $strength as strength, $day as day from landed)
            cross join (select unnest(range(2)) as copy) where copy < if(chosen, {kind.copies}, 1) order by n
        """
        return con.execute(query, {"strength": plant.strength, "day": batch - plant.batch + 1}).to_arrow_table()


def _surged(root: Path, plant: Plant, rows: pa.Table, last: Path) -> pa.Table:
    """The trades of a batch and, in their last part, more of the busiest broker's new ones, with control totals."""
    first = FIRST_PLANTED_NUMBER + plant.batch * 1_000_000
    with duckdb.connect() as con:
        con.register("landed", rows.drop_columns("part"))
        con.register("brokers", _brokers(root, plant.batch))
        wanted = {"first_number": first, "times": plant.strength}
        added = con.execute(read_query(__file__, "broker_surge"), wanted).to_arrow_table()
    totals = root / f"Batch{plant.batch}" / "Trade_audit.csv"
    raised = re.sub(
        r",(T_Records|T_NEW),(\d+),",
        lambda total: f",{total[1]},{int(total[2]) + len(added)},",
        totals.read_text(encoding="utf-8"),
    )
    totals.unlink()
    totals.write_text(raised, encoding="utf-8")
    return pa.concat_tables([rows.drop_columns("n"), _in_part(added, last.name)])


def _brokers(root: Path, batch: int) -> pa.Table:
    """Accounts and their brokers in the order in which the files up to a batch name them, with that `place`."""
    paths = sorted(str(path) for path in (root / "Batch1").glob("CustomerMgmt*.xml"))
    tables = [pa.table(XmlTable(layout("crm.customer_mgmt"), paths, root))]
    tables += [_read(_files(root, earlier, "Account"), earlier, "Account") for earlier in range(2, batch + 1)]
    named = pa.concat_tables([table.select(["ca_id", "ca_b_id"]) for table in tables])
    return named.append_column("place", [np.arange(len(named))])
