"""A session as JSON: read back as it was, valid by the schema that is published."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.records.document import dump, load, schema
from pytest_kubeflow.reporting.records.session import SCHEMA, SessionRecord
from tests.reporting.formats import samples

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "report.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_published_schema_is_the_documents() -> None:
    """Written by `python -m pytest_kubeflow.reporting.records.document > FILE`."""
    assert json.loads(PUBLISHED.read_text()) == schema()
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_schema_is_in_the_package_that_is_installed() -> None:
    found = PUBLISHED.parents[2] / "pyproject.toml"
    message = '"docs/reference/report.schema.json" = "pytest_kubeflow/report.schema.json"'
    assert message in found.read_text()


@pytest.mark.parametrize("make", samples.SESSIONS.values(), ids=samples.SESSIONS)
def test_each_kind_of_session_is_valid(make: Callable[[], SessionRecord]) -> None:
    VALIDATOR.validate(json.loads(dump(make())))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples.RECORDS)
@example(replace(samples.degraded(), lost="\ud800", facts={"\udfff": "\x00"}))
def test_any_session_is_read_back(tmp_path: Path, record: SessionRecord) -> None:
    file = tmp_path / "session.json"
    content = dump(record)
    file.write_bytes(content)
    VALIDATOR.validate(json.loads(content))
    found = load(file)
    assert dump(found) == content
    if not any(0xD800 <= ord(one) < 0xE000 for one in repr(record)) and r"\ud" not in repr(record):
        assert found == record


def test_numbers_that_json_does_not_have(tmp_path: Path) -> None:
    run = replace(samples.RUN, outputs={"a": math.nan, "b": -math.inf})
    record = samples.session(replace(samples.red(), runs=(run,)))
    (tmp_path / "f").write_bytes(dump(record))
    (test,) = load(tmp_path / "f").tests
    assert test.runs[0].outputs == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe\xff", "is no JSON"),
        (b"[]", "it has no schema"),
        (b'{"results": {}}', "it has no schema"),
        (b'{"schema": 1}', "session: Field required"),
        (f'{{"schema": {SCHEMA + 1}}}'.encode(), "newer pytest-kubeflow"),
    ],
)
def test_what_is_no_document_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="No such file"):
        load(tmp_path / "none")
