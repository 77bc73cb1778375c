"""Everything that is generated, put together: who writes which files, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from scripts.generate_landing.companies import Companies
from scripts.generate_landing.crm import Crm
from scripts.generate_landing.crm_daily import Daily, State
from scripts.generate_landing.crm_parts import NEW
from scripts.generate_landing.crm_xml import AccountValues, CustomerMgmt
from scripts.generate_landing.days import Calendar
from scripts.generate_landing.dice import Dice
from scripts.generate_landing.finwire import Newswire
from scripts.generate_landing.hr import Employees
from scripts.generate_landing.market import Market
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import Persons
from scripts.generate_landing.prices import Prices
from scripts.generate_landing.prospects import Prospects
from scripts.generate_landing.reference import FIRST_DAY, write_reference
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.trade_files import TradeFiles
from scripts.generate_landing.trades import Desk
from scripts.generate_landing.watches import Watches


class World:
    """What all sources agree on, and the sources."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.dice = Dice(settings.seed)
        self.calendar = Calendar(settings)
        self.employees = Employees(settings, self.dice)
        self.companies = Companies(settings, self.calendar, self.dice)
        self.crm = Crm(settings, self.calendar, self.dice)
        self.prices = Prices(self.companies.securities, self.dice)

    def write_trades(self, landing: Landing) -> None:
        """Orders and what follows from them."""
        desk = Desk(
            self.settings,
            self.calendar,
            self.companies,
            self.crm.lives,
            self.prices,
            self.employees.count,
            self.dice,
        )
        TradeFiles(desk, self.employees, self.calendar, self.dice).write(landing)

    def write_market(self, landing: Landing) -> None:
        """Daily prices."""
        Market(self.settings, self.companies, self.calendar, self.prices).write(landing)

    def write_watches(self, landing: Landing) -> None:
        """Watch events."""
        Watches(
            self.settings,
            self.calendar,
            self.companies,
            self.crm.lives,
            self.crm.customers_in_history,
            self.dice,
        ).write(landing)

    def write_clients(self, landing: Landing) -> None:
        """Customers, accounts and prospects: these share the customers' state, batch by batch."""
        persons = Persons(self.dice)
        accounts = AccountValues(self.dice, persons, self.employees.brokers)
        every = [self.crm.history, *self.crm.days]
        origin = np.concatenate([events.number[events.kind == NEW] for events in every])
        # Customers are numbered in the order of their NEW events: element c is the event of customer c.
        CustomerMgmt(self.crm, persons, accounts, origin, self.dice).write(landing)
        state = State(self.crm)
        daily = Daily(self.crm, state, persons, accounts, origin)
        prospects = Prospects(self.settings, self.dice, persons, origin)
        prospects.write(landing, 1, state)
        for batch in range(2, self.calendar.last_batch + 1):
            daily.write(landing, batch)
            prospects.write(landing, batch, state)

    def write_newswire(self, landing: Landing) -> None:
        """Companies, securities and their results."""
        Newswire(self.companies, self.dice).write(landing)

    def write_small(self, landing: Landing) -> None:
        """Reference data and employees."""
        write_reference(landing, self.settings)
        self.employees.write(landing)


def generate(root: Path, settings: Settings, workers: int, progress: Callable[[int], None]) -> int:
    """Write a landing area; its size in bytes."""
    landing = Landing(root, settings.split, progress)
    world = World(settings)
    for batch in range(1, settings.days + 2):
        landing.folder(batch)
    # The longest first. Each job writes files of its own, so their order does not show in the result.
    jobs = [
        world.write_trades,
        world.write_market,
        world.write_watches,
        world.write_newswire,
        world.write_clients,
        world.write_small,
    ]
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for done in [pool.submit(job, landing) for job in jobs]:
            done.result()
    _write_totals(landing, world)
    # A batch is complete once its date is there.
    for batch in range(1, settings.days + 2):
        landing.batch_date(batch, world.calendar.batch_date(batch).isoformat())
    return landing.bytes


def _write_totals(landing: Landing, world: World) -> None:
    """Control totals of the batches and the settings, at the landing area's root."""
    settings = world.settings
    for batch in range(1, settings.days + 2):
        last = world.calendar.batch_date(batch).isoformat()
        first = FIRST_DAY if batch == 1 else last
        landing.root_audit(
            f"Batch{batch}",
            [f"Batch,{batch},{first},FirstDay,,", f"Batch,{batch},{last},LastDay,,"],
        )
    lines = [
        f"Generator,0,,ScaleFactor,,{settings.scale}",
        f"Generator,0,,IncrementalBatches,{settings.days},",
        f"Generator,0,,Seed,{settings.seed},",
        f"Generator,0,,Parts,{settings.split},",
        f"Generator,0,{settings.end_of_history.isoformat()},EndOfHistory,,",
        f"Generator,0,,Companies,{world.companies.count},",
        f"Generator,0,,Securities,{world.companies.securities},",
        f"Generator,0,,Employees,{world.employees.count},",
    ]
    landing.root_audit("Generator", lines)
