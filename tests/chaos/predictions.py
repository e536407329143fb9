"""Changes to what predictors say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.chaos.exchange import Said

Predictor = Callable[[Said], None]


def _answer(end: str, change: Callable[[Any], None]) -> Predictor:
    """Another answer to paths with this end."""

    def changed(said: Said) -> None:
        if said.status == 200 and said.path.endswith(end):
            document = json.loads(said.body)
            change(document)
            said.body = json.dumps(document).encode()

    return changed


def tensor(change: Callable[[list[Any]], list[Any]]) -> Predictor:
    """Another tensor of the Open Inference Protocol."""

    def changed(told: Any) -> None:
        told["outputs"][0]["data"] = change(told["outputs"][0]["data"])

    return _answer("/infer", changed)


def metadata(said: Said) -> None:
    """The metadata of another model."""
    if said.status == 200 and said.method == "GET" and not said.path.endswith("/ready"):
        document = json.loads(said.body)
        if "name" in document and "/v2/models/" in said.path:
            said.body = json.dumps({**document, "name": "another"}).encode()


def of_another_model(said: Said) -> None:
    """Predictions of other flowers, of all models but the shared one."""
    if "kf-iris" not in said.path:
        _answer(":predict", lambda told: told["predictions"].reverse())(said)


def let_in(said: Said) -> None:
    """Whoever is refused gets an answer."""
    if said.path.endswith(":predict") and said.status in {301, 302, 303, 307, 401, 403}:
        said.status, said.body = 200, b'{"predictions": []}'
        said.headers["Content-Type"] = "application/json"
        said.headers.pop("Location", None)
