"""Katib's UI: what it shows of experiments, to whom, and what it refuses in which words."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.local.katib.conftest import Fault, Katib, experiment
from tests.local.webapps.conftest import Person, eventually


@pytest.fixture(scope="module")
def done(katib: Katib) -> str:
    name = katib.create()
    katib.ended(name)
    return name


def query(path: str, **parameters: str) -> str:
    words = "&".join(f"{key}={one}" for key, one in parameters.items())
    return f"/katib/{path}/?{words}"


def test_experiments_of_a_namespace(katib: Katib, done: str, owner: Person) -> None:
    answer = owner.ask("GET", query("fetch_experiments", namespace=owner.namespace))
    assert answer.status_code == 200
    (view,) = [one for one in answer.json() if one["name"] == done]
    assert (view["type"], view["status"]) == ("hp", "Succeeded")
    assert view["trialsSucceeded"] == 3
    assert view["currentOptimalTrial"] == katib.get(done)["status"]["currentOptimalTrial"]


def test_objects_as_they_are(katib: Katib, done: str, owner: Person) -> None:
    trial = katib.trials(done)[0]["metadata"]["name"]
    for path, parameter, name, plural in (
        ("fetch_experiment", "experimentName", done, "experiments"),
        ("fetch_suggestion", "suggestionName", done, "suggestions"),
        ("fetch_trial", "trialName", trial, "trials"),
    ):
        answer = owner.ask("GET", query(path, namespace=owner.namespace, **{parameter: name}))
        assert answer.json()["spec"] == katib.get(name, plural)["spec"]


def test_the_table_of_an_experiment(katib: Katib, done: str, owner: Person) -> None:
    path = query("fetch_hp_job_info", namespace=owner.namespace, experimentName=done)
    head, *lines = owner.ask("GET", path).json().split("\n")
    assert head == "Status,trialName,accuracy,Train-accuracy,num-layers"
    by_name = {one["metadata"]["name"]: one for one in katib.trials(done)}
    assert len(lines) == len(by_name) == 3
    for line in lines:
        status, name, accuracy, train, layers = line.split(",")
        assert status == "Succeeded"
        assert layers == by_name[name]["spec"]["parameterAssignments"][0]["value"]
        assert (accuracy, train) == (f"0.{layers}", f"0.{layers}1")


def test_the_table_of_a_trial(katib: Katib, done: str, owner: Person) -> None:
    trial = katib.trials(done)[0]
    layers = trial["spec"]["parameterAssignments"][0]["value"]
    path = query(
        "fetch_hp_job_trial_info",
        namespace=owner.namespace,
        trialName=trial["metadata"]["name"],
    )
    assert owner.ask("GET", path).json() == (
        "metricName,time,value\n"
        f"Train-accuracy,0001-01-01T00:00:00,0.{layers}1\n"
        f"accuracy,0001-01-01T00:00:00,0.{layers}\n"
    )


def test_the_log_of_a_trial(katib: Katib, done: str, owner: Person) -> None:
    trial = katib.trials(done)[0]["metadata"]["name"]
    path = query("fetch_trial_logs", namespace=owner.namespace, trialName=trial)
    assert "] accuracy=0." in owner.ask("GET", path).json()


def test_without_its_pod_a_trial_has_no_log(katib: Katib, owner: Person) -> None:
    template = experiment()["spec"]["trialTemplate"] | {"retain": False}
    name = katib.create(trialTemplate=template)
    katib.ended(name)
    trial = katib.trials(name)[0]["metadata"]["name"]
    eventually(lambda: katib.pods(trial) == [])
    answer = owner.ask("GET", query("fetch_trial_logs", namespace=owner.namespace, trialName=trial))
    assert answer.status_code == 500
    assert answer.text.startswith("Failed to find logs for this Trial. Make sure you've set")


def test_one_is_made_and_removed(katib: Katib, owner: Person) -> None:
    body = experiment()
    body |= {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment"}
    body["metadata"] = {"name": "by-the-ui", "namespace": owner.namespace}
    assert owner.ask("POST", "/katib/create_experiment/", json={"postData": body}).text == ""
    katib.ended("by-the-ui")
    path = query("delete_experiment", namespace=owner.namespace, experimentName="by-the-ui")
    left = owner.ask("DELETE", path).json()
    assert "by-the-ui" not in [one["name"] for one in left]
    assert {one["namespace"] for one in left} <= {owner.namespace}


def test_what_the_webhook_says_is_told_as_a_failure(owner: Person) -> None:
    body = experiment(parallelTrialCount=9)
    body |= {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment"}
    body["metadata"] = {"name": "refused", "namespace": owner.namespace}
    answer = owner.ask("POST", "/katib/create_experiment/", json={"postData": body})
    assert answer.status_code == 500
    assert "spec.parallelTrialCount: Invalid value: 9" in answer.text
    answer = owner.ask("POST", "/katib/create_experiment/", json={"data": body})
    assert answer.text == "Couldn't load the 'postData' field of the request's data\n"


PATHS = [
    ("fetch_experiments", {}, "list", "experiments"),
    ("fetch_experiment", {"experimentName": "x"}, "get", "experiments"),
    ("fetch_trial", {"trialName": "x"}, "get", "trials"),
    ("fetch_suggestion", {"suggestionName": "x"}, "get", "suggestions"),
    ("fetch_hp_job_info", {"experimentName": "x"}, "get", "experiments"),
    ("fetch_hp_job_trial_info", {"trialName": "x"}, "list", "trials"),
    ("fetch_trial_logs", {"trialName": "x"}, "get", "trials"),
    ("delete_experiment", {"experimentName": "x"}, "delete", "experiments"),
]


@pytest.mark.parametrize(("path", "more", "verb", "plural"), PATHS)
def test_a_stranger_is_refused(
    owner: Person, other: Person, path: str, more: dict[str, str], verb: str, plural: str
) -> None:
    answer = other.ask("GET", query(path, namespace=owner.namespace, **more))
    assert answer.status_code == 403
    assert answer.text.strip() == (
        f"User: {other.email} is not authorized to {verb} kubeflow.org/v1beta1/{plural} "
        f"in namespace: {owner.namespace}"
    )
    assert answer.headers["content-type"].startswith("text/plain")
    missing = owner.ask("GET", query(path, **more))
    assert missing.status_code == 400
    absent = owner.ask("GET", query(path, namespace=owner.namespace, **more))
    if more:
        assert absent.status_code == 500
        assert absent.text == f'{plural}.kubeflow.org "x" not found\n'


def test_nobody_gets_in_without_a_login(owner: Person) -> None:
    path = query("fetch_experiments", namespace=owner.namespace)
    answer = requests.get(owner.url + path, timeout=10, allow_redirects=False)
    assert answer.status_code in {302, 401, 403}
    assert "[" not in answer.text[:1]


def test_templates(owner: Person, other: Person) -> None:
    found = owner.ask("GET", "/katib/fetch_trial_templates/").json()["Data"]
    assert [one["ConfigMapNamespace"] for one in found] == ["kubeflow"]
    (listed,) = found[0]["ConfigMaps"]
    assert [one["Path"] for one in listed["Templates"]] == ["defaultTrialTemplate.yaml"]
    body: dict[str, Any] = {
        "updatedConfigMapNamespace": owner.namespace,
        "updatedConfigMapName": "mine",
        "updatedConfigMapPath": "a.yaml",
        "updatedTemplateYaml": "kind: Job",
    }
    assert other.ask("POST", "/katib/add_template/", json=body).status_code == 403
    made = owner.ask("POST", "/katib/add_template/", json=body).json()["Data"]
    assert {one["ConfigMapNamespace"] for one in made} == {"kubeflow", owner.namespace}
    # One that somebody else may not see is an error for them.
    assert other.ask("GET", "/katib/fetch_trial_templates/").status_code in {403, 500}
    edit = {**body, "configMapPath": "a.yaml", "updatedConfigMapPath": "b.yaml"}
    assert owner.ask("POST", "/katib/edit_template/", json=edit).status_code == 200
    gone = owner.ask("POST", "/katib/delete_template/", json=edit).json()["Data"]
    assert [one["ConfigMapNamespace"] for one in gone] == ["kubeflow"]


def test_an_open_ui_lets_everybody_in(
    done: str, owner: Person, other: Person, fault: Fault
) -> None:
    path = query("fetch_experiments", namespace=owner.namespace)
    nobody = Person(owner.url, "", "")
    with fault("katib-open"):
        for person in (other, nobody):
            names = [one["name"] for one in person.ask("GET", path).json()]
            assert done in names
    eventually(lambda: other.ask("GET", path).status_code == 403)


def test_deleting_may_tell_of_all_namespaces(
    katib: Katib, owner: Person, other: Person, fault: Fault
) -> None:
    theirs = Katib(**{**katib.__dict__, "namespace": other.namespace})
    elsewhere = theirs.create()
    theirs.ended(elsewhere)
    name = katib.create()
    katib.ended(name)
    with fault("katib-delete-across-namespaces"):
        path = query("delete_experiment", namespace=owner.namespace, experimentName=name)
        assert elsewhere in [one["name"] for one in owner.ask("DELETE", path).json()]
