"""Parts: what a cluster of our own shows besides what is used, as an installation has it."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse

from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.exposure import Exposure
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.pipelines import Pipelines
from pytest_kubeflow.local.platform.components import (
    DASHBOARD,
    JUPYTER_WEB_APP,
    KSERVE,
    KSERVE_SECRET,
    METADATA_ENVOY,
    PROFILES,
    VOLUMES_WEB_APP,
)
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.serving.webhookserver import WebhookServer


async def show_parts(
    running: Running,
    control: ControlPlane,
    exposure: Exposure,
    pipelines: Pipelines,
    *,
    directory: Path,
    multi_user: bool,
    faults: Faults,
) -> None:
    """Serve KServe's webhook, the proxy of ML Metadata, and what the mesh refuses inside."""
    account = "system:serviceaccount:kubeflow:kserve-controller-manager"
    webhook = WebhookServer(
        await running.client(account, ("system:masters",)),
        secret=("kubeflow", KSERVE_SECRET),
        directory=directory / "webhook",
        host=control.network.host_ip,
        faults=faults,
    )
    await running.run(webhook.start, webhook.stop)
    await exposure.show(KSERVE, {9443: webhook.address})
    envoy = await running.serve(pipelines.metadata_app)
    await exposure.show(METADATA_ENVOY, {9090: envoy.address})
    if multi_user:
        # Policies of the mesh let their gateway in, and nobody else.
        refusing = (await running.serve(PlainTextResponse("RBAC: access denied", 403))).address
        await exposure.show(DASHBOARD, {8082: refusing})
        await exposure.show(VOLUMES_WEB_APP, {5000: refusing})
        await exposure.show(JUPYTER_WEB_APP, {5000: refusing})
        await exposure.show(PROFILES, {8081: refusing})
