"""The control plane below the embedded Kubeflow: one of its own, or that of a real cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.joining import JoinedApi, keeps_image_volumes, service_cidrs
from pytest_kubeflow.local.kube import Credentials, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.node import ConditionState
from pytest_kubeflow.local.kubelet.server.certificate import ServingKey
from pytest_kubeflow.local.network import ClusterNetwork, LoopbackNetwork
from pytest_kubeflow.local.network.founding import own_network
from pytest_kubeflow.local.network.nodenetwork import NodeNetwork

ADMIN = "system:admin"
MASTERS = ("system:masters",)


class ControlPlane(Protocol):
    """What the components of the embedded Kubeflow need of an API server."""

    joined: bool
    """Whether controllers and scheduler run there already."""

    network: ClusterNetwork
    """Where pods and components are; from `prepare` to `close`."""

    conditions: Mapping[str, ConditionState]
    """What the node says of that network."""

    async def prepare(self) -> None: ...

    async def start(self, objects: Iterable[Object] = (), database: Database | None = None) -> None:
        """Returns once the API server answers; one that begins now begins with `objects`.

        It keeps what it has in `database`.
        """

    async def stop(self) -> None: ...

    def close(self) -> None: ...

    def credentials(self, user: str, groups: Sequence[str]) -> Credentials:
        """Those of the component that is called `user`."""

    def write_kubeconfig(self, path: Path, *, namespace: str) -> None:
        """That of an administrator."""

    @property
    def ca(self) -> str:
        """The certificate that clients of the API server trust, PEM."""

    async def serving(self, node_name: str) -> Serving:
        """The certificate of a kubelet's endpoint."""

    async def copies_launcher(self, client: KubeClient, namespace: str) -> bool:
        """Whether pods have to copy the launcher, for want of image volumes."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The certificate of a kubelet's endpoint, and the CA of its clients, as files.

    `key` is there where the cluster is asked to sign for it.
    """

    files: tuple[Path, Path]
    client_ca: Path
    key: ServingKey | None = None


class _Api(Protocol):
    def component_credentials(self, user: str, groups: Sequence[str], /) -> Credentials: ...

    def write_kubeconfig(self, path: Path, *, namespace: str) -> None: ...


_AnApi = TypeVar("_AnApi", bound=_Api)


class _ByApi(Generic[_AnApi]):
    """What both kinds leave to their API server and their network."""

    network: ClusterNetwork
    _api: _AnApi

    def close(self) -> None:
        self.network.close()

    def credentials(self, user: str, groups: Sequence[str]) -> Credentials:
        return self._api.component_credentials(user, groups)

    def write_kubeconfig(self, path: Path, *, namespace: str) -> None:
        self._api.write_kubeconfig(path, namespace=namespace)


class OwnControlPlane(_ByApi[ApiServer]):
    """An API server in this process; controllers and scheduler are the server's.

    Its authority and the key of its tokens are kept in `keys`, its objects in a database.
    """

    joined = False

    def __init__(
        self,
        directory: Path,
        *,
        longest_token: int | None,
        network: LoopbackNetwork | NodeNetwork,
        conditions: Mapping[str, ConditionState],
        keys: Path | None = None,
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._longest_token = longest_token
        self._begun = False
        self.network = self._own = network
        self.conditions = conditions

    async def prepare(self) -> None:
        """Its network is there."""

    async def start(self, objects: Iterable[Object] = (), database: Database | None = None) -> None:
        self._pki = Pki(self._directory / "pki", self._keys)
        self._api = ApiServer(
            pki=self._pki,
            service_cidr=self._own.services,
            host=self.network.host_ip,
            longest_token=self._longest_token,
            objects=objects,
            public_socket=self.network.public_socket(),
            database=database,
        )
        self._begun = True
        await self._api.start()

    def rewrite(self, obj: Object) -> None:
        """Store an object as it is, past the rules for changes."""
        self._api.rewrite(obj)

    async def stop(self) -> None:
        if self._begun:
            await self._api.stop()

    @property
    def ca(self) -> str:
        return self._api.ca_file.read_text()

    async def serving(self, node_name: str) -> Serving:
        return Serving(
            self._pki.issue_server(f"system:node:{node_name}", [self.network.host_ip]),
            self._pki.ca_file,
        )

    async def copies_launcher(self, _client: KubeClient, _namespace: str) -> bool:
        return False


class JoinedControlPlane(_ByApi[JoinedApi]):
    """That of the cluster to which a kubeconfig leads.

    Raises KubeconfigError for a broken one.
    """

    joined = True

    def __init__(self, directory: Path, kubeconfig: Path) -> None:
        self._directory = directory
        self._api = JoinedApi(kubeconfig)

    async def prepare(self) -> None:
        async with KubeClient(self.credentials(ADMIN, MASTERS)) as client:
            services = await service_cidrs(client)
            self._client_ca = await self._api.client_ca(client)
        self.network, self.conditions = own_network(services, unknown=not services)

    async def start(
        self, _objects: Iterable[Object] = (), _database: Database | None = None
    ) -> None:
        """It runs."""

    async def stop(self) -> None:
        """It runs on."""

    @property
    def ca(self) -> str:
        return self._api.component_credentials(ADMIN, MASTERS).ca_data or ""

    async def serving(self, node_name: str) -> Serving:
        directory = self._directory / "serving"
        directory.mkdir(mode=0o700)
        client_ca = directory / "client-ca.pem"
        key = ServingKey.make(directory, node_name, self.network.host_ip)
        client_ca.write_text(self._client_ca or key.files[0].read_text())
        return Serving(key.files, client_ca, key)

    async def copies_launcher(self, client: KubeClient, namespace: str) -> bool:
        return not await keeps_image_volumes(client, namespace)
