"""Planting: a generated landing area with something wrong in it, to see whether it is found.

Planting is a pass over the files of one daily batch after they were written. Everything else stays byte for byte as it
was, and the same seed plants the same rows. Control totals say what the source believes it has sent. They stay as they
are where the source knows nothing of the fault, and change only with `broker_surge`, whose trades the source did make.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scripts.generate_landing.dice import Dice
from scripts.landing.definitions import layout
from scripts.landing.xml_reader import XmlTable

DRIFT_BATCHES = 20
PRICE_FACTOR = 100
FIRST_PLANTED_NUMBER = 9_000_000_000
"""Trades and change numbers that are planted start here, far from those that are generated."""

Fields = list[str]


class PlantError(ValueError):
    """A request to plant that cannot be met; the message is for the person who made it."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault: the files it can be planted in, the first one by default, and its usual strength."""

    files: tuple[str, ...]
    column: str
    strength: float
    highest: float
    meaning: str


LEAVES = ("DailyMarket", "CashTransaction", "HoldingHistory")
"""Files that no other row depends on, so that the rest still loads."""

KINDS = {
    "missing_rows": Kind(LEAVES, "", 0.5, 1, "share of the file's rows that is missing"),
    "delivered_twice": Kind(LEAVES, "", 1, 1, "share of the file's rows that comes a second time"),
    "prices_high": Kind(("DailyMarket",), "close_price", 1, 1, "share of the prices that is 100 times too high"),
    "null_column": Kind(("CashTransaction",), "description", 0.2, 1, "share of the rows without CT_NAME"),
    "vanished_category": Kind(
        ("Trade",), "trade_type_id", 1, 1, "share of the rows of trade type TLB that come as TMB instead"
    ),
    "new_category": Kind(
        ("Trade",), "status_id", 0.2, 1, "share of the rows of open trades that have status INAC, which no trade has"
    ),
    "unit_change": Kind(("CashTransaction",), "amount", 7.8, 1e6, "factor of the amounts, as of another currency"),
    "late_dates": Kind(("CashTransaction",), "transacted_at", 1, 1, "share of the times that are one day late"),
    "broker_surge": Kind(("Trade",), "broker_id", 10, 1000, "how many times the busiest broker's new trades come"),
    "drift": Kind(
        ("DailyMarket",),
        "close_price",
        0.01,
        1,
        f"growth of the prices a batch, for {DRIFT_BATCHES} batches",
    ),
}


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
        return range(self.batch, self.batch + (DRIFT_BATCHES if self.kind == "drift" else 1))

    def __str__(self) -> str:
        return f"{self.kind}/{self.file}@{self.batch}:{self.strength:g}"


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
            files = _files(root, batch, plant.file)
            if files:
                _CHANGES[plant.kind](root, plant, batch, dice, files)


def _files(root: Path, batch: int, name: str) -> list[Path]:
    """A file, whole or in parts."""
    folder = root / f"Batch{batch}"
    return sorted(p for p in folder.glob(f"{name}*.txt") if re.fullmatch(rf"{name}(_\d+)?\.txt", p.name))


def _rewrite(files: list[Path], change: Callable[[int, Fields], Iterable[Fields]]) -> None:
    """Replace each row by none, one or more; rows are counted through all parts of the file."""
    number = 0
    for path in files:
        rows = [line.split("|") for line in path.read_bytes().decode().splitlines()]
        written = [row for n, fields in enumerate(rows, number) for row in change(n, fields)]
        number += len(rows)
        # A new file, since the old one's bytes may be shared with a landing area that nothing is planted in.
        path.unlink()
        path.write_bytes("".join("|".join(row) + "\n" for row in written).encode())


def _position(file: str, column: str) -> int:
    """Place of a column in the rows of a change file."""
    names = [c.name for c in layout(f"brokerage.{re.sub('(?<!^)(?=[A-Z])', '_', file).lower()}").columns]
    return names.index(column) + 2


def _scaled(amount: str, factor: float) -> str:
    return f"{float(amount) * factor:.2f}" if amount else amount


def _change_some(dice: Dice, share: float, files: list[Path], change: Callable[[Fields], Fields]) -> None:
    """Change a random share of the rows."""
    _rewrite(files, lambda n, row: [change(row) if dice.number("row", n) < share else row])


