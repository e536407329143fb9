"""Hooks for allure-pytest, if it is there and `--alluredir` was given: runs, evidence, redaction.

Allure writes its results in the process that runs a test, from pytest's exceptions and reports as
they were before ours have redacted them, so each file is redacted as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.reporting.plugin import PAYLOAD

_DIRECTORY = "allure_report_dir"


def is_wanted(config: pytest.Config) -> bool:
    """Whether Allure's results are written."""
    return bool(config.getoption(_DIRECTORY, None))


def pytest_configure(config: pytest.Config) -> None:
    """Have what Allure writes redacted."""
    if not is_wanted(config):
        return
    import allure_commons

    directory = Path(config.getoption(_DIRECTORY)).absolute()
    ours = _redaction(options.redactor(config).redact, directory)
    allure_commons.plugin_manager.register(ours)
    config.add_cleanup(lambda: _unregister(ours))


def _unregister(ours: object) -> None:
    import allure_commons

    allure_commons.plugin_manager.unregister(ours)


# Around the hook of reporting.plugin, which is registered earlier and has made the payload.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what our own reports tell of the test, while Allure's test is still open."""
    report = yield
    payload = getattr(report, PAYLOAD, None)
    if payload and is_wanted(item.config):
        _attach(payload)
    return report


def _attach(payload: dict[str, Any]) -> None:
    import allure

    from pytest_kubeflow.reporting.html import is_web_page

    if payload.get("sentence"):
        allure.attach(payload["sentence"], "what is wrong", allure.attachment_type.TEXT)
    for heading, text in payload.get("evidence", ()):
        allure.attach(text, heading, allure.attachment_type.TEXT)
    for run in payload.get("runs", ()):
        content = json.dumps(run, indent=1)
        name = f"run {run['name']} ({run['run_id']})"
        allure.attach(content, name, allure.attachment_type.JSON)
        if is_web_page(run["url"]):
            allure.dynamic.link(run["url"], name=run["name"])  # type: ignore[no-untyped-call]


def _redaction(redact: Callable[[str], str], directory: Path) -> object:
    """A plugin of Allure's own manager, whose hooks are found by their marks."""
    import attr
    from allure_commons import hookimpl

    def redacted(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, list):
            value[:] = map(redacted, value)
        elif attr.has(type(value)):
            for field in attr.fields(type(value)):
                setattr(value, field.name, redacted(getattr(value, field.name)))
        return value

    class Redaction:
        @hookimpl(tryfirst=True)
        def report_result(self, result: Any) -> None:
            redacted(result)

        @hookimpl(tryfirst=True)
        def report_container(self, container: Any) -> None:
            redacted(container)

        @hookimpl(trylast=True)
        def report_attached_data(self, body: str | bytes, file_name: str) -> None:
            """Allure has just written it: hooks cannot change what others are given."""
            text = body if isinstance(body, str) else body.decode("latin-1")
            clean = redact(text)
            if clean != text:
                file = directory / file_name
                encoding = "utf-8" if isinstance(body, str) else "latin-1"
                file.write_bytes(clean.encode(encoding, "replace"))

    return Redaction()
