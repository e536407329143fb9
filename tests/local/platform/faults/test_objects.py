"""Storage, nodes, profiles, images and applications: what a fault's objects show."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from kubernetes import client

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.cluster.remote import wait_until

from .broken import Platform

PROFILE = "kubeflow-user-example-com"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


def events(faulty: Platform, namespace: str, name: str) -> str:
    found = faulty.core.list_namespaced_event(
        namespace, field_selector=f"involvedObject.name={name}"
    ).items
    return " ".join(one.message for one in found)


def defaults(faulty: Platform) -> list[str]:
    found = faulty.get("/apis/storage.k8s.io/v1/storageclasses")["items"]
    return [
        one["metadata"]["name"]
        for one in found
        if (one["metadata"].get("annotations") or {}).get(DEFAULT) == "true"
    ]


def claim(faulty: Platform, name: str, namespace: str) -> Any:
    found = faulty.core.list_namespaced_persistent_volume_claim(
        namespace, field_selector=f"metadata.name={name}"
    ).items
    return found[0] if found else None


def age(obj: Any) -> float:
    return float((datetime.now(UTC) - obj.metadata.creation_timestamp).total_seconds())


def test_no_class_is_the_default_one(faulty: Platform) -> None:
    assert defaults(faulty) == ["standard"]
    with faulty.broken("no-default-class"):
        found = wait_until(
            lambda: (one := claim(faulty, "katib-mysql", "kubeflow")) and age(one) > 600 and one
        )
        assert found.status.phase == "Pending"
        assert not found.spec.storage_class_name
        assert defaults(faulty) == []


def test_two_classes_are_the_default_one(faulty: Platform) -> None:
    with faulty.broken("several-default-classes"):
        wait_until(lambda: sorted(defaults(faulty)) == ["local-path", "standard"])


def test_a_volume_is_on_a_node_that_is_gone(faulty: Platform) -> None:
    def told() -> str:
        pods = faulty.pods("notebook", PROFILE)
        return " ".join(one.message or "" for pod in pods for one in pod.status.conditions or [])

    with faulty.broken("volume-on-another-node"):
        assert "0/1 nodes are available" in wait_until(told)


def test_nobody_makes_volumes_of_a_class(faulty: Platform) -> None:
    with faulty.broken("provisioner-missing"):
        found = wait_until(
            lambda: (one := claim(faulty, "data", PROFILE)) and age(one) > 600 and one
        )
        assert found.status.phase == "Pending"


def node(faulty: Platform, name: str) -> Any:
    return next((one for one in faulty.core.list_node().items if one.metadata.name == name), None)


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        (
            "node-not-ready",
            lambda one: (
                {"Ready": "Unknown"}.items()
                <= {each.type: each.status for each in one.status.conditions}.items()
            ),
        ),
        (
            "node-under-pressure",
            lambda one: (
                {"DiskPressure": "True"}.items()
                <= {each.type: each.status for each in one.status.conditions}.items()
            ),
        ),
        (
            "kubelet-version-differs",
            lambda one: one.status.node_info.kubelet_version == "v1.28.15",
        ),
        ("node-cordoned", lambda one: one.spec.unschedulable),
    ],
)
def test_a_second_node(faulty: Platform, fault: str, shows: Any) -> None:
    with faulty.broken(fault):
        wait_until(lambda: (one := node(faulty, "worker-2")) and shows(one))
    assert node(faulty, "worker-2") is None


def lag(faulty: Platform) -> float:
    """By how many seconds the node's lease is behind."""
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/kubeflow-local"
    renewed = datetime.fromisoformat(faulty.get(path)["spec"]["renewTime"])
    return (datetime.now(UTC) - renewed).total_seconds()


def test_a_clock_is_behind(faulty: Platform) -> None:
    with faulty.broken("clock-skew"):
        wait_until(lambda: lag(faulty) > 100)
    wait_until(lambda: lag(faulty) < 60)


def names(faulty: Platform, kind: str) -> set[str]:
    found = faulty.get(f"/api/v1/namespaces/{PROFILE}/{kind}")["items"]
    return {one["metadata"]["name"] for one in found}


def test_a_profile_lacks_its_pieces(faulty: Platform) -> None:
    with faulty.broken("profile-pieces-missing"):
        wait_until(lambda: "mlpipeline-minio-artifact" not in names(faulty, "secrets"))
        wait_until(lambda: not names(faulty, "configmaps") & {"kfp-launcher"})
        assert not faulty.pods("kubeflow-pipelines-profile-controller")


