"""Parts: what a cluster of our own shows besides what is used, as an installation has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.responses import PlainTextResponse

from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.exposure import Exposure
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.pipelines import Pipelines
from pytest_kubeflow.local.platform.components.dashboard import DASHBOARD, PROFILES
from pytest_kubeflow.local.platform.components.katib import KATIB_DB_MANAGER, KATIB_UI
from pytest_kubeflow.local.platform.components.notebooks import (
    JUPYTER_WEB_APP,
    TENSORBOARDS_WEB_APP,
    VOLUMES_WEB_APP,
)
from pytest_kubeflow.local.platform.components.pipelines import METADATA_ENVOY
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.webhooks.programs import WebhookProgram
from pytest_kubeflow.local.webhooks.server import WebhookServer


async def show_parts(
    running: Running,
    control: ControlPlane,
    exposure: Exposure,
    pipelines: Pipelines,
    *,
    directory: Path,
    multi_user: bool,
    webhooks: Sequence[WebhookProgram],
) -> None:
    """Serve webhooks, the proxy of ML Metadata, and what the mesh refuses inside."""
    for program in webhooks:
        component = program.component
        assert component.secret is not None
        account = f"system:serviceaccount:{component.namespace}:{component.account}"
        client = await running.client(account, ("system:masters",))
        server = WebhookServer(
            client,
            secret=(component.namespace, component.secret),
            directory=directory / "webhooks" / component.name,
            host=control.network.host_ip,
            app=program.app(client),
        )
        await running.run(server.start, server.stop)
        await exposure.show(component, {program.port: server.address})
    envoy = await running.serve(pipelines.metadata_app)
    await exposure.show(METADATA_ENVOY, {9090: envoy.address})
    if multi_user:
        # Policies of the mesh let their gateway in, and nobody else.
        refusing = (await running.serve(PlainTextResponse("RBAC: access denied", 403))).address
        await exposure.show(DASHBOARD, {8082: refusing})
        await exposure.show(VOLUMES_WEB_APP, {5000: refusing})
        await exposure.show(JUPYTER_WEB_APP, {5000: refusing})
        await exposure.show(TENSORBOARDS_WEB_APP, {5000: refusing})
        await exposure.show(PROFILES, {8081: refusing})
        await exposure.show(KATIB_UI, {8080: refusing})


async def show_database(exposure: Exposure, katib: Katib) -> None:
    """Katib's: its collectors bring what they have read to its Service."""
    await exposure.show(KATIB_DB_MANAGER, {6789: (katib.db_manager.host, katib.db_manager.port)})
