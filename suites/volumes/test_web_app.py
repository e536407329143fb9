"""A volume of the web app is filled and read in the browser, and deleted once nobody uses it."""

import uuid

import pytest

from pytest_kubeflow import (
    AppVolume,
    Deadline,
    KubeflowConfig,
    KubernetesClient,
    NotebookCreator,
    NotFound,
    PipelineRunner,
    ServerRefused,
    VolumeCreator,
    VolumesWebApp,
    skip_for,
    wait_until,
)

from .test_sort import NUMBERS, SORTED, sort_csv

pytestmark = pytest.mark.kf_requires("pvcviewers")

NAME = "app.kubernetes.io/name"


def test_it_is_listed_as_it_was_asked_for(
    browsed: AppVolume, volumes_web_app: VolumesWebApp, kf_config: KubeflowConfig
) -> None:
    """The web app lists a volume with its access mode and its viewer."""
    row = wait_until(
        lambda: browsed.row,
        lambda row: row["status"]["phase"] == "ready" and row["viewer"]["status"] == "ready",
        deadline=Deadline.after(min(30, kf_config.session.timeout)),
        what=f"the web app to say that volume {browsed.name}, whose viewer is open, is ready",
        describe=lambda row: f"status {row['status']}, viewer {row['viewer']}",
    )
    assert row["modes"] == ["ReadWriteOnce"]
    assert row["viewer"]["url"] == f"{browsed.viewer.path}/"
    pods = volumes_web_app.pods(browsed.namespace, browsed.name)
    assert len(pods) == 1, f"volume {browsed.name} is mounted by its viewer alone, not by {pods}"


def test_what_is_uploaded_in_the_browser_is_read_by_a_pod(browsed: AppVolume) -> None:
    """A file that was uploaded in the viewer is read by a pod, byte for byte."""
    content = NUMBERS.encode() + uuid.uuid4().bytes
    browsed.viewer.write("uploaded/input_numbers.csv", content)
    assert browsed.viewer.read_bytes("uploaded/input_numbers.csv") == content
    found = browsed.by_pod.list()
    assert "uploaded/input_numbers.csv" in found, (
        f"what was uploaded in the viewer of {browsed.name} is not on the volume: a pod finds "
        f"{found or 'nothing'} there"
    )
    assert browsed.by_pod.read_bytes("uploaded/input_numbers.csv") == content


def test_what_a_pod_wrote_is_downloaded_in_the_browser(browsed: AppVolume) -> None:
    """A file that a pod wrote is downloaded in the viewer, byte for byte."""
    content = uuid.uuid4().bytes * 1000
    browsed.by_pod.write({"written/by-a-pod.bin": content})
    try:
        shown = browsed.viewer.files.names("written")
    except NotFound as error:
        pytest.fail(
            f"the viewer of {browsed.name} does not show what a pod has written: {error.message}"
        )
    assert shown == ["by-a-pod.bin"]
    assert browsed.viewer.files.size("written/by-a-pod.bin") == len(content)
    assert browsed.viewer.read_bytes("written/by-a-pod.bin") == content


def test_a_pipeline_sorts_what_was_uploaded(
    browsed: AppVolume, run_pipeline: PipelineRunner
) -> None:
    """A pipeline reads a file that was uploaded, and the viewer shows its result."""
    browsed.viewer.write("input_numbers.csv", NUMBERS, override=True)
    run_pipeline(sort_csv, arguments={"pvc_name": browsed.name})
    assert browsed.viewer.read_text("output/sorted_numbers.csv") == SORTED


@pytest.mark.kf_requires("notebooks")
@pytest.mark.filterwarnings("ignore:Notebook .* will lose data")
def test_a_notebook_without_volumes_does_not_break_the_list(
    browsed: AppVolume,
    notebook: NotebookCreator,
    volumes_web_app: VolumesWebApp,
    kf_config: KubeflowConfig,
) -> None:
    """A Notebook without volumes does not break the list.

    The app of Kubeflow up to 26.03.1 wants volumes of each notebook there is.
    """
    if kf_config.kubernetes.namespace is not None:
        skip_for(
            "shared-namespace",
            f"{browsed.namespace} is not ours alone, and the list may break for others there",
        )
    assert browsed.row["notebooks"] == []
    notebook(by="resource", workspace=None, bare=True, stopped=True, wait=False)
    try:
        listed = [str(row["name"]) for row in volumes_web_app.volumes(browsed.namespace)]
    except ServerRefused as error:
        if error.status == 500:
            pytest.xfail(
                "a known fault of the web app for volumes: a Notebook without volumes makes the "
                f"list of its whole namespace fail ({error.message})"
            )
        raise
    assert browsed.name in listed


@pytest.mark.parametrize("labelled", [False, True], ids=["pod", "pod-with-a-name-label"])
def test_one_that_a_pod_uses_is_not_deleted(
    app_volume: VolumeCreator, volumes_web_app: VolumesWebApp, *, labelled: bool
) -> None:
    """The web app refuses to delete a volume that a pod uses.

    The app of Kubeflow up to 26.03.1 takes each pod with a label for a viewer's.
    """
    volume = app_volume()
    with volume.in_use({NAME: f"of-{volume.name}"} if labelled else None) as pod:
        assert volume.pods == [pod]
        refusal, taken_for_a_viewer = refused(volume, volumes_web_app)
        claim = volume.claim
        kept = claim is not None and claim.metadata.deletion_timestamp is None
        assert kept, f"volume {volume.name} was deleted while pod {pod} uses it"
        assert taken_for_a_viewer or pod in refusal, f"the refusal names no pod: {refusal}"
    if taken_for_a_viewer:
        assert labelled, f"the web app does not find volume {volume.name}: {taken_for_a_viewer}"
        pytest.xfail(
            f"a known fault of the web app for volumes: a pod with the label {NAME} is taken for "
            f"one of a viewer that is called so ({taken_for_a_viewer})"
        )


def refused(volume: AppVolume, app: VolumesWebApp) -> tuple[str, str]:
    """What the app says when it is to delete it: that it is in use, or that there is no viewer."""
    try:
        app.delete(volume.namespace, volume.name)
    except NotFound as error:
        return "", error.message
    except ServerRefused as error:
        if error.status != 409:
            raise
        return error.message, ""
    return "", ""


def test_deleted_with_its_viewer_open_both_are_gone(
    app_volume: VolumeCreator, volumes_web_app: VolumesWebApp, kf_kubernetes: KubernetesClient
) -> None:
    """Deleting a volume removes its claim and its viewer."""
    volume = app_volume()
    volume.open()
    volume.viewer.write("kept-by-nobody.txt", "x")
    assert volume.left == ["claim", "viewer", "viewer's pod"]
    volume.delete()
    assert volume.left == []
    listed = [str(row["name"]) for row in volumes_web_app.volumes(volume.namespace)]
    assert volume.name not in listed
    services = kf_kubernetes.core.list_namespaced_service(volume.namespace).items
    assert f"pvcviewer-{volume.name}" not in {one.metadata.name for one in services}
