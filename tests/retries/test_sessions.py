"""Whole sessions at a gateway of which the first response to each request is lost."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from pathlib import Path

import pytest

from pytest_kubeflow.reporting.lost import PROPERTY
from tests.cluster.remote import NAMESPACE, Remote

from .unreliable import (
    Exchange,
    break_after,
    break_before,
    break_within,
    page,
    status,
    unreliable_gateway,
)

TESTS = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def square(x: float) -> float:
    return x * x

def test_square(run_pipeline):
    run = run_pipeline(square, arguments={"x": 3.0})
    assert run.task("square").output == 9.0
"""

TOLD = r"^(\d+) responses were lost on the way and asked for again: (.*)$"
LOGIN = ("/", "/dex/", "/oauth2/")
TURNS = (break_before, break_after, status(503, "no healthy upstream"), break_within)


def is_of_the_login(path: str) -> bool:
    place = path.partition("?")[0]
    return place == "/" or place.startswith(LOGIN[1:])


def anything(exchange: Exchange) -> None:
    """One fault after the other; the login's first page and the password are among the lost."""
    TURNS[len(exchange.server.attempts) % len(TURNS)](exchange)


def refusal(exchange: Exchange) -> None:
    """A page or 401, where the API is asked."""
    if is_of_the_login(exchange.path):
        exchange.pass_on()
    else:
        number = len(exchange.server.attempts)
        (page if number % 2 else status(401, "Jwt is missing"))(exchange)


@pytest.mark.parametrize(
    ("fault", "workers"), [(anything, ()), (refusal, ("-n", "1"))], ids=["lost", "refused"]
)
def test_one_loss_of_each_request(
    remote: Remote, tmp_path: Path, fault: object, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_square.py").write_text(TESTS)
    before = remote.things()
    with unreliable_gateway(remote.endpoints.host) as endpoint, endpoint.every_first(fault):  # type: ignore[arg-type]
        where = remote.endpoints
        code, output = remote.run_with(
            tmp_path,
            f"--kf-host=http://localhost:{endpoint.port}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={where.kubeconfig}",
            f"--kf-namespace={NAMESPACE}",
            "--junit-xml=junit.xml",
            "--html=report.html",
            *workers,
            seconds=300,
        )
    assert code == 0, output
    assert "1 passed" in output
    found = re.search(
        r"^(\d+) responses were lost on the way and asked for again: (.*)$", output, re.MULTILINE
    )
    assert found is not None, output
    counted: Counter[str] = Counter()
    for name, count in re.findall(r"(\w+) (\d+) \(", found[2]):
        counted[name] += int(count)
    assert counted["gateway"] > 0
    assert counted["pipelines"] > 0
    assert counted.total() == int(found[1])
    assert escape(found[0]) in (tmp_path / "report.html").read_text()
    report = (tmp_path / "junit.xml").read_text()
    assert f'<property name="{PROPERTY}" value="{found[0]}"' in report
    remote.wait_until_as(before)


def test_a_session_that_lost_nothing_says_nothing(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_in(kf_cluster): pass\n")
    code, output = remote.run(tmp_path, "--junit-xml=junit.xml", seconds=120)
    assert code == 0, output
    assert " on the way" not in output
    assert PROPERTY not in (tmp_path / "junit.xml").read_text()
