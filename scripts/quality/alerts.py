"""Alerts: one JSON message to `ALERT_WEBHOOK_URL` after a run with errors, failing tests or anomalies.

The message has the shape that Slack-compatible webhooks accept. It is made of names, counts and times that the
warehouse's own code gives; no value of a row, and no text of a database error, gets into it. The address is a secret:
it is never logged, nor quoted in an error.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from html import escape as escape_html
from typing import Any

import duckdb
import networkx
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from scripts.sql import read_query

TRIES_AFTER_THE_FIRST = 2
# Seconds: to connect, and to wait for an answer. With the pauses between tries, at most about 12 in all.
TIMEOUT = (2.0, 3.0)
LISTED = 10
BLOCK_LENGTH = 2900
BROKEN = ("error", "runtime error", "fail")
# Slack leaves quotes as they are.
escape = partial(escape_html, quote=False)


@dataclass(frozen=True)
class Trouble:
    """One thing that an alert reports."""

    title: str
    details: list[str]
    models: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)


class Graph:
    """Who depends on whom, and who owns what."""

    def __init__(self, nodes: dict[str, dict[str, Any]], owners: dict[str, str]) -> None:
        self.nodes, self.owners = nodes, owners
        self.links = networkx.DiGraph((parent, name) for name, node in nodes.items() for parent in node["parents"])

    def affected(self, start: list[str]) -> tuple[list[str], list[str]]:
        """Names of the models downstream, and owners of the given nodes and of those."""
        reached = {n for one in start if one in self.links for n in networkx.descendants(self.links, one)}
        after = sorted(reached - set(start))
        groups = [self.nodes[n]["group"] for n in [*start, *after] if n in self.nodes]
        owners = {self.owners.get(group, group) for group in groups if group}
        return [n.split(".")[-1] for n in after], sorted(owners)


def send_alert(con: duckdb.DuckDBPyConnection, handed_over: str) -> str | None:
    """Send a message about a run that ended, if there is something to report and an address to send it to."""
    url = os.environ.get("ALERT_WEBHOOK_URL")
    if not url:
        return None
    doc = json.loads(handed_over)
    graph = Graph(doc["graph"], doc["owners"])
    troubles = [*_broken_nodes(con, doc, graph), *_anomalies(con, doc, graph)]
    if doc["refused"]:
        troubles.append(Trouble("The landing area was refused", ["Nothing was loaded. The run's output says why."]))
    elif not doc["results"]:
        troubles.append(Trouble("The run ended before its first model", ["The run's output says why."]))
    if not troubles:
        return None
    return post(url, compose(f"dbt {doc['command']} on {doc['target']}", doc["run_id"], troubles))


def compose(what: str, run_id: str, troubles: list[Trouble]) -> dict[str, Any]:
    """The message: a line that says how much is wrong, then a block for each trouble."""
    things = "1 thing needs" if len(troubles) == 1 else f"{len(troubles)} things need"
    headline = f"{what}: {things} attention"
    blocks = [_block(f"*{escape(headline)}*")]
    for trouble in troubles[:LISTED]:
        lines = [f"*{escape(trouble.title)}*", *(escape(line) for line in trouble.details)]
        if trouble.models:
            lines.append(escape("Downstream: " + _listing(trouble.models)))
        if trouble.owners:
            lines.append(escape("Owners: " + ", ".join(trouble.owners)))
        blocks.append(_block("\n".join(lines)))
    if len(troubles) > LISTED:
        blocks.append(_block(f"… and {len(troubles) - LISTED} more."))
    blocks.append(_block(f"select * from operations.run_results where run_id = '{escape(run_id)}'"))
    titles = [trouble.title for trouble in troubles[:LISTED]]
    return {"text": escape(headline + ": " + "; ".join(titles))[:BLOCK_LENGTH], "blocks": blocks}


def post(url: str, message: dict[str, Any]) -> str | None:
    """Send a message; returns nothing, or why it could not be sent, without a word of the address."""
    retries = Retry(
        total=TRIES_AFTER_THE_FIRST,
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
        # A server may ask for minutes; the run does not wait that long.
        respect_retry_after_header=False,
    )
    try:
        with _silent_libraries(), requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retries))
            # The answer's text is of no interest, and a slow one must not hold the run up.
            with session.post(url, json=message, timeout=TIMEOUT, allow_redirects=False, stream=True) as response:
                if 200 <= response.status_code < 300:
                    return None
                return f"The alert was not accepted: HTTP status {response.status_code}."
    except (requests.RequestException, ValueError, OSError) as error:
        return (
            f"The alert could not be sent ({type(error).__name__}). Is ALERT_WEBHOOK_URL right, and can it be reached?"
        )


@contextmanager
def _silent_libraries() -> Iterator[None]:
    """The libraries' warnings quote the address."""
    logger = logging.getLogger("urllib3")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _broken_nodes(con: duckdb.DuckDBPyConnection, doc: dict[str, Any], graph: Graph) -> list[Trouble]:
    broken = [r for r in doc["results"] if r["status"] in BROKEN]
    since = _since(con, [r["node_id"] for r in broken])
    troubles = []
    for r in broken:
        started, runs = since.get(r["node_id"], (None, 0))
        details = []
        kind = str(r["node_kind"])
        became = "failed" if kind.endswith("test") else "could not be built"
        title = f"{kind.replace('_', ' ').capitalize()} {r['node_name']} {became}"
        if kind == "test" and r["failures"]:
            details.append(f"{r['failures']:,} {'row' if r['failures'] == 1 else 'rows'}, {r['dimension'] or 'test'}")
        if r["status"] in ("error", "runtime error") and r["message"]:
            details.append(str(r["message"]))
        if started:
            details.append(f"Since {started:%Y-%m-%d %H:%M} UTC" + (f", {runs} runs in a row" if runs > 1 else ""))
        troubles.append(Trouble(title, details, *graph.affected(r["about"] or [r["node_id"]])))
    return troubles


def _since(con: duckdb.DuckDBPyConnection, node_ids: list[str]) -> dict[str, tuple[datetime, int]]:
    """When each node's present row of broken results began, and how many runs it has lasted."""
    rows = con.execute(read_query(__file__, "broken_since"), {"node_ids": node_ids}).fetchall()
    return {node_id: (started, runs) for node_id, started, runs in rows}


def _anomalies(con: duckdb.DuckDBPyConnection, doc: dict[str, Any], graph: Graph) -> list[Trouble]:
    """What was odd in the batches that the run loaded; nothing where no one looks for anomalies."""
    if not doc["loads"]:
        return []
    try:
        rows = con.execute(read_query(__file__, "anomalies"), {"run_id": doc["run_id"]}).fetchall()
    except duckdb.CatalogException:
        return []
    sources = [name for name in graph.links if name.startswith("source.")]
    return [
        Trouble(
            f"Anomaly in batch {batch_id}",
            [str(explanation)],
            *graph.affected([name for name in sources if name.endswith(f".{source_name}")]),
        )
        for batch_id, explanation, source_name in rows
    ]


def _listing(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def _block(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:BLOCK_LENGTH]}}
