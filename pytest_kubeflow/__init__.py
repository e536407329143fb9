"""Acceptance tests of a Kubeflow cluster, as a pytest plugin.

The public names are imported when they are first used: importing this costs nothing, and imports
no SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_kubeflow.access.account import AccountAtKubernetes
    from pytest_kubeflow.access.caller_session import CallerSession, Reply
    from pytest_kubeflow.access.callers import Callers
    from pytest_kubeflow.access.profiles import ProfileKeys
    from pytest_kubeflow.access.tokens import AccountToken, forgeries
    from pytest_kubeflow.cluster import Cluster
    from pytest_kubeflow.config.groups.gpu import GpuSettings
    from pytest_kubeflow.config.model import KubeflowConfig
    from pytest_kubeflow.errors import (
        AdmissionRefused,
        AuthenticationError,
        ClusterUnreachable,
        ComponentMissing,
        ConfigurationError,
        Evidence,
        KubeflowError,
        NotFound,
        ObjectStoreError,
        PermissionDenied,
        PlatformFault,
        PodFailed,
        RunFailed,
        RunMismatch,
        VolumeError,
        WaitTimeout,
    )
    from pytest_kubeflow.experiments.creator import PipelineExperimentCreator
    from pytest_kubeflow.experiments.experiment import PipelineExperiment
    from pytest_kubeflow.experiments.recurring_run import RecurringRun
    from pytest_kubeflow.experiments.schedule import Schedule
    from pytest_kubeflow.fixtures.beginning import begin
    from pytest_kubeflow.fixtures.upgrade import Upgrade
    from pytest_kubeflow.images.own import OwnImage
    from pytest_kubeflow.images.ran import RanImage, ran_images
    from pytest_kubeflow.images.refusals import why_not_pulled
    from pytest_kubeflow.k8s.client import KubernetesClient
    from pytest_kubeflow.k8s.inventory import Holder, Inventory, NodeFacts, read_inventory
    from pytest_kubeflow.k8s.ports.portforward import PortForward
    from pytest_kubeflow.k8s.volumes.volume import SeededVolume, Volume, VolumeFactory
    from pytest_kubeflow.katib.creator import ExperimentCreator
    from pytest_kubeflow.katib.errors import ExperimentFailed, KatibUIRefused
    from pytest_kubeflow.katib.experiment import KatibExperiment
    from pytest_kubeflow.katib.search_space import (
        CategoricalParameter,
        DiscreteParameter,
        DoubleParameter,
        IntParameter,
    )
    from pytest_kubeflow.katib.trial import Trial
    from pytest_kubeflow.katib.webui import KatibUI
    from pytest_kubeflow.lineage.lineage import Lineage, LineageTracer, code_digest
    from pytest_kubeflow.load.load import Load
    from pytest_kubeflow.load.loadtest import LoadTest
    from pytest_kubeflow.model_registry.errors import ModelRegistryRefused
    from pytest_kubeflow.model_registry.registry import ModelRegistry, RegisteredVersion
    from pytest_kubeflow.notebooks.creator import NotebookCreator
    from pytest_kubeflow.notebooks.errors import (
        CellFailed,
        KernelDied,
        NotebookFailed,
    )
    from pytest_kubeflow.notebooks.kernel import Kernel
    from pytest_kubeflow.notebooks.notebook import Notebook
    from pytest_kubeflow.notebooks.outputs import Outputs
    from pytest_kubeflow.notebooks.poddefault import PodDefault, PodDefaultMaker
    from pytest_kubeflow.notebooks.spec import NewClaim
    from pytest_kubeflow.notebooks.webapp import JupyterWebApp
    from pytest_kubeflow.objectstore.bucket import Bucket, ScratchBucket
    from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
    from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable
    from pytest_kubeflow.pipelines.runs.run import PipelineRun
    from pytest_kubeflow.pipelines.submission import PipelineRunner
    from pytest_kubeflow.pipelines.tasks.task import Task
    from pytest_kubeflow.pipelines.upload import (
        PipelineUploader,
        PipelineVersion,
        UploadedPipeline,
    )
    from pytest_kubeflow.platform.expectation import PlatformHealth
    from pytest_kubeflow.quantity import parse_quantity
    from pytest_kubeflow.redaction import Redactor, Secret
    from pytest_kubeflow.registry.errors import RegistryError
    from pytest_kubeflow.registry.maker import ImageMaker
    from pytest_kubeflow.registry.pushing import PushedImage
    from pytest_kubeflow.secrets.given import GivenValues
    from pytest_kubeflow.secrets.maker import GivenValuesMaker
    from pytest_kubeflow.secrets.store_credentials import StoreCredentials
    from pytest_kubeflow.serving.deployer import ServiceDeployer
    from pytest_kubeflow.serving.errors import RequestFailed, ServiceFailed
    from pytest_kubeflow.serving.predictor import Predictor
    from pytest_kubeflow.serving.routes import PredictorResponse
    from pytest_kubeflow.serving.service import InferenceService
    from pytest_kubeflow.serving.spec import model_uri
    from pytest_kubeflow.skipping.cause import skip_for
    from pytest_kubeflow.skipping.weakness import known_weakness
    from pytest_kubeflow.tensorboards.creator import TensorboardCreator
    from pytest_kubeflow.tensorboards.errors import TensorboardFailed
    from pytest_kubeflow.tensorboards.event_file import as_float32, event_file
    from pytest_kubeflow.tensorboards.server import Scalar, TensorBoardServer
    from pytest_kubeflow.tensorboards.tensorboard import Tensorboard
    from pytest_kubeflow.tensorboards.webapp import TensorboardsWebApp
    from pytest_kubeflow.training.creator import JobCreator
    from pytest_kubeflow.training.errors import TrainingFailed
    from pytest_kubeflow.training.job import TrainingJob
    from pytest_kubeflow.training.node import TrainingNode
    from pytest_kubeflow.training.runtime import TrainingRuntime, cluster_runtime
    from pytest_kubeflow.training.runtime_maker import OwnRuntime, RuntimeMaker
    from pytest_kubeflow.volumes.creator import VolumeCreator
    from pytest_kubeflow.volumes.errors import ViewerFailed
    from pytest_kubeflow.volumes.filebrowser import FileBrowser
    from pytest_kubeflow.volumes.viewer import Viewer
    from pytest_kubeflow.volumes.volume import AppVolume
    from pytest_kubeflow.volumes.webapp import VolumesWebApp
    from pytest_kubeflow.waiting import Deadline, wait_until
    from pytest_kubeflow.webapps.errors import ServerRefused
    from pytest_kubeflow.workflows.creator import WorkflowCreator
    from pytest_kubeflow.workflows.errors import WorkflowFailed
    from pytest_kubeflow.workflows.node import StoredArtifact, WorkflowNode
    from pytest_kubeflow.workflows.workflow import Workflow

__all__ = [
    "AccountAtKubernetes",
    "AccountToken",
    "AdmissionRefused",
    "AppVolume",
    "AuthenticationError",
    "Bucket",
    "CallerSession",
    "Callers",
    "CategoricalParameter",
    "CellFailed",
    "Cluster",
    "ClusterUnreachable",
    "ComponentMissing",
    "ConfigurationError",
    "Deadline",
    "DiscreteParameter",
    "DoubleParameter",
    "Evidence",
    "ExperimentCreator",
    "ExperimentFailed",
    "FileBrowser",
    "GivenValues",
    "GivenValuesMaker",
    "GpuSettings",
    "Holder",
    "ImageMaker",
    "InferenceService",
    "IntParameter",
    "Inventory",
    "JobCreator",
    "JupyterWebApp",
    "KatibExperiment",
    "KatibUI",
    "KatibUIRefused",
    "Kernel",
    "KernelDied",
    "KubeflowConfig",
    "KubeflowError",
    "KubernetesClient",
    "Lineage",
    "LineageTracer",
    "Load",
    "LoadTest",
    "MetadataSource",
    "ModelRegistry",
    "ModelRegistryRefused",
    "NewClaim",
    "NodeFacts",
    "NotFound",
    "Notebook",
    "NotebookCreator",
    "NotebookFailed",
    "ObjectStoreError",
    "Outputs",
    "OwnImage",
    "OwnRuntime",
    "PermissionDenied",
    "PipelineExperiment",
    "PipelineExperimentCreator",
    "PipelineRun",
    "PipelineRunner",
    "PipelineUploader",
    "PipelineVersion",
    "PlatformFault",
    "PlatformHealth",
    "PodDefault",
    "PodDefaultMaker",
    "PodFailed",
    "PortForward",
    "Predictor",
    "PredictorResponse",
    "ProfileKeys",
    "PushedImage",
    "RanImage",
    "RecurringRun",
    "Redactor",
    "RegisteredVersion",
    "RegistryError",
    "Reply",
    "RequestFailed",
    "RunFailed",
    "RunMismatch",
    "RuntimeMaker",
    "Scalar",
    "Schedule",
    "ScratchBucket",
    "Secret",
    "SeededVolume",
    "ServerRefused",
    "ServiceDeployer",
    "ServiceFailed",
    "SourceUnavailable",
    "StoreCredentials",
    "StoredArtifact",
    "Task",
    "TensorBoardServer",
    "Tensorboard",
    "TensorboardCreator",
    "TensorboardFailed",
    "TensorboardsWebApp",
    "TrainingFailed",
    "TrainingJob",
    "TrainingNode",
    "TrainingRuntime",
    "Trial",
    "Upgrade",
    "UploadedPipeline",
    "Viewer",
    "ViewerFailed",
    "Volume",
    "VolumeCreator",
    "VolumeError",
    "VolumeFactory",
    "VolumesWebApp",
    "WaitTimeout",
    "Workflow",
    "WorkflowCreator",
    "WorkflowFailed",
    "WorkflowNode",
    "as_float32",
    "begin",
    "cluster_runtime",
    "code_digest",
    "event_file",
    "forgeries",
    "known_weakness",
    "model_uri",
    "parse_quantity",
    "ran_images",
    "read_inventory",
    "skip_for",
    "wait_until",
    "why_not_pulled",
]

# One line a module; a test holds it against __all__ and the imports above.
_HOMES = {
    "access.account": ["AccountAtKubernetes"],
    "access.profiles": ["ProfileKeys"],
    "access.tokens": ["AccountToken", "forgeries"],
    "access.caller_session": ["Reply", "CallerSession"],
    "access.callers": ["Callers"],
    "cluster": ["Cluster"],
    "config.groups.gpu": ["GpuSettings"],
    "config.model": ["KubeflowConfig"],
    "errors": [
        "AdmissionRefused",
        "AuthenticationError",
        "ClusterUnreachable",
        "ComponentMissing",
        "ConfigurationError",
        "Evidence",
        "KubeflowError",
        "NotFound",
        "ObjectStoreError",
        "PermissionDenied",
        "PlatformFault",
        "PodFailed",
        "RunFailed",
        "RunMismatch",
        "VolumeError",
        "WaitTimeout",
    ],
    "secrets.given": ["GivenValues"],
    "secrets.maker": ["GivenValuesMaker"],
    "secrets.store_credentials": ["StoreCredentials"],
    "experiments.creator": ["PipelineExperimentCreator"],
    "experiments.experiment": ["PipelineExperiment"],
    "experiments.recurring_run": ["RecurringRun"],
    "experiments.schedule": ["Schedule"],
    "fixtures.beginning": ["begin"],
    "fixtures.upgrade": ["Upgrade"],
    "images.own": ["OwnImage"],
    "images.ran": ["RanImage", "ran_images"],
    "images.refusals": ["why_not_pulled"],
    "k8s.client": ["KubernetesClient"],
    "k8s.inventory": ["Holder", "Inventory", "NodeFacts", "read_inventory"],
    "k8s.ports.portforward": ["PortForward"],
    "platform.expectation": ["PlatformHealth"],
    "quantity": ["parse_quantity"],
    "k8s.volumes.volume": ["SeededVolume", "Volume", "VolumeFactory"],
    "katib.creator": ["ExperimentCreator"],
    "katib.errors": ["ExperimentFailed", "KatibUIRefused"],
    "katib.experiment": ["KatibExperiment"],
    "katib.search_space": [
        "CategoricalParameter",
        "DiscreteParameter",
        "DoubleParameter",
        "IntParameter",
    ],
    "katib.trial": ["Trial"],
    "katib.webui": ["KatibUI"],
    "lineage.lineage": ["Lineage", "LineageTracer", "code_digest"],
    "load.load": ["Load"],
    "load.loadtest": ["LoadTest"],
    "model_registry.errors": ["ModelRegistryRefused"],
    "model_registry.registry": ["ModelRegistry", "RegisteredVersion"],
    "notebooks.creator": ["NotebookCreator"],
    "notebooks.errors": ["CellFailed", "KernelDied", "NotebookFailed"],
    "notebooks.kernel": ["Kernel"],
    "notebooks.notebook": ["Notebook"],
    "notebooks.outputs": ["Outputs"],
    "notebooks.poddefault": ["PodDefault", "PodDefaultMaker"],
    "notebooks.spec": ["NewClaim"],
    "notebooks.webapp": ["JupyterWebApp"],
    "objectstore.bucket": ["Bucket", "ScratchBucket"],
    "pipelines.outputs.mlmd": ["MetadataSource"],
    "pipelines.outputs.source": ["SourceUnavailable"],
    "pipelines.runs.run": ["PipelineRun"],
    "pipelines.submission": ["PipelineRunner"],
    "pipelines.tasks.task": ["Task"],
    "pipelines.upload": ["PipelineUploader", "PipelineVersion", "UploadedPipeline"],
    "redaction": ["Redactor", "Secret"],
    "registry.errors": ["RegistryError"],
    "registry.maker": ["ImageMaker"],
    "registry.pushing": ["PushedImage"],
    "serving.deployer": ["ServiceDeployer"],
    "serving.errors": ["RequestFailed", "ServiceFailed"],
    "serving.predictor": ["Predictor"],
    "serving.routes": ["PredictorResponse"],
    "serving.service": ["InferenceService"],
    "serving.spec": ["model_uri"],
    "skipping.cause": ["skip_for"],
    "skipping.weakness": ["known_weakness"],
    "tensorboards.creator": ["TensorboardCreator"],
    "tensorboards.errors": ["TensorboardFailed"],
    "tensorboards.event_file": ["as_float32", "event_file"],
    "tensorboards.server": ["Scalar", "TensorBoardServer"],
    "tensorboards.tensorboard": ["Tensorboard"],
    "tensorboards.webapp": ["TensorboardsWebApp"],
    "training.creator": ["JobCreator"],
    "training.errors": ["TrainingFailed"],
    "training.job": ["TrainingJob"],
    "training.node": ["TrainingNode"],
    "training.runtime": ["TrainingRuntime", "cluster_runtime"],
    "training.runtime_maker": ["OwnRuntime", "RuntimeMaker"],
    "volumes.creator": ["VolumeCreator"],
    "volumes.errors": ["ViewerFailed"],
    "volumes.filebrowser": ["FileBrowser"],
    "volumes.viewer": ["Viewer"],
    "volumes.volume": ["AppVolume"],
    "volumes.webapp": ["VolumesWebApp"],
    "waiting": ["Deadline", "wait_until"],
    "webapps.errors": ["ServerRefused"],
    "workflows.creator": ["WorkflowCreator"],
    "workflows.errors": ["WorkflowFailed"],
    "workflows.node": ["StoredArtifact", "WorkflowNode"],
    "workflows.workflow": ["Workflow"],
}


def __getattr__(name: str) -> object:
    """Import the room that a public name lives in (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
