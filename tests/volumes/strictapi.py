"""A strict cluster: the embedded API server behind admission that refuses as a real one does.

The words are those of a kube-apiserver 1.34.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from pytest_kubeflow.quantity import parse_quantity

Object = dict[str, Any]
_HOP = {"connection", "content-length", "host", "transfer-encoding", "authorization"}


@dataclass
class Strictness:
    """What is refused now, and what becomes of pods. Tests change it between requests.

    `quota` is the room for pods and config maps, `limit_range` the item of a LimitRange that is
    really there, `label` one that a policy demands, `forbidden` paths that nobody may read.
    `doom` is called with each new pod's manifest and returns what is done once it was created.
    """

    quota: dict[str, int] = field(default_factory=dict)
    limit_range: Object = field(default_factory=dict)
    label: str = ""
    forbidden: tuple[str, ...] = ()
    doom: Callable[[Object], Callable[[], None] | None] | None = None
    refused: list[str] = field(default_factory=list)
    most_pods: int = 0


def _quota(kind: str, obj: Object, strict: Strictness, used: int) -> str | None:
    most = strict.quota.get(kind)
    if most is None or used < most:
        return None
    name = obj["metadata"]["name"]
    counted = {"pods": "pods", "configmaps": "count/configmaps"}[kind]
    return (
        f'{kind} "{name}" is forbidden: exceeded quota: q, requested: {counted}=1, '
        f"used: {counted}={used}, limited: {counted}={most}"
    )


def _limit_range(obj: Object, item: Object) -> str | None:
    wrong = []
    for container in [*obj["spec"].get("initContainers", []), *obj["spec"]["containers"]]:
        requests, limits = (container["resources"][key] for key in ("requests", "limits"))
        for resource, least in item.get("min", {}).items():
            if parse_quantity(requests[resource]) < parse_quantity(least):
                wrong.append(
                    f"minimum {resource} usage per Container is {least}, "
                    f"but request is {requests[resource]}"
                )
        for resource, most in item.get("max", {}).items():
            if parse_quantity(limits[resource]) > parse_quantity(most):
                wrong.append(
                    f"maximum {resource} usage per Container is {most}, "
                    f"but limit is {limits[resource]}"
                )
        for resource, most in item.get("maxLimitRequestRatio", {}).items():
            ratio = parse_quantity(limits[resource]) / parse_quantity(requests[resource])
            if ratio > parse_quantity(most):
                wrong.append(
                    f"{resource} max limit to request ratio per Container is {most}, "
                    f"but provided ratio is {float(ratio):f}"
                )
    if not wrong:
        return None
    message = wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]"
    return f'pods "{obj["metadata"]["name"]}" is forbidden: {message}'


class _Front:
    """Judges requests, and hands on what is admitted."""

    def __init__(self, api: Any, strict: Strictness) -> None:
        self.api = api
        self.strict = strict
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        plain, kind = path.partition("?")[0], path.partition("?")[0].rpartition("/")[2]
        if any(plain.startswith(one) for one in self.strict.forbidden):
            return self.status(
                403,
                f'{kind}.storage.k8s.io is forbidden: User "somebody" cannot list resource '
                f'"{kind}" in API group "storage.k8s.io" at the cluster scope',
            )
        if method != "POST" or kind not in {"pods", "configmaps"}:
            return self.forward(method, path, body, headers)
        with self.lock:  # one at a time, as a quota is kept
            return self.admitted(kind, path, json.loads(body), headers)

    def admitted(self, kind: str, path: str, obj: Object, headers: dict[str, str]) -> Any:
        listed = json.loads(self.forward("GET", path.partition("?")[0], b"", {}).data)["items"]
        ours = [one for one in listed if "pytest-kubeflow.io/run-id" in _labels(one)]
        running = [
            one for one in ours if one.get("status", {}).get("phase") not in {"Succeeded", "Failed"}
        ]
        why, status = _quota(kind, obj, self.strict, len(running)), 403
        if kind == "pods" and why is None:
            self.strict.most_pods = max(self.strict.most_pods, len(running) + 1)
            why = _limit_range(obj, self.strict.limit_range)
            if self.strict.label and self.strict.label not in _labels(obj):
                status = 422
                why = (
                    f'pods "{obj["metadata"]["name"]}" is forbidden: ValidatingAdmissionPolicy '
                    "'owner-label' with binding 'owner-label' denied request: every pod needs "
                    f"the label {self.strict.label}"
                )
        if why is not None:
            self.strict.refused.append(why)
            return self.status(status, why)
        doom = self.strict.doom
        after = doom(obj) if doom is not None and kind == "pods" else None
        made = self.forward("POST", path, json.dumps(obj).encode(), headers)
        if after is not None:
            after()
        return made

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        ours = {**headers, **self.api.default_headers, "Accept": "application/json"}
        self.api.update_params_for_auth(ours, [], ["BearerToken"])
        return self.api.rest_client.pool_manager.request(
            method, self.api.configuration.host + path, body=body or None, headers=ours
        )

    @staticmethod
    def status(code: int, message: str) -> Any:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": "Forbidden" if code == 403 else "Invalid",
            "code": code,
        }
        return _Refused(code, json.dumps(body).encode())


@dataclass
class _Refused:
    status: int
    data: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def _labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


@contextmanager
def strict_api(kubeconfig: Path, folder: Path) -> Iterator[tuple[Path, Strictness]]:
    """Put it before the API server of `kubeconfig`; gives the kubeconfig to use instead."""
    strict = Strictness()
    api = config.new_client_from_config(str(kubeconfig))
    front = _Front(api, strict)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            answer = front.answer(self.command, self.path, body, headers)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815  http.server's names

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    file = folder / "strict.kubeconfig"
    address = f"http://127.0.0.1:{server.server_address[1]}"
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "users": [{"name": "u", "user": {"token": "taken from the one behind"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )
    )
    try:
        yield file, strict
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        api.close()


def core(kubeconfig: Path) -> Any:
    """The official client, past all strictness."""
    return client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
