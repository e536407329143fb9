"""A notebook that is stopped keeps its workspace, and nothing else."""

import uuid

import pytest

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    KubernetesClient,
    Notebook,
    NotebookCreator,
    wait_until,
)

pytestmark = pytest.mark.kf_requires("notebooks")

OUTSIDE = "/tmp/written-outside-the-workspace"  # noqa: S108  a file in the notebook


def claim_phase(kubernetes: KubernetesClient, notebook: Notebook) -> str:
    """Bound, or what its workspace is instead."""
    found = kubernetes.core.read_namespaced_persistent_volume_claim(
        notebook.claims[0], notebook.namespace
    )
    return str(found.status.phase)


def test_files_of_the_workspace_outlive_a_stop_and_others_do_not(
    workbench: Notebook, kf_kubernetes: KubernetesClient, kf_config: KubeflowConfig
) -> None:
    """Files of the workspace survive stop and start; others and the kernel do not."""
    content = f"kept by {uuid.uuid4().hex}\n"
    workbench.write("work/kept.txt", content)
    workbench.execute(f"import pathlib\npathlib.Path({OUTSIDE!r}).write_text('x')\nlives = True")
    assert workbench.execute("pathlib.Path('work/kept.txt').read_text()").result == repr(content)

    workbench.stop()
    assert claim_phase(kf_kubernetes, workbench) == "Bound"
    told = wait_until(
        lambda: workbench.processed_status,
        lambda status: status.get("phase") == "stopped",
        deadline=Deadline.after(min(30, kf_config.session.timeout)),
        what=f"the web app to say that Notebook {workbench.name} is stopped",
    )
    assert told["phase"] == "stopped"

    workbench.start()
    kept = workbench.server.exists("work/kept.txt")
    lost = f"Notebook {workbench.name} has lost data: work/kept.txt is gone after a stop and start"
    assert kept, lost
    assert workbench.read_text("work/kept.txt") == content
    code = f"import pathlib\npathlib.Path({OUTSIDE!r}).exists(), 'lives' in globals()"
    found = workbench.execute(code).result
    assert found == "(False, False)", (
        f"Notebook {workbench.name} was not stopped: {OUTSIDE} and its kernel's memory are "
        f"{found} after a stop and start"
    )


@pytest.mark.filterwarnings("ignore:Notebook .* will lose data")
def test_a_claim_beside_the_home_directory_is_told(
    workbench: Notebook, notebook: NotebookCreator
) -> None:
    """A notebook whose claim is not its home directory is reported.

    Where the claim is mounted elsewhere, what people save is not on it.
    """
    assert workbench.state.loses == ""
    elsewhere = notebook(
        workspace=None,
        volumes={"/data": workbench.claims[0]},
        by="resource",
        stopped=True,
        wait=False,
    )
    assert "no claim is mounted at /home/jovyan, where its server saves files" in (
        elsewhere.state.loses
    )
    assert f"{workbench.claims[0]} at /data" in elsewhere.state.loses
