"""The launcher's report, from its words to what the driver reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.pipelines.driver.report import Report
from pytest_kubeflow.local.pipelines.launcher import report


def test_numbers_that_json_has_not_come_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[Any] = []

    def take(url: str, headers: dict[str, str], body: bytes) -> None:
        sent.append(json.loads(body, parse_constant=pytest.fail))

    monkeypatch.setattr(report.Reporter, "_once", staticmethod(take))
    monkeypatch.setenv("NAMESPACE", "n")
    monkeypatch.setenv("KFP_POD_NAME", "p")
    token = tmp_path / "token"
    token.write_text("t")
    parameters = {"a": float("nan"), "b": float("-inf"), "c": 1.5, "d": "nan", "e": [1], "f": True}
    report.Reporter("h", 1, str(token)).send({"parameters": parameters, "artifacts": {}})
    assert sent[0].keys() <= set(Report.FIELDS)
    read = Report.from_json(sent[0]).parameters
    assert str(read.pop("a")) == "nan"
    assert read == {"b": float("-inf"), "c": 1.5, "d": "nan", "e": [1], "f": True}


def test_an_api_that_is_away_is_asked_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers: list[str | None] = [*["the connection is closed without an answer"] * 20, None]
    monkeypatch.setattr(report.Reporter, "_once", staticmethod(lambda *_: answers.pop(0)))
    monkeypatch.setattr(report, "_PAUSES", (0.001, 0.001))
    monkeypatch.setenv("NAMESPACE", "n")
    monkeypatch.setenv("KFP_POD_NAME", "p")
    token = tmp_path / "token"
    token.write_text("t")
    report.Reporter("host", 80, str(token)).send({"parameters": {}})
    assert not answers
    monkeypatch.setattr(report, "_SECONDS", 0.02)
    monkeypatch.setattr(report.Reporter, "_once", staticmethod(lambda *_: "busy"))
    with pytest.raises(report.ReportError, match="busy"):
        report.Reporter("host", 80, str(token)).send({"parameters": {}})
