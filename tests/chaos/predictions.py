"""Changes to what predictors say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.chaos.exchange import UpstreamResponse

Predictor = Callable[[UpstreamResponse], None]


def _answer(end: str, change: Callable[[Any], None]) -> Predictor:
    """Another answer to paths with this end."""

    def changed(response: UpstreamResponse) -> None:
        if response.status == 200 and response.path.endswith(end):
            document = json.loads(response.body)
            change(document)
            response.body = json.dumps(document).encode()

    return changed


def tensor(change: Callable[[list[Any]], list[Any]]) -> Predictor:
    """Another tensor of the Open Inference Protocol."""

    def changed(told: Any) -> None:
        told["outputs"][0]["data"] = change(told["outputs"][0]["data"])

    return _answer("/infer", changed)


def metadata(response: UpstreamResponse) -> None:
    """The metadata of another model."""
    if response.status == 200 and response.method == "GET" and not response.path.endswith("/ready"):
        document = json.loads(response.body)
        if "name" in document and "/v2/models/" in response.path:
            response.body = json.dumps({**document, "name": "another"}).encode()


def of_another_model(response: UpstreamResponse) -> None:
    """Predictions of other flowers, of all models but the shared one."""
    if "kf-iris" not in response.path:
        _answer(":predict", lambda told: told["predictions"].reverse())(response)


def let_in(response: UpstreamResponse) -> None:
    """Whoever is refused gets an answer."""
    if response.path.endswith(":predict") and response.status in {301, 302, 303, 307, 401, 403}:
        response.status, response.body = 200, b'{"predictions": []}'
        response.headers["Content-Type"] = "application/json"
        response.headers.pop("Location", None)
