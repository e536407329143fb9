"""What the webhooks make of viewers: each case as the real pvcviewer-controller answered it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.pvcviewers.objects import networking_of, service_of, url_of
from pytest_kubeflow.local.pvcviewers.webhook import defaulted, refusal
from pytest_kubeflow.local.webapps.viewers import viewer_of

DEFAULT = {
    "containers": [
        {
            "env": [
                {"name": "FB_ADDRESS", "value": "0.0.0.0"},  # noqa: S104
                {"name": "FB_PORT", "value": "8080"},
                {"name": "FB_DATABASE", "value": "/tmp/filebrowser.db"},  # noqa: S108
                {"name": "FB_NOAUTH", "value": "true"},
                {"name": "FB_BASEURL", "value": "/pvcviewers/team/v/"},
            ],
            "image": "filebrowser/filebrowser:latest",
            "name": "pvcviewer",
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "resources": {},
            "volumeMounts": [{"mountPath": "/data", "name": "viewer-volume"}],
            "workingDir": "/data",
        }
    ],
    "volumes": [{"name": "viewer-volume", "persistentVolumeClaim": {"claimName": "c"}}],
}


def viewer(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "PVCViewer",
        "metadata": {"name": "v", "namespace": "team", "uid": "1"},
        "spec": spec,
    }


def test_what_is_left_out_is_filled_in() -> None:
    found = defaulted(viewer(pvc="c", networking={"basePrefix": "/pvcviewers"}), "team")
    assert found["spec"] == {
        "pvc": "c",
        "podSpec": DEFAULT,
        "networking": {"basePrefix": "/pvcviewers", "targetPort": 0},
        "rwoScheduling": False,
    }
    assert refusal(found["spec"]) == ""


def test_what_is_there_stays() -> None:
    spec = viewer_of("v", "team")["spec"]
    found = defaulted(viewer(**spec), "team")["spec"]
    (container,) = found["podSpec"]["containers"]
    assert container.pop("resources") == {}
    assert found == spec


def test_an_empty_way_in_is_none() -> None:
    """The Go type is always written out, and the controller compares it with an empty one."""
    found = defaulted(viewer(pvc="c"), "team")
    assert found["spec"]["networking"] == {"basePrefix": "", "targetPort": 0}
    assert (networking_of(found), url_of(found)) == (None, None)
    shown = defaulted(viewer(pvc="c", networking={"targetPort": 8080}), "team")
    assert url_of(shown) == "/team/v/"
    assert service_of(shown)["spec"]["ports"][0]["targetPort"] == 8080


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"pvc": ""}, "PVC name must be specified"),
        ({"pvc": "c"}, "PodSpec must be specified"),
        ({"pvc": "z", "podSpec": DEFAULT}, "PVC z must be used in the podSpec"),
        ({"pvc": "c", "podSpec": {"containers": [{"name": "a"}]}}, "PVC c must be used in the "),
        ({"pvc": "c", "podSpec": DEFAULT}, ""),
    ],
)
def test_refusals(spec: dict[str, Any], why: str) -> None:
    assert refusal(spec).startswith(why)
    assert bool(refusal(spec)) == bool(why)
