"""A TensorBoard shows the numbers that a training has recorded, through the gateway."""

import pytest

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    KubernetesClient,
    NotebookCreator,
    Tensorboard,
    TensorboardCreator,
    TensorboardFailed,
    TensorboardsWebApp,
    Volume,
    as_float32,
    wait_until,
)

from .conftest import ACCURACIES, LOSSES

pytestmark = pytest.mark.kf_requires("tensorboards")


def test_the_numbers_of_an_event_file_come_back(
    board: Tensorboard, kf_config: KubeflowConfig
) -> None:
    """A TensorBoard shows the numbers of an event file on a claim."""
    losses = board.scalars(
        "loss", run="train", count=len(LOSSES), timeout=min(60, kf_config.session.timeout)
    )
    assert losses == [(step, as_float32(value)) for step, value in LOSSES]
    assert board.server.tags() == {"train": ["accuracy/validation", "loss"]}
    accuracies = board.scalars("accuracy/validation", run="train", count=len(ACCURACIES))
    assert accuracies == [(step, as_float32(value)) for step, value in ACCURACIES]


def test_it_is_listed_as_ready(
    board: Tensorboard,
    training: Volume,
    tensorboards_web_app: TensorboardsWebApp,
    kf_config: KubeflowConfig,
) -> None:
    """The web app shows a running TensorBoard as ready.

    The status is that of the Deployment, and may come a moment after the server.
    """
    row = wait_until(
        lambda: board.row,
        lambda row: row["status"]["phase"] == "ready",
        deadline=Deadline.after(min(30, kf_config.session.timeout)),
        what=f"the web app to say that TensorBoard {board.name}, which responds, is ready",
        describe=lambda row: str(row["status"]),
    )
    assert row["logspath"] == f"pvc://{training.name}/logs"
    assert training.name in tensorboards_web_app.claims(board.namespace)


def test_deleted_it_leaves_the_claim_and_nothing_else(
    tensorboard: TensorboardCreator,
    training: Volume,
    tensorboards_web_app: TensorboardsWebApp,
    kf_kubernetes: KubernetesClient,
) -> None:
    """Deleting a TensorBoard removes all of it but the claim."""
    made = tensorboard(f"pvc://{training.name}/logs")
    assert made.left == ["Tensorboard", "Deployment", "Service", "VirtualService", "pod"]
    made.delete(timeout=60)
    assert made.left == []
    names = [str(one["name"]) for one in tensorboards_web_app.tensorboards(made.namespace)]
    assert made.name not in names
    claim = kf_kubernetes.core.read_namespaced_persistent_volume_claim(
        training.name, made.namespace
    )
    kept = claim.metadata.deletion_timestamp is None and claim.status.phase == "Bound"
    assert kept, f"the claim of Tensorboard {made.name} was deleted with it"


@pytest.mark.kf_requires("notebooks")
@pytest.mark.filterwarnings("ignore:Notebook .* will lose data")
def test_one_that_is_called_like_a_notebook_has_a_service_of_its_own(
    tensorboard: TensorboardCreator, notebook: NotebookCreator, training: Volume
) -> None:
    """A TensorBoard with a notebook's name does not take over its Service.

    The controllers of Kubeflow up to 26.03.1 write over each other's Services.
    """
    other = notebook(by="resource", workspace=None, stopped=True, wait=False)
    logs = f"pvc://{training.name}/logs"
    wait_until(
        lambda: other.has_service,
        bool,
        deadline=Deadline.after(30),
        what=f"the Service of Notebook {other.name}",
    )
    # It is told before anything is made.
    with pytest.raises(TensorboardFailed, match=f"which belongs to Notebook {other.name}"):
        tensorboard(logs, name=other.name)
    made = tensorboard(logs, name=other.name, shares_name=True, wait=False)
    wait_until(
        lambda: made.left,
        lambda left: {"Deployment", "VirtualService"} <= set(left),
        deadline=Deadline.after(30),
        what=f"the Deployment and the route of Tensorboard {made.name}",
        evidence=made.evidence,
    )
    if owner := made.service_owner:
        pytest.xfail(
            "a known fault of the tensorboard controller: its Service has the name of the "
            f"Tensorboard, and is written over where it is another's, here {owner}'s"
        )
