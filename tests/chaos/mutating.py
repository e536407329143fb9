"""Mutating: applies mutations to the answers about the runs, files and objects they are for."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pytest_kubeflow.pipelines.outputs.mlmd_messages import message
from tests.chaos.exchange import KUBERNETES, UpstreamResponse
from tests.chaos.mutation import Mutation
from tests.chaos.proxied_cluster import GATEWAY, STORE
from tests.chaos.volume_contents import rewritten
from tests.suites.altering_proxy import FRAME, Alteration, AlteringProxy

_LOG = re.compile(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/log")
_CLAIM = re.compile(r"/persistentvolumeclaims/([^/?]+)$")
_PREDICTOR = re.compile(r"/v[12]/models/")
_CONTEXT = "MetadataStoreService/GetContextByTypeAndName"
_RUN_ID = "pipeline/runid"


class Mutating:
    """For one session. `core` leads to the cluster itself: what a pod belongs to is asked there."""

    def __init__(self, mutations: Sequence[Mutation], core: Any) -> None:
        self._by_name = {one.of or one.name: one for one in mutations}
        self._predictors = [one.predictor for one in mutations if one.predictor is not None]
        self._core = core
        self._runs: dict[str, Mutation] = {}
        """By the run's id."""
        self._claims: dict[str, Mutation] = {}
        self._prefixes: dict[str, Mutation] = {}
        self._pipelines: dict[str, Mutation] = {}
        self._states: dict[str, tuple[str, str]] = {}
        self._uploads = [one for one in mutations if one.api is not None]
        self._objects = [one for one in mutations if one.store is not None]
        self._altering = AlteringProxy("", self._choose)
        self._lock = threading.Lock()

    # Requests.

    def ask(self, server: str, method: str, path: str, body: bytes) -> bytes:
        """Another code, or another run, than what is asked for."""
        if server == GATEWAY and method == "POST" and path.partition("?")[0].endswith("/runs"):
            sent = json.loads(body)
            mutation = self._named(sent["display_name"])
            if mutation is not None and mutation.code is not None:
                ours, theirs = (json.dumps(one)[1:-1] for one in mutation.code)
                assert ours in body.decode(), f"{mutation.name}: {ours} is not in the package"
                return body.decode().replace(ours, theirs).encode()
        if server == GATEWAY and path.endswith(_CONTEXT):
            return self._other_context(body)
        return body

    def _other_context(self, body: bytes) -> bytes:
        asked = message("GetContextByTypeAndNameRequest").FromString(body[FRAME.size :])
        mutation = self._runs.get(asked.context_name)
        if mutation is None or mutation.other is None:
            return body
        for run_id, (name, state) in self._states.items():
            if name.startswith(mutation.other) and state == "SUCCEEDED":
                asked.context_name = run_id
        found: bytes = asked.SerializeToString()
        return FRAME.pack(0, len(found)) + found

    # Responses.

    def wants(self, server: str, method: str, path: str) -> bool:
        """What may be about something that is mutated, and ends."""
        if server == KUBERNETES:
            there = path.partition("?")[0]
            ends = "follow=" not in path
            return method == "GET" and ends and bool(_LOG.search(there) or _CLAIM.search(there))
        if _PREDICTOR.search(path) is not None:
            return bool(self._predictors)
        return server == STORE or "/apis/v2beta1/" in path or "MetadataStoreService/" in path

    def alter(self, response: UpstreamResponse) -> None:
        """What the mutations of this session make of it."""
        if response.server == STORE:
            self._store(response)
        elif _PREDICTOR.search(response.path) is not None:
            for change in self._predictors:
                change(response)
        elif response.status // 100 != 2:
            return
        elif response.server == KUBERNETES:
            self._kubernetes(response)
        else:
            self._gateway(response)

    def _gateway(self, response: UpstreamResponse) -> None:
        if "/apis/v2beta1/" in response.path and response.body.startswith(b"{"):
            document = json.loads(response.body)
            for one in document.get("runs") or [document]:
                self._restore(one)
            response.body = json.dumps(document).encode()
            self._upload(response)
        response.body = self._altering.answer(response.path, response.request, response.body)

    def _restore(self, told: Any) -> None:
        """The API says that it ran our code."""
        if not isinstance(told, dict) or "run_id" not in told:
            return
        self._states[told["run_id"]] = (told["display_name"], told.get("state", ""))
        mutation = self._named(told["display_name"])
        if mutation is None:
            return
        self._runs[told["run_id"]] = mutation
        claim = ((told.get("runtime_config") or {}).get("parameters") or {}).get("pvc_name")
        if claim:
            self._claims[claim] = mutation
        if mutation.code is not None:
            ours, theirs = (json.dumps(one)[1:-1] for one in mutation.code)
            if "pipeline_spec" in told:
                spec = json.dumps(told["pipeline_spec"]).replace(theirs, ours)
                told["pipeline_spec"] = json.loads(spec)

    def _named(self, display_name: str) -> Mutation | None:
        return self._by_name.get(display_name.rpartition("-")[0])

    def _choose(self, _name: str, _arguments: Any, display_name: str) -> Alteration | None:
        mutation = self._named(display_name)
        if mutation is None:
            return None
        return Alteration(
            run=mutation.run, executions=mutation.executions, artifacts=mutation.artifacts
        )

    def _upload(self, response: UpstreamResponse) -> None:
        """What is said to a test that uploads, which begin one after another."""
        path, _, query = response.path.partition("?")
        if response.method == "POST" and path.endswith("/pipelines/upload") and self._uploads:
            pipeline = json.loads(response.body)
            mutation = self._uploads.pop(0)
            self._pipelines[pipeline["pipeline_id"]] = mutation
            self._pipelines[pipeline["display_name"]] = mutation
        for key, mutation in self._pipelines.items():
            if (key in path or key in unquote(query)) and mutation.api is not None:
                mutation.api(response)
                return

    def _kubernetes(self, response: UpstreamResponse) -> None:
        path = response.path.partition("?")[0]
        if (found := _LOG.search(path)) is not None:
            self._log(response, *found.groups())
        elif (claim := _CLAIM.search(path)) is not None:
            mutation = self._claims.get(claim[1])
            if mutation is not None and mutation.claim is not None and response.method == "GET":
                document = json.loads(response.body)
                mutation.claim(document)
                response.body = json.dumps(document).encode()

    def _log(self, response: UpstreamResponse, namespace: str, name: str) -> None:
        pod = self._core.read_namespaced_pod(name, namespace)
        mutation = self._runs.get((pod.metadata.labels or {}).get(_RUN_ID, ""))
        if mutation is not None:
            if mutation.log is not None:
                response.body = mutation.log(response.body.decode()).encode()
            return
        claims = [
            volume.persistent_volume_claim.claim_name
            for volume in pod.spec.volumes or ()
            if volume.persistent_volume_claim is not None
        ]
        for claim in claims:
            of_claim = self._claims.get(claim)
            if of_claim is not None and of_claim.files is not None and "-read-" in name:
                response.body = rewritten(response.body, of_claim.files)

    def _store(self, response: UpstreamResponse) -> None:
        """Objects of a run by its id; others by their prefix, one mutation after another."""
        parts = urlsplit(response.path)
        key = unquote(parts.path)
        if not parts.path.strip("/").partition("/")[2]:
            key = f"{key}/{parse_qs(parts.query).get('prefix', [''])[0]}"
        for run_id, of_run in self._runs.items():
            if run_id in key and of_run.store is not None:
                of_run.store(response, key)
                return
        if (found := re.search(r"pytest-kubeflow-[^/]+/[0-9a-f]{8}(?=/)", key)) is None:
            return
        prefix = found[0]
        if prefix not in self._prefixes and response.method == "PUT":
            new = [one for one in self._objects if one not in self._prefixes.values()]
            mutation = next((one for one in new if _is_of(one, key)), None)
            if mutation is not None:
                self._prefixes[prefix] = mutation
        if prefix in self._prefixes:
            change = self._prefixes[prefix].store
            assert change is not None
            change(response, key)


_FIRST = {"models/line/model.json": "model_round_trip", "weights.bin": "large", "kept.txt": "keys"}


def _is_of(mutation: Mutation, key: str) -> bool:
    """Whether an object is one that the mutation's test puts first."""
    return any(
        key.endswith(name) and part in mutation.test.rpartition("::")[2]
        for name, part in _FIRST.items()
    )
