"""ApiServer: the Kubernetes API of an embedded cluster, over TLS on loopback."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from pytest_kubeflow.local.apiserver.admission.webhooks import AdmissionWebhooks
from pytest_kubeflow.local.apiserver.app import ApiApp
from pytest_kubeflow.local.apiserver.auth.authn import Authenticator
from pytest_kubeflow.local.apiserver.auth.authz import Authorizer
from pytest_kubeflow.local.apiserver.auth.defaultroles import (
    GROUP,
    cluster_role_bindings,
    cluster_roles,
)
from pytest_kubeflow.local.apiserver.auth.reviews import Reviews
from pytest_kubeflow.local.apiserver.durable import keep
from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.handlers import Handlers
from pytest_kubeflow.local.apiserver.nodes.kubelets import Kubelets
from pytest_kubeflow.local.apiserver.nodes.podlogs import PodLogs
from pytest_kubeflow.local.apiserver.nodes.podports import PodPorts
from pytest_kubeflow.local.apiserver.pki import Pki
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.restore import Restoration, rewrite
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.strategies.strategies import Strategies
from pytest_kubeflow.local.apiserver.times import timestamp
from pytest_kubeflow.local.apiserver.tokens import TokenIssuer
from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.hosts import service_names
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import Credentials

ADMIN = "system:admin"
MASTERS = "system:masters"
_PREEMPTS = "PreemptLowerPriority"
_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class ApiServer:
    """Serves until `stop`; its state is in memory and ends with it, unless there is a `database`.

    What that holds it begins with, and each change is there before it is answered.
    `service_cidr` is the network of cluster IPs; its first address is the API's own Service. No
    token of a service account is good for more than `longest_token` seconds. `objects` are there
    from the beginning, in place of those of their names that the database has. People come by
    `public_socket`, if there is one, and not by `host`.
    """

    def __init__(
        self,
        *,
        pki: Pki,
        service_cidr: str,
        host: str = "127.0.0.1",
        port: int = 0,
        longest_token: int | None = None,
        objects: Iterable[Object] = (),
        public_socket: socket.socket | None = None,
        database: Database | None = None,
    ) -> None:
        self._store = ResourceStore()
        self._tokens = TokenIssuer(pki.signing_key)
        strategies = Strategies(self._store, service_cidr)
        self._handlers = Handlers(self._store, ResourceTypes(), strategies)
        authorizer = Authorizer(self._store)
        authenticator = Authenticator(self._tokens, self._store)
        kubelets = Kubelets(
            self._store,
            ca=pki.ca_file,
            certificate=pki.issue_client("kube-apiserver-kubelet-client", [MASTERS]),
        )
        self._logs = PodLogs(kubelets)
        self._webhooks = AdmissionWebhooks(self._store)
        app = ApiApp(
            self._handlers,
            tokens=self._tokens,
            authenticator=authenticator,
            authorizer=authorizer,
            reviews=Reviews(
                self._store, self._tokens, authenticator, authorizer, longest_token=longest_token
            ),
            logs=self._logs,
            ports=PodPorts(kubelets),
            webhooks=self._webhooks,
        )
        certificate, key = pki.issue_server("kube-apiserver", [strategies.kubernetes_ip, host])
        self._server = HttpServer(
            app,
            host=host,
            port=port,
            known=service_names("kubernetes", namespace="default"),
            certificate=certificate,
            key=key,
            client_ca=pki.ca_file,
            websockets=True,
            public_socket=public_socket,
        )
        self._service_ip = strategies.kubernetes_ip
        self.url = self._server.url
        self.ca_file = pki.ca_file
        with database.at_once() if database is not None else nullcontext():
            if database is not None:
                keep(self._store, self._handlers.registry, database, service_cidr)
            self._fill(objects)

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        self._store.end_watches()
        await self._server.stop()
        await self._logs.close()
        await self._webhooks.close()

    def rewrite(self, obj: Object) -> None:
        """Store an object as it is, past the rules for changes."""
        rewrite(self._handlers, obj)

    def admin_credentials(self) -> Credentials:
        """Credentials of an administrator, new at each call."""
        return self.component_credentials(ADMIN, [MASTERS])

    def component_credentials(self, user: str, groups: Sequence[str]) -> Credentials:
        """Credentials of a component of the cluster, good while this server runs."""
        return Credentials(
            server=self.url,
            ca_data=self.ca_file.read_text(),
            token=self._tokens.static(user, groups),
        )

    def write_kubeconfig(
        self,
        path: Path,
        *,
        user: str = ADMIN,
        groups: Sequence[str] = (MASTERS,),
        namespace: str = "default",
    ) -> None:
        """Write a kubeconfig (JSON, which is YAML too) that only this user can read."""
        cluster = {"server": self._server.url_of_people, "certificate-authority": str(self.ca_file)}
        context = {"cluster": "embedded", "user": user, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "embedded", "cluster": cluster}],
            "contexts": [{"name": "embedded", "context": context}],
            "users": [{"name": user, "user": {"token": self._tokens.static(user, groups)}}],
            "current-context": "embedded",
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            json.dump(config, file, indent=2)

    def _fill(self, objects: Iterable[Object]) -> None:
        """What a server has from its first start."""
        restoration = Restoration(self._handlers)
        for name in _NAMESPACES:
            restoration.put(_named("v1", "Namespace", name))
        for kind, bootstrapped in (
            ("ClusterRole", cluster_roles()),
            ("ClusterRoleBinding", cluster_role_bindings()),
        ):
            for obj in bootstrapped:
                restoration.store(_of_bootstrap(kind, obj))
        for name, value in _PRIORITIES.items():
            priority = _named("scheduling.k8s.io/v1", "PriorityClass", name)
            restoration.put({**priority, "value": value, "preemptionPolicy": _PREEMPTS})
        port = {"name": "https", "port": 443, "targetPort": self._server.port}
        spec = {"clusterIP": self._service_ip, "ports": [port]}
        restoration.put({**_named("v1", "Service", "kubernetes", "default"), "spec": spec})
        subset = {
            "addresses": [{"ip": self._server.host}],
            "ports": [{"name": "https", "port": self._server.port, "protocol": "TCP"}],
        }
        endpoints = _named("v1", "Endpoints", "kubernetes", "default")
        restoration.put({**endpoints, "subsets": [subset]})
        for obj in objects:
            restoration.put(obj)
        restoration.finish()


def _named(api_version: str, kind: str, name: str, namespace: str | None = None) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _of_bootstrap(kind: str, obj: Object) -> Object:
    given = obj["metadata"]
    metadata = {
        **given,
        "uid": str(uuid.uuid4()),
        "creationTimestamp": timestamp(),
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **given.get("labels", {})},
    }
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, **obj, "metadata": metadata}
