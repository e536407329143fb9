"""Kubelet: runs the pods that are bound to its node."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    Informer,
    KubeClient,
    PatientClient,
)
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.resources import ENDPOINTS, PODS, SERVICES, Resource
from pytest_kubeflow.local.kube.unreachable import level_of
from pytest_kubeflow.local.kubelet import cgroups, gpus
from pytest_kubeflow.local.kubelet.containers import seccomp
from pytest_kubeflow.local.kubelet.containers.rootfs import BaseLayers
from pytest_kubeflow.local.kubelet.context import Node
from pytest_kubeflow.local.kubelet.directory_remover import DirectoryRemover
from pytest_kubeflow.local.kubelet.events import PodEvents
from pytest_kubeflow.local.kubelet.faultset import FaultSet
from pytest_kubeflow.local.kubelet.images.catalogue import ImageCatalogue
from pytest_kubeflow.local.kubelet.images.registryclient import RegistryClient
from pytest_kubeflow.local.kubelet.images.store import ImageStore
from pytest_kubeflow.local.kubelet.node import ConditionState, NodeRegistration
from pytest_kubeflow.local.kubelet.pod_network.addresses import PodAddresses
from pytest_kubeflow.local.kubelet.pod_network.names import ClusterNames
from pytest_kubeflow.local.kubelet.pods import eviction
from pytest_kubeflow.local.kubelet.pods.mirrors import MirrorPods, Program, is_mirror
from pytest_kubeflow.local.kubelet.pods.worker import PodWorker
from pytest_kubeflow.local.kubelet.server.authorization import NodeGuard
from pytest_kubeflow.local.kubelet.server.certificate import ServingKey
from pytest_kubeflow.local.kubelet.server.http import kubelet_app
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.network.podnetworks import PodNetworks
from pytest_kubeflow.local.spawner import Spawner

log = logging.getLogger(__name__)

_TOKEN_CHECK_SECONDS = 30
_MEMORY = "MemoryPressure"
_SHORT_OF_MEMORY: ConditionState = (
    "True",
    "KubeletHasInsufficientMemory",
    "kubelet has insufficient memory available",
)
_REFRESH_SECONDS = 10
_PRESSURE_SECONDS = 1
_SEVERAL = 2  # pods that are too much for a node with the fault node-pressed
_BEHIND = timedelta(minutes=2)  # by so much a clock is wrong that is


class RecentObjects:
    """Reads each object once, however many pods ask for it; an error is as good as an object."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._read: dict[str, Object | ApiError] = {}

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        path = resource.path(namespace, name)
        if path not in self._read:
            try:
                self._read[path] = await self._client.get(resource, name, namespace)
            except ApiError as error:
                self._read[path] = error
        found = self._read[path]
        if isinstance(found, ApiError):
            raise found
        return found


