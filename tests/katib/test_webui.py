"""Katib's web app, by what it answers: tables, refusals, pages that are none of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.katib.errors import KatibUIRefused
from pytest_kubeflow.katib.webui import KatibUI

TABLE = (
    "Status,trialName,Validation-accuracy,Train-accuracy,lr,optimizer\n"
    "Succeeded,tuned-a,0.9,0.93,0.02,adam\n"
    "Failed,tuned-b,,,0.03,sgd"
)


@dataclass
class Answer:
    """What the server says to everything, and what it was asked."""

    status: int = 200
    kind: str = "text/plain; charset=utf-8"
    body: str = "null"
    asked: list[tuple[str, str, Any]] = field(default_factory=list)


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
def ui(answer: Answer) -> Iterator[KatibUI]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            answer.asked.append((self.command, self.path, body))
            data = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("content-type", answer.kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815  the name that the library looks for

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        session = gateway_session(GatewaySettings(), patient=False)
        yield KatibUI(f"http://127.0.0.1:{server.server_port}", session)
        session.close()
        server.shutdown()
        thread.join()


def test_tables(ui: KatibUI, answer: Answer) -> None:
    answer.body = json.dumps(TABLE)
    first, second = ui.trial_rows("team", "tuned")
    assert (first["trialName"], first["Validation-accuracy"], first["lr"]) == (
        "tuned-a",
        "0.9",
        "0.02",
    )
    assert (second["Status"], second["Validation-accuracy"]) == ("Failed", "")
    answer.body = json.dumps("metricName,time,value\naccuracy,2026-01-02T03:04:05,0.9\n")
    assert ui.reported("team", "tuned-a") == [("accuracy", "2026-01-02T03:04:05", "0.9")]
    answer.body = json.dumps("a=1\nb=2\n")
    assert ui.log("team", "tuned-a") == "a=1\nb=2\n"
    answer.body = json.dumps([{"name": "tuned"}])
    assert ui.experiments("team") == [{"name": "tuned"}]
    paths = [path for _, path, _ in answer.asked]
    assert paths[0] == "/katib/fetch_hp_job_info/?experimentName=tuned&namespace=team"
    assert paths[1] == "/katib/fetch_hp_job_trial_info/?trialName=tuned-a&namespace=team"


def test_experiments_are_made(ui: KatibUI, answer: Answer) -> None:
    answer.body = ""
    ui.create({"kind": "Experiment"})
    assert answer.asked == [
        ("POST", "/katib/create_experiment/", {"postData": {"kind": "Experiment"}})
    ]


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "words"),
    [
        (401, "text/plain", "user header not present", AuthenticationError, ""),
        (
            403,
            "text/plain",
            "User: a is not authorized to list kubeflow.org/v1beta1/experiments in namespace: b",
            PermissionDenied,
            "/katib/fetch_experiments/ answers 403: User: a is not authorized to list",
        ),
        (
            500,
            "text/plain",
            'trials.kubeflow.org "x" not found',
            NotFound,
            'answers 500: trials.kubeflow.org "x" not found',
        ),
        (
            500,
            "text/plain",
            'strconv.ParseFloat: parsing "unavailable": invalid syntax',
            KatibUIRefused,
            "invalid syntax",
        ),
        (404, "text/html", "<html>nothing</html>", ComponentMissing, "is not at http://127.0.0.1"),
        (200, "text/html", "<!doctype html><title>Kubeflow", ComponentMissing, "is not at http"),
        (200, "text/plain", "no JSON", ComponentMissing, "is not at http"),
    ],
)
def test_other_answers(
    ui: KatibUI,
    answer: Answer,
    status: int,
    kind: str,
    body: str,
    error: type[KubeflowError],
    words: str,
) -> None:
    answer.status, answer.kind, answer.body = status, kind, body
    with pytest.raises(error) as failed:
        ui.experiments("team")
    assert words in failed.value.message
    assert "\n" not in failed.value.message
