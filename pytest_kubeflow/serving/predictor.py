"""Predictor: asks a served model, with KServe's protocol V1 or the Open Inference Protocol V2."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pytest_kubeflow.auth.loginwanted import shows_sign_in
from pytest_kubeflow.errors import (
    AuthenticationError,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import Outage, carried_by
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import outage_in, page_in
from pytest_kubeflow.serving.errors import RequestFailed
from pytest_kubeflow.serving.routes import PredictorResponse, Route
from pytest_kubeflow.serving.tensor import Tensor
from pytest_kubeflow.waiting import Deadline

CLIENT = "predictors"

SETTLING = 30.0
"""Seconds after which a route to a service that is ready has to work, and for which one that did is
asked again."""

_ANSWER_SECONDS = 60.0
_SHOWN = 300
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_LOGIN = frozenset({301, 302, 303, 307, 308})

Rows = Sequence[Sequence[float]]


class Predictor:
    """A model behind a route.

    What is lost on the way (no connection, 429, 502 to 504 and the like) is asked for again, for as
    long as `settling` was made for; 404 too, until its first answer or until `settling` is over.
    Without `settling` the first answer counts, whatever it is. Methods raise RequestFailed with
    HTTP's status, AuthenticationError where a login is wanted, PermissionDenied where we are
    refused.
    """

    def __init__(
        self,
        route: Route,
        model: str,
        *,
        explain: Callable[[], str] = str,
        settling: Deadline | None = None,
    ) -> None:
        self._route = route
        self.model = model
        self._explain = explain
        self._settling = settling
        self._policy = settling and RetryPolicy(CLIENT, settling.seconds, judge=_judge)

    def __repr__(self) -> str:
        return f"Predictor({self.model!r} at {self._route.description})"

    def predict(self, rows: Rows, *, timeout: float = _ANSWER_SECONDS) -> list[Any]:
        """The predictions for `rows` by V1, one each."""
        answer = self._json(
            "POST", f"{self._v1}:predict", {"instances": _plain(rows)}, timeout=timeout
        )
        found = answer.get("predictions")
        if not isinstance(found, list) or len(found) != len(rows):
            raise self._odd(answer, f"{len(rows)} predictions")
        return READ.note(found, f"model {self.model}")

    def infer(
        self, rows: Rows, *, datatype: str = "FP64", timeout: float = _ANSWER_SECONDS
    ) -> list[Any]:
        """The predictions for `rows` by V2, one each; `datatype` is that of the numbers sent."""
        return list(self.infer_tensor(rows, datatype=datatype, timeout=timeout).data)

    def infer_tensor(
        self, rows: Rows, *, datatype: str = "FP64", timeout: float = _ANSWER_SECONDS
    ) -> Tensor:
        """The same as the model server gives it, with shape and datatype.

        Raises RequestFailed unless it is this model's, of this request, one number for each row,
        and in shape and datatype what its data are.
        """
        plain = _plain(rows)
        tensor = {
            "name": "input-0",
            "shape": [len(plain), len(plain[0]) if plain else 0],
            "datatype": datatype,
            "data": plain,
        }
        request = {"id": uuid.uuid4().hex, "inputs": [tensor]}
        answer = self._json("POST", f"{self._v2}/infer", request, timeout=timeout)
        if answer.get("model_name") not in (None, self.model):
            raise self._odd(answer, f'"model_name": "{self.model}"')
        if answer.get("id") not in (None, "", request["id"]):
            raise self._odd(answer, "the request's id")
        outputs = answer.get("outputs")
        first = outputs[0] if isinstance(outputs, list) and outputs else {}
        found = Tensor.of(first) if isinstance(first, Mapping) else None
        if found is None or len(found.data) != len(rows):
            raise self._odd(answer, f"an output of {len(rows)} numbers")
        if wrong := found.contradiction:
            raise self._odd(answer, wrong)
        return found

    def is_ready(self) -> bool:
        """Whether the model is ready, by V1."""
        return _is_true(self._json("GET", self._v1).get("ready"))

    def is_model_ready(self) -> bool:
        """Whether the model is ready, by V2."""
        return self._says("ready", f"{self._v2}/ready")

    def is_live(self) -> bool:
        """Whether the server lives, by V2."""
        return self._says("live", "/v2/health/live")

    def is_server_ready(self) -> bool:
        """Whether the server is ready, by V2."""
        return self._says("ready", "/v2/health/ready")

    def metadata(self) -> Mapping[str, Any]:
        """What the server tells of the model by V2: name, platform, inputs, outputs."""
        return self._json("GET", self._v2)

    def server_metadata(self) -> Mapping[str, Any]:
        """What the server tells of itself by V2: name, version, extensions."""
        return self._json("GET", "/v2")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] = _JSON,
        timeout: float = _ANSWER_SECONDS,
    ) -> PredictorResponse:
        """Any request; the answer as it is, refusals too. For what `predict` would not send."""

        def send() -> PredictorResponse:
            return self._route.send(method, path, body=body, headers=headers, timeout=timeout)

        # A prediction may be asked for twice: it changes nothing.
        return self._policy.response(send, self._outage) if self._policy else send()

    def _outage(self, answer: PredictorResponse) -> Outage | None:
        """What an answer says of the route and of who stands there; None for one that counts."""
        page = page_in(answer.status, answer.headers, answer.body)
        outage = page or outage_in(answer.status, answer.headers, answer.body)
        if answer.status == 401:
            return None
        settling = self._settling
        if settling and answer.status == 404 and not _is_the_servers(answer):
            # A gateway that does not know the route yet.
            message = f"it answers 404: {words_of(answer.body)}"
            return Outage(message, "404", within=settling.remaining())
        if outage is None:
            self._settling = None
        return outage

    @property
    def _v1(self) -> str:
        return f"/v1/models/{quote(self.model, safe='')}"

    @property
    def _v2(self) -> str:
        return f"/v2/models/{quote(self.model, safe='')}"

    def _says(self, word: str, path: str) -> bool:
        """What a health endpoint says; some servers only answer 200."""
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise self._refusal(answer, f"GET {path}")
        if not answer.body.strip():
            return True
        found = _decoded(answer)
        if not isinstance(found, dict):
            raise self._odd(found, f'"{word}"')
        return _is_true(found.get(word, True))

    def _json(
        self, method: str, path: str, body: Any = None, *, timeout: float = _ANSWER_SECONDS
    ) -> Mapping[str, Any]:
        sent = None if body is None else json.dumps(body).encode()
        answer = self.ask(method, path, sent, timeout=timeout)
        if answer.status != 200:
            raise self._refusal(answer, f"{method} {path}")
        found = _decoded(answer)
        if not isinstance(found, dict):
            raise RequestFailed(
                f"{method} {path} at {self._route.description} answers 200, and no JSON object: "
                f"{_shown(answer)}",
                status=200,
                body=answer.text,
            )
        return found

    def _refusal(self, answer: PredictorResponse, what: str) -> Exception:
        where = f"{what} at {self._route.description} answers {_shown(answer)}"
        sent_away = answer.status == 401 or answer.status in _LOGIN
        if sent_away or (answer.status == 403 and shows_sign_in(answer.body)):
            return AuthenticationError(f"{where}: it wants a login")
        if answer.status == 403:
            return PermissionDenied(where)
        message = self._explain()
        if "does not exist" in message:
            return NotFound(f"{where}; {message}")
        return RequestFailed(
            f"{where}; {message}" if message else where, status=answer.status, body=answer.text
        )

    def _odd(self, answer: Any, wanted: str) -> RequestFailed:
        shown = json.dumps(answer)[:_SHOWN]
        return RequestFailed(
            f"{self.model} at {self._route.description} answers without {wanted}: {shown}",
            status=200,
            body=json.dumps(answer),
        )


def _judge(error: BaseException) -> Outage | None:
    """Errors of routes are ours, with that of the connection as their cause."""
    if (outage := carried_by(error)) is not None:
        return outage
    if isinstance(error, KubeflowError) and error.__cause__ is not None:
        return outage_of(error.__cause__)
    return None


def _plain(rows: Rows) -> list[list[float]]:
    """Lists of floats, for whatever looks like rows of numbers (an array too)."""
    return [[float(number) for number in row] for row in rows]


def _decoded(answer: PredictorResponse) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _is_the_servers(answer: PredictorResponse) -> bool:
    """Whether a model server says so, in its JSON, and not a gateway that has no route yet."""
    found = _decoded(answer)
    return (
        answer.status == 404
        and isinstance(found, dict)
        and bool(found.keys() & {"error", "detail"})
    )


def _is_true(value: object) -> bool:
    # V1 of some releases answers with the text "True".
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _shown(answer: PredictorResponse) -> str:
    text = words_of(answer.text, longest=_SHOWN)
    return f"{answer.status}: {text}" if text else str(answer.status)
