"""Images that nodes cannot get."""

from __future__ import annotations

import pytest

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import a_container, a_pod, a_warning


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def _pod(reason: str, message: str = "", image: str = "mysql:8", **fields: str) -> Object:
    container = a_container(waiting=reason, message=message, image=image)
    return a_pod("x", container, phase="Pending", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit.", "KF702"),
        ("ImagePullBackOff", "unexpected status: 429 Too Many Requests", "KF702"),
        ("ErrImagePull", "no match for platform in manifest: not found", "KF703"),
        ("ErrImagePull", "no image found in image index for architecture arm64", "KF703"),
        ("ErrImagePull", "docker.io/library/mysql:8: not found", "KF701"),
        ("ErrImagePull", "unexpected status from HEAD request: 403 Forbidden", "KF701"),
        ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "KF701"),
        ("InvalidImageName", 'couldn\'t parse image name "A:b"', "KF701"),
    ],
)
def test_why_an_image_is_not_there(reason: str, message: str, code: str) -> None:
    assert _codes(_pod(reason, message)) == [code]


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_a_pod_that_is_being_made_is_no_fault(reason: str) -> None:
    assert _codes(_pod(reason)) == []


def test_an_event_about_another_image_tells_nothing() -> None:
    message = 'Failed to pull image "other:1": toomanyrequests: You have reached your limit'
    assert _codes(_pod("ImagePullBackOff"), a_warning("Pod", "x", "Failed", message)) == ["KF701"]


def test_a_users_image_leaves_the_platform_standing() -> None:
    (found,) = findings(a_snapshot(_pod("ErrImagePull", namespace="team")))
    assert found.severity is Severity.DEGRADED
    assert _codes(_pod("ErrImagePull", namespace="shop")) == []


@pytest.mark.parametrize(
    ("image", "server"),
    [
        ("mysql:8", "docker.io"),
        ("kserve/x:1", "docker.io"),
        ("gcr.io/x/y", "gcr.io"),
        ("localhost:5000/x@sha256:0", "localhost:5000"),
    ],
)
def test_the_registry_is_named(image: str, server: str) -> None:
    (found,) = findings(a_snapshot(_pod("ErrImagePull", image=image)))
    assert f"--docker-server={server} " in found.fix


def test_a_login_is_added_to_the_account_of_the_pod() -> None:
    pod = a_pod("x", a_container(waiting="ErrImagePull"), spec={"serviceAccountName": "katib-ui"})
    (found,) = findings(a_snapshot(pod))
    assert "patch serviceaccount katib-ui " in found.fix
