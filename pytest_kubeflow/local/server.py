"""Server: all components of the embedded Kubeflow, put together in one process."""

from __future__ import annotations

import asyncio
import compileall
import secrets
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from starlette.responses import PlainTextResponse

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.controllers import ControllerManager
from pytest_kubeflow.local.controllers.profile import ProfileController
from pytest_kubeflow.local.controllers.profileobjects import BUCKET, user_prefixes
from pytest_kubeflow.local.controllers.serviceproxy import ServiceProxy
from pytest_kubeflow.local.controlplane import ControlPlane, JoinedControlPlane, OwnControlPlane
from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.exposure import Exposure, HostedExposure, MirroredExposure
from pytest_kubeflow.local.faults import CONFIG_MAP, FAULTS, Faults
from pytest_kubeflow.local.frontdoor import PASSWORD, PROFILES, logins, make_gateway
from pytest_kubeflow.local.gateway import Activity, LocalGateway, Mesh
from pytest_kubeflow.local.gateway.issuer import make_key
from pytest_kubeflow.local.hosts import Known, service_names
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from pytest_kubeflow.local.kubelet import ImageCatalogue, Kubelet
from pytest_kubeflow.local.kubelet.hostdirectories import HostDirectories
from pytest_kubeflow.local.metadata import MetadataStore, NativeMetadata
from pytest_kubeflow.local.metadata.durable import keep as keep_metadata
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.objectstore import S3_PORT, ObjectStore
from pytest_kubeflow.local.pipelines import (
    LAUNCHER_DIRECTORY,
    LAUNCHER_IMAGE,
    Pipelines,
    StoreSettings,
)
from pytest_kubeflow.local.platform.certificates import CaInjector, CertificateController
from pytest_kubeflow.local.platform.components import (
    DASHBOARD,
    DEX,
    INGRESS_GATEWAY,
    KSERVE,
    KSERVE_SECRET,
    LOCAL_GATEWAY,
    METADATA,
    METADATA_ENVOY,
    ML_PIPELINE,
    ML_PIPELINE_UI,
    OAUTH2_PROXY,
    PROFILE_PIECES,
    SEAWEEDFS,
    VOLUMES_WEB_APP,
    Component,
    components,
)
from pytest_kubeflow.local.platform.components import PROFILES as PROFILES_COMPONENT
from pytest_kubeflow.local.platform.faults import TABLE, Place, PlatformFaults
from pytest_kubeflow.local.platform.faults.applications import OLD_KEYS
from pytest_kubeflow.local.platform.installation import Site, installation
from pytest_kubeflow.local.rbacfault import RbacFault
from pytest_kubeflow.local.scheduler import Scheduler
from pytest_kubeflow.local.serving.autoscaler import Autoscaler
from pytest_kubeflow.local.serving.controller import InferenceServiceController
from pytest_kubeflow.local.serving.images import add_images
from pytest_kubeflow.local.serving.webhookserver import WebhookServer
from pytest_kubeflow.local.settings import GatewaySettings
from pytest_kubeflow.local.spawner import Spawner

NODE = "kubeflow-local"
CLUSTER_ISSUER = "https://kubernetes.default.svc.cluster.local"
_VOLUMES = "volumes"
_ACCOUNTS, _MASTERS = "system:serviceaccount:kubeflow", ("system:masters",)
_STORE_NAMES = ("seaweedfs", "minio-service")
_STORE_HOST = 1  # the component's number in the cluster's network


