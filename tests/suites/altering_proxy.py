"""AlteringProxy: leads to a cluster, and changes what it says of a run on the way back.

Each run is altered in one way, chosen by its pipeline and its arguments, so that one session of the
suites sees many. Everything else goes through as it is.
"""

from __future__ import annotations

import http.client
import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.pipelines.mlmd_messages import message

_METHODS = {"GetContextByTypeAndName", "GetExecutionsByContext", "GetArtifactsByID"}
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date"})
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

    def answer(self, path: str, request: bytes, body: bytes) -> bytes:
        """The body of an answer as the client gets it."""
        _, _, method = path.partition("ml_metadata.MetadataStoreService/")
        if method:
            return self._metadata(method, request, body)
        if "/apis/v2beta1/" not in path:
            return body
        try:
            told = json.loads(body)
        except ValueError:
            return body
        for one in told.get("runs") or [told]:
            self._run(one)
        if self.document is not None:
            self.document(path, told)
        return json.dumps(told).encode()

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
        told = message(f"{method}Response").FromString(body[FRAME.size : FRAME.size + length])
        rest = body[FRAME.size + length :]
        if method == "GetContextByTypeAndName":
            self._contexts[told.context.id] = sent.context_name
        elif method == "GetExecutionsByContext":
            change = self._of(self._contexts.get(sent.context_id, "")).executions
            if change is not None:
                _replace(told.executions, change)
        elif method == "GetArtifactsByID":
            for run_id, alteration in self._runs.items():
                mine = any(run_id in one.uri for one in told.artifacts)
                if mine and alteration.artifacts is not None:
                    _replace(told.artifacts, alteration.artifacts)
        altered = told.SerializeToString()
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
    target = urlsplit(proxy.target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            request = self.rfile.read(size)
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in _HOP | {"accept-encoding", "host"}
            }
            upstream = http.client.HTTPConnection(target.netloc, timeout=60)
            try:
                upstream.request(self.command, self.path, request, headers)
                response = upstream.getresponse()
                body = response.read()
            finally:
                upstream.close()
            if response.status == 200 and body:
                body = proxy.answer(self.path, request, body)
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815  http.server's

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Clients that leave at the end of a session."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
