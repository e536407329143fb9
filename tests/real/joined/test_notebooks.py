"""Notebooks where StatefulSets, pods and owners are those of a real control plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.local.endpoints import Endpoints
from tests.local.notebooks.conftest import SMALL
from tests.local.webapps.conftest import logged_in
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import PROFILE, until

WHERE = ("kubeflow.org", "v1", PROFILE, "notebooks")


def test_a_notebook_runs_stops_and_goes(
    joined: Endpoints, control_plane: ControlPlane, routable: None
) -> None:
    assert joined.username is not None
    assert joined.password is not None
    owner = logged_in(joined, joined.username, joined.password, PROFILE)
    path = f"/notebook/{PROFILE}/small/"
    with _api(control_plane.admin) as api:
        custom, core = client.CustomObjectsApi(api), client.CoreV1Api(api)
        until(lambda: _there(lambda: core.read_namespaced_service_account("default", PROFILE)))
        spec = {"template": {"spec": {"containers": [{"name": "small", **SMALL}]}}}
        body = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "Notebook",
            "metadata": {"name": "small"},
            "spec": spec,
        }
        custom.create_namespaced_custom_object(*WHERE, body)
        until(lambda: owner.ask("GET", path).text == path)
        stop = {"metadata": {"annotations": {"kubeflow-resource-stopped": "now"}}}
        custom.patch_namespaced_custom_object(*WHERE, "small", stop)
        until(lambda: owner.ask("GET", path).status_code == 503)
        custom.delete_namespaced_custom_object(*WHERE, "small", propagation_policy="Foreground")
        until(lambda: not _there(lambda: custom.get_namespaced_custom_object(*WHERE, "small")))
        # One that its controller made once more meanwhile goes with the next look at orphans.
        until(lambda: not _there(lambda: core.read_namespaced_service("small", PROFILE)))


def _api(kubeconfig: Path) -> Any:
    return config.new_client_from_config(str(kubeconfig))


def _there(read: Any) -> bool:
    try:
        read()
    except ApiException as error:
        if error.status != 404:
            raise
        return False
    return True
