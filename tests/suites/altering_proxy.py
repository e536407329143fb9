"""AlteringProxy: leads to a cluster, and changes what it says of a run on the way back.

Each run is altered in one way, chosen by its pipeline and its arguments, so that one session of the
suites sees many. Everything else goes through as it is.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.pipelines.outputs.mlmd_messages import message
from tests.chaos.exchange import UpstreamResponse
from tests.chaos.proxy import chaos

_METHODS = {"GetContextByTypeAndName", "GetExecutionsByContext", "GetArtifactsByID"}
FRAME = struct.Struct(">BI")


@dataclass(frozen=True)
class Alteration:
    """What is done to answers about a run, or about uploaded versions; None leaves one alone.

    `run` gets the API's JSON of a run that has ended, `executions` ML Metadata's list of them,
    `artifacts` the artifacts' list, `document` any other JSON answer of the API with its path.
    """

    run: Callable[[Any], None] | None = None
    executions: Callable[[list[Any]], list[Any]] | None = None
    artifacts: Callable[[list[Any]], list[Any]] | None = None
    document: Callable[[str, Any], None] | None = None


Choose = Callable[[str, Any, str], Alteration | None]
"""(name of the pipeline or its version's id, arguments, name of the run) -> what is done to it."""


@dataclass
class AlteringProxy:
    """Which runs there are, and what becomes of them."""

    target: str
    choose: Choose
    document: Callable[[str, Any], None] | None = None
    _runs: dict[str, Alteration] = field(default_factory=dict)
    _contexts: dict[int, str] = field(default_factory=dict)

    def ask(self, server: str, method: str, path: str, body: bytes) -> bytes:
        """Requests go through as they are."""
        del server, method, path
        return body

    def wants(self, server: str, method: str, path: str) -> bool:
        """What is about runs, or uploaded."""
        del server, method
        return "/apis/v2beta1/" in path or "MetadataStoreService/" in path

    def alter(self, response: UpstreamResponse) -> None:
        """See `answer`."""
        if response.status == 200 and response.body:
            response.body = self.answer(response.path, response.request, response.body)

    def answer(self, path: str, request: bytes, body: bytes) -> bytes:
        """The body of an answer as the client gets it."""
        _, _, method = path.partition("ml_metadata.MetadataStoreService/")
        if method:
            return self._metadata(method, request, body)
        if "/apis/v2beta1/" not in path:
            return body
        try:
            found = json.loads(body)
        except ValueError:
            return body
        for one in found.get("runs") or [found]:
            self._run(one)
        if self.document is not None:
            self.document(path, found)
        return json.dumps(found).encode()

    def _run(self, told: Any) -> None:
        if not isinstance(told, dict) or "run_id" not in told:
            return
        if told["run_id"] not in self._runs:
            spec = told.get("pipeline_spec") or {}
            spec = spec.get("pipeline_spec") or spec
            name = (spec.get("pipelineInfo") or {}).get("name") or told[
                "pipeline_version_reference"
            ]["pipeline_version_id"]
            arguments = (told.get("runtime_config") or {}).get("parameters") or {}
            self._runs[told["run_id"]] = (
                self.choose(name, arguments, told["display_name"]) or Alteration()
            )
        change = self._runs[told["run_id"]].run
        if change is not None and told.get("state") in {"SUCCEEDED", "FAILED"}:
            change(told)

    def _metadata(self, method: str, request: bytes, body: bytes) -> bytes:
        if method not in _METHODS:
            return body
        sent = message(f"{method}Request").FromString(request[FRAME.size :])
        flag, length = FRAME.unpack_from(body)
        found = message(f"{method}Response").FromString(body[FRAME.size : FRAME.size + length])
        rest = body[FRAME.size + length :]
        if method == "GetContextByTypeAndName":
            self._contexts[found.context.id] = sent.context_name
        elif method == "GetExecutionsByContext":
            change = self._of(self._contexts.get(sent.context_id, "")).executions
            if change is not None:
                _replace(found.executions, change)
        elif method == "GetArtifactsByID":
            for run_id, alteration in self._runs.items():
                mine = any(run_id in one.uri for one in found.artifacts)
                if mine and alteration.artifacts is not None:
                    _replace(found.artifacts, alteration.artifacts)
        altered = found.SerializeToString()
        return FRAME.pack(flag, len(altered)) + altered + rest

    def _of(self, run_id: str) -> Alteration:
        return self._runs.get(run_id, Alteration())


def _replace(repeated: Any, change: Callable[[list[Any]], list[Any]]) -> None:
    altered = change(list(repeated))
    del repeated[:]
    repeated.extend(altered)


@contextmanager
def altering(proxy: AlteringProxy) -> Iterator[str]:
    """Serve it on loopback; gives its URL."""
    with chaos(altering=proxy) as served:
        yield served.listen("gateway", proxy.target)