def test_a_profile_made_meanwhile_gets_its_pieces_later(faulty: Platform) -> None:
    api = client.CustomObjectsApi(faulty.core.api_client)
    name = "late"
    profile = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": name},
        "spec": {"owner": {"kind": "User", "name": "late@example.com"}},
    }

    def secrets() -> set[str]:
        return {one.metadata.name for one in faulty.core.list_namespaced_secret(name).items}

    def accounts() -> set[str]:
        found = faulty.core.list_namespaced_service_account(name).items
        return {one.metadata.name for one in found}

    try:
        # It is made anew when the fault is over: what there is is not compared here.
        faulty.switch("profile-pieces-missing", "on")
        wait_until(lambda: not faulty.pods("kubeflow-pipelines-profile-controller"))
        api.create_cluster_custom_object("kubeflow.org", "v1", "profiles", profile)
        wait_until(lambda: "default-editor" in accounts())
        assert "mlpipeline-minio-artifact" not in secrets()
        faulty.switch("profile-pieces-missing", None)
        wait_until(lambda: "mlpipeline-minio-artifact" in secrets())
    finally:
        faulty.switch("profile-pieces-missing", None)
        api.delete_cluster_custom_object("kubeflow.org", "v1", "profiles", name)
    there = faulty.core.list_namespace
    wait_until(lambda: name not in {one.metadata.name for one in there().items}, 60)
    wait_until(lambda: not faulty.unready())


def test_a_profile_has_failed(faulty: Platform) -> None:
    def told() -> str:
        for one in faulty.get("/apis/kubeflow.org/v1/profiles")["items"]:
            for each in (one.get("status") or {}).get("conditions") or ():
                if each["type"] == "Failed":
                    return str(each["message"])
        return ""

    with faulty.broken("profile-failed"):
        assert "namespace already exist, but not owned by" in wait_until(told)


def test_a_namespace_does_not_end(faulty: Platform) -> None:
    def conditions() -> set[str]:
        for one in faulty.core.list_namespace().items:
            if one.metadata.name == "old-team":
                return {each.type for each in one.status.conditions or [] if each.status == "True"}
        return set()

    with faulty.broken("namespace-not-ending"):
        wait_until(lambda: "NamespaceFinalizersRemaining" in conditions())


def test_metrics_are_not_collected(faulty: Platform) -> None:
    label = "katib.kubeflow.org/metrics-collector-injection"

    def labels() -> dict[str, str]:
        found: dict[str, str] = faulty.core.read_namespace(PROFILE).metadata.labels
        return found

    assert label in labels()
    with faulty.broken("metrics-injection-off"):
        wait_until(lambda: label not in labels())


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("image-not-pulled", "403 Forbidden"),
        ("image-rate-limited", "toomanyrequests"),
        ("image-platform-missing", "no matching manifest for linux/arm64"),
    ],
)
def test_an_image_is_not_had(faulty: Platform, fault: str, told: str) -> None:
    def message() -> str:
        found = faulty.waiting("ml-pipeline-persistenceagent")
        return " ".join(text for reason, text in found if reason == "ImagePullBackOff")

    with faulty.broken(fault):
        assert told in wait_until(message)


@pytest.mark.parametrize(
    ("fault", "name", "image"),
    [
        ("versions-mixed", "spark-operator-controller", "controller:2.2.0"),
        ("upgrade-leftover", "centraldashboard", "central-dashboard:v1.10.0"),
        ("mpijobs-two-owners", "mpi-operator", "mpi-operator:0.6.0"),
    ],
)
def test_another_release_runs_beside(faulty: Platform, fault: str, name: str, image: str) -> None:
    def running() -> list[str]:
        found = [one for one in faulty.pods(name) if one.status.phase == "Running"]
        return [one.spec.containers[0].image for one in found]

    with faulty.broken(fault):
        wait_until(lambda: [one.endswith(image) for one in running()] == [True])


def definition(faulty: Platform, name: str) -> Any:
    found = faulty.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    return next((one for one in found if one["metadata"]["name"] == name), None)


def test_a_definition_is_not_taken_up(faulty: Platform) -> None:
    def told() -> dict[str, str]:
        found = definition(faulty, "workspaces.kubeflow.org") or {}
        conditions = (found.get("status") or {}).get("conditions") or []
        return {one["type"]: one["status"] for one in conditions}

    with faulty.broken("crd-not-established"):
        wait_until(lambda: told().get("Established") == "False")


