"""WebhookPrograms: the platform's admission webhooks, and what an API server is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.dashboard import POD_DEFAULTS
from pytest_kubeflow.local.platform.components.katib import KATIB_CONTROLLER
from pytest_kubeflow.local.platform.components.kserve import KSERVE
from pytest_kubeflow.local.platform.components.notebooks import VIEWER_CONTROLLER
from pytest_kubeflow.local.platform.components.training import TRAINING_OPERATOR, jobset, trainer
from pytest_kubeflow.local.platform.katib import katib_objects
from pytest_kubeflow.local.platform.poddefaults import pod_defaults_objects
from pytest_kubeflow.local.platform.pvcviewers import viewer_objects
from pytest_kubeflow.local.platform.training import (
    jobset_objects,
    operator_objects,
    trainer_objects,
)
from pytest_kubeflow.local.platform.webhook import webhook_objects
from pytest_kubeflow.local.poddefaults.webhook import PodDefaultsWebhook
from pytest_kubeflow.local.pvcviewers.webhook import viewers_webhook
from pytest_kubeflow.local.serving.webhook import webhook_app
from pytest_kubeflow.local.training.parts import Training


@dataclass(frozen=True)
class WebhookProgram:
    """One that listens on `port` of the pods of `component`.

    `app` makes it for a client of the Kubernetes API; `objects` are certificate, Secret and
    configurations of an installation.
    """

    component: Component
    port: int
    app: Callable[[KubeClient], ASGIApp]
    objects: Callable[[], Iterator[Object]]


def webhook_programs(
    faults: Faults, *, multi_user: bool, katib: Katib | None, training: Training | None
) -> Iterator[WebhookProgram]:
    """Those of a platform, or of stand-alone pipelines."""
    yield WebhookProgram(KSERVE, 9443, lambda _: webhook_app(faults), webhook_objects)
    if multi_user:

        def pod_defaults(client: KubeClient) -> ASGIApp:
            ignored = lambda: faults.active("poddefault-ignored")  # noqa: E731
            return PodDefaultsWebhook(client, ignored=ignored).app

        yield WebhookProgram(POD_DEFAULTS, 4443, pod_defaults, pod_defaults_objects)
        yield WebhookProgram(VIEWER_CONTROLLER, 9443, lambda _: viewers_webhook(), viewer_objects)
    if katib is not None:
        yield WebhookProgram(KATIB_CONTROLLER, 8443, katib.webhooks, katib_objects)
    if training is not None:
        release = training.settings.release
        yield WebhookProgram(
            trainer(release), 9443, training.trainer_webhooks, partial(trainer_objects, release)
        )
        yield WebhookProgram(
            jobset(release), 9443, training.jobset_webhooks, partial(jobset_objects, release)
        )
        if training.settings.operator:
            operator = training.operator_webhook
            yield WebhookProgram(TRAINING_OPERATOR, 9443, operator, operator_objects)
