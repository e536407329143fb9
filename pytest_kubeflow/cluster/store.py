"""StoreLocation: the way to the object store, as it was configured or as Kubernetes knows it.

| we are | the store is reached by |
| --- | --- |
| given --kf-s3-endpoint | that |
| in a pod of the cluster | the name of its Service |
| elsewhere, with access to Kubernetes | a port-forward to its Service |
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_kubeflow.cluster.artifacts import named_stores
from pytest_kubeflow.config.groups.objectstore import S3Settings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward

_SYSTEM = "kubeflow"
SERVICES: tuple[tuple[str, int], ...] = (("seaweedfs", 8333), ("minio-service", 9000))
"""The store's Service in the namespace `kubeflow`: that of 26.03 and later, that of before."""

_SERVICE = re.compile(r"([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\..*)?)?)?")
_CONNECT_SECONDS = 3.0
_ASK = "give its address as it is reached from here (KF_S3_ENDPOINT, --kf-s3-endpoint=URL)"


@dataclass(frozen=True, slots=True)
class _Candidate:
    host: str
    port: int
    source: str
    secure: bool = False
    region: str | None = None
    service: tuple[str, str] | None = None
    """Namespace and name, where the host is a Service's."""

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


class StoreLocation:
    """Where one cluster's store is, looked for when first asked. Safe for several threads."""

    def __init__(self, config: KubeflowConfig, kubernetes: KubernetesClient) -> None:
        self._config = config
        self._kubernetes = kubernetes
        self._lock = threading.Lock()
        self._found = config.s3.endpoint is not None
        self._settings = config.s3
        self._origin = ""
        self._reason = ""
        self._forward: PortForward | None = None

    @property
    def settings(self) -> S3Settings:
        """How it is reached; without an endpoint if it was not found."""
        self._look()
        return self._settings

    @property
    def described(self) -> str:
        """The endpoint as messages call it: with where it is from."""
        self._look()
        if not self._origin:
            return self._config.described("s3_endpoint")
        return f"{self._settings.endpoint} ({self._origin})"

    @property
    def reason(self) -> str:
        """Why there is none: what was looked for, and what to do; empty if there is one."""
        self._look()
        return self._reason

    @property
    def is_forwarded(self) -> bool:
        """Whether the endpoint is a port of this machine that leads to the Service."""
        self._look()
        return self._forward is not None

    @property
    def trouble(self) -> str:
        """Why the last connection of the port-forward ended early, if it did."""
        trouble = self._forward.trouble if self._forward is not None else None
        return trouble.message if trouble is not None else ""

    def close(self) -> None:
        """Close the port-forward, if one was made."""
        if self._forward is not None:
            self._forward.close()

    def _look(self) -> None:
        with self._lock:
            if not self._found:
                self._found = True
                self._find()

    def _find(self) -> None:
        if not self._kubernetes.is_configured:
            self._reason = (
                "no object store was found: without access to Kubernetes its Service cannot be "
                f"looked for; {_ASK}"
            )
            return
        missing: list[str] = []
        for one in self._candidates():
            try:
                url, origin = self._reach(one)
            except KubeflowError as error:
                missing.append(error.message)
                continue
            self._settings = replace(
                self._settings, endpoint=url, region=self._settings.region or one.region
            )
            self._origin = origin
            return
        self._reason = f"no object store was found: {'; '.join(dict.fromkeys(missing))}; {_ASK}"

    def _candidates(self) -> Iterator[_Candidate]:
        """What ConfigMaps name, then what installations call it; each once."""
        own = self._config.kubernetes.namespace
        seen: set[tuple[str, str] | str] = set()
        usual = (
            _Candidate(f"{name}.{_SYSTEM}", port, "its usual name", service=(_SYSTEM, name))
            for name, port in SERVICES
        )
        for one in (*self._named(*dict.fromkeys([own or _SYSTEM, _SYSTEM])), *usual):
            key = one.service or one.url
            if key not in seen:
                seen.add(key)
                yield one

    def _named(self, *namespaces: str) -> Iterator[_Candidate]:
        for store in named_stores(self._kubernetes, *namespaces):
            host, _, port = store.address.partition(":")
            number = int(port) if port.isascii() and port.isdigit() else 443 if store.secure else 80
            service = None
            if matched := _SERVICE.fullmatch(host):
                service = (matched[2] or store.namespace, matched[1])
                host = ".".join(reversed(service)) if not matched[2] else host
            yield _Candidate(host, number, store.source, store.secure, store.region, service)

    def _reach(self, one: _Candidate) -> tuple[str, str]:
        """Its URL from here and where that is from. Raises KubeflowError."""
        if one.service is None:
            return one.url, f"from {one.source}"
        if self._kubernetes.is_in_cluster:
            _connect(one)
            return one.url, f"from {one.source}"
        namespace, name = one.service
        if one.secure:
            raise NotFound(
                f"{one.source} names {one.url}, whose certificate is not good for a forwarded port"
            )
        self._forward = PortForward(self._kubernetes, namespace, name, one.port)
        try:
            self._forward.open()
        except KubeflowError:
            self._forward = None
            raise
        return self._forward.url, f"port-forward to {self._forward.target}"


def _connect(one: _Candidate) -> None:
    try:
        socket.create_connection((one.host, one.port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise NotFound(
            f"{one.host}:{one.port} ({one.source}) cannot be reached from this pod: "
            f"{error.strerror or error}"
        ) from error