def test_a_version_is_stored_that_is_not_served(faulty: Platform) -> None:
    def stored() -> list[str]:
        found = definition(faulty, "inferenceservices.serving.kserve.io")
        versions: list[str] = found["status"]["storedVersions"]
        return versions

    with faulty.broken("stored-version-not-served"):
        wait_until(lambda: "v1alpha2" in stored())
    assert stored() == ["v1beta1"]


def test_an_aggregated_api_does_not_answer(faulty: Platform) -> None:
    def unavailable() -> list[str]:
        return [
            one["metadata"]["name"]
            for one in faulty.get("/apis/apiregistration.k8s.io/v1/apiservices")["items"]
            for each in one.get("status", {}).get("conditions") or ()
            if each["type"] == "Available" and each["status"] == "False"
        ]

    with faulty.broken("api-service-unavailable"):
        wait_until(lambda: unavailable() == ["v1beta1.custom.metrics.k8s.io"])


def settings(faulty: Platform, name: str) -> dict[str, str]:
    found: dict[str, str] = faulty.core.read_namespaced_config_map(name, "kubeflow").data
    return found


def test_argo_is_told_of_an_old_executor(faulty: Platform) -> None:
    with faulty.broken("executor-setting-obsolete"):
        wait_until(
            lambda: "containerRuntimeExecutor" in settings(faulty, "workflow-controller-configmap")
        )


def test_a_profile_has_old_keys(faulty: Platform) -> None:
    def key() -> bytes:
        data = faulty.core.read_namespaced_secret("mlpipeline-minio-artifact", PROFILE).data
        return base64.b64decode(data["accesskey"])

    with faulty.broken("artifact-keys-refused"):
        wait_until(lambda: key() == b"minio")


def links(faulty: Platform) -> list[str]:
    menu = json.loads(settings(faulty, "dashboard-config")["links"])["menuLinks"]
    return [
        each["link"]
        for one in menu
        for each in (one["items"] if one["type"] == "section" else [one])
    ]


def test_a_link_leads_to_no_application(faulty: Platform, platform: LocalKubeflow) -> None:
    request: dict[str, Any] = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    token = faulty.core.create_namespaced_service_account_token(
        "default-editor", PROFILE, request
    ).status.token

    def titles() -> list[bool]:
        """Whether each link leads to an application of its own."""
        pages = [
            requests.get(
                platform.endpoints.host + link.partition("#")[0],
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            ).text
            for link in links(faulty)
        ]
        return ["Kubeflow Central Dashboard" not in one and "<title>" in one for one in pages]

    assert all(titles())
    with faulty.broken("menu-link-wrong"):
        wait_until(lambda: not all(titles()))


def test_a_cookie_is_for_https_alone(faulty: Platform, platform: LocalKubeflow) -> None:
    request: dict[str, Any] = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    token = faulty.core.create_namespaced_service_account_token(
        "default-editor", PROFILE, request
    ).status.token

    def cookie() -> str:
        answer = requests.get(
            f"{platform.endpoints.host}/volumes/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        return answer.headers.get("set-cookie", "")

    assert "Secure" not in cookie()
    with faulty.broken("csrf-cookie-secure"):
        wait_until(lambda: "Secure" in cookie())


@pytest.mark.parametrize(
    ("fault", "name", "mount"),
    [
        ("notebook-not-listening", "custom-0", None),
        ("notebook-home-not-kept", "scratch-0", "/data"),
    ],
)
def test_a_notebook_runs(faulty: Platform, fault: str, name: str, mount: str | None) -> None:
    def running() -> Any:
        found = faulty.core.list_namespaced_pod(
            PROFILE, field_selector=f"metadata.name={name}"
        ).items
        return found and found[0].status.phase == "Running" and found[0]

    with faulty.broken(fault):
        pod = wait_until(running)
        assert pod.metadata.labels["notebook-name"]
        mounts = [one.mount_path for one in pod.spec.containers[0].volume_mounts or []]
        assert mounts == ([] if mount is None else [mount])


def test_a_mode_is_called_as_before(faulty: Platform) -> None:
    path = f"/apis/serving.kserve.io/v1beta1/namespaces/{PROFILE}/inferenceservices"

    def modes() -> list[str]:
        return [
            one["metadata"]["annotations"]["serving.kserve.io/deploymentMode"]
            for one in faulty.get(path)["items"]
        ]

    with faulty.broken("deployment-mode-old"):
        wait_until(lambda: modes() == ["RawDeployment"])
