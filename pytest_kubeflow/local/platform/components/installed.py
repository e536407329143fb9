"""Which components an installation has."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.cert_manager import CERT_MANAGER
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.dashboard import DASHBOARD, POD_DEFAULTS, PROFILES
from pytest_kubeflow.local.platform.components.istio import INGRESS_GATEWAY, ISTIOD, LOCAL_GATEWAY
from pytest_kubeflow.local.platform.components.katib import (
    KATIB_CONTROLLER,
    KATIB_DB_MANAGER,
    KATIB_UI,
)
from pytest_kubeflow.local.platform.components.kserve import KSERVE
from pytest_kubeflow.local.platform.components.login import DEX, OAUTH2_PROXY
from pytest_kubeflow.local.platform.components.model_registry import MODEL_REGISTRY
from pytest_kubeflow.local.platform.components.notebooks import (
    JUPYTER_WEB_APP,
    NOTEBOOK_CONTROLLER,
    TENSORBOARD_CONTROLLER,
    TENSORBOARDS_WEB_APP,
    VIEWER_CONTROLLER,
    VOLUMES_WEB_APP,
)
from pytest_kubeflow.local.platform.components.pipelines import (
    METADATA,
    METADATA_ENVOY,
    ML_PIPELINE,
    ML_PIPELINE_UI,
    PERSISTENCE_AGENT,
    PROFILE_PIECES,
    SCHEDULED_WORKFLOW,
    SEAWEEDFS,
    WORKFLOW_CONTROLLER,
)
from pytest_kubeflow.local.platform.components.training import TRAINING_OPERATOR, jobset, trainer
from pytest_kubeflow.local.training.settings import DEFAULT_TRAINING, TrainingSettings

_ALWAYS = (
    ML_PIPELINE,
    ML_PIPELINE_UI,
    PERSISTENCE_AGENT,
    SCHEDULED_WORKFLOW,
    METADATA,
    METADATA_ENVOY,
    SEAWEEDFS,
    WORKFLOW_CONTROLLER,
    *CERT_MANAGER,
    KSERVE,
)
_MULTI_USER = (
    DASHBOARD,
    PROFILES,
    PROFILE_PIECES,
    POD_DEFAULTS,
    VOLUMES_WEB_APP,
    JUPYTER_WEB_APP,
    NOTEBOOK_CONTROLLER,
    VIEWER_CONTROLLER,
    TENSORBOARDS_WEB_APP,
    TENSORBOARD_CONTROLLER,
    KATIB_CONTROLLER,
    KATIB_DB_MANAGER,
    KATIB_UI,
    MODEL_REGISTRY,
    ISTIOD,
    INGRESS_GATEWAY,
    LOCAL_GATEWAY,
    DEX,
    OAUTH2_PROXY,
)


def components(
    *, multi_user: bool, training: TrainingSettings = DEFAULT_TRAINING
) -> tuple[Component, ...]:
    """All of a platform with these operators, or of stand-alone pipelines."""
    if not multi_user:
        return _ALWAYS
    release = training.release
    older = (TRAINING_OPERATOR,) if training.operator else ()
    return (*_ALWAYS, *_MULTI_USER, trainer(release), jobset(release), *older)
