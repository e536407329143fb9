"""What the tests of training share: jobs, begun before the first test, side by side.

What goes wrong when one is made is the matter of the tests that need it.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_kubeflow import (
    JobCreator,
    KubeflowConfig,
    KubernetesClient,
    RuntimeMaker,
    TrainingJob,
    TrainingNode,
    begin,
)

from . import programs, ring

Program = Callable[..., Any]
RingedJob = Callable[..., TrainingJob]

BEGUN = (
    *("over_quota", "over_limit", "outliving", "trained", "trained_alone"),
    *("retried", "reduced", "failing", "suspended", "bereaved"),
)
"""The jobs in the order in which they are begun: the longest first."""

NODES = 2
ROUNDS = 60
"""In which the weights of a softmax come near enough to what is right for nine digits of ten."""

LIMITED = "training-refusals"
"""What the quota and the LimitRange of these tests are called."""

NOTHING = "pytest-kubeflow.example/nothing"
"""A resource that no node has, of which a quota is nobody else's matter."""

POD_NAME = {"POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}}}
ATTEMPT = "metadata.labels['jobset.sigs.k8s.io/restart-attempt']"


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin those that the selected tests need."""
    begin(request, BEGUN)


@pytest.fixture(scope="session")
def image(kf_config: KubeflowConfig) -> str:
    """One with Python: the images of runtimes have several gigabytes."""
    return kf_config.kubernetes.base_image


@pytest.fixture(scope="session")
def token() -> str:
    """What ranks of one session know each other by."""
    return secrets.token_hex(8)


@pytest.fixture(scope="session")
def seed() -> int:
    """What sums are known by: no earlier session's is the same."""
    return secrets.randbelow(1_000_000)


@pytest.fixture(scope="session")
def ringed(shared_train_job: JobCreator, image: str, token: str, seed: int) -> RingedJob:
    """Makes a job of two nodes that know each other by this session and a name of the job's own."""

    def make(program: Program, name: str, **more: Any) -> TrainingJob:
        arguments = {"token": f"{token}-{name}", "seed": seed}
        return shared_train_job(
            program, nodes=NODES, image=image, arguments=arguments, helpers=(ring,), **more
        )

    return make


@pytest.fixture(scope="session")
def reduced(ringed: RingedJob) -> TrainingJob:
    """Two nodes that add up their numbers."""
    return ringed(programs.all_reduce, "reduced")


@pytest.fixture(scope="session")
def suspended(ringed: RingedJob) -> TrainingJob:
    """The same, which is to wait before it begins."""
    return ringed(programs.all_reduce, "suspended", suspend=True)


@pytest.fixture(scope="session")
def outliving(ringed: RingedJob) -> TrainingJob:
    """Two nodes, of which one waits to be killed."""
    return ringed(programs.outlives, "outliving", env=POD_NAME)


@pytest.fixture(scope="session")
def bereaved(outliving: TrainingJob, kf_kubernetes: KubernetesClient) -> TrainingNode:
    """Of these the node whose pod was taken away, as when a node of the cluster is drained."""
    node = outliving.wait_said("is told to wait", "node-1")
    kf_kubernetes.core.delete_namespaced_pod(
        node.pod_name, outliving.namespace, grace_period_seconds=1
    )
    return node


@pytest.fixture(scope="session")
def failing(
    shared_train_job: JobCreator, training_runtime: RuntimeMaker, image: str
) -> TrainingJob:
    """Two nodes, of which one ends with exit code 3, and nothing is started again."""
    runtime = training_runtime(restart_policy="Never", backoff_limit=0)
    return shared_train_job(
        programs.gives_up,
        nodes=NODES,
        image=image,
        arguments={"code": 3},
        runtime=runtime.name,
        runtime_kind=runtime.kind,
    )


@pytest.fixture(scope="session")
def retried(ringed: RingedJob, training_runtime: RuntimeMaker) -> TrainingJob:
    """Two nodes, of which one fails when the job is tried first; it is tried twice."""
    runtime = training_runtime(restart_policy="Never", backoff_limit=0, restarts=1)
    return ringed(
        programs.second_attempt,
        "retried",
        env={"ATTEMPT": {"fieldRef": {"fieldPath": ATTEMPT}}},
        runtime=runtime.name,
        runtime_kind=runtime.kind,
    )


@pytest.fixture(scope="session")
def trained(shared_train_job: JobCreator, kf_config: KubeflowConfig, token: str) -> TrainingJob:
    """A model of digits, of two nodes."""
    return train(shared_train_job, kf_config, f"{token}-trained", NODES)


@pytest.fixture(scope="session")
def trained_alone(
    shared_train_job: JobCreator, kf_config: KubeflowConfig, token: str
) -> TrainingJob:
    """The same model, of one node."""
    return train(shared_train_job, kf_config, f"{token}-alone", 1)


def train(make: JobCreator, config: KubeflowConfig, token: str, nodes: int) -> TrainingJob:
    """Train it; where no image has scikit-learn, each node installs it."""
    serving = config.serving
    return make(
        programs.digits,
        nodes=nodes,
        image=serving.image or config.kubernetes.base_image,
        arguments={"token": token, "rounds": ROUNDS},
        helpers=(ring,),
        packages=() if serving.image else serving.packages,
        index_urls=serving.index_urls,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        limits={"cpu": "1", "memory": "1Gi"},
    )


@pytest.fixture(scope="session")
def limited(other_profile: str, kf_kubernetes: KubernetesClient) -> Iterator[str]:
    """A namespace with a quota and a LimitRange, in which nothing else runs."""
    core = kf_kubernetes.core
    metadata = {"metadata": {"name": LIMITED}}
    quota = {"hard": {f"requests.{NOTHING}": "0"}}
    most = {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}
    core.create_namespaced_resource_quota(other_profile, {**metadata, "spec": quota})
    core.create_namespaced_limit_range(other_profile, {**metadata, "spec": most})
    yield other_profile
    core.delete_namespaced_limit_range(LIMITED, other_profile)
    core.delete_namespaced_resource_quota(LIMITED, other_profile)


@pytest.fixture(scope="session")
def over_quota(shared_train_job: JobCreator, limited: str, image: str) -> TrainingJob:
    """A job that asks for what a quota gives nothing of."""
    limits = {"cpu": "100m", "memory": "128Mi", NOTHING: "1"}
    return shared_train_job(["true"], image=image, namespace=limited, limits=limits)


@pytest.fixture(scope="session")
def over_limit(shared_train_job: JobCreator, limited: str, image: str) -> TrainingJob:
    """A job that asks for more than a LimitRange gives to one container."""
    limits = {"cpu": "3", "memory": "128Mi"}
    return shared_train_job(["true"], image=image, namespace=limited, limits=limits)
