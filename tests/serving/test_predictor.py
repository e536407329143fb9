"""How a predictor is asked, and what becomes of each answer that is not the wanted one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_kubeflow.errors import AuthenticationError, KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.serving.errors import RequestFailed
from pytest_kubeflow.serving.predictor import Predictor
from pytest_kubeflow.serving.routes import PredictorResponse
from pytest_kubeflow.waiting import Deadline

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
GOOD = PredictorResponse(200, b'{"predictions": [0, 2]}')
NO_ROUTE = PredictorResponse(404, b"")
UNKNOWN_MODEL = PredictorResponse(404, b'{"error":"Model with name iris does not exist."}')


class Script:
    """A route that gives these answers one after the other, the last for ever."""

    description = "https://kf.example with host iris.team.example.com"

    def __init__(self, *answers: PredictorResponse) -> None:
        self._answers: Iterator[PredictorResponse] = iter(answers)
        self._last = answers[-1]
        self.asked: list[tuple[str, str, Any]] = []

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> PredictorResponse:
        assert timeout > 0
        assert headers["Content-Type"] == "application/json"
        self.asked.append((method, path, json.loads(body) if body else None))
        return next(self._answers, self._last)


def asking(
    *answers: PredictorResponse, patient: bool = True, told: str = "the service is Ready=True"
) -> tuple[Predictor, Script]:
    script = Script(*answers)
    return (
        Predictor(
            script,
            "iris",
            explain=lambda: told,
            settling=Deadline.after(0.7) if patient else None,
        ),
        script,
    )


def test_v1() -> None:
    predictor, script = asking(GOOD)
    assert predictor.predict(ROWS) == [0, 2]
    assert script.asked == [("POST", "/v1/models/iris:predict", {"instances": ROWS})]


def test_v2() -> None:
    outputs = [{"name": "output-0", "shape": [2], "datatype": "INT64", "data": [0, 2]}]
    predictor, script = asking(PredictorResponse(200, json.dumps({"outputs": outputs}).encode()))
    assert predictor.infer(ROWS) == [0, 2]
    tensor = {"name": "input-0", "shape": [2, 4], "datatype": "FP64", "data": ROWS}
    ((method, path, sent),) = script.asked
    assert (method, path, sent["inputs"]) == ("POST", "/v2/models/iris/infer", [tensor])
    assert sent["id"]


OUTPUT = {"name": "output-0", "shape": [2], "datatype": "INT64", "data": [0, 2]}
ALTERED: dict[str, tuple[dict[str, Any], str]] = {
    "another model": ({"model_name": "roses"}, 'answers without "model_name": "iris"'),
    "another request": ({"id": "4711"}, "answers without the request's id"),
    "another shape": ({"outputs": [OUTPUT | {"shape": [3]}]}, r"without 3 numbers, as its shape"),
    "no shape": ({"outputs": [OUTPUT | {"shape": "two"}]}, "without an output of 2 numbers"),
    "text": ({"outputs": [OUTPUT | {"datatype": "BYTES"}]}, "data of the datatype 'BYTES'"),
    "bool": ({"outputs": [OUTPUT | {"datatype": "BOOL"}]}, "data of the datatype 'BOOL'"),
    "fractions": ({"outputs": [OUTPUT | {"data": [0.5, 2]}]}, "data of the datatype 'INT64'"),
    "no datatype": ({"outputs": [OUTPUT | {"datatype": "many"}]}, "data of the datatype 'many'"),
    "one too few": ({"outputs": [OUTPUT | {"shape": [1], "data": [0]}]}, "an output of 2 numbers"),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_v2_answers_have_to_agree_with_the_request_and_with_themselves(kind: str) -> None:
    change, found = ALTERED[kind]
    answer = {"model_name": "iris", "outputs": [OUTPUT]}
    good, _ = asking(PredictorResponse(200, json.dumps(answer).encode()))
    assert good.infer(ROWS) == [0, 2]
    predictor, _ = asking(PredictorResponse(200, json.dumps(answer | change).encode()))
    with pytest.raises(RequestFailed, match=found):
        predictor.infer(ROWS)


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "rows"),
    [
        ("FP32", [2, 1], [0, 2.5], [0, 2.5]),
        ("FP64", [2, 2], [[0.5, 1], [1, 0]], [[0.5, 1], [1, 0]]),
        ("BYTES", [2], ["a", "b"], ["a", "b"]),
        ("BOOL", [2], [True, False], [True, False]),
    ],
)
def test_v2_data_of_other_kinds(
    datatype: str, shape: list[int], data: list[Any], rows: list[Any]
) -> None:
    output = {"name": "o", "shape": shape, "datatype": datatype, "data": data}
    predictor, _ = asking(PredictorResponse(200, json.dumps({"outputs": [output]}).encode()))
    assert predictor.infer(ROWS) == rows


def test_arrays_are_rows_too() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed here")
    predictor, script = asking(GOOD)
    predictor.predict(numpy.array(ROWS))
    assert script.asked[0][2] == {"instances": ROWS}


def test_health_and_metadata() -> None:
    for body in (b'{"name":"iris","ready":true}', b'{"name":"iris","ready":"True"}'):
        assert asking(PredictorResponse(200, body))[0].is_ready()
    assert not asking(PredictorResponse(200, b'{"name":"iris","ready":false}'))[0].is_ready()
    for method, path, body in (
        ("is_model_ready", "/v2/models/iris/ready", b'{"name":"iris","ready":true}'),
        ("is_live", "/v2/health/live", b'{"live":true}'),
        ("is_server_ready", "/v2/health/ready", b'{"ready":true}'),
        ("is_live", "/v2/health/live", b""),
    ):
        predictor, script = asking(PredictorResponse(200, body))
        assert getattr(predictor, method)() is True
        assert script.asked == [("GET", path, None)]
    assert not asking(PredictorResponse(200, b'{"live":false}'))[0].is_live()
    assert asking(PredictorResponse(200, b'{"name":"iris"}'))[0].metadata() == {"name": "iris"}
    with pytest.raises(RequestFailed, match="503"):
        asking(PredictorResponse(503, b"not yet"), patient=False)[0].is_live()


@pytest.mark.parametrize("status", [404, 429, 502, 503, 504])
def test_routes_settle_after_ready(status: int) -> None:
    predictor, script = asking(
        PredictorResponse(status, b""), PredictorResponse(status, b"no healthy upstream"), GOOD
    )
    assert predictor.predict(ROWS) == [0, 2]
    assert len(script.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 413, 500, 501])
def test_other_answers_are_not_asked_for_again(status: int) -> None:
    predictor, script = asking(PredictorResponse(status, b"no"), GOOD)
    with pytest.raises(KubeflowError, match=str(status)):
        predictor.predict(ROWS)
    assert len(script.asked) == 1


def test_settling_ends() -> None:
    predictor, script = asking(PredictorResponse(503, b"upstream connect error"))
    with pytest.raises(RequestFailed, match="answers 503: upstream connect error; the service is"):
        predictor.predict(ROWS)
    assert 2 < len(script.asked) < 20
    # What has not settled then is asked once from now on.
    before = len(script.asked)
    with pytest.raises(RequestFailed):
        predictor.predict(ROWS)
    assert len(script.asked) == before + 1


def test_a_settled_route_is_known() -> None:
    """Its 404 is a verdict, and a lost response is none."""
    predictor, script = asking(GOOD, NO_ROUTE, PredictorResponse(503, b""), GOOD)
    predictor.predict(ROWS)
    with pytest.raises(RequestFailed) as failure:
        predictor.predict(ROWS)
    assert failure.value.status == 404
    assert predictor.predict(ROWS) == [0, 2]
    assert len(script.asked) == 4


def test_impatient_from_the_start() -> None:
    predictor, script = asking(NO_ROUTE, GOOD, patient=False)
    with pytest.raises(RequestFailed, match="answers 404"):
        predictor.predict(ROWS)
    assert len(script.asked) == 1


def test_unknown_model_is_the_servers_own_404() -> None:
    predictor, script = asking(NO_ROUTE, UNKNOWN_MODEL, GOOD)
    with pytest.raises(RequestFailed, match="Model with name iris does not exist") as failure:
        predictor.predict(ROWS)
    assert failure.value.status == 404
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            PredictorResponse(302, b"", {"Location": "/dex/auth"}),
            AuthenticationError,
            "it wants a login",
        ),
        (
            PredictorResponse(401, b"Jwt is expired"),
            AuthenticationError,
            "Jwt is expired: it wants a login",
        ),
        (
            PredictorResponse(403, b"RBAC: access denied"),
            PermissionDenied,
            "403: RBAC: access denied",
        ),
        (
            PredictorResponse(400, b'{"error":"Unrecognized request format"}'),
            RequestFailed,
            "Unrecognized",
        ),
        (
            PredictorResponse(500, b'{"error":"X has 3 features"}'),
            RequestFailed,
            "X has 3 features",
        ),
        (PredictorResponse(413, b""), RequestFailed, "answers 413; the service"),
    ],
)
def test_refusals(answer: PredictorResponse, error: type[Exception], message: str) -> None:
    predictor, _ = asking(answer)
    with pytest.raises(error, match=message):
        predictor.predict(ROWS)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Kubeflow Central Dashboard</html>", b"[0, 2]", b"{}", b'{"predictions": [0]}'],
    ids=["empty", "dashboard", "list", "nothing in it", "one too few"],
)
def test_success_that_is_none(body: bytes) -> None:
    """200 from whoever else answers there is no prediction."""
    with pytest.raises(RequestFailed) as failure:
        asking(PredictorResponse(200, body))[0].predict(ROWS)
    assert failure.value.status == 200
    with pytest.raises(RequestFailed):
        asking(PredictorResponse(200, body))[0].infer(ROWS)


def test_service_that_is_gone() -> None:
    gone = "the InferenceService iris does not exist (any more)"
    predictor, _ = asking(NO_ROUTE, patient=False, told=gone)
    with pytest.raises(NotFound, match="does not exist"):
        predictor.predict(ROWS)


def test_anything_can_be_asked() -> None:
    predictor, _ = asking(PredictorResponse(400, b"Unrecognized request format"))
    answer = predictor.ask("POST", "/v1/models/iris:predict", b'"no rows"')
    assert (answer.status, answer.text) == (400, "Unrecognized request format")
