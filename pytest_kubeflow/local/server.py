"""Server: all components of the embedded Kubeflow, put together in one process."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.applications import Applications, IssueKeys
from pytest_kubeflow.local.controllers import ControllerManager
from pytest_kubeflow.local.controllers.profileobjects import BUCKET, user_prefixes
from pytest_kubeflow.local.controllers.serviceproxy import ServiceProxy
from pytest_kubeflow.local.controlplane import ControlPlane, JoinedControlPlane, OwnControlPlane
from pytest_kubeflow.local.database import Database, DatabaseError
from pytest_kubeflow.local.endpoints import Endpoints, RegistryAccess
from pytest_kubeflow.local.exposure import Exposure, HostedExposure, MirroredExposure
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.faultswitch import FaultSwitch
from pytest_kubeflow.local.gateway import Activity, Mesh
from pytest_kubeflow.local.gateway.issuer import make_key
from pytest_kubeflow.local.hosts import service_names
from pytest_kubeflow.local.joining import takes_trainer
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.apiwatch import ApiWatch
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet import ImageCatalogue, Kubelet
from pytest_kubeflow.local.metadata import MetadataStore, NativeMetadata
from pytest_kubeflow.local.metadata.durable import keep as keep_metadata
from pytest_kubeflow.local.multiuser_gateway import (
    PASSWORD,
    PROFILES,
    logins,
    make_gateway,
    open_front_door,
    standalone_ui,
)
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.network.founding import Founded, node_network
from pytest_kubeflow.local.network.nodenetwork import NodeNetwork
from pytest_kubeflow.local.network.outward import MachinePorts, Outward
from pytest_kubeflow.local.node import VOLUMES, node_images, start_node
from pytest_kubeflow.local.objectstore.server import S3_PORT, ObjectStore
from pytest_kubeflow.local.parts import show_database, show_parts
from pytest_kubeflow.local.pipelines import Pipelines, StoreSettings
from pytest_kubeflow.local.platform.certificates import CaInjector, CertificateController
from pytest_kubeflow.local.platform.components.installed import components
from pytest_kubeflow.local.platform.components.pipelines import (
    METADATA,
    ML_PIPELINE,
    ML_PIPELINE_UI,
    SEAWEEDFS,
)
from pytest_kubeflow.local.platform.faults import TABLE, EditTarget, PlatformFaults
from pytest_kubeflow.local.platform.faults.applications import OLD_KEYS
from pytest_kubeflow.local.platform.installation import Site, installation
from pytest_kubeflow.local.platform.training import training_objects, with_rights
from pytest_kubeflow.local.rbacfault import RbacFault
from pytest_kubeflow.local.registry import BasicAuth, Repositories, registry_app
from pytest_kubeflow.local.registry.mirror import catalogue_image
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.scheduler import Scheduler
from pytest_kubeflow.local.serving.autoscaler import Autoscaler
from pytest_kubeflow.local.serving.controller import InferenceServiceController
from pytest_kubeflow.local.settings import GatewaySettings
from pytest_kubeflow.local.spawner import Spawner
from pytest_kubeflow.local.training.parts import Training
from pytest_kubeflow.local.training.settings import TrainingSettings
from pytest_kubeflow.local.webhooks.joined import JoinedWebhooks, remove_left
from pytest_kubeflow.local.webhooks.programs import webhook_programs

NODE = "kubeflow-local"
CLUSTER_ISSUER = "https://kubernetes.default.svc.cluster.local"
_STORE_NAMES = ("seaweedfs", "minio-service")
_STORE_HOST = 1  # the component's number in the cluster's network


class Server:
    """Starts everything below `directory` and stops it again, in order.

    `directory` must exist and be this server's alone: the spawner removes it at the end, even if
    this process is killed. Objects of Kubernetes, volumes, runs and artifacts are kept in `data`,
    if there is one, and found there again. `hostPath` volumes of pods show what is in `host_path`.
    If it is `strict`, pipelines that rely on what works here and fails on a cluster fail.

    With `kubeconfig` it joins the cluster to which that leads: API server, controllers and
    scheduler are that cluster's, and this machine is its node `node_name`. What is made there stays
    at the end, but for the pods that stand for components, and the next start goes on with it.
    Raises KubeconfigError for a broken one, OldKubernetesError. `training` says which operators
    there are. Workflows that people make are run if `workflows` is set, and always on a control
    plane of its own: a cluster that is joined may have somebody who runs them. `start` raises
    DatabaseError where `data` cannot be used.
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
        network: Founded | None = None,
        training: TrainingSettings | None = None,
        workflows: bool = False,
    ) -> None:
        self._training = training or TrainingSettings()
        self._workflows = workflows or kubeconfig is None
        self._strict = strict
        self._password = password
        self._directory = directory
        self._data = data.absolute() if data is not None else None
        self._host_path = host_path
        self._node_name = node_name
        token_seconds = (gateway or GatewaySettings()).token_seconds
        own, found = network or node_network("shared")
        self._control: ControlPlane = (
            OwnControlPlane(
                directory,
                longest_token=token_seconds,
                network=own,
                conditions=found,
                keys=self._data / "pki" if self._data is not None else None,
            )
            if kubeconfig is None
            else JoinedControlPlane(directory, kubeconfig)
        )
        self._multi_user = multi_user
        self._gateway = gateway or GatewaySettings()
        self._from_start = frozenset(faults)
        self._faults = Faults(faults)
        self._running = Running(self._control)
        self._started = asyncio.Event()

    async def start(self) -> Endpoints:
        """Start all components; returns once Kubernetes and KFP answer."""
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._running.stop()

    async def _start(self) -> Endpoints:  # noqa: PLR0915 one component after the other
        directory, faults = self._directory, self._faults
        # Takes up to a tenth of the start, and needs nothing of the rest.
        self._dex_key = asyncio.create_task(asyncio.to_thread(make_key))
        database = self._open_database()  # first: its lock keeps a second server out
        control, running = self._control, self._running
        await control.prepare()
        running.at_end(control.close)
        network = control.network
        ports = None
        if isinstance(network, NodeNetwork):
            outward, ports = Outward(network), MachinePorts(network)
            await running.run(outward.start, outward.stop)
        spawner = Spawner(remove=[directory])
        await spawner.start()
        running.at_end(spawner.stop)

        store = ObjectStore(
            spawner,
            directory=(self._data or directory) / "objects",
            front=network.host(_STORE_HOST),
            known=service_names(*_STORE_NAMES, namespace="kubeflow"),
            faults=faults,
            buckets=[BUCKET],
            public_socket=network.public_socket(),
        )
        await running.run(store.start, store.stop)

        async def issue_keys(namespace: str) -> tuple[str, str]:
            if faults.active("artifact-keys-refused"):
                return OLD_KEYS
            return await store.issue_keys(namespace, BUCKET, user_prefixes(namespace))

        await self._start_control(store, issue_keys, database)
        admin = await running.client("system:admin", ["system:masters"])
        if control.joined:
            await self._prepare_joined(admin)
        switch = FaultSwitch(admin, faults, self._from_start)
        running.watch(switch.run(), name="faults")
        rbac = RbacFault(admin, faults, kept=database is not None)
        await running.run(rbac.start, rbac.stop)

        activity = Activity()
        volumes = (self._data or directory) / VOLUMES
        volumes.mkdir(mode=0o700, exist_ok=True)
        images = node_images(directory / "images")
        if ports is not None:
            images.environments.as_seen = ports.as_seen
        if not control.joined:
            self._hosted = HostedExposure(
                images.hosted,
                components(multi_user=self._multi_user, training=self._training),
                store_ip=network.host(_STORE_HOST),
            )
        applications = Applications(running, control, images, faults)
        mesh, katib, training = None, None, None
        if self._multi_user:
            katib = await applications.start_katib()
            training = applications.make_training(self._training)
            mesh = Mesh(
                await running.client("system:istiod", ["system:masters"]),
                activity=activity,
                faults=faults,
            )
        manager = ControllerManager(
            await running.client("system:kube-controller-manager", ["system:masters"]),
            volumes=volumes,
            node_name=self._node_name,
            ca=control.ca,
            faults=faults,
            more=[
                *(applications.controllers(mesh, issue_keys) if mesh is not None else ()),
                *(katib.controllers() if katib is not None else ()),
                *(training.controllers() if training is not None else ()),
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
        await running.run(manager.start, manager.stop)
        kubelet = await start_node(
            running,
            control,
            self._node_name,
            directory=directory,
            volumes=volumes,
            host_path=self._host_path,
            spawner=spawner,
            images=images,
            faults=faults,
        )
        if ports is not None:
            await running.run(ports.start, ports.stop)
        registry = await self._start_registry(images)
        exposure = self._exposure_by(kubelet, admin)

        secret = secrets.token_urlsafe(24)
        metadata = MetadataStore()
        if database is not None:
            keep_metadata(metadata, database)
        pipelines = Pipelines(
            await running.client("system:serviceaccount:kubeflow:ml-pipeline", ["system:masters"]),
            multi_user=self._multi_user,
            gateway_secret=secret,
            metadata=metadata,
            store_settings=StoreSettings(
                bucket=BUCKET,
                launcher_copied=await control.copies_launcher(admin, "kubeflow"),
            ),
            faults=faults,
            database=database,
            strict=self._strict,
        )
        await running.run(pipelines.start, pipelines.stop)
        if self._workflows:
            await applications.start_workflows()
        known = service_names("ml-pipeline", "ml-pipeline-ui", namespace="kubeflow")
        backend = await running.serve(pipelines.app, known)
        alone = standalone_ui(pipelines, store.read, faults)
        ui_app = pipelines.ui_app if self._multi_user else alone
        ui = await running.serve(ui_app, known, people=not self._multi_user)
        native = NativeMetadata(metadata, host=network.host_ip)
        await running.run(native.start, native.stop)
        await exposure.show(ML_PIPELINE, {8888: backend.address})
        await exposure.show(ML_PIPELINE_UI, {3000: ui.address})
        await exposure.show(METADATA, {8080: (native.host, native.port)})
        await exposure.show(SEAWEEDFS, {S3_PORT: (network.host(_STORE_HOST), S3_PORT)})
        if control.joined:
            await bootstrap.store_keys(admin, "kubeflow", store.access_key, store.secret_key)
        host = ui.url_of_people
        if mesh is not None:
            models = await applications.start_model_registry(exposure, self._data)
            gateway = await make_gateway(
                running.client,
                pipelines,
                password=self._password,
                read_object=store.read,
                secret=secret,
                dex_key=await self._dex_key,
                mesh=mesh,
                settings=self._gateway,
                faults=faults,
                katib=katib,
                registry=models,
            )
            host = await open_front_door(running, exposure, gateway, mesh, joined=control.joined)
        if katib is not None:
            await show_database(exposure, katib)
        await self._start_webhooks(admin, exposure, pipelines, katib, training)
        await exposure.shown()
        pipelines.resume()
        await self._start_platform_faults(admin)
        endpoints = await self._endpoints(store, host, registry)
        # Last, because nobody waits for these: the cluster answers while they read what there is.
        self._started.set()
        if mesh is not None:
            await running.run(mesh.start, mesh.stop)
        return endpoints

    async def _prepare_joined(self, admin: KubeClient) -> None:
        """Make what a cluster that is joined needs of ours. Raises OldKubernetesError."""
        self._running.watch(ApiWatch(admin).run(), name="API watch")
        if self._multi_user:
            await takes_trainer(admin, self._training.release)
        await remove_left(admin)
        await bootstrap.apply(admin, self._manifests())

    async def _start_control(
        self, store: ObjectStore, issue_keys: IssueKeys, database: Database | None
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
                site,
                multi_user=self._multi_user,
                store_keys=keys,
                token_issuers=issuers,
                training=self._training,
            )
        await self._running.run(partial(control.start, objects, database), control.stop)

    async def _start_registry(self, images: ImageCatalogue) -> RegistryAccess:
        """A registry for images of people's own."""
        username, password = "kubeflow", secrets.token_urlsafe(12)
        content = Repositories(self._directory / "registry", partial(catalogue_image, images))
        app = registry_app(content, BasicAuth(username, password), self._faults)
        apart = isinstance(self._control.network, NodeNetwork)
        server = await self._running.serve(app, host=None if apart else LOOPBACK, people=True)
        host, port = server.address_of_people
        return RegistryAccess(f"{host}:{port}", username, password)

    async def _start_webhooks(
        self,
        admin: KubeClient,
        exposure: Exposure,
        pipelines: Pipelines,
        katib: Katib | None,
        training: Training | None,
    ) -> None:
        """What the API server asks; on a cluster of our own among all that is shown besides."""
        webhooks = list(
            webhook_programs(
                self._faults, multi_user=self._multi_user, katib=katib, training=training
            )
        )
        if self._control.joined:
            joined = JoinedWebhooks(
                admin, webhooks, directory=self._directory / "webhooks", namespace="kubeflow"
            )
            await self._running.run(joined.start, joined.stop)
        else:
            await show_parts(
                self._running,
                self._control,
                exposure,
                pipelines,
                directory=self._directory,
                multi_user=self._multi_user,
                webhooks=webhooks,
            )

    async def _start_platform_faults(self, admin: KubeClient) -> None:
        if isinstance(self._control, OwnControlPlane):
            place = EditTarget(admin, self._control.rewrite)
            faults = PlatformFaults(place, self._faults, TABLE)
            await self._running.run(faults.start, faults.stop)

    def _exposure_by(self, kubelet: Kubelet, admin: KubeClient) -> Exposure:
        if self._control.joined:
            return MirroredExposure(kubelet, admin)
        return self._hosted

    def _open_database(self) -> Database | None:
        """What all components keep their records in, if there is a data directory."""
        if self._data is None:
            return None
        mode = "multi-user" if self._multi_user else "standalone"
        database = Database(self._data / f"{mode}.db")
        self._running.at_end(database.close)
        before = dict(database.rows("server")).get("directory", str(self._data))
        if before != str(self._data) and any(self._data.glob(f"{VOLUMES}/*")):
            raise DatabaseError(
                f"{self._data} was at {before}, and the volumes in it are known by that path: move "
                "it back"
            )
        database.put("server", "directory", str(self._data))
        return database

    def _manifests(self) -> list[Object]:
        """What a cluster that is joined is given."""
        people = ["multi-user", "istio", "poddefaults", "notebooks", "pvcviewers", "tensorboards"]
        people += ["katib", "training"]
        names = ["platform", *(people if self._multi_user else []), "kserve"]
        names += ["workflows"] if self._workflows else []
        training = training_objects(self._training) if self._multi_user else ()
        found = bootstrap.manifests(*names)
        return [*training, *(with_rights(found) if self._training.operator else found)]

    async def _endpoints(
        self, store: ObjectStore, host: str, registry: RegistryAccess
    ) -> Endpoints:
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
            registry=registry,
        )
