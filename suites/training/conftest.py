"""What the tests of training share: jobs, begun before the first test, side by side.

What goes wrong when one is made is the matter of the tests that need it.
"""

import secrets

import pytest

from pytest_kubeflow import JobCreator, KubeflowConfig, RuntimeMaker, TrainingJob, begin

from . import programs, ring

BEGUN = ("outliving", "trained", "trained_alone", "retried", "reduced", "failing", "suspended")
"""The jobs in the order in which they are begun: the longest first."""

NODES = 2
ROUNDS = 60
"""In which the weights of a softmax come near enough to what is right for nine digits of ten."""

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
def reduced(shared_train_job: JobCreator, image: str, token: str, seed: int) -> TrainingJob:
    """Two nodes that add up their numbers."""
    return shared_train_job(
        programs.all_reduce,
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-reduced", "seed": seed},
        helpers=(ring,),
    )


@pytest.fixture(scope="session")
def suspended(shared_train_job: JobCreator, image: str, token: str, seed: int) -> TrainingJob:
    """The same, which is to wait before it begins."""
    return shared_train_job(
        programs.all_reduce,
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-suspended", "seed": seed},
        helpers=(ring,),
        suspend=True,
    )


@pytest.fixture(scope="session")
def outliving(shared_train_job: JobCreator, image: str, token: str, seed: int) -> TrainingJob:
    """Two nodes, of which one waits to be killed."""
    return shared_train_job(
        programs.outlives,
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-outliving", "seed": seed},
        helpers=(ring,),
        env=POD_NAME,
    )


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
def retried(
    shared_train_job: JobCreator,
    training_runtime: RuntimeMaker,
    image: str,
    token: str,
    seed: int,
) -> TrainingJob:
    """Two nodes, of which one fails when the job is tried first; it is tried twice."""
    runtime = training_runtime(restart_policy="Never", backoff_limit=0, restarts=1)
    return shared_train_job(
        programs.second_attempt,
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-retried", "seed": seed},
        helpers=(ring,),
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