def _missing_rows(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _rewrite(files, lambda n, row: [] if dice.number("row", n) < plant.strength else [row])


def _delivered_twice(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _rewrite(files, lambda n, row: [row, row] if dice.number("row", n) < plant.strength else [row])


def _price_change(factor: float) -> Callable[[Fields], Fields]:
    prices = {_position("DailyMarket", name) for name in ("dm_close", "dm_high", "dm_low")}
    return lambda row: [_scaled(value, factor) if n in prices else value for n, value in enumerate(row)]


def _prices_high(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _change_some(dice, plant.strength, files, _price_change(PRICE_FACTOR))


def _drift(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _change_some(dice, 1, files, _price_change((1 + plant.strength) ** (batch - plant.batch + 1)))


def _replace(at: int, change: Callable[[str], str]) -> Callable[[Fields], Fields]:
    return lambda row: [*row[:at], change(row[at]), *row[at + 1 :]]


def _null_column(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _change_some(dice, plant.strength, files, _replace(_position("CashTransaction", "ct_name"), lambda value: ""))


def _vanished_category(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    at = _position("Trade", "t_tt_id")
    _change_some(dice, plant.strength, files, _replace(at, lambda value: "TMB" if value == "TLB" else value))


def _new_category(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    at = _position("Trade", "t_st_id")
    _change_some(
        dice, plant.strength, files, _replace(at, lambda value: "INAC" if value in ("PNDG", "SBMT") else value)
    )


def _unit_change(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    at = _position("CashTransaction", "ct_amt")
    _change_some(dice, 1, files, _replace(at, lambda value: _scaled(value, plant.strength)))


def _late_dates(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    def later(value: str) -> str:
        return str(datetime.fromisoformat(value) + timedelta(days=1))

    _change_some(dice, plant.strength, files, _replace(_position("CashTransaction", "ct_dts"), later))


def _broker_surge(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    """The new trades of the busiest broker come several times, under numbers of their own."""
    brokers = _brokers(root, batch)
    account, number = _position("Trade", "t_ca_id"), _position("Trade", "t_id")
    new = [
        fields
        for path in files
        for fields in (line.split("|") for line in path.read_bytes().decode().splitlines())
        if fields[0] == "I"
    ]
    busiest = Counter(brokers.get(fields[account], "") for fields in new).most_common(1)
    if not busiest:
        return
    chosen = [fields for fields in new if brokers.get(fields[account], "") == busiest[0][0]]
    wanted = round(len(chosen) * plant.strength) - len(chosen)
    numbers = iter(range(FIRST_PLANTED_NUMBER + batch * 1_000_000, FIRST_PLANTED_NUMBER + (batch + 1) * 1_000_000))
    added: list[Fields] = []
    for n in range(wanted):
        row, own = list(chosen[n % len(chosen)]), next(numbers)
        row[1], row[number] = str(own), str(own)
        added.append(row)
    last = files[-1].read_bytes()
    files[-1].unlink()
    files[-1].write_bytes(last + "".join("|".join(row) + "\n" for row in added).encode())
    _raise_totals(root / f"Batch{batch}" / "Trade_audit.csv", {"T_Records": wanted, "T_NEW": wanted})


def _brokers(root: Path, batch: int) -> dict[str, str]:
    """The broker of each account, as of a batch."""
    found: dict[str, str] = {}
    for path in sorted((root / "Batch1").glob("CustomerMgmt*.xml")):
        table = XmlTable(layout("crm.customer_mgmt"), [str(path)], root)
        for chunk in table.batches():
            accounts, brokers = chunk.column("ca_id").to_pylist(), chunk.column("ca_b_id").to_pylist()
            found.update((a, b) for a, b in zip(accounts, brokers, strict=True) if a and b)
    at, broker = _position("Account", "ca_id"), _position("Account", "ca_b_id")
    for earlier in range(2, batch + 1):
        for path in _files(root, earlier, "Account"):
            rows = (line.split("|") for line in path.read_bytes().decode().splitlines())
            found.update((row[at], row[broker]) for row in rows)
    return found


def _raise_totals(path: Path, more: dict[str, int]) -> None:
    """Add to control totals."""

    def raised(line: str) -> str:
        fields = line.split(",")
        if len(fields) > 4 and fields[3] in more:
            fields[4] = str(int(fields[4]) + more[fields[3]])
        return ",".join(fields)

    lines = path.read_text(encoding="utf-8").splitlines()
    path.unlink()
    path.write_text("".join(raised(line) + "\n" for line in lines), encoding="utf-8")


_CHANGES: dict[str, Callable[[Path, Plant, int, Dice, list[Path]], None]] = {
    "missing_rows": _missing_rows,
    "delivered_twice": _delivered_twice,
    "prices_high": _prices_high,
    "null_column": _null_column,
    "vanished_category": _vanished_category,
    "new_category": _new_category,
    "unit_change": _unit_change,
    "late_dates": _late_dates,
    "broker_surge": _broker_surge,
    "drift": _drift,
}
