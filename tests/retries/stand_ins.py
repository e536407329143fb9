"""The servers that the six clients ask, as far as a table of faults needs them; and those clients.

What the real ones do with each client is for the tests of the clients; here it is the way that is
tested, and what counts is who asks how often.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.k8s.calling import calling as calling_kubernetes
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.pipelines.client import calling as calling_pipelines
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.pipelines.outputs.grpcweb import CONTENT_TYPE, frame
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
from pytest_kubeflow.pipelines.transport import policy_of
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.serving.predictor import Predictor
from pytest_kubeflow.serving.routes import GatewayRoute
from pytest_kubeflow.waiting import Deadline

from .unreliable import Answer

OWN = Ownership("tests")
SECONDS = 20.0
SOON = 1.5
"""Seconds after which a client takes a response for lost."""

SETTINGS = GatewaySettings()
TOKEN = BearerToken(Secret("a-token-of-tests"), origin="a test")
CONTENT = b"what was stored"
NAMES = "/api/v1/namespaces/team/configmaps"
RUNS = "/apis/v2beta1/runs"
_JSON = {"Content-Type": "application/json"}
_OK = b"grpc-status: 0\r\n"


class StandIn:
    """All six servers; `made` is what was created, by kind."""

    def __init__(self) -> None:
        self.made: dict[str, list[dict[str, Any]]] = {"gateway": [], "maps": [], "runs": []}

    def __call__(self, method: str, path: str, body: bytes, _: Mapping[str, str]) -> Answer:
        """The answer to a request."""
        place = urlsplit(path).path
        if place.startswith("/ml_metadata"):
            trailers = bytes([0x80]) + len(_OK).to_bytes(4, "big") + _OK
            return 200, {"Content-Type": CONTENT_TYPE}, frame(b"") + trailers
        if place == "/bucket/key":
            return 200, {"ETag": '"1"', "Content-Type": "text/plain"}, CONTENT
        sent = json.loads(body) if body else {}
        if place.startswith(NAMES):
            return self._maps(method, place, sent)
        if place.startswith(RUNS):
            return self._runs(method, place, sent)
        if place.endswith(":predict"):
            return 200, _JSON, b'{"predictions": [7]}'
        if method == "POST":
            self.made["gateway"].append(sent)
        return 200, _JSON, b'{"multi_user": true}'

    def _maps(self, method: str, place: str, sent: dict[str, Any]) -> Answer:
        maps = self.made["maps"]
        name = sent["metadata"]["name"] if sent else place.rpartition("/")[2]
        there = next((one for one in maps if one["metadata"]["name"] == name), None)
        if method == "GET" and there is not None:
            return 200, _JSON, json.dumps(there).encode()
        if method == "POST" and there is None:
            maps.append(sent)
            return 201, _JSON, json.dumps(sent).encode()
        code, reason = (409, "AlreadyExists") if there else (404, "NotFound")
        found = {"kind": "Status", "code": code, "reason": reason, "message": "says the API"}
        return code, _JSON, json.dumps(found).encode()

    def _runs(self, method: str, place: str, sent: dict[str, Any]) -> Answer:
        runs = self.made["runs"]
        if method == "POST":
            runs.append({**sent, "run_id": f"run-{len(runs)}"})
            return 200, _JSON, json.dumps(runs[-1]).encode()
        if place != RUNS:
            return 200, _JSON, b'{"run_id": "one", "display_name": "one", "state": "RUNNING"}'
        return 200, _JSON, json.dumps({"runs": runs}).encode()


@dataclass(frozen=True)
class Client:
    """One kind of request: which it is, and what sends it. `kind` of thing it makes, if it does."""

    method: str
    path: str
    ask: Callable[[], object]
    kind: str = ""


@contextmanager
def clients(url: str, folder: Path, name: str) -> Iterator[dict[str, Client]]:
    """Each of them, by its column in docs/reference/retries.md; things are called `name`."""
    kubernetes = KubernetesClient(_kubeconfig(url, folder))
    kfp = make_kfp_client(url, credentials=Anonymous(), settings=SETTINGS, namespace=None)
    access = S3Access(url, Secret("access"), Secret("secret-key"), region="us-east-1")
    bucket = Bucket(access, "bucket")
    # As S3Access has it, but for the time.
    bucket.client._http.connection_pool_kw["timeout"] = SOON
    with (
        gateway_session(SETTINGS, TOKEN) as session,
        gateway_session(SETTINGS, TOKEN, patient=False) as once,
    ):
        source = MetadataSource(
            lambda path, body, headers: once.post(
                f"{url}{path}", data=body, headers=dict(headers), timeout=SOON
            )
        )
        route = GatewayRoute(once, url)
        predictor = Predictor(route, "iris", settling=Deadline.after(SECONDS))

        def json_of(method: str) -> object:
            with network_errors(url):
                answer = session.request(
                    method,
                    f"{url}/asked",
                    headers={"Accept": "application/json"},
                    json={} if method == "POST" else None,
                    timeout=SOON,
                )
                answer.raise_for_status()
                return answer.json()

        def create_map() -> object:
            body = {"metadata": {"name": name, "labels": OWN.labels()}}
            with calling_kubernetes("create it"):
                made = kubernetes.core.create_namespaced_config_map(
                    "team", body, _request_timeout=(SOON, SOON)
                )
            return made.metadata.name

        def read_run() -> object:
            with calling_pipelines("read it"):
                run = kfp._run_api.run_service_get_run("one", _request_timeout=(SOON, SOON))
            return run.run_id

        def create_run() -> object:
            body = {"display_name": name}

            def create() -> object:
                with calling_pipelines("create it"):
                    return kfp._run_api.run_service_create_run(
                        body, _request_timeout=(SOON, SOON)
                    ).run_id

            def find() -> object:
                with calling_pipelines("look for it"):
                    there = kfp.list_runs().runs or ()
                return next((one.run_id for one in there if one.display_name == name), None)

            return policy_of(kfp).repeat(create, safe=False, done=find)

        yield {
            "gateway: GET": Client("GET", "/asked", lambda: json_of("GET")),
            "gateway: POST": Client("POST", "/asked", lambda: json_of("POST"), "gateway"),
            "Kubernetes: create": Client("POST", NAMES, create_map, "maps"),
            "pipelines: read": Client("GET", f"{RUNS}/one", read_run),
            "pipelines: create": Client("POST", RUNS, create_run, "runs"),
            "ML Metadata": Client(
                "POST",
                "/ml_metadata.MetadataStoreService/GetContextByTypeAndName",
                lambda: source.tasks("one"),
            ),
            "S3": Client("GET", "/bucket/key", lambda: bucket.get("key")),
            "predictors": Client(
                "POST",
                "/v1/models/iris:predict",
                lambda: predictor.predict([[1.0]], timeout=SOON),
            ),
        }
    kubernetes.close()


def _kubeconfig(url: str, folder: Path) -> Path:
    file = folder / "kubeconfig"
    file.write_text(
        '{"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [],'
        f'"clusters": [{{"name": "c", "cluster": {{"server": "{url}"}}}}],'
        '"contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}]}'
    )
    return file
