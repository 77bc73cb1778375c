"""An alert is sent once, in the shape webhooks accept, and whatever the receiver does, the run goes on quickly."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import pytest

from scripts.quality.alerts import Trouble, compose, post, send_alert

pytestmark = pytest.mark.slow

SECRET = "/services/T00/B00/very-secret"


class Receiver:
    """A local webhook that answers with the given statuses, one per request, repeating the last."""

    def __init__(self, *statuses: int, delay: float = 0) -> None:
        self.received: list[dict[str, Any]] = []
        self.tries = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status = statuses[min(receiver.tries, len(statuses) - 1)]
                receiver.tries += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(delay)
                if status == 200:
                    receiver.received.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{SECRET}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(200)
    yield receiver
    receiver.close()


MESSAGE = compose(
    "dbt build on dev", "run-1", [Trouble("Test <a> failed", ["3 rows"], ["core & more"], ["Data <d@e>"])]
)


def test_a_message_arrives_once_and_is_escaped(receiver: Receiver) -> None:
    assert post(receiver.url, MESSAGE) is None
    assert receiver.received == [MESSAGE]
    assert MESSAGE["text"] == "dbt build on dev: 1 thing needs attention: Test &lt;a&gt; failed"
    assert {block["type"] for block in MESSAGE["blocks"]} == {"section"}
    told = MESSAGE["blocks"][1]["text"]["text"]
    assert told == "*Test &lt;a&gt; failed*\n3 rows\nDownstream: core &amp; more\nOwners: Data &lt;d@e&gt;"


def test_a_receiver_that_recovers_is_tried_again() -> None:
    receiver = Receiver(500, 200)
    assert post(receiver.url, MESSAGE) is None
    assert (receiver.tries, len(receiver.received)) == (2, 1)
    receiver.close()


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (503, 3)])
def test_a_refusal_is_told_without_the_address(status: int, tries: int, capfd: pytest.CaptureFixture[str]) -> None:
    receiver = Receiver(status)
    said = post(receiver.url, MESSAGE)
    assert said == f"The alert was not accepted: HTTP status {status}."
    assert receiver.tries == tries
    assert "secret" not in "".join(capfd.readouterr())
    receiver.close()


def test_a_receiver_that_hangs_or_is_not_there_holds_nobody_up(capfd: pytest.CaptureFixture[str]) -> None:
    receiver = Receiver(200, delay=30)
    started = time.monotonic()
    said = post(receiver.url, MESSAGE)
    assert time.monotonic() - started < 13
    assert said is not None and "could not be sent" in said
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = post(f"http://127.0.0.1:{unused.getsockname()[1]}{SECRET}", MESSAGE)
    assert refused is not None and "could not be sent" in refused
    nonsense = post("no address:secret", MESSAGE)
    assert nonsense is not None
    assert "secret" not in said + refused + nonsense + "".join(capfd.readouterr())


def document(**changes: Any) -> str:
    """What the hook hands over after a run in which a test of `a` failed."""
    result = {
        "node_id": "test.p.t", "node_name": "t", "node_kind": "test", "status": "fail", "failures": 7,
        "message": None, "dimension": "validity", "about": ["model.p.a"],
    }  # fmt: skip
    doc = {
        "run_id": "3", "command": "build", "target": "dev", "loads": True, "refused": False, "results": [result],
        "tables": {"runs": {"name": "operations.runs"}, "run_results": {"name": "operations.run_results"}},
        "graph": {
            "model.p.a": {"parents": ["source.p.s.trade"], "group": "one"},
            "model.p.b": {"parents": ["model.p.a"], "group": "two"},
            "model.p.c": {"parents": ["model.p.b"], "group": None},
            "model.p.other": {"parents": [], "group": "three"},
        },
        "owners": {"one": "One <one@example.com>", "two": "Two", "three": "Three"},
    }  # fmt: skip
    return json.dumps(doc | changes)


@pytest.fixture
def history() -> Iterator[duckdb.DuckDBPyConnection]:
    """Four runs: the test passed in the second, and has failed in the third and, now, in the fourth."""
    with duckdb.connect() as con:
        con.execute(
            """
            create schema operations;
            create table operations.runs as
            select i::varchar as run_id, timestamp '2026-01-01 06:00:00' + i * interval 1 day as started_at,
                2 as first_batch_id, 3 as last_batch_id
            from range(4) as t(i);
            create table operations.run_results as
            select i::varchar as run_id, 'test.p.t' as node_id, if(i = 1, 'pass', 'fail') as status
            from range(4) as t(i)
            """
        )
        yield con


def test_an_alert_says_what_since_when_how_many_and_whom_it_concerns(
    receiver: Receiver, history: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", receiver.url)
    assert send_alert(history, document()) is None
    told = receiver.received[0]["blocks"][1]["text"]["text"].splitlines()
    assert told == [
        "*Test t failed*",
        "7 rows, validity",
        "Since 2026-01-03 06:00 UTC, 2 runs in a row",
        "Downstream: b, c",
        "Owners: One &lt;one@example.com&gt;, Two",
    ]


def test_anomalies_of_the_loaded_batches_are_told(
    receiver: Receiver, history: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", receiver.url)
    history.execute(
        """
        create table operations.anomalies as
        from (values (1, 's.trade', 'before', 9.0), (3, 's.trade', 'Trade has 41 % of its usual rows', 5.0))
            as t(batch_id, source_name, explanation, score)
        """
    )
    send_alert(history, document(results=[{"node_id": "model.p.a", "status": "success"}]))
    assert [block["text"]["text"] for block in receiver.received[0]["blocks"][1:-1]] == [
        "*Anomaly in batch 3*\nTrade has 41 % of its usual rows\nDownstream: a, b, c\n"
        "Owners: One &lt;one@example.com&gt;, Two"
    ]


def test_a_refused_landing_area_is_told(
    receiver: Receiver, history: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", receiver.url)
    send_alert(history, document(results=[], refused=True))
    assert "The landing area was refused" in receiver.received[0]["text"]


def test_nothing_is_sent_where_nothing_is_wrong_or_nobody_listens(
    receiver: Receiver, history: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALERT_WEBHOOK_URL", raising=False)
    assert send_alert(history, document()) is None
    monkeypatch.setenv("ALERT_WEBHOOK_URL", receiver.url)
    assert send_alert(history, document(results=[{"node_id": "model.p.a", "status": "success"}])) is None
    assert receiver.tries == 0
