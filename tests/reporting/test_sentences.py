"""Every failure has a sentence that says what it is about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_kubeflow.reporting.causes import key_of
from pytest_kubeflow.reporting.sentences import sentence_of


def api(package: str) -> BaseException:
    import kfp_server_api.exceptions
    import kubernetes.client

    body = '{"error": "pipeline 1 not found", "code": 5, "message": "pipeline 1 not found"}'
    answer = SimpleNamespace(status=404, reason="Not Found", data=body, getheaders=dict)
    kind: Any = {
        "kubernetes": kubernetes.client.ApiException,
        "kfp": kfp_server_api.exceptions.ApiException,
    }[package]
    error: BaseException = kind(http_resp=answer)
    return error


def store() -> BaseException:
    from minio.error import S3Error

    nowhere: Any = None
    path = "/mlpipeline/a/b"
    text = "The specified key does not exist."
    return S3Error(nowhere, "NoSuchKey", text, path, "18EC", None, "mlpipeline", "a/b")


def unreachable(url: str) -> BaseException:
    import requests

    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(url, timeout=5)
    return caught.value


class UntoldError(Exception):
    """Cannot tell what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (api("kfp"), "the pipelines API answers 404 Not Found: pipeline 1 not found"),
        (api("kubernetes"), "the Kubernetes API answers 404 Not Found: pipeline 1 not found"),
        (
            store(),
            "the object store answers NoSuchKey for /mlpipeline/a/b: "
            "The specified key does not exist",
        ),
        (
            unreachable("http://127.0.0.1:9/x"),
            "ConnectionError at http://127.0.0.1:9/x: Connection refused",
        ),
        (KeyError("framework"), "KeyError: 'framework'"),
        (ValueError(), "ValueError"),
        (UntoldError(), "UntoldError: <exception str() failed>"),
        (
            ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
            "several (2 sub-exceptions): ValueError: one; KeyError: 'two'",
        ),
    ],
)
def test_errors_of_sdks_say_who_answered_what(error: BaseException, message: str) -> None:
    assert sentence_of(error) == message


def test_a_bare_comparison_is_told_with_its_source() -> None:
    error = AssertionError("assert 1 == 2\n +  where 1 = len(['GPU-0'])")
    statement = "assert len(seen.uuids) == (\n    count\n)"
    message = "assert len(seen.uuids) == ( count ): 1 == 2"
    assert sentence_of(error, statement=statement) == message
    assert sentence_of(error, statement=statement, runs=["look-1"]) == f"{message} (run look-1)"
    several = ["look-1", "look-2", "look-3", "look-4"]
    assert sentence_of(error, runs=several) == "assert 1 == 2 (runs look-1, look-2, 2 more)"
    assert sentence_of(AssertionError(), statement="assert ok()") == "assert ok()"
    assert sentence_of(AssertionError("assert False"), statement="assert False") == "assert False"
    assert sentence_of(AssertionError()) == "AssertionError"
    long = sentence_of(AssertionError("assert 0"), statement=f"assert {'x' * 500}")
    assert len(long) < 200


def test_own_words_stay_as_they_are() -> None:
    error = AssertionError("GPUs are shared: task look-1\nassert 1 == 2")
    statement = "assert a == b, told"
    assert sentence_of(error, statement=statement) == "GPUs are shared: task look-1"
    compared = "the log of task tell does not have 'three'"
    error = AssertionError(f"assert 'three' in 'x': {compared}")
    assert sentence_of(error, compared, runs=["tell-9"]) == f"{compared} (run tell-9)"


def test_runs_do_not_part_what_has_one_cause() -> None:
    one, other = (
        sentence_of(AssertionError("assert 1 == 2"), statement="assert a == b", runs=[name])
        for name in ("square-145604e8", "add-up-9b7066e1")
    )
    assert key_of(one) == key_of(other)