class Server:
    """Starts everything below `directory` and stops it again, in order.

    `directory` must exist and be this server's alone: the spawner removes it at the end, even if
    this process is killed. What pipelines and their artifacts amount to is kept in `data`, if there
    is one, and found there again. `hostPath` volumes of pods show what is in `host_path`. If it is
    `strict`, pipelines that rely on what works here and fails on a cluster fail.

    With `kubeconfig` it joins the cluster to which that leads: API server, controllers and
    scheduler are that cluster's, and this machine is its node `node_name`. What is made there stays
    at the end, but for the pods that stand for components, and the next start goes on with it.
    Raises KubeconfigError for a broken one.
    """

    def __init__(
        self,
        directory: Path,
        *,
        multi_user: bool = True,
        faults: Sequence[str] = (),
        gateway: GatewaySettings | None = None,
        password: str = PASSWORD,
        data: Path | None = None,
        host_path: Path | None = None,
        kubeconfig: Path | None = None,
        node_name: str = NODE,
        strict: bool = False,
    ) -> None:
        self._strict = strict
        self._password = password
        self._directory = directory
        self._data = data
        self._host_path = host_path
        self._node_name = node_name
        token_seconds = (gateway or GatewaySettings()).token_seconds
        self._control: ControlPlane = (
            OwnControlPlane(directory, longest_token=token_seconds)
            if kubeconfig is None
            else JoinedControlPlane(directory, kubeconfig)
        )
        self._multi_user = multi_user
        self._gateway = gateway or GatewaySettings()
        self._from_start = frozenset(faults)
        self._faults = Faults(faults)
        self._stack = AsyncExitStack()
        self._started = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()

    async def start(self) -> Endpoints:
        """Start all components; returns once Kubernetes and KFP answer."""
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._stack.aclose()

    async def _start(self) -> Endpoints:  # noqa: PLR0915 one component after the other
        directory, faults = self._directory, self._faults
        # Takes up to a tenth of the start, and needs nothing of the rest.
        self._dex_key = asyncio.create_task(asyncio.to_thread(make_key))
        database = self._open_database()  # first: its lock keeps a second server out
        control = self._control
        await control.prepare()
        self._stack.callback(control.close)
        network = control.network
        spawner = Spawner(remove=[directory])
        await spawner.start()
        self._stack.push_async_callback(spawner.stop)

        store = ObjectStore(
            spawner,
            directory=(self._data or directory) / "objects",
            front=network.host(_STORE_HOST),
            known=service_names(*_STORE_NAMES, namespace="kubeflow"),
            faults=faults,
            buckets=[BUCKET],
        )
        await self._run(store.start, store.stop)

        async def issue_keys(namespace: str) -> tuple[str, str]:
            if faults.active("artifact-keys-refused"):
                return OLD_KEYS
            return await store.issue_keys(namespace, BUCKET, user_prefixes(namespace))

        await self._start_control(store, issue_keys)
        admin = await self._client("system:admin", ["system:masters"])
        if control.joined:
            await bootstrap.apply(admin, bootstrap.manifests(*self._manifest_names()))
        await self._watch_faults(admin)
        rbac = RbacFault(admin, faults)
        await self._run(rbac.start, rbac.stop)

        activity = Activity()
        images = self._make_images()
        profiles = [
            partial(
                ProfileController,
                issue_keys=issue_keys,
                serves_pipelines=lambda: control.joined or _runs(images, PROFILE_PIECES),
                on_change=images.hosted.on_change,
            )
        ][: int(self._multi_user)]
        manager = ControllerManager(
            await self._client("system:kube-controller-manager", ["system:masters"]),
            volumes=directory / _VOLUMES,
            node_name=self._node_name,
            ca=control.ca,
            faults=faults,
            more=[
                *profiles,
                *([] if control.joined else [partial(Scheduler, faults=faults)]),
                ServiceProxy,
                partial(InferenceServiceController, faults=faults),
                partial(Autoscaler, activity=activity),
                *(
                    partial(one, programs=images.hosted)
                    for one in (CertificateController, CaInjector)
                    if not control.joined
                ),
            ],
            started=self._started,
            joined=control.joined,
        )
        await self._run(manager.start, manager.stop)
        kubelet = await self._start_kubelet(spawner, images)
        exposure = self._exposure_by(kubelet, admin)
        faults.on_change(partial(self._soon, kubelet.renew_lease))

        secret = secrets.token_urlsafe(24)
        metadata = MetadataStore()
        if database is not None:
            keep_metadata(metadata, database)
        pipelines = Pipelines(
            await self._client("system:serviceaccount:kubeflow:ml-pipeline", ["system:masters"]),
            multi_user=self._multi_user,
            gateway_secret=secret,
            metadata=metadata,
            store_settings=StoreSettings(
                bucket=BUCKET,
                launcher_copied=await control.copies_launcher(admin, "kubeflow"),
            ),
            faults=faults,
            database=database,
            alone=not control.joined,
            strict=self._strict,
        )
        await self._run(pipelines.start, pipelines.stop)
        known = service_names("ml-pipeline", "ml-pipeline-ui", namespace="kubeflow")
        backend = await self._serve(pipelines.app, known)
        ui = await self._serve(pipelines.ui_app, known)
        native = NativeMetadata(metadata, host=network.host_ip)
        await self._run(native.start, native.stop)
        await exposure.show(ML_PIPELINE, {8888: backend.address})
        await exposure.show(ML_PIPELINE_UI, {3000: ui.address})
        await exposure.show(METADATA, {8080: (native.host, native.port)})
        await exposure.show(SEAWEEDFS, {S3_PORT: (network.host(_STORE_HOST), S3_PORT)})
        if control.joined:
            await bootstrap.store_keys(admin, "kubeflow", store.access_key, store.secret_key)
        host, mesh = ui.url, None
        if self._multi_user:
            mesh = Mesh(
                await self._client("system:istiod", ["system:masters"]),
                activity=activity,
                faults=faults,
            )
            host = await self._start_gateway(exposure, pipelines, store, secret=secret, mesh=mesh)
        if not control.joined:
            await self._start_parts(exposure, pipelines)
        await exposure.shown()
        await self._start_platform_faults(admin)
        endpoints = await self._endpoints(store, host)
        # Last, because nobody waits for these: the cluster answers while they read what there is.
        self._started.set()
        if mesh is not None:
            await self._run(mesh.start, mesh.stop)
        return endpoints

    async def _start_control(
        self, store: ObjectStore, issue_keys: Callable[[str], Awaitable[tuple[str, str]]]
    ) -> None:
        """Start the control plane, one of our own with all objects of a platform."""
        control, objects = self._control, list[Object]()
        if not control.joined:
            keys = {"kubeflow": (store.access_key, store.secret_key)}
            if self._multi_user:
                keys |= {name: await issue_keys(name) for name in PROFILES.values()}
            site = Site(
                self._node_name,
                control.network.host_ip,
                control.network.pods,
                control.network.host(_STORE_HOST),
            )
            issuers = [CLUSTER_ISSUER] if self._gateway.cluster_tokens else []
            objects = installation(
                site, multi_user=self._multi_user, store_keys=keys, token_issuers=issuers
            )
        await self._run(partial(control.start, objects), control.stop)

    def _soon(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do something beside what goes on."""
        task = asyncio.create_task(work())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _start_platform_faults(self, admin: KubeClient) -> None:
        if isinstance(self._control, OwnControlPlane):
            place = Place(admin, self._control.rewrite)
            faults = PlatformFaults(place, self._faults, TABLE)
            await self._run(faults.start, faults.stop)

    def _exposure_by(self, kubelet: Kubelet, admin: KubeClient) -> Exposure:
        if self._control.joined:
            return MirroredExposure(kubelet, admin)
        return self._hosted

    async def _start_parts(self, exposure: Exposure, pipelines: Pipelines) -> None:
        """What an installation of its own shows besides."""
        webhook = WebhookServer(
            await self._client(
                "system:serviceaccount:kubeflow:kserve-controller-manager", _MASTERS
            ),
            secret=("kubeflow", KSERVE_SECRET),
            directory=self._directory / "webhook",
            host=self._control.network.host_ip,
            faults=self._faults,
        )
        await self._run(webhook.start, webhook.stop)
        await exposure.show(KSERVE, {9443: webhook.address})
        envoy = await self._serve(pipelines.metadata_app)
        await exposure.show(METADATA_ENVOY, {9090: envoy.address})
        if self._multi_user:
            # Policies of the mesh let their gateway in, and nobody else.
            refusing = (await self._serve(PlainTextResponse("RBAC: access denied", 403))).address
            await exposure.show(DASHBOARD, {8082: refusing})
            await exposure.show(VOLUMES_WEB_APP, {5000: refusing})
            await exposure.show(PROFILES_COMPONENT, {8081: refusing})

    async def _start_gateway(
        self,
        exposure: Exposure,
        pipelines: Pipelines,
        store: ObjectStore,
        *,
        secret: str,
        mesh: Mesh,
    ) -> str:
        """Open the front door; returns its address."""
        gateway = await make_gateway(
            self._client,
            pipelines,
            password=self._password,
            read_object=store.read,
            secret=secret,
            dex_key=await self._dex_key,
            mesh=mesh,
            settings=self._gateway,
            faults=self._faults,
        )
        front = await self._serve(gateway)
        shown = front
        if self._control.joined:
            # People come by loopback, pods by an address that a real API server takes.
            front = await self._serve(gateway, host=LOOPBACK)
        await exposure.show(INGRESS_GATEWAY, {8080: shown.address})
        inner = await self._serve(LocalGateway(mesh))
        await exposure.show(LOCAL_GATEWAY, {8080: inner.address})
        if not self._control.joined:
            await exposure.show(DEX, {5556: shown.address})
            await exposure.show(OAUTH2_PROXY, {4180: shown.address})
        return f"http://localhost:{front.port}"

    def _open_database(self) -> Database | None:
        """What the pipelines API and ML Metadata are kept in, if there is a data directory."""
        if self._data is None:
            return None
        mode = "multi-user" if self._multi_user else "standalone"
        database = Database(self._data / f"{mode}.db")
        self._stack.callback(database.close)
        return database

    def _manifest_names(self) -> list[str]:
        return ["platform", *(["multi-user", "istio"] if self._multi_user else []), "kserve"]

    def _make_images(self) -> ImageCatalogue:
        """What pods of the node can be made of."""
        control, images = self._control, ImageCatalogue()
        images.register(LAUNCHER_IMAGE, self._compiled(LAUNCHER_DIRECTORY))
        add_images(images, self._directory / "images")
        if not control.joined:
            self._hosted = HostedExposure(
                images.hosted,
                components(multi_user=self._multi_user),
                store_ip=control.network.host(_STORE_HOST),
            )
        return images

    async def _start_kubelet(self, spawner: Spawner, images: ImageCatalogue) -> Kubelet:
        control, node_name = self._control, self._node_name
        serving = await control.serving(node_name)
        kubelet = Kubelet(
            await self._client(f"system:node:{node_name}", ["system:nodes"]),
            node_name=node_name,
            data_dir=self._directory / "kubelet",
            spawner=spawner,
            images=images,
            server_cert=serving.files,
            client_ca=serving.client_ca,
            faults=self._faults,
            host_ip=control.network.host_ip,
            pod_cidr=control.network.pods,
            conditions=control.conditions,
            directories=HostDirectories(self._host_path, self._directory / _VOLUMES),
        )
        await self._run(kubelet.start, kubelet.stop)
        if control.joined:
            self._stack.push_async_callback(kubelet.withdraw)
        if serving.key is not None:
            signing = kubelet.have_signed(serving.key)
            signed = asyncio.create_task(signing, name="serving certificate")
            self._stack.callback(signed.cancel)
        return kubelet

    def _compiled(self, program: Path) -> Path:
        """A copy of `program` with its bytecode beside it: a pod cannot write it there."""
        copy = self._directory / "images" / program.name
        shutil.copytree(program, copy, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(copy, quiet=2)
        return copy

    async def _endpoints(self, store: ObjectStore, host: str) -> Endpoints:
        people = logins(self._gateway, self._password) if self._multi_user else []
        user = people[0] if people else None
        namespace = (user.namespace if user else None) or "kubeflow"
        kubeconfig = self._directory / "kubeconfig"
        await asyncio.to_thread(self._control.write_kubeconfig, kubeconfig, namespace=namespace)
        return Endpoints(
            host=host,
            kubeconfig=kubeconfig,
            username=None if user is None else user.login,
            password=None if user is None else user.password,
            namespace=namespace,
            s3_endpoint=f"http://{store.endpoint}",
            s3_access_key=store.access_key,
            s3_secret_key=store.secret_key,
            storage_class="standard",
            others=tuple(people[1:]),
        )

    async def _watch_faults(self, client: KubeClient) -> None:
        namespace, name = CONFIG_MAP
        informer = Informer(client, CONFIG_MAPS, namespace, field_selector=f"metadata.name={name}")

        def changed(kind: str, obj: Object) -> None:
            data = (obj.get("data") or {}) if kind != "DELETED" else {}
            named = {fault for fault, value in data.items() if value == "on"}
            self._faults.replace(self._from_start | (named & FAULTS.keys()))

        informer.on_change(changed)
        task = asyncio.create_task(informer.run(), name="faults")
        self._stack.callback(task.cancel)

    async def _client(self, user: str, groups: Sequence[str]) -> KubeClient:
        client = KubeClient(self._control.credentials(user, groups))
        self._stack.push_async_callback(client.close)
        return client

    async def _serve(
        self, app: object, known: Known | None = None, *, host: str | None = None
    ) -> HttpServer:
        server = HttpServer(app, host=host or self._control.network.host_ip, known=known)
        await self._run(server.start, server.stop)
        return server

    async def _run(
        self, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
    ) -> None:
        self._stack.push_async_callback(stop)
        await start()


def _runs(images: ImageCatalogue, component: Component) -> bool:
    """Whether there is a pod of a component."""
    return images.hosted.runs(component.containers[0].image)
