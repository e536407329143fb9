"""Parts: what a cluster of our own shows besides what is used, as an installation has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.exposure import Exposure
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.pipelines import Pipelines
from pytest_kubeflow.local.platform.components import (
    DASHBOARD,
    JUPYTER_WEB_APP,
    KATIB_CONTROLLER,
    KATIB_DB_MANAGER,
    KATIB_UI,
    KSERVE,
    METADATA_ENVOY,
    POD_DEFAULTS,
    PROFILES,
    TENSORBOARDS_WEB_APP,
    VIEWER_CONTROLLER,
    VOLUMES_WEB_APP,
    Component,
)
from pytest_kubeflow.local.poddefaults.webhook import PodDefaultsWebhook
from pytest_kubeflow.local.pvcviewers.webhook import viewers_webhook
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.serving.webhook import webhook_app
from pytest_kubeflow.local.webhookserver import WebhookServer


async def show_parts(
    running: Running,
    control: ControlPlane,
    exposure: Exposure,
    pipelines: Pipelines,
    *,
    directory: Path,
    multi_user: bool,
    faults: Faults,
    katib: Katib | None,
) -> None:
    """Serve webhooks, the proxy of ML Metadata, and what the mesh refuses inside."""

    async def serve_webhook(
        component: Component, port: int, app: Callable[[KubeClient], ASGIApp]
    ) -> None:
        """With the certificate of its component, at the port of its pod."""
        assert component.secret is not None
        account = f"system:serviceaccount:{component.namespace}:{component.account}"
        client = await running.client(account, ("system:masters",))
        webhook = WebhookServer(
            client,
            secret=(component.namespace, component.secret),
            directory=directory / "webhooks" / component.name,
            host=control.network.host_ip,
            app=app(client),
        )
        await running.run(webhook.start, webhook.stop)
        await exposure.show(component, {port: webhook.address})

    await serve_webhook(KSERVE, 9443, lambda _: webhook_app(faults))
    envoy = await running.serve(pipelines.metadata_app)
    await exposure.show(METADATA_ENVOY, {9090: envoy.address})
    if multi_user:
        await serve_webhook(
            POD_DEFAULTS,
            4443,
            lambda client: (
                PodDefaultsWebhook(client, ignored=lambda: faults.active("poddefault-ignored")).app
            ),
        )
        await serve_webhook(VIEWER_CONTROLLER, 9443, lambda _: viewers_webhook())
        # Policies of the mesh let their gateway in, and nobody else.
        refusing = (await running.serve(PlainTextResponse("RBAC: access denied", 403))).address
        await exposure.show(DASHBOARD, {8082: refusing})
        await exposure.show(VOLUMES_WEB_APP, {5000: refusing})
        await exposure.show(JUPYTER_WEB_APP, {5000: refusing})
        await exposure.show(TENSORBOARDS_WEB_APP, {5000: refusing})
        await exposure.show(PROFILES, {8081: refusing})
        await exposure.show(KATIB_UI, {8080: refusing})
    if katib is not None:
        await serve_webhook(KATIB_CONTROLLER, 8443, katib.webhooks)
        address = katib.db_manager.host, katib.db_manager.port
        await exposure.show(KATIB_DB_MANAGER, {6789: address})
