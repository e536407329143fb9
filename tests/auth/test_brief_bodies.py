"""What is read of a response whose body was asked for as a stream, which may never end."""

from __future__ import annotations

import io

import pytest
import requests

from pytest_kubeflow.auth.retries import outage_in_response


def answer(status: int, body: bytes, **headers: str) -> requests.Response:
    found = requests.Response()
    found.status_code = status
    found.raw = io.BytesIO(body)
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    found.request = requests.Request("GET", "http://kf.example").prepare()
    return found


def test_a_brief_500_without_a_cause_is_an_outage() -> None:
    found = answer(500, b"Internal Server Error", Content_Length="21")
    outage = outage_in_response(found, read=False)
    assert outage is not None
    assert outage.within < 10


@pytest.mark.parametrize("headers", [{}, {"Content_Length": "5000000"}, {"Content_Length": "x"}])
def test_another_one_is_not_read(headers: dict[str, str]) -> None:
    found = answer(500, b"Internal Server Error", **headers)
    assert outage_in_response(found, read=False) is None
    assert found.raw.tell() == 0


def test_a_brief_500_with_a_cause_is_final() -> None:
    found = answer(500, b"the database has no such table", Content_Length="30")
    assert outage_in_response(found, read=False) is None