class Kubelet:
    """One node: `start` registers it and begins to run pods, `stop` ends without a trace in them.

    `data_dir` is made and used for pods' volumes and logs; the spawner's `remove` should cover it.
    `server_cert` (certificate and key files) is for the endpoint of logs and ports, which serves
    clients with a certificate of `client_ca` or a token, if they may use the node. `gpu_pool` are
    the node's GPUs; default: what the `nvidia-smi` on PATH finds. Pods get addresses of `pod_cidr`;
    default: all have `host_ip`, the node's. `conditions` are told of the node beside its own. Of
    the machine, pods see `directories`; default: none. With `cables`, what the names of devices
    begin with, each pod has a network of its own; `pod_cidr` has to be there then. `registries` are
    asked for images that are named by a registry of this machine.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        node_name: str,
        data_dir: Path,
        spawner: Spawner,
        images: ImageCatalogue,
        server_cert: tuple[Path, Path],
        client_ca: Path,
        faults: FaultSet | None = None,
        gpu_pool: gpus.GpuPool | None = None,
        host_ip: str = LOOPBACK,
        pod_cidr: str | None = None,
        conditions: Mapping[str, ConditionState] | None = None,
        directories: HostDirectories | None = None,
        cables: str | None = None,
        registries: RegistryClient | None = None,
    ) -> None:
        self._client = client
        self._name = node_name
        self._data_dir = data_dir
        self._images = images
        patient = PatientClient(client)
        self._events = PodEvents(EventRecorder(patient, "kubelet", host=node_name))
        self._pods = Informer(client, PODS, field_selector=f"spec.nodeName={node_name}")
        self._services = Informer(client, SERVICES)
        self._endpoints = Informer(client, ENDPOINTS)
        self._names = ClusterNames(self._services, self._endpoints)
        self._workers: dict[str, PodWorker] = {}  # by the pod's uid
        self._by_name: dict[tuple[str, str], PodWorker] = {}  # the last pod of that name
        self._tasks: set[asyncio.Task[None]] = set()
        certificate, key = server_cert
        self._mirrors = MirrorPods(client, node_name, host_ip=host_ip, patient=patient)
        app = kubelet_app(
            self._find,
            lambda: faults is not None and faults.active("log-cut"),
            self._mirrors.dial_of,
        )
        self._http = HttpServer(
            NodeGuard(app, client, node_name),
            host=host_ip,
            certificate=certificate,
            key=key,
            client_ca=client_ca,
            websockets=True,
        )
        self._registration = NodeRegistration(
            client,
            node_name,
            host_ip=host_ip,
            port=self._http.port,
            images=images.names,
            clock=self._clock,
        )
        self._registration.conditions.update(conditions or {})
        self._faults = faults
        self._node = Node(
            client=client,
            spawner=spawner,
            images=images,
            pulled=ImageStore(
                data_dir / "images", images, registries or RegistryClient(), faults=faults
            ),
            events=self._events,
            allocatable=self._registration.capacity,
            enforcement=cgroups.Enforcement(node_name),
            gpus=gpu_pool or gpus.GpuPool(faults=faults),
            addresses=PodAddresses(pod_cidr, host_ip=host_ip),
            removal=DirectoryRemover(spawner),
            layers=BaseLayers(data_dir / "layers", images.environments),
            services=self._services_of,
            names=self._names,
            labels=self._registration.labels,
            active=lambda: [one.pod for one in self._workers.values() if one.takes_resources],
            faults=faults,
            directories=directories or HostDirectories(),
            system_calls=seccomp.system_call_filter(),
            networks=PodNetworks(cables, host_ip) if cables is not None else None,
        )

    async def start(self) -> None:
        """Register the node and watch for its pods. Raises ApiError if it may not."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._images.environments.prepare, self._data_dir / "index.json")
        await self._http.start()
        await self._node.enforcement.open(self._node.spawner)
        self._tell_conditions()
        await self._registration.register()
        self._names.on_change(self._rewrite_hosts)
        self._spawn(self._services.run())
        await self._services.synced.wait()
        self._pods.on_change(self._pod_changed)
        for task in (
            self._pods.run(),
            self._endpoints.run(),  # nodes of some clusters may not read them: no names, then
            self._events.run(),
            self._registration.heartbeat(),
            _every(_TOKEN_CHECK_SECONDS, self._renew_tokens),
            _every(_REFRESH_SECONDS, self.refresh_volumes),
            _every(eviction.CHECK_SECONDS, self.check_storage),
            _every(_PRESSURE_SECONDS, self.tell_pressure),
            self._detect_gpus(),
        ):
            self._spawn(task)

    async def have_signed(self, serving: ServingKey) -> None:
        """Show those who ask for logs and ports the cluster's certificate, once it has signed it.

        Where it does not, the one of the beginning stays, and the log says why.
        """
        try:
            await serving.have_signed(PatientClient(self._client))
            self._http.use_certificate(*serving.files)
        except (ApiError, OSError) as error:
            log.warning("the serving certificate of %s is its own: %s", self._name, error)

    async def show(self, program: Program) -> None:
        """Show a program that runs here already as a pod: its ports can be forwarded."""
        await self._mirrors.show(program)

    async def withdraw(self) -> None:
        """Take back what `show` showed, where the API server outlives this node."""
        try:
            await self._mirrors.withdraw()
        except (ApiError, ApiUnreachableError) as error:
            log.warning("pods of components stay behind on %s: %s", self._name, error)

    async def stop(self) -> None:
        """Stop working; containers end with the spawner."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.stop()
        await self._node.pulled.close()
        if self._node.networks is not None:
            self._node.networks.close()

    def _clock(self) -> datetime:
        """The node's own time."""
        behind = self._faults is not None and self._faults.active("clock-skew")
        return datetime.now(UTC) - (_BEHIND if behind else timedelta())

    async def renew_lease(self) -> None:
        """Say that the node is there, by the time that it has now."""
        await self._registration.renew()

    def _tell_conditions(self) -> None:
        enforcement, pool = self._node.enforcement, self._node.gpus
        enforced = "True" if enforcement.complete else "False"
        found = self._registration.conditions
        found[cgroups.CONDITION] = (enforced, enforcement.reason, enforcement.message)
        found[seccomp.CONDITION] = self._node.system_calls.condition
        if pool.condition is not None:
            found[gpus.CONDITION] = pool.condition

    async def _detect_gpus(self) -> None:
        """Beside the start, which nvidia-smi must not keep waiting."""
        pool, registration = self._node.gpus, self._registration
        if pool.program is None:
            return
        await pool.detect(self._node.spawner)
        registration.capacity.update(pool.inventory.capacity)
        registration.labels.update(pool.inventory.labels)
        self._tell_conditions()
        node = await registration.update(PatientClient(self._client))
        if pool.condition is not None and pool.condition[0] == "False":
            _, reason, message = pool.condition
            self._events.warning(node, reason, message)

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("kubelet of %s", self._name, exc_info=error)

    def _pod_changed(self, kind: str, pod: Object) -> None:
        metadata = pod["metadata"]
        uid, name = metadata["uid"], (metadata["namespace"], metadata["name"])
        if is_mirror(pod):
            if kind != "DELETED":
                self._spawn(self._mirrors.changed(pod))
            return
        worker = self._workers.get(uid)
        if kind == "DELETED":
            if worker is not None:
                worker.gone()
            return
        if (other := self._by_name.get(name)) is not None and other is not worker:
            other.gone()  # it was replaced by another of its name while nobody watched
        if worker is None:
            phase = (pod.get("status") or {}).get("phase")
            if phase in {"Succeeded", "Failed"} and not metadata.get("deletionTimestamp"):
                return  # it ended under a kubelet before this one
            worker = PodWorker(self._node, pod, self._data_dir / "pods" / uid)
            self._workers[uid] = self._by_name[name] = worker
            self._spawn(self._run(uid, worker))
        worker.update(pod)

    async def _run(self, uid: str, worker: PodWorker) -> None:
        try:
            await worker.run()
        finally:
            del self._workers[uid]
            if self._by_name.get(worker.name) is worker:
                del self._by_name[worker.name]

    def _find(self, namespace: str, name: str) -> PodWorker | None:
        return self._by_name.get((namespace, name))

    def _services_of(self, namespace: str) -> list[Object]:
        return [one for (own, _), one in self._services.objects.items() if own == namespace]

    def _rewrite_hosts(self) -> None:
        for worker in self._workers.values():
            worker.write_hosts()

    async def refresh_volumes(self) -> None:
        """Bring changed ConfigMaps and Secrets into the volumes of pods that run."""
        recent = RecentObjects(self._client)
        for worker in list(self._workers.values()):
            await worker.refresh_volumes(recent)

    async def check_storage(self) -> None:
        """Evict the pods that have written more than they may."""
        for worker in list(self._workers.values()):
            await worker.check_storage()

    async def tell_pressure(self) -> None:
        """With the fault `node-pressed`, say that memory is short while several pods run.

        In the words of kubernetes/kubernetes pkg/kubelet/nodestatus/setters.go. It is said for as
        long as a kubelet says it at least (--eviction-pressure-transition-period, which is 5 min
        there): until the fault is over.
        """
        faults, found = self._faults, self._registration.conditions
        active = faults is not None and faults.active("node-pressed")
        pressed = active and (_MEMORY in found or self._is_crowded())
        if pressed == (_MEMORY in found):
            return
        if pressed:
            found[_MEMORY] = _SHORT_OF_MEMORY
        else:
            del found[_MEMORY]
        await self._registration.update(PatientClient(self._client))

    def _is_crowded(self) -> bool:
        return sum(one.takes_resources for one in self._workers.values()) >= _SEVERAL

    async def _renew_tokens(self) -> None:
        for worker in list(self._workers.values()):
            try:
                await worker.renew_tokens(time.time())
            except (ApiError, ApiUnreachableError) as error:
                log.log(level_of(error), "tokens of pod %s/%s: %s", *worker.name, error)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()
