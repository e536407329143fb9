"""Notebooks in a cluster: what their controller does, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from tests.local.notebooks.conftest import GROUP, PLURAL, SMALL, Notebooks
from tests.local.webapps.conftest import Person, eventually


def test_each_version_is_the_same_notebook(notebooks: Notebooks) -> None:
    for version in ("v1", "v1beta1", "v1alpha1"):
        name = notebooks.create(version=version)
        for other in ("v1", "v1beta1", "v1alpha1"):
            assert notebooks.get(name, other)["apiVersion"] == f"{GROUP}/{other}"
        eventually(lambda name=name: notebooks.is_ready(name))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "spec.template.spec.containers"),
        ({"containers": []}, "spec.template.spec.containers"),
        ({"containers": [{"name": "a"}]}, "spec.template.spec.containers[0].image"),
        ({"containers": [{"image": "a"}]}, "spec.template.spec.containers[0].name"),
    ],
)
def test_what_is_no_pod_is_refused(notebooks: Notebooks, spec: Any, field: str) -> None:
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Notebook",
        "metadata": {"name": "refused"},
        "spec": {"template": {"spec": spec}},
    }
    with pytest.raises(ApiException) as refused:
        notebooks.custom.create_namespaced_custom_object(
            GROUP, "v1", notebooks.namespace, PLURAL, body
        )
    assert refused.value.status == 422
    assert field in refused.value.body


def test_a_notebook_runs_and_tells_what_its_pod_does(notebooks: Notebooks) -> None:
    name = notebooks.create()
    eventually(lambda: notebooks.is_ready(name))
    status = notebooks.get(name)["status"]
    assert "running" in status["containerState"]
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions["Ready"] == conditions["PodScheduled"] == "True"
    (pod,) = notebooks.pods(name)
    assert pod.metadata.name == f"{name}-0"
    eventually(lambda: {"SuccessfulCreate", "Scheduled", "Started"} <= {*notebooks.events(name)})
    found = notebooks.events(name)
    assert found["SuccessfulCreate"].startswith(f"Reissued from statefulset/{name}: ")
    assert found["Started"] == f"Reissued from pod/{name}-0: Started container {name}"


def test_the_gateway_shows_it_to_its_owner_alone(
    notebooks: Notebooks, owner: Person, other: Person
) -> None:
    headers = {"notebooks.kubeflow.org/http-headers-request-set": '{"X-Root": "/mine"}'}
    name = notebooks.create(annotations=headers)
    path = notebooks.path(name, "lab")
    eventually(lambda: owner.ask("GET", path).text == path)
    seen = owner.ask("GET", path).headers
    assert (seen["seen-x-root"], seen["seen-kubeflow-userid"]) == ("/mine", owner.email)
    refused = other.ask("GET", path)
    assert (refused.status_code, refused.text) == (403, "RBAC: access denied")
    token = notebooks.core.create_namespaced_service_account_token(
        "default-editor", notebooks.namespace, {"spec": {"expirationSeconds": 600}}
    )
    bearer = {"Authorization": f"Bearer {token.status.token}"}
    account = Person(owner.url, "", "").ask("GET", path, headers=bearer)
    assert (account.status_code, account.text) == (403, "RBAC: access denied")
    assert Person(owner.url, "", "").ask("GET", path).status_code == 403
    assert owner.ask("GET", notebooks.path(name)[:-1]).text.startswith("<!DOCTYPE html>")


def test_a_rewritten_path_is_what_the_notebook_sees(notebooks: Notebooks, owner: Person) -> None:
    name = notebooks.create(annotations={"notebooks.kubeflow.org/http-rewrite-uri": "/"})
    path = notebooks.path(name, "a/b?c=d")
    eventually(lambda: owner.ask("GET", path).text == "/a/b?c=d")


def test_it_stops_and_starts(notebooks: Notebooks, owner: Person) -> None:
    name = notebooks.create()
    path = notebooks.path(name)
    eventually(lambda: owner.ask("GET", path).text == path)
    notebooks.annotate(name, kubeflow_resource_stopped="now")
    eventually(lambda: not notebooks.pods(name))
    eventually(lambda: notebooks.get(name)["status"]["readyReplicas"] == 0)
    assert notebooks.get(name)["status"]["conditions"] == []
    answer = owner.ask("GET", path)
    assert (answer.status_code, answer.text) == (503, "no healthy upstream")
    notebooks.annotate(name, kubeflow_resource_stopped=None)
    eventually(lambda: owner.ask("GET", path).text == path)


def test_a_changed_pod_takes_the_place_of_the_old_one(notebooks: Notebooks, owner: Person) -> None:
    name = notebooks.create(labels={"first": "true"})
    eventually(lambda: owner.ask("GET", notebooks.path(name)).text == notebooks.path(name))
    (old,) = notebooks.pods(name)
    container = {"name": name, **SMALL, "env": [{"name": "CHANGED", "value": "yes"}]}
    notebooks.patch(name, {"metadata": {"labels": {"second": "true"}}})
    notebooks.patch(name, {"spec": {"template": {"spec": {"containers": [container]}}}})

    def replaced() -> bool:
        found = notebooks.pods(name)
        return [one.metadata.uid for one in found] not in ([], [old.metadata.uid])

    eventually(replaced)
    (new,) = notebooks.pods(name)
    env = {one.name: one.value for one in new.spec.containers[0].env}
    assert (env["CHANGED"], env["NB_PREFIX"]) == ("yes", notebooks.path(name)[:-1])
    assert (new.metadata.labels["first"], "second" in new.metadata.labels) == ("true", False)


def test_what_others_have_changed_is_put_right(notebooks: Notebooks) -> None:
    name, namespace = notebooks.create(), notebooks.namespace
    eventually(lambda: notebooks.is_ready(name))
    spec = {"spec": {"selector": {"statefulset": "nobody"}}}
    notebooks.core.patch_namespaced_service(name, namespace, spec)
    where = ("networking.istio.io", "v1", namespace, "virtualservices")
    route = f"notebook-{namespace}-{name}"
    notebooks.custom.patch_namespaced_custom_object(*where, route, {"spec": {"hosts": ["a.b"]}})

    def righted() -> bool:
        service = notebooks.core.read_namespaced_service(name, namespace)
        return service.spec.selector == {"statefulset": name} and notebooks.route(name)["spec"][
            "hosts"
        ] == ["*"]

    eventually(righted)
    notebooks.custom.delete_namespaced_custom_object(*where, route)
    eventually(lambda: _there(lambda: notebooks.route(name)))


def _there(read: Any) -> bool:
    try:
        read()
    except ApiException as error:
        if error.status != 404:
            raise
        return False
    return True


def test_deleted_it_leaves_its_claim_and_nothing_else(notebooks: Notebooks, owner: Person) -> None:
    namespace = notebooks.namespace
    claim = notebooks.core.create_namespaced_persistent_volume_claim(
        namespace,
        {
            "metadata": {"generateName": "kept-"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Mi"}},
            },
        },
    ).metadata.name
    volume = {"name": "home", "persistentVolumeClaim": {"claimName": claim}}
    mount = {"name": "home", "mountPath": "/home/jovyan"}
    name = notebooks.create({**SMALL, "volumeMounts": [mount]}, pod={"volumes": [volume]})
    eventually(lambda: owner.ask("GET", notebooks.path(name)).text == notebooks.path(name))
    notebooks.delete(name, "Foreground")
    eventually(lambda: not _there(lambda: notebooks.get(name)))
    assert not notebooks.pods(name)  # it waits for them, and they for their pod
    assert not _there(lambda: notebooks.apps.read_namespaced_stateful_set(name, namespace))
    eventually(lambda: not _there(lambda: notebooks.core.read_namespaced_service(name, namespace)))
    eventually(lambda: not _there(lambda: notebooks.route(name)))
    found = notebooks.core.read_namespaced_persistent_volume_claim(claim, namespace)
    assert found.status.phase == "Bound"


def test_a_name_that_is_too_long_for_labels_of_pods_has_none(notebooks: Notebooks) -> None:
    name = notebooks.create(name="n" * 55)
    eventually(lambda: "FailedCreate" in notebooks.events(name))
    assert "must be no more than 63" in notebooks.events(name)["FailedCreate"]
    assert notebooks.get(name)["status"]["readyReplicas"] == 0
    notebooks.delete(name)


def test_a_name_that_is_too_long_for_ports_gets_no_further(notebooks: Notebooks) -> None:
    name = notebooks.create(name="n" * 60)
    eventually(lambda: "FailedCreate" in notebooks.events(name))
    service = notebooks.core.read_namespaced_service
    assert not _there(lambda: service(name, notebooks.namespace))
    assert "status" not in notebooks.get(name)
    notebooks.delete(name)


def test_nothing_happens_without_the_controller_and_all_when_it_is_back(
    notebooks: Notebooks,
) -> None:
    deployment = ("notebook-controller-deployment", "kubeflow")
    notebooks.apps.patch_namespaced_deployment(*deployment, {"spec": {"replicas": 0}})
    pods = {"label_selector": "app=notebook-controller"}
    eventually(lambda: not notebooks.core.list_namespaced_pod("kubeflow", **pods).items)
    name = notebooks.create()
    late = notebooks.create()
    notebooks.core.list_namespaced_event(notebooks.namespace)
    assert "status" not in notebooks.get(name)
    notebooks.apps.patch_namespaced_deployment(*deployment, {"spec": {"replicas": 1}})
    eventually(lambda: notebooks.is_ready(name) and notebooks.is_ready(late))
